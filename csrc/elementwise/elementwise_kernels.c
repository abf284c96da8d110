/* elementwise_kernels.c - one pass over vectors each. */
#include "elementwise.h"

#include "../activation/activate.h"
#include "../core/threads.h"

/* The last vector of a row spills into the next row, which comes later; there the bias is -0.0, so that x is written
 * back as it was. Only the end of the last row is cut. */
static void bias_add(const real *x, const real *b, real *y, ptrdiff_t rows, ptrdiff_t K)
{
    const ptrdiff_t whole = K / VL * VL, rest = K - whole, length = rows * K;
    vreal last_b = splat(-0.0f);
    if (rest > 0)
        last_b = select(first_lanes(rest), load_part(b + whole, rest), last_b);
    for (ptrdiff_t at = 0; at < length; at += K) {
        for (ptrdiff_t k = 0; k < whole; k += VL)
            store(y + at + k, load(x + at + k) + load(b + k));
        if (rest > 0) {
            ptrdiff_t n = min_size(VL, length - at - whole);
            store_n(y + at + whole, load_n(x + at + whole, n) + last_b, n);
        }
    }
}

/* A column of `vectors` vectors; `last` is how many lanes of the last one count. */
INLINE void sum_column(const real *dy, real *sum, ptrdiff_t rows, ptrdiff_t K, int vectors, ptrdiff_t last)
{
    vreal acc[4] = {{0}};
    for (ptrdiff_t m = 0; m < rows; m++)
        for (int i = 0; i < vectors; i++) {
            const real *p = dy + m * K + i * VL;
            /* a ragged vector reads on into the next row, where there is one */
            ptrdiff_t left = i < vectors - 1 ? VL : (rows - 1 - m) * K + last;
            acc[i] += left >= VL ? load(p) : load_part(p, left);
        }
    for (int i = 0; i < vectors; i++)
        store_n(sum + i * VL, acc[i], i < vectors - 1 ? VL : last);
}

static void sum_rows(const real *dy, real *sum, ptrdiff_t rows, ptrdiff_t K)
{
    for (ptrdiff_t k = 0; k < K; k += 4 * VL) { /* 4 vectors: whole cache lines, and additions that do not wait */
        ptrdiff_t vectors = min_size(4, ceil_div(K - k, VL)), last = min_size(VL, K - k - (vectors - 1) * VL);
        switch (vectors) {
        case 4: sum_column(dy + k, sum + k, rows, K, 4, last); break;
        case 3: sum_column(dy + k, sum + k, rows, K, 3, last); break;
        case 2: sum_column(dy + k, sum + k, rows, K, 2, last); break;
        default: sum_column(dy + k, sum + k, rows, K, 1, last);
        }
    }
}

static void rescale(const real *x, real *y, ptrdiff_t length, const real *scale, const real *offset, ptrdiff_t span)
{
    for (; length > 0; length -= span, x += span, y += span)
        EACH_VECTOR(i, n, min_size(length, span),
                    store_n(y + i, load_n(x + i, n) * load_n(scale + i, n) + load_n(offset + i, n), n););
}

/* A plain loop, which the compiler turns into vectors: it loads and widens bytes best where it has the choice. */
static void rescale_u8(const uint8_t *restrict x, real *restrict y, ptrdiff_t length, const real *restrict scale,
                       const real *restrict offset, ptrdiff_t span)
{
    for (; length > 0; length -= span, x += span, y += span)
        for (ptrdiff_t i = 0; i < min_size(length, span); i++)
            y[i] = (real)x[i] * scale[i] + offset[i];
}

static void rescale_onto(const real *dy, real *dx, ptrdiff_t length, const real *scale, ptrdiff_t span)
{
    for (; length > 0; length -= span, dy += span, dx += span)
        EACH_VECTOR(i, n, min_size(length, span),
                    store_n(dx + i, load_n(dy + i, n) * load_n(scale + i, n) + load_n(dx + i, n), n););
}

static void add(const real *a, const real *b, real *y, ptrdiff_t length, ptrdiff_t number, real alpha)
{
    FOR_ACTIVATION(act, number, EACH_VECTOR(i, n, length,
                   vreal sum = load_n(a + i, n) + load_n(b + i, n);
                   store_n(y + i, vactivate(act, sum, alpha), n);););
}

static void add_onto(const real *a, const real *b, real *y, ptrdiff_t length, ptrdiff_t number, real alpha)
{
    FOR_ACTIVATION(act, number, EACH_VECTOR(i, n, length,
                   vreal sum = (load_n(a + i, n) + load_n(b + i, n)) + load_n(y + i, n);
                   store_n(y + i, vactivate(act, sum, alpha), n);););
}

static void lerp(const real *x, real *y, ptrdiff_t length, real scale, real rate)
{
    EACH_VECTOR(i, n, length,
                vreal old = load_n(y + i, n);
                store_n(y + i, (load_n(x + i, n) * scale - old) * rate + old, n););
}

const T(elementwise_kernels) KERNEL_TABLE(elementwise) = {
    .bias_add = bias_add,
    .sum_rows = sum_rows,
    .rescale = rescale,
    .rescale_u8 = rescale_u8,
    .rescale_onto = rescale_onto,
    .add = add,
    .add_onto = add_onto,
    .lerp = lerp,
};
