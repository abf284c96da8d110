/* frames.c - threads over blocks of pixels of output frames: of the stacks forward, of dx backward. */
#include "frames.h"

#include "../core/threads.h"

int OP(stack_frames)(const ARGS(stack_frames) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(frames_kernels) *kernels = KERNELS(frames);
    const ptrdiff_t rows = ceil_div(CHUNK, a->KC), blocks = ceil_div(a->F, rows), CG = a->C / a->groups;
    /* over blocks of pixels of y's frames: each is copied from x alone */
    TEAM_FOR(static, team(threads, (double)(a->N * a->OD * a->F * a->KC)), unit, a->N * a->OD * blocks, 1, {
        const ptrdiff_t f = unit % blocks * rows, i = unit / blocks % a->OD, n = unit / blocks / a->OD;
        real *y = a->y + ((n * a->OD + i) * a->F + f) * a->KC;
        for (ptrdiff_t t = 0; t < a->KD; t++) {
            const ptrdiff_t d = i * a->stride_d - a->pad_front + t * a->dilation_d;
            const real *x = d < 0 || d >= a->D ? NULL : a->x + ((n * a->D + d) * a->F + f) * a->C;
            for (ptrdiff_t g = 0; g < a->groups; g++)
                kernels->copy(y + (g * a->KD + t) * CG, a->KC, x ? x + g * CG : NULL, a->C, min_size(rows, a->F - f),
                              CG);
        }
    });
    return 0;
}
NO_SCRATCH(stack_frames)

int OP(stack_frames_dx)(const ARGS(stack_frames_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(frames_kernels) *kernels = KERNELS(frames);
    const ptrdiff_t rows = ceil_div(CHUNK, a->C), blocks = ceil_div(a->F, rows), CG = a->C / a->groups;
    /* over blocks of pixels of dx's frames: each collects from the stacks that hold it */
    TEAM_FOR(static, team(threads, (double)(a->N * a->OD * a->F * a->KC)), unit, a->N * a->D * blocks, 1, {
        const ptrdiff_t f = unit % blocks * rows, d = unit / blocks % a->D, n = unit / blocks / a->D;
        const ptrdiff_t pixels = min_size(rows, a->F - f);
        real *dx = a->dx + ((n * a->D + d) * a->F + f) * a->C;
        int add = a->accumulate != 0;
        for (ptrdiff_t t = 0; t < a->KD; t++) {
            const ptrdiff_t start = d + a->pad_front - t * a->dilation_d, i = start / a->stride_d;
            if (start < 0 || start % a->stride_d != 0 || i >= a->OD)
                continue;
            const real *dy = a->dy + ((n * a->OD + i) * a->F + f) * a->KC + t * CG;
            for (ptrdiff_t g = 0; g < a->groups; g++)
                (add ? kernels->add : kernels->copy)(dx + g * CG, a->C, dy + g * a->KD * CG, a->KC, pixels, CG);
            add = 1;
        }
        if (!add)
            kernels->copy(dx, a->C, NULL, 0, pixels, a->C);
    });
    return 0;
}
NO_SCRATCH(stack_frames_dx)
