/* norm.h - normalisation by mean and variance: of a batch, a layer, an image's channels or groups of them.
 *
 * One operation serves all. x is (N, P, C), channels in G groups; a group of one image has M = P C / G elements:
 *
 *     batch  N = 1, P = all pixels of all images, G = C      instance  G = C      group  G
 *     layer  N = all pixels of all images, P = 1, G = 1      RMS       as layer, nothing is subtracted
 *
 *     mean = sum x / M      var = sum (x - mean)^2 / M      z = (x - mean) rstd, rstd = 1 / sqrt(var + eps)
 *     y = z gamma + beta
 *     dbeta = sum dy        dgamma = sum dy z               over all images and pixels
 *     dx = rstd (gamma dy - [sum gamma dy / M] - z [sum gamma dy z / M])    sums over the group; RMS without the first
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

/* y = (x - centre[c]) scale[c] + shift[c] */
typedef struct {
    const real *centre, *scale, *shift; /* (C), padded */
} T(affine);

/* A row of x with its group's statistics: z = (x - mean - low) rstd. */
typedef struct {
    real mean, low, rstd;
} T(row_statistics);

typedef struct {
    /* Merges mean and m2 (the sum of squared deviations) of x (pixels, C) into mean, m2 (C) of `before` pixels, 0 to
     * start. With centred = 0 mean becomes 0 and m2 the sum of squares. */
    void (*moments)(const real *x, ptrdiff_t pixels, ptrdiff_t C, int centred, ptrdiff_t before, double *mean,
                    double *m2);
    /* Merges mean_b, m2_b of `b` values into mean, m2 of `a` values, channel by channel. */
    void (*merge)(double *mean, double *m2, ptrdiff_t a, const double *mean_b, const double *m2_b, ptrdiff_t b,
                  ptrdiff_t C);
    /* sum_dy (+)= sum of dy, sum_dyd (+)= sum of dy (x - centre), over the pixels; with `first` they are overwritten.
     * x may be NULL: sum_dyd is then 0. centre (C), padded. */
    void (*products)(const real *dy, const real *x, ptrdiff_t pixels, ptrdiff_t C, const real *centre, int first,
                     double *sum_dy, double *sum_dyd);
    /* y may be x. With accumulate y += */
    void (*affine)(const real *x, real *y, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, int accumulate);
    /* dx (+)= dy slope[c] + (x - centre[c]) scale[c] + shift[c]; dx may be dy */
    void (*affine_dx)(const real *dy, const real *x, real *dx, ptrdiff_t pixels, ptrdiff_t C, const real *slope,
                      T(affine) f, int accumulate);

    /* The same for one row x (length) of a single group: gamma, beta (length) or NULL. row_moments as moments. */
    void (*row_moments)(const real *x, ptrdiff_t length, int centred, ptrdiff_t before, double *mean, double *m2);
    void (*row)(const real *x, real *y, ptrdiff_t length, T(row_statistics) s, const real *gamma, const real *beta);
    /* Adds gamma dy to *sum, gamma dy (x - mean) to *product; dgamma += dy z, dbeta += dy unless they are NULL. */
    void (*row_sums)(const real *dy, const real *x, ptrdiff_t length, T(row_statistics) s, const real *gamma,
                     real *dgamma, real *dbeta, double *sum, double *product);
    /* dx (+)= rstd gamma dy + (x - mean) scale + shift */
    void (*row_dx)(const real *dy, const real *x, real *dx, ptrdiff_t length, T(row_statistics) s, const real *gamma,
                   real scale, real shift, int accumulate);
} T(norm_kernels);

DECLARE_KERNELS(norm)

#endif
