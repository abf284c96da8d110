/* narrow_kernels.c - the body of narrow.h. */
#include "../core/simd.h"
#include "narrow.h"

/* Whole vectors are added and stored though C lanes count: the next pixel overwrites the rest. */
static void gather(real *row, ptrdiff_t W, ptrdiff_t C, const narrow_phase *phases, ptrdiff_t stride,
                   const real *const *t, ptrdiff_t rows, ptrdiff_t OW, ptrdiff_t pixel)
{
    ptrdiff_t q = 0, phase = 0;
    for (ptrdiff_t w = 0; w < W; w++, row += C) {
        const narrow_phase *ph = phases + phase;
        const ptrdiff_t j = q + ph->off, step = ph->step;
        ptrdiff_t first = 0, end = ph->taps;
        while (first < end && j + first * ph->move < 0)
            first++;
        while (end > first && j + (end - 1) * ph->move >= OW)
            end--;
        vreal sum = {0};
        for (ptrdiff_t r = 0; r < rows; r++) {
            const real *at = t[r] + q * pixel + ph->at + first * step;
            for (ptrdiff_t n = first; n < end; n++, at += step)
                sum += load(at);
        }
        store(row, sum);
        if (++phase == stride)
            phase = 0, q++;
    }
}

const T(narrow_kernels) KERNEL_TABLE(narrow) = {.lanes = VL, .gather = gather};
