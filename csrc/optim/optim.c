/* optim.c - threads over chunks of the parameters. */
#include "optim.h"

#include <math.h>

#include "../core/threads.h"

enum { UPDATE_COST = 6 }; /* additions that an element of an update costs, about */

static void update(optimizer_kernel kernel, const real *grad, real *param, real *const *states, const double *numbers,
                   ptrdiff_t length, int threads)
{
    real n[OPTIMIZER_NUMBERS];
    for (int k = 0; k < OPTIMIZER_NUMBERS; k++)
        n[k] = (real)numbers[k];
    /* over chunks of the flat arrays: parameters know nothing of each other */
    TEAM_FOR(static, team(threads, UPDATE_COST * (double)length), i, length, CHUNK, {
        real *part[OPTIMIZER_STATES];
        for (int k = 0; k < OPTIMIZER_STATES; k++)
            part[k] = states[k] ? states[k] + i : NULL;
        kernel(grad + i, param + i, part, n, min_size(CHUNK, length - i));
    });
}

#define DEFINE_OPERATION(unused, name, ...)                                                                    \
    int OP(name)(const ARGS(name) *a, void *scratch, int threads)                                              \
    {                                                                                                          \
        (void)scratch;                                                                                         \
        real *states[OPTIMIZER_STATES] = {a->s0, a->s1, a->s2};                                                \
        update(KERNELS(optim)->name, a->grad, a->param, states, a->numbers, a->LENGTH, threads);               \
        return 0;                                                                                              \
    }                                                                                                          \
    NO_SCRATCH(name)
CNNC_OPTIMIZERS(DEFINE_OPERATION, )

/* scratch: a slot for the sum of each chunk */
int OP(sum_squares)(const ARGS(sum_squares) *a, void *scratch, int threads)
{
    const T(optim_kernels) *kernels = KERNELS(optim);
    real *slots = scratch;
    ptrdiff_t chunks = ceil_div(a->LENGTH, CHUNK);
    /* over chunks, whose sums are added below in their order */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), k, chunks, 1, {
        slots[k] = kernels->sum_squares(a->x + k * CHUNK, min_size(CHUNK, a->LENGTH - k * CHUNK));
    });
    double sum = a->accumulate ? a->sum[0] : 0;
    for (ptrdiff_t k = 0; k < chunks; k++)
        sum += slots[k];
    a->sum[0] = sum;
    return 0;
}

size_t OP_SCRATCH(sum_squares)(const ARGS(sum_squares) *a, int threads)
{
    (void)threads;
    return cache_lines((size_t)ceil_div(a->LENGTH, CHUNK) * sizeof(real));
}

int OP(clip_value)(const ARGS(clip_value) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(optim_kernels) *kernels = KERNELS(optim);
    /* over chunks, as above */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, CHUNK, {
        kernels->clip_value(a->x + i, min_size(CHUNK, a->LENGTH - i), (real)a->limit);
    });
    return 0;
}
NO_SCRATCH(clip_value)

int OP(clip_norm)(const ARGS(clip_norm) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(optim_kernels) *kernels = KERNELS(optim);
    double factor = a->limit / (sqrt(a->squares[0]) + 1e-6);
    if (factor >= 1)
        return 0;
    /* over chunks, as above */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, CHUNK, {
        kernels->scale(a->x + i, min_size(CHUNK, a->LENGTH - i), (real)factor);
    });
    return 0;
}
NO_SCRATCH(clip_norm)

int OP(lars_rate)(const ARGS(lars_rate) *a, void *scratch, int threads)
{
    (void)scratch, (void)threads;
    double w = sqrt(a->param_squares[0]), g = sqrt(a->grad_squares[0]);
    if (w > 0 && g > 0)
        a->numbers[0] *= a->trust * w / (g + a->numbers[2] * w);
    return 0;
}
NO_SCRATCH(lars_rate)
