/* maxout.c - threads over blocks of rows. */
#include "maxout.h"

#include "../core/threads.h"

int OP(maxout)(const ARGS(maxout) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(maxout_kernels) *kernels = KERNELS(maxout);
    const ptrdiff_t block = ceil_div(CHUNK, a->C);
    /* over blocks of rows that make about a chunk: rows know nothing of each other */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), m, a->M, block, {
        kernels->largest(a->x + m * a->C, a->y + m * a->K, a->index8 ? a->index8 + m * a->K : NULL,
                         min_size(block, a->M - m), a->C, a->K);
    });
    return 0;
}
NO_SCRATCH(maxout)

int OP(maxout_dx)(const ARGS(maxout_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(maxout_kernels) *kernels = KERNELS(maxout);
    const ptrdiff_t block = ceil_div(CHUNK, a->C);
    /* over blocks of rows, as above */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), m, a->M, block, {
        kernels->give_back(a->dy + m * a->K, a->index8 + m * a->K, a->dx + m * a->C, min_size(block, a->M - m), a->C,
                           a->K, a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(maxout_dx)
