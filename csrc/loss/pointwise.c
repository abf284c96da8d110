/* pointwise.c - threads over parts of samples, and the sums over parts and samples. */
#include "pointwise.h"

#include "../core/threads.h"
#include "loss.h"

typedef struct {
    const real *x, *t;
    const double *row_weight;
    ptrdiff_t N, J, parts; /* parts of one sample, CHUNK elements each */
    real delta;
} problem;

static problem problem_of(const real *x, const real *t, const double *row_weight, ptrdiff_t N, ptrdiff_t J,
                          double delta)
{
    return (problem){x, t, row_weight, N, J, ceil_div(J, CHUNK), (real)delta};
}

static void run_forward(pointwise_sum kernel, problem p, double *row_loss, double *loss, real *slots, int threads)
{
    /* over parts of all samples, each with a slot for its sum */
    TEAM_FOR(static, threads, k, p.N * p.parts, 1, {
        ptrdiff_t start = k % p.parts * CHUNK, at = k / p.parts * p.J + start;
        slots[k] = kernel(p.x + at, p.t + at, min_size(CHUNK, p.J - start), p.delta);
    });
    for (ptrdiff_t n = 0; n < p.N; n++) {
        double sum = 0;
        for (ptrdiff_t k = 0; k < p.parts; k++)
            sum += slots[n * p.parts + k];
        row_loss[n] = sum / (double)p.J;
    }
    loss[0] = weighted_sum(row_loss, p.row_weight, p.N);
}

static void run_backward(pointwise_dx kernel, problem p, real *dx, double weight, int accumulate, int threads)
{
    /* over parts of all samples: elements know nothing of each other */
    TEAM_FOR(static, threads, k, p.N * p.parts, 1, {
        ptrdiff_t n = k / p.parts, start = k % p.parts * CHUNK, at = n * p.J + start;
        double share = weight * share_of(p.row_weight, n, p.N) / (double)p.J;
        kernel(p.x + at, p.t + at, dx + at, min_size(CHUNK, p.J - start), p.delta, (real)share, accumulate);
    });
}

#define DEFINE_OPERATIONS(unused, forward, backward, cost, value, derivative)                               \
    int OP(forward)(const ARGS(forward) *a, void *scratch, int threads)                                     \
    {                                                                                                       \
        run_forward(KERNELS(pointwise)->forward,                                                            \
                    problem_of(a->x, a->target, a->row_weight, a->N, a->J, a->delta), a->row_loss, a->loss, \
                    scratch, team(threads, cost * (double)(a->N * a->J)));                                  \
        return 0;                                                                                           \
    }                                                                                                       \
    size_t OP_SCRATCH(forward)(const ARGS(forward) *a, int threads)                                         \
    {                                                                                                       \
        (void)threads;                                                                                      \
        return cache_lines((size_t)(a->N * ceil_div(a->J, CHUNK)) * sizeof(real));                          \
    }                                                                                                       \
    int OP(backward)(const ARGS(backward) *a, void *scratch, int threads)                                   \
    {                                                                                                       \
        (void)scratch;                                                                                      \
        run_backward(KERNELS(pointwise)->backward,                                                          \
                     problem_of(a->x, a->target, a->row_weight, a->N, a->J, a->delta), a->dx, a->weight,    \
                     a->accumulate != 0, team(threads, cost * (double)(a->N * a->J)));                      \
        return 0;                                                                                           \
    }                                                                                                       \
    NO_SCRATCH(backward)
CNNC_POINTWISE_LOSSES(DEFINE_OPERATIONS, )
