/* depthwise.h - convolutions in which every channel has one filter of its own: vectors hold channels.
 *
 *     y[p][c] (+)= b[c] + sum over taps t of x[p][x_off(t) + c] w[w_off(t) + c]
 *
 * A border is not padded but cut into segments: pixels of one output row that the same taps reach.
 * Kernels own ragged channels. */
#ifndef CNNC_DEPTHWISE_H
#define CNNC_DEPTHWISE_H

#include "../gemm/correlation.h"

/* One tap: where its pixel and its filter are, relative to the output pixel's corner and to the filter. */
typedef struct {
    ptrdiff_t x, w;
} tap;

typedef struct {
    /* `pixels` outputs of C channels each; pixels of x and y are x_step and y_step elements apart; with `fetch`, those
     * that come next are asked for early */
    void (*forward)(const tap *taps, ptrdiff_t count, ptrdiff_t pixels, ptrdiff_t C, const real *x, ptrdiff_t x_step,
                    const real *w, const real *b, real *y, ptrdiff_t y_step, int accumulate, int fetch);
    /* dw[w_off(t) + c] += sum over pixels of x[p][x_off(t) + c] dy[p][c]; dy's pixels are C apart */
    void (*gradient)(const tap *taps, ptrdiff_t count, ptrdiff_t pixels, ptrdiff_t C, const real *x, ptrdiff_t x_step,
                     const real *dy, real *dw);
    /* db[c] += sum over pixels of dy[p][c] */
    void (*sum_pixels)(ptrdiff_t pixels, ptrdiff_t C, const real *dy, real *db);
} T(depthwise_kernels);

DECLARE_KERNELS(depthwise)

static inline int is_depthwise(ptrdiff_t groups, ptrdiff_t CG, ptrdiff_t KG)
{
    return groups > 1 && CG == 1 && KG == 1;
}

size_t T(depthwise_scratch)(const T(correlation) *c, int threads);
void T(depthwise_run)(const T(correlation) *c, void *scratch, int threads);
size_t T(depthwise_dw_scratch)(const T(correlation_dw) *c, int threads);
void T(depthwise_dw_run)(const T(correlation_dw) *c, void *scratch, int threads);

#endif
