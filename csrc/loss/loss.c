/* loss.c - threads over rows, and the sums over rows. */
#include "loss.h"

#include <math.h>

#include "../core/threads.h"

enum { EXP_COST = 16 }; /* additions that one element of a softmax costs, about */

int OP(softmax)(const ARGS(softmax) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(loss_kernels) *kernels = KERNELS(loss);
    /* over rows: each is a softmax of its own */
    TEAM_FOR(static, team(threads, EXP_COST * (double)(a->M * a->K)), m, a->M, 1, {
        kernels->softmax(a->x + m * a->K, a->y + m * a->K, a->K);
    });
    return 0;
}
NO_SCRATCH(softmax)

int OP(softmax_dx)(const ARGS(softmax_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(loss_kernels) *kernels = KERNELS(loss);
    /* over rows, as forward */
    TEAM_FOR(static, team(threads, 4 * (double)(a->M * a->K)), m, a->M, 1, {
        kernels->softmax_dx(a->dy + m * a->K, a->y + m * a->K, a->dx + m * a->K, a->K, a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(softmax_dx)

static int64_t count(const int *hit, ptrdiff_t N)
{
    int64_t hits = 0;
    for (ptrdiff_t n = 0; n < N; n++)
        hits += hit[n];
    return hits;
}

static targets targets_of(const int32_t *labels, const real *target, const real *class_weight, double smoothing,
                          ptrdiff_t n, ptrdiff_t K)
{
    return (targets){target ? target + n * K : NULL, class_weight, labels ? labels[n] : 0, smoothing};
}

/* scratch (N): is row n a hit? */
int OP(cross_entropy)(const ARGS(cross_entropy) *a, void *scratch, int threads)
{
    const T(loss_kernels) *kernels = KERNELS(loss);
    int *hit = scratch;
    /* over rows: each leaves its loss and its hit in places of its own */
    TEAM_FOR(static, team(threads, EXP_COST * (double)(a->N * a->K)), n, a->N, 1, {
        a->row_loss[n] = kernels->cross_entropy(
            a->x + n * a->K, targets_of(a->labels, a->target, a->class_weight, a->smoothing, n, a->K), a->p + n * a->K,
            a->K, hit + n);
    });
    a->loss[0] = weighted_sum(a->row_loss, a->row_weight, a->N);
    a->hits[0] = count(hit, a->N);
    return 0;
}

size_t OP_SCRATCH(cross_entropy)(const ARGS(cross_entropy) *a, int threads)
{
    (void)threads;
    return cache_lines((size_t)a->N * sizeof(int));
}

int OP(cross_entropy_dx)(const ARGS(cross_entropy_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(loss_kernels) *kernels = KERNELS(loss);
    /* over rows, as forward */
    TEAM_FOR(static, team(threads, 2 * (double)(a->N * a->K)), n, a->N, 1, {
        kernels->cross_entropy_dx(
            a->p + n * a->K, targets_of(a->labels, a->target, a->class_weight, a->smoothing, n, a->K), a->dx + n * a->K,
            a->K, a->weight * share_of(a->row_weight, n, a->N), a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(cross_entropy_dx)

/* scratch (N): is row n a hit? */
int OP(hinge)(const ARGS(hinge) *a, void *scratch, int threads)
{
    const T(loss_kernels) *kernels = KERNELS(loss);
    int *hit = scratch;
    /* over rows, as for cross-entropy */
    TEAM_FOR(static, team(threads, 3 * (double)(a->N * a->K)), n, a->N, 1, {
        a->row_loss[n] = kernels->hinge(a->x + n * a->K, a->labels[n], a->K, (real)a->margin, hit + n);
    });
    a->loss[0] = weighted_sum(a->row_loss, a->row_weight, a->N);
    a->hits[0] = count(hit, a->N);
    return 0;
}

size_t OP_SCRATCH(hinge)(const ARGS(hinge) *a, int threads)
{
    (void)threads;
    return cache_lines((size_t)a->N * sizeof(int));
}

int OP(hinge_dx)(const ARGS(hinge_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(loss_kernels) *kernels = KERNELS(loss);
    /* over rows, as forward */
    TEAM_FOR(static, team(threads, 3 * (double)(a->N * a->K)), n, a->N, 1, {
        kernels->hinge_dx(a->x + n * a->K, a->labels[n], a->dx + n * a->K, a->K, (real)a->margin,
                          a->weight * share_of(a->row_weight, n, a->N), a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(hinge_dx)

int OP(check_finite)(const ARGS(check_finite) *a, void *scratch, int threads)
{
    (void)scratch, (void)threads;
    for (ptrdiff_t i = 0; i < a->LENGTH; i++)
        if (!isfinite(a->x[i]))
            return 1;
    return 0;
}
NO_SCRATCH(check_finite)
