/* elementwise.h - sums, scaling and copying: bias_add, rescale, add, lerp, concat, and their gradients.
 *
 *     bias_add      y[m,k] = x[m,k] + b[k]                    db[k] (+)= sum over m of dy[m,k]
 *     rescale       y[i] = x[i] scale[i % S] + offset[i % S], x real or uint8     dx[i] (+)= dy[i] scale[i % S]
 *     add           y = act([y +] a + b), or y = act([y +] a)
 *     lerp          y += (scale x - y) rate
 *     concat        channels [offset, offset + C) of y[m,:] = x[m,:]         dx (+)= those of dy
 *
 * Kernels work on flat arrays or on (rows, K) matrices stored without gaps, at any alignment. y may be x (a, b);
 * dx may be dy in rescale. Kernels own ragged ends and read or write nothing past the arrays they are given.
 */
#ifndef CNNC_ELEMENTWISE_H
#define CNNC_ELEMENTWISE_H

#include "../core/isa.h"

typedef struct {
    /* x, y (rows, K); b (K) */
    void (*bias_add)(const real *x, const real *b, real *y, ptrdiff_t rows, ptrdiff_t K);
    /* dy (rows, K), sum (K), overwritten: rows added from the first to the last */
    void (*sum_rows)(const real *dy, real *sum, ptrdiff_t rows, ptrdiff_t K);
    /* scale, offset (span), again and again; a span is long, so that it is whole vectors or one ragged end in many */
    void (*rescale)(const real *x, real *y, ptrdiff_t length, const real *scale, const real *offset, ptrdiff_t span);
    void (*rescale_u8)(const uint8_t *x, real *y, ptrdiff_t length, const real *scale, const real *offset,
                       ptrdiff_t span);
    /* dx = dy scale + dx */
    void (*rescale_onto)(const real *dy, real *dx, ptrdiff_t length, const real *scale, ptrdiff_t span);
    /* y = act(a + b) */
    void (*add)(const real *a, const real *b, real *y, ptrdiff_t length, ptrdiff_t act, real alpha);
    /* y = act((a + b) + y) */
    void (*add_onto)(const real *a, const real *b, real *y, ptrdiff_t length, ptrdiff_t act, real alpha);
    void (*lerp)(const real *x, real *y, ptrdiff_t length, real scale, real rate);
} T(elementwise_kernels);

DECLARE_KERNELS(elementwise)

#endif
