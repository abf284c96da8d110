/* narrow.h - the gradient of an x with few channels, such as an image.
 *
 * Its C channels would fill C lanes of a vector. Instead each pixel of dy is multiplied by the whole filter,
 *
 *     t[i, j][u, v, c] = sum over k of dy[n, i, j, k] w[u, v, c, k]          a product with KH KW C columns
 *
 * and every pixel of dx gathers the taps that reach it, C neighbouring numbers each:
 *
 *     dx[n, h, w, c] (+)= sum of t[i, j][u, v, c] over i s - p + u d = h, j s - p + v d = w
 *
 * Rows of t live in a ring that holds as many as one row of dx needs. */
#ifndef CNNC_NARROW_H
#define CNNC_NARROW_H

#include "conv.h"

/* Columns w = phase, phase + stride, ... of dx: column number q sums t[.., q + off + n move] at its n-th tap.
 * `at` is the element offset in a row of t of the 0-th tap of q = 0, `step` leads from tap to tap. */
typedef struct {
    ptrdiff_t taps, off, move, at, step;
} narrow_phase;

typedef struct {
    ptrdiff_t lanes; /* the most channels */
    /* row[w C + c] = the sum over the given rows of t and the taps of w's phase; writes `lanes` - 1 past the end */
    void (*gather)(real *row, ptrdiff_t W, ptrdiff_t C, const narrow_phase *phases, ptrdiff_t stride,
                   const real *const *t, ptrdiff_t rows, ptrdiff_t OW, ptrdiff_t pixel);
} T(narrow_kernels);

DECLARE_KERNELS(narrow)

int T(narrow_pays)(const conv_sizes *s);
size_t T(narrow_scratch)(const ARGS(correlate2d_dx) *a, int threads);
void T(narrow_run)(const ARGS(correlate2d_dx) *a, void *scratch, int threads);

/* One phase of one axis of a data gradient, see conv_dx.c: the number of positions phase, phase + stride, ...
 * and the taps that reach them: first, first - every, ... at i = q + off, q + off + move, ... */
typedef struct {
    ptrdiff_t positions, taps, first, every, move, off;
} axis_phase;

axis_phase T(phase_of)(ptrdiff_t phase, ptrdiff_t size, ptrdiff_t taps, ptrdiff_t stride, ptrdiff_t pad,
                       ptrdiff_t dilation);

#endif
