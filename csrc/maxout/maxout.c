/* maxout.c - threads over blocks of rows. */
#include "maxout.h"

#include "../core/threads.h"

int OP(maxout)(const ARGS(maxout) *a, void *scratch, int threads)
{
    (void)scratch, (void)threads;
    const T(maxout_kernels) *kernels = KERNELS(maxout);
    const ptrdiff_t block = ceil_div(CHUNK, a->C);
    /* over blocks of rows that make about a chunk: rows know nothing of each other */
    #pragma omp parallel for num_threads(team(threads, (double)(a->M * a->C))) schedule(static)
    for (ptrdiff_t m = 0; m < a->M; m += block)
        kernels->largest(a->x + m * a->C, a->y + m * a->K, a->index8 ? a->index8 + m * a->K : NULL,
                         min_size(block, a->M - m), a->C, a->K);
    return 0;
}
NO_SCRATCH(maxout)

int OP(maxout_dx)(const ARGS(maxout_dx) *a, void *scratch, int threads)
{
    (void)scratch, (void)threads;
    const T(maxout_kernels) *kernels = KERNELS(maxout);
    const ptrdiff_t block = ceil_div(CHUNK, a->C);
    /* over blocks of rows, as above */
    #pragma omp parallel for num_threads(team(threads, (double)(a->M * a->C))) schedule(static)
    for (ptrdiff_t m = 0; m < a->M; m += block)
        kernels->give_back(a->dy + m * a->K, a->index8 + m * a->K, a->dx + m * a->C, min_size(block, a->M - m), a->C,
                           a->K, a->accumulate != 0);
    return 0;
}
NO_SCRATCH(maxout_dx)
