/* activation.c - threads over the rows of activations.h. */
#include "activation.h"

#include "../core/threads.h"

static void run_forward(forward_kernel kernel, const real *x, real *y, ptrdiff_t length, real alpha, int threads)
{
    /* over chunks of the flat array: elements know nothing of each other */
    TEAM_FOR(static, threads, i, length, CHUNK, {
        kernel(x + i, y + i, min_size(CHUNK, length - i), alpha);
    });
}

static void run_backward(backward_kernel kernel, const real *dy, const real *from, real *dx, ptrdiff_t length,
                         real alpha, int accumulate, int threads)
{
    /* over chunks of the flat array, as above */
    TEAM_FOR(static, threads, i, length, CHUNK, {
        kernel(dy + i, from + i, dx + i, min_size(CHUNK, length - i), alpha, accumulate);
    });
}

#define DEFINE_OPERATIONS(to, forward, backward, cost, cost_dx, from, value, derivative)                    \
    int OP(forward)(const ARGS(forward) *a, void *scratch, int threads)                                     \
    {                                                                                                       \
        (void)scratch;                                                                                      \
        run_forward(KERNELS(activation)->forward, a->x, a->y, a->LENGTH, (real)a->alpha,                    \
                    team(threads, cost * (double)a->LENGTH));                                               \
        return 0;                                                                                           \
    }                                                                                                       \
    int OP(backward)(const ARGS(backward) *a, void *scratch, int threads)                                   \
    {                                                                                                       \
        (void)scratch;                                                                                      \
        run_backward(KERNELS(activation)->backward, a->dy, a->from, a->dx, a->LENGTH, (real)a->alpha,       \
                     a->accumulate != 0, team(threads, cost_dx * (double)a->LENGTH));                       \
        return 0;                                                                                           \
    }                                                                                                       \
    NO_SCRATCH(forward)                                                                                     \
    NO_SCRATCH(backward)
CNNC_ACTIVATIONS(DEFINE_OPERATIONS, )
