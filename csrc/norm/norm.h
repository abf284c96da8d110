/* norm.h - normalisation by mean and variance: of a batch, a layer, an image's channels or groups of them.
 *
 * One operation serves all. x is (N, P, C), channels in G groups; a group of one image has M = P C / G elements:
 *
 *     batch  N = 1, P = all pixels of all images, G = C      instance  G = C      group  G
 *     layer  N = all pixels of all images, P = 1, G = 1      RMS       as layer, nothing is subtracted
 *
 *     mean = sum x / M      var = sum (x - mean)^2 / M      z = (x - mean) rstd, rstd = 1 / sqrt(var + eps)
 *     v = z gamma + beta    y = act(v + residual)           act and residual as in ops.h
 *     dt = dy act'          what the normalisation's output and the residual have as gradient
 *     dbeta = sum dt        dgamma = sum dt z               over all images and pixels
 *     dx = rstd (gamma dt - [sum gamma dt / M] - z [sum gamma dt z / M])    sums over the group; RMS without the first
 *
 * Memory is passed over twice forward (x; x to y) and twice backward (dy and x; dy and x to dx). An activation costs
 * no further pass, and without a residual not even y is read backward: v is computed again by the same operations from
 * the same coefficients, which come from the statistics as they are kept (mean, low and var as reals), so act' sees the
 * same bits. With a residual, the first pass reads y, too, and leaves dt as the residual's gradient for the second.
 *
 * Statistics never come from sum x^2 - (sum x)^2. A piece of pixels is read twice, the second time out of the nearest
 * cache: first for its mean, then for the sums of deviations d from it, which also put right what rounding did to that
 * mean. Pieces are merged in double, in order (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for
 * computing sample variances, 1979). The mean leaves as two numbers, mean + low, so that x - mean stays exact under a
 * large offset.
 *
 * Kernels see `pixels` x C elements without gaps, at any alignment, read nothing past them and own ragged edges. Few
 * channels would leave lanes empty, so then R pixels are taken as one row of W = R C columns, folded in the end:
 *
 *     C = 3      [0 1 2 0 1 2 0 1 | 2 0 1 2 ...]        a row of W = 24 columns, 3 vectors of 8
 *
 * Arrays of C coefficients are padded: a whole vector may be read at any of their elements.
 */
#ifndef CNNC_NORM_H
#define CNNC_NORM_H

#include "../core/isa.h"

/* (x - centre[c]) scale[c] + shift[c] */
typedef struct {
    const real *centre, *scale, *shift; /* (C), padded */
} T(affine);

/* A row of x with its group's statistics: z = (x - mean - low) rstd; v = z gamma + beta (length, or NULL). */
typedef struct {
    real mean, low, rstd;
    const real *gamma, *beta;
} T(row_map);

/* What follows v: y = act(v + residual), residual as x or NULL. */
typedef struct {
    const real *residual;
    ptrdiff_t act;
    real alpha;
} T(ending);

/* What stands before the gradient: dt = dy act'(y), or dy act'(v) with y NULL. With `dt` products and row_sums leave it
 * there, with `add_dt` they add it. All as x; dt may be dy. */
typedef struct {
    const real *dy, *y;
    ptrdiff_t act;
    real alpha;
    real *dt;
    int add_dt;
} T(beginning);

typedef struct {
    /* Merges mean and m2 (the sum of squared deviations) of x (pixels, C) into mean, m2 (C) of `before` pixels, 0 to
     * start. With centred = 0 mean becomes 0 and m2 the sum of squares. */
    void (*moments)(const real *x, ptrdiff_t pixels, ptrdiff_t C, int centred, ptrdiff_t before, double *mean,
                    double *m2);
    /* Merges mean_b, m2_b of `b` values into mean, m2 of `a` values, channel by channel. */
    void (*merge)(double *mean, double *m2, ptrdiff_t a, const double *mean_b, const double *m2_b, ptrdiff_t b,
                  ptrdiff_t C);
    /* y = act(v + residual) with v as f says; y may be x or residual. */
    void (*affine)(const real *x, real *y, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, T(ending) end);
    /* sum_dt (+)= sum of dt, sum_dtd (+)= sum of dt (x - centre), over the pixels; with `first` they are overwritten. v
     * and the centre as f says. x may be NULL where v is not needed: sum_dtd is then 0. */
    void (*products)(T(beginning) in, const real *x, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, int first,
                     double *sum_dt, double *sum_dtd);
    /* dx (+)= dt f.scale[c] + (x - f.centre[c]) by_d[c] + constant[c]; dx may be dy. by_d NULL: only the first term, and
     * x may be NULL where v is not needed. */
    void (*affine_dx)(T(beginning) in, const real *x, real *dx, ptrdiff_t pixels, ptrdiff_t C, T(affine) f,
                      const real *by_d, const real *constant, int accumulate);

    /* The same for one row x (length) of a single group. row_moments as moments. */
    void (*row_moments)(const real *x, ptrdiff_t length, int centred, ptrdiff_t before, double *mean, double *m2);
    void (*row)(const real *x, real *y, ptrdiff_t length, T(row_map) f, T(ending) end);
    /* Adds gamma dt to *sum, gamma dt (x - mean) to *product; dgamma += dt z, dbeta += dt unless they are NULL. */
    void (*row_sums)(T(beginning) in, const real *x, ptrdiff_t length, T(row_map) f, real *dgamma, real *dbeta,
                     double *sum, double *product);
    /* dx (+)= rstd gamma dt + (x - mean) by_d + constant */
    void (*row_dx)(T(beginning) in, const real *x, real *dx, ptrdiff_t length, T(row_map) f, real by_d, real constant,
                   int accumulate);
} T(norm_kernels);

DECLARE_KERNELS(norm)

#endif
