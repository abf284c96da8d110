/* prelu_kernels.c - rows of channels as vectors. */
#include "prelu.h"

#include "../core/simd.h"
#include "../core/threads.h"

static inline vreal slopes(const real *w, int shared, ptrdiff_t c, ptrdiff_t n)
{
    return shared ? splat(w[0]) : load_n(w + c, n);
}

static void value(const real *x, const real *w, int shared, real *y, ptrdiff_t rows, ptrdiff_t C)
{
    for (const real *end = x + rows * C; x < end; x += C, y += C)
        EACH_VECTOR(c, n, C,
                    vreal v = load_n(x + c, n);
                    store_n(y + c, select(v > 0.0f, v, v * slopes(w, shared, c, n)), n););
}

static void derivative(const real *dy, const real *x, const real *w, int shared, real *dx, ptrdiff_t rows, ptrdiff_t C,
                       int accumulate)
{
    for (const real *end = x + rows * C; x < end; x += C, dy += C, dx += C)
        EACH_VECTOR(c, n, C,
                    vreal d = load_n(dy + c, n);
                    d = select(load_n(x + c, n) > 0.0f, d, d * slopes(w, shared, c, n));
                    store_n(dx + c, accumulate ? load_n(dx + c, n) + d : d, n););
}

/* What n elements add to the gradient of their slopes; lanes that are not there add 0. */
static inline vreal share(const real *dy, const real *x, ptrdiff_t n)
{
    vreal v = load_n(x, n);
    return select(v > 0.0f, splat(0), v * load_n(dy, n));
}

static void slope_sums(const real *dy, const real *x, int shared, real *sum, ptrdiff_t rows, ptrdiff_t C)
{
    if (shared) {
        vreal acc = {0};
        EACH_VECTOR(i, n, rows * C, acc += share(dy + i, x + i, n););
        sum[0] = sum_lanes(acc);
        return;
    }
    for (ptrdiff_t c = 0; c < C; c += VL) {
        ptrdiff_t n = min_size(VL, C - c);
        vreal acc = {0};
        for (ptrdiff_t m = 0; m < rows; m++)
            acc += share(dy + m * C + c, x + m * C + c, n);
        store_n(sum + c, acc, n);
    }
}

const T(prelu_kernels) KERNEL_TABLE(prelu) = {.value = value, .derivative = derivative, .slope_sums = slope_sums};
