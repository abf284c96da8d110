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
 * Memory is passed over twice forward (x; x to y) and twice backward (dy and x; dy and x to dx). An activation costs no
 * further pass, and without a residual not even y is read backward: v is computed again by the same operations from the
 * same coefficients, which come from the statistics as they are kept (mean, low and var as reals), so act' sees the same
 * bits. Where y is given, the first pass makes dt of a piece at a time, reads it out of the cache, and leaves it as the
 * residual's gradient for the second.
 *
 * Statistics never come from sum x^2 - (sum x)^2. A part of the pixels is read for the sums of d and d^2, the deviations
 * from the mean c of its first sixteenth: of the mean of all its pixels c is off by no more than sqrt(16) deviations,
 * whatever x holds, so sum d^2 - (sum d)^2 / n loses four bits in the worst case, and one as a rule. Sums of a few rows
 * are in float, the others in double; parts are merged in order (Chan, Golub, LeVeque: Updating formulae and a pairwise
 * algorithm for computing sample variances, 1979). The mean leaves as two numbers, mean + low, so that x - mean stays
 * exact under a large offset.
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

/* What comes before the gradient of v: dt = dy act'(v). */
typedef struct {
    const real *dy;
    ptrdiff_t act; /* none, relu, leaky_relu or one whose derivative reads what it is applied to */
    real alpha;
} T(beginning);

typedef struct {
    /* Adds to sum_d and sum_dd (C) the sums of d = x - centre[c] and of d^2 over the pixels. */
    void (*moments)(const real *x, ptrdiff_t pixels, ptrdiff_t C, const real *centre, double *sum_d, double *sum_dd);
    /* Merges mean_b, m2_b of `b` values into mean, m2 of `a` values, channel by channel. */
    void (*merge)(double *mean, double *m2, ptrdiff_t a, const double *mean_b, const double *m2_b, ptrdiff_t b,
                  ptrdiff_t C);
    /* y = act(v + residual) with v as f says; y may be x or residual. */
    void (*affine)(const real *x, real *y, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, T(ending) end);
    /* Adds to sum_dt and sum_dtd (C) the sums of dt and of dt (x - centre), v and the centre as f says. */
    void (*products)(T(beginning) in, const real *x, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, double *sum_dt,
                     double *sum_dtd);
    /* dx (+)= dt f.scale[c] + (x - f.centre[c]) by_d[c] + constant[c]; dx may be dy. */
    void (*affine_dx)(T(beginning) in, const real *x, real *dx, ptrdiff_t pixels, ptrdiff_t C, T(affine) f,
                      const real *by_d, const real *constant, int accumulate);

    /* The same for one row x (length) of a single group. row_moments merges mean and m2, the sum of squared deviations,
     * of x into those of `before` values, 0 to start; with centred = 0 mean becomes 0 and m2 the sum of squares. */
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
