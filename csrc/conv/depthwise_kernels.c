/* depthwise_kernels.c - the bodies of depthwise.h. */
#include "../core/simd.h"
#include "depthwise.h"

enum { MOST_SUMS = 8, MOST_TAPS = 12, BLOCK = 16, LINE = 64 / sizeof(real) };

/* P pixels share each load of the filter, Q vectors of channels each look at the table of taps. */
INLINE void forward_tile(const int P, const int Q, ptrdiff_t n, const tap *taps, ptrdiff_t count, const real *x,
                         ptrdiff_t x_step, const real *w, const real *b, real *y, ptrdiff_t y_step, int accumulate)
{
    vreal sum[MOST_SUMS][MOST_SUMS];
    UNROLL for (int q = 0; q < Q; q++) {
        const vreal start = b ? load_n(b + q * VL, n) : (vreal){0};
        UNROLL for (int p = 0; p < P; p++)
            sum[p][q] = accumulate ? load_n(y + p * y_step + q * VL, n) : start;
    }
    for (ptrdiff_t t = 0; t < count; t++) {
        const real *at = x + taps[t].x, *wt = w + taps[t].w;
        UNROLL for (int q = 0; q < Q; q++) {
            const vreal wv = load_n(wt + q * VL, n);
            UNROLL for (int p = 0; p < P; p++)
                sum[p][q] += load_n(at + p * x_step + q * VL, n) * wv;
        }
    }
    UNROLL for (int p = 0; p < P; p++)
        UNROLL for (int q = 0; q < Q; q++)
            store_n(y + p * y_step + q * VL, sum[p][q], n);
}

/* All channels of P pixels. The last tap is the one that first sees a line of x. */
INLINE void forward_pixels(const int P, const int Q, const tap *taps, ptrdiff_t count, ptrdiff_t C, const real *x,
                           ptrdiff_t x_step, const real *w, const real *b, real *y, ptrdiff_t y_step,
                           int accumulate, int fetch)
{
    ptrdiff_t c = 0;
    for (; c + Q * VL <= C; c += Q * VL) {
        if (P == MOST_SUMS && fetch && c % LINE == 0)
            UNROLL for (int p = P; p < 2 * P; p++) {
                __builtin_prefetch(x + taps[count - 1].x + p * x_step + c);
                __builtin_prefetch(y + p * y_step + c, 1);
            }
        forward_tile(P, Q, VL, taps, count, x + c, x_step, w + c, b ? b + c : NULL, y + c, y_step, accumulate);
    }
    for (; c + VL <= C; c += VL)
        forward_tile(P, 1, VL, taps, count, x + c, x_step, w + c, b ? b + c : NULL, y + c, y_step, accumulate);
    if (c < C)
        forward_tile(P, 1, C - c, taps, count, x + c, x_step, w + c, b ? b + c : NULL, y + c, y_step, accumulate);
}

static void forward(const tap *taps, ptrdiff_t count, ptrdiff_t pixels, ptrdiff_t C, const real *x, ptrdiff_t x_step,
                    const real *w, const real *b, real *y, ptrdiff_t y_step, int accumulate, int fetch)
{
#define PIXELS(P, Q)                                                   \
    for (; pixels >= P; pixels -= P, x += P * x_step, y += P * y_step) \
        forward_pixels(P, Q, taps, count, C, x, x_step, w, b, y, y_step, accumulate, fetch && count > 0)
    PIXELS(MOST_SUMS, 1);
    PIXELS(4, 2);
    PIXELS(2, 4);
    PIXELS(1, 4);
#undef PIXELS
}

/* T taps at a time share each load of dy; a few pixels at a time, so that their lines stay in the first-level
 * cache from one vector of channels to the next. */
INLINE void gradient_taps(const int T_, const tap *taps, ptrdiff_t pixels, ptrdiff_t C, const real *x,
                          ptrdiff_t x_step, const real *dy, real *dw)
{
    EACH_VECTOR(c, n, C, {
        vreal sum[MOST_TAPS];
        const real *at[MOST_TAPS];
        UNROLL for (int t = 0; t < T_; t++) {
            sum[t] = load_n(dw + taps[t].w + c, n);
            at[t] = x + taps[t].x + c;
        }
        const real *dyc = dy + c;
        for (ptrdiff_t p = 0; p < pixels; p++, dyc += C) {
            const vreal dyv = load_n(dyc, n);
            const ptrdiff_t step = p * x_step;
            UNROLL for (int t = 0; t < T_; t++)
                sum[t] += load_n(at[t] + step, n) * dyv;
        }
        UNROLL for (int t = 0; t < T_; t++)
            store_n(dw + taps[t].w + c, sum[t], n);
    });
}

#define EVERY_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define DEFINE_GRADIENT(N)                                                                                    \
    static void gradient_##N(const tap *taps, ptrdiff_t pixels, ptrdiff_t C, const real *x, ptrdiff_t x_step, \
                             const real *dy, real *dw)                                                        \
    {                                                                                                         \
        gradient_taps(N, taps, pixels, C, x, x_step, dy, dw);                                                 \
    }
EVERY_COUNT(DEFINE_GRADIENT)
typedef void gradient_fn(const tap *, ptrdiff_t, ptrdiff_t, const real *, ptrdiff_t, const real *, real *);
#define GRADIENT_ENTRY(N) [N] = gradient_##N,
static gradient_fn *const gradients[MOST_TAPS + 1] = {EVERY_COUNT(GRADIENT_ENTRY)};

static void gradient(const tap *taps, ptrdiff_t count, ptrdiff_t pixels, ptrdiff_t C, const real *x, ptrdiff_t x_step,
                     const real *dy, real *dw)
{
    const ptrdiff_t parts = ceil_div(count, MOST_TAPS);
    for (ptrdiff_t p = 0; p < pixels; p += BLOCK)
        for (ptrdiff_t i = 0; i < parts; i++) {
            const ptrdiff_t first = part_begin(count, parts, i), end = part_begin(count, parts, i + 1);
            gradients[end - first](taps + first, min_size(BLOCK, pixels - p), C, x + p * x_step, x_step,
                                   dy + p * C, dw);
        }
}

static void sum_pixels(ptrdiff_t pixels, ptrdiff_t C, const real *dy, real *db)
{
    EACH_VECTOR(c, n, C, {
        vreal sum = load_n(db + c, n);
        for (ptrdiff_t p = 0; p < pixels; p++)
            sum += load_n(dy + p * C + c, n);
        store_n(db + c, sum, n);
    });
}

const T(depthwise_kernels) KERNEL_TABLE(depthwise) = {.forward = forward, .gradient = gradient,
                                                      .sum_pixels = sum_pixels};
