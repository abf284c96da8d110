/* frames_kernels.c - channels of pixels moved in vectors. */
#include "frames.h"

#include "../core/simd.h"

static void copy(real *to, ptrdiff_t to_step, const real *from, ptrdiff_t from_step, ptrdiff_t rows, ptrdiff_t count)
{
    for (ptrdiff_t r = 0; r < rows; r++, to += to_step)
        if (from)
            EACH_VECTOR(c, n, count, store_n(to + c, load_n(from + r * from_step + c, n), n););
        else
            EACH_VECTOR(c, n, count, store_n(to + c, (vreal){0}, n););
}

static void add(real *to, ptrdiff_t to_step, const real *from, ptrdiff_t from_step, ptrdiff_t rows, ptrdiff_t count)
{
    for (ptrdiff_t r = 0; r < rows; r++, to += to_step, from += from_step)
        EACH_VECTOR(c, n, count, store_n(to + c, load_n(to + c, n) + load_n(from + c, n), n););
}

const T(frames_kernels) KERNEL_TABLE(frames) = {.copy = copy, .add = add};
