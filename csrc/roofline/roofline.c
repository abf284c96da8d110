/* roofline.c - threads over blocks of elements. */
#include "roofline.h"

#include "../core/threads.h"

int OP(multiply_add)(const ARGS(multiply_add) *a, void *scratch, int threads)
{
    (void)scratch, (void)threads;
    const T(roofline_kernels) *kernels = KERNELS(roofline);
    /* over blocks of the flat array: elements know nothing of each other */
    #pragma omp parallel for num_threads(team(threads, (double)a->LENGTH * (double)a->times)) schedule(static)
    for (ptrdiff_t i = 0; i < a->LENGTH; i += BLOCK)
        kernels->multiply_add(a->x + i, a->y + i, min_size(BLOCK, a->LENGTH - i), a->times, (real)a->scale,
                              (real)a->offset);
    return 0;
}
NO_SCRATCH(multiply_add)
