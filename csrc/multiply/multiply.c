/* multiply.c - threads over chunks of elements, or over blocks of pixels. */
#include "multiply.h"

#include "../core/threads.h"

int OP(multiply)(const ARGS(multiply) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(multiply_kernels) *kernels = KERNELS(multiply);
    /* over chunks of the flat array: elements know nothing of each other */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, CHUNK, {
        kernels->multiply(a->a + i, a->b + i, a->y + i, min_size(CHUNK, a->LENGTH - i), a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(multiply)

int OP(multiply_channels)(const ARGS(multiply_channels) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(multiply_kernels) *kernels = KERNELS(multiply);
    const ptrdiff_t rows = ceil_div(CHUNK, a->C), blocks = ceil_div(a->S, rows);
    /* over blocks of pixels of all images: pixels know nothing of each other */
    TEAM_FOR(static, team(threads, (double)(a->N * a->S * a->C)), unit, a->N * blocks, 1, {
        const ptrdiff_t n = unit / blocks, s = unit % blocks * rows, at = (n * a->S + s) * a->C;
        kernels->channels(a->x + at, a->g + n * a->C, a->y + at, min_size(rows, a->S - s), a->C, a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(multiply_channels)

/* An image's pixels are cut into at most SLOTS blocks, whatever the number of threads. */
enum { SLOTS = 16 };
typedef struct {
    ptrdiff_t rows, slots, step; /* pixels of a block, blocks of an image, elements from one slot to the next */
} slotting;

static slotting slots_of(ptrdiff_t S, ptrdiff_t C)
{
    slotting s = {.rows = max_size(ceil_div(S, SLOTS), ceil_div(CHUNK, C))};
    s.slots = ceil_div(S, s.rows);
    s.step = (ptrdiff_t)(cache_lines((size_t)C * sizeof(real)) / sizeof(real));
    return s;
}

int OP(multiply_channels_dg)(const ARGS(multiply_channels_dg) *a, void *scratch, int threads)
{
    const T(multiply_kernels) *kernels = KERNELS(multiply);
    const slotting s = slots_of(a->S, a->C);
    real *sums = scratch; /* [N][slots][step] */
    /* over blocks of pixels of all images, each summed into a slot of its own */
    TEAM_FOR(static, team(threads, (double)(a->N * a->S * a->C)), unit, a->N * s.slots, 1, {
        const ptrdiff_t n = unit / s.slots, first = unit % s.slots * s.rows, at = (n * a->S + first) * a->C;
        kernels->dot_columns(a->dy + at, a->x + at, sums + unit * s.step, min_size(s.rows, a->S - first), a->C);
    });
    for (ptrdiff_t n = 0; n < a->N; n++)
        kernels->add_parts(a->dg + n * a->C, sums + n * s.slots * s.step, s.step, s.slots, a->C, a->accumulate != 0);
    return 0;
}

size_t OP_SCRATCH(multiply_channels_dg)(const ARGS(multiply_channels_dg) *a, int threads)
{
    (void)threads;
    const slotting s = slots_of(a->S, a->C);
    return (size_t)(a->N * s.slots * s.step) * sizeof(real);
}
