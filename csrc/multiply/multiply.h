/* multiply.h - products: of two arrays, and of images with one factor for each of their channels.
 *
 *     multiply            y[i] (+)= a[i] b[i]
 *     multiply_channels   y[n,s,c] (+)= x[n,s,c] g[n,c]         dg[n,c] (+)= sum over s of dy[n,s,c] x[n,s,c]
 *
 * Kernels work on flat arrays or on the (rows, C) pixels of one image, at any alignment. y may be a, b or x. Kernels
 * own ragged ends and read or write nothing past the arrays they are given.
 */
#ifndef CNNC_MULTIPLY_H
#define CNNC_MULTIPLY_H

#include "../core/isa.h"

typedef struct {
    void (*multiply)(const real *a, const real *b, real *y, ptrdiff_t length, int accumulate);
    /* x, y (rows, C); g (C) */
    void (*channels)(const real *x, const real *g, real *y, ptrdiff_t rows, ptrdiff_t C, int accumulate);
    /* a, b (rows, C); sum (C), overwritten: the columns' products added from the first row to the last */
    void (*dot_columns)(const real *a, const real *b, real *sum, ptrdiff_t rows, ptrdiff_t C);
    /* sum (+)= the `count` arrays (C) at parts, `step` elements apart, in order */
    void (*add_parts)(real *sum, const real *parts, ptrdiff_t step, ptrdiff_t count, ptrdiff_t C, int accumulate);
} T(multiply_kernels);

DECLARE_KERNELS(multiply)

#endif
