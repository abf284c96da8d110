/* roofline.c - threads over blocks of elements. */
#include "roofline.h"

#include "../core/threads.h"

int OP(multiply_add)(const ARGS(multiply_add) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(roofline_kernels) *kernels = KERNELS(roofline);
    /* over blocks of the flat array: elements know nothing of each other */
    TEAM_FOR(static, team(threads, (double)a->LENGTH * (double)a->times), i, a->LENGTH, BLOCK, {
        kernels->multiply_add(a->x + i, a->y + i, min_size(BLOCK, a->LENGTH - i), a->times, (real)a->scale,
                              (real)a->offset);
    });
    return 0;
}
NO_SCRATCH(multiply_add)
