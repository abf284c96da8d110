/* activation.c - threads over the rows of activation.h. */
#include "activation.h"

#include "../core/threads.h"

typedef void (*forward_kernel)(const real *x, real *y, ptrdiff_t length, real alpha);
typedef void (*backward_kernel)(const real *dy, const real *y, real *dx, ptrdiff_t length, real alpha, int accumulate);

static void run_forward(forward_kernel kernel, const real *x, real *y, ptrdiff_t length, real alpha, int threads)
{
    (void)threads; /* unused without OpenMP */
    /* over chunks of the flat array: elements know nothing of each other */
    #pragma omp parallel for num_threads(threads) schedule(static)
    for (ptrdiff_t i = 0; i < length; i += CHUNK)
        kernel(x + i, y + i, min_size(CHUNK, length - i), alpha);
}

static void run_backward(backward_kernel kernel, const real *dy, const real *y, real *dx, ptrdiff_t length, real alpha,
                         int accumulate, int threads)
{
    (void)threads;
    /* over chunks of the flat array, as above */
    #pragma omp parallel for num_threads(threads) schedule(static)
    for (ptrdiff_t i = 0; i < length; i += CHUNK)
        kernel(dy + i, y + i, dx + i, min_size(CHUNK, length - i), alpha, accumulate);
}

/* A derivative in terms of y is cheap for all of them: about two additions. */
#define DEFINE_OPERATIONS(forward, backward, cost, value, derivative)                                       \
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
        run_backward(KERNELS(activation)->backward, a->dy, a->y, a->dx, a->LENGTH, (real)a->alpha,          \
                     a->accumulate != 0, team(threads, 2 * (double)a->LENGTH));                             \
        return 0;                                                                                           \
    }                                                                                                       \
    NO_SCRATCH(forward)                                                                                     \
    NO_SCRATCH(backward)
ACTIVATIONS(DEFINE_OPERATIONS)
