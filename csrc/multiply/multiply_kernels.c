/* multiply_kernels.c - one pass over vectors each. */
#include "multiply.h"

#include "../core/simd.h"
#include "../core/threads.h"

static void multiply(const real *a, const real *b, real *y, ptrdiff_t length, int accumulate)
{
    EACH_VECTOR(i, n, length, {
        vreal product = load_n(a + i, n) * load_n(b + i, n);
        store_n(y + i, accumulate ? load_n(y + i, n) + product : product, n);
    });
}

/* The last vector of a pixel spills into the next one, whose turn comes later: there it writes back what was there, or
 * x where y is written for the first time. Only the end of the last pixel is cut. */
static void channels(const real *x, const real *g, real *y, ptrdiff_t rows, ptrdiff_t C, int accumulate)
{
    const ptrdiff_t whole = C / VL * VL, rest = C - whole, length = rows * C;
    const vint mine = first_lanes(rest);
    const vreal last_g = rest > 0 ? load_part(g + whole, rest) : (vreal){0};
    for (ptrdiff_t at = 0; at < length; at += C) {
        for (ptrdiff_t c = 0; c < whole; c += VL) {
            vreal product = load(x + at + c) * load(g + c);
            store(y + at + c, accumulate ? load(y + at + c) + product : product);
        }
        if (rest > 0) {
            ptrdiff_t i = at + whole, n = min_size(VL, length - i);
            vreal value = load_n(x + i, n), product = value * last_g;
            if (accumulate) {
                value = load_n(y + i, n);
                product = value + product;
            }
            store_n(y + i, select(mine, product, value), n);
        }
    }
}

/* A column of `vectors` vectors; `last` is how many lanes of the last one count. */
INLINE void dot_column(const real *a, const real *b, real *sum, ptrdiff_t rows, ptrdiff_t C, int vectors,
                       ptrdiff_t last)
{
    vreal acc[4] = {{0}};
    for (ptrdiff_t m = 0; m < rows; m++)
        for (int i = 0; i < vectors; i++) {
            const ptrdiff_t at = m * C + i * VL;
            /* a ragged vector reads on into the next row, where there is one */
            const ptrdiff_t left = i < vectors - 1 ? VL : min_size(VL, (rows - 1 - m) * C + last);
            acc[i] += load_n(a + at, left) * load_n(b + at, left);
        }
    for (int i = 0; i < vectors; i++)
        store_n(sum + i * VL, acc[i], i < vectors - 1 ? VL : last);
}

static void dot_columns(const real *a, const real *b, real *sum, ptrdiff_t rows, ptrdiff_t C)
{
    for (ptrdiff_t c = 0; c < C; c += 4 * VL) { /* 4 vectors: whole cache lines, and additions that do not wait */
        ptrdiff_t vectors = min_size(4, ceil_div(C - c, VL)), last = min_size(VL, C - c - (vectors - 1) * VL);
        switch (vectors) {
        case 4: dot_column(a + c, b + c, sum + c, rows, C, 4, last); break;
        case 3: dot_column(a + c, b + c, sum + c, rows, C, 3, last); break;
        case 2: dot_column(a + c, b + c, sum + c, rows, C, 2, last); break;
        default: dot_column(a + c, b + c, sum + c, rows, C, 1, last);
        }
    }
}

static void add_parts(real *sum, const real *parts, ptrdiff_t step, ptrdiff_t count, ptrdiff_t C, int accumulate)
{
    EACH_VECTOR(c, n, C, {
        vreal total = load_n(parts + c, n);
        for (ptrdiff_t i = 1; i < count; i++)
            total += load_n(parts + i * step + c, n);
        store_n(sum + c, accumulate ? load_n(sum + c, n) + total : total, n);
    });
}

const T(multiply_kernels) KERNEL_TABLE(multiply) = {
    .multiply = multiply,
    .channels = channels,
    .dot_columns = dot_columns,
    .add_parts = add_parts,
};
