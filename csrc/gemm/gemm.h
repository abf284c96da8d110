/* gemm.h - the one product everything with weights is made of: convolution, its two gradients, dense layers.
 *
 *     Y[m][n]  =  start[n]  +  sum over s < segs, k < run of   A[m][s][k]  B[s * run + k][n]
 *
 * m runs over "places": output pixels of a convolution (rows of a dense layer), or the filter taps and
 * channels of a weight gradient. n runs over the lanes of one panel: at most two vectors of filters.
 *
 *     A[m][s][k] = a[places[m].a + seg[s] + k * a_k]       read where it lies: no im2col, no packing
 *     Y[m][n]    = y[places[m].y + n]
 *
 * With a table of places a tile of MR pixels may cross image rows and images, so no tile is ever narrow
 * because a row is. Offsets and strides count elements.
 *
 * B is packed into panels, NR = 2 vectors wide; the last one is a single vector wide if that holds the rest:
 *
 *                 0         NR        2 NR   count            each panel: rows x width reals, contiguous,
 *      row 0      |  panel 0 | panel 1  | p2 .|               lanes past `count` are 0 (b_k = width)
 *      row 1      |          |          |    .|
 *      ...        |          |          |    .|               panel p starts at  p * NR * rows
 *
 * or, with b_k = its row length, read in place when it is used too rarely to be worth a copy (only panels
 * without a ragged edge: a panel's width may be read, its `n` lanes alone are written).
 *
 * start: `width` reals, or NULL to start from what y holds. Places are computed in the order given; results
 * do not depend on how they are cut into tiles. Kernels allocate nothing and never fail.
 */
#ifndef CNNC_GEMM_H
#define CNNC_GEMM_H

#include "../core/isa.h"
#include "../core/threads.h"

typedef struct {
    ptrdiff_t a, y;
} place;

/* y = act(y + residual), in the end; residual lies like y, or is NULL; act: a light one */
typedef struct {
    const real *y, *residual;
    ptrdiff_t act; /* a number of activation.h */
    real alpha;
} T(ending);

typedef struct {
    const ptrdiff_t *seg; /* [segs] */
    ptrdiff_t segs, run, a_k, b_k;
    ptrdiff_t b_next; /* what will be read next lies this far behind b: worth fetching early; 0 if nothing does */
    const T(ending) *end; /* NULL: more is to be added, or nothing is done in the end */
} reduction;

typedef struct {
    ptrdiff_t vl, nr;     /* lanes of a vector and of a full panel */
    ptrdiff_t mr1, mr2;   /* most places of a tile that is one or two vectors wide */
    void (*block)(const reduction *red, const place *places, ptrdiff_t count, const real *a, const real *b,
                  real *y, const real *start, ptrdiff_t n);
    /* dst[r][0..width) = src[r * stride + 0..n), or src[0..n) * stride + r, then zeros */
    void (*pack)(real *dst, const real *src, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n);
    void (*pack_transposed)(real *dst, const real *src, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n);
    /* dst[0..n) += the column sums of panel[rows][width] */
    void (*column_sums)(real *dst, const real *panel, ptrdiff_t rows, ptrdiff_t n);
    /* channels of `count` pixels into planes of `depth`: dst[c / depth][pixel][c % depth] = src[pixel * step + c] */
    void (*split_channels)(real *dst, ptrdiff_t plane, ptrdiff_t depth, const real *src, ptrdiff_t count,
                           ptrdiff_t step, ptrdiff_t channels);
    /* dst (+)= the sum of `slots` arrays, in order */
    void (*sum_slots)(real *dst, const real *slots, ptrdiff_t slot_stride, ptrdiff_t count, ptrdiff_t length,
                      int accumulate);
} T(gemm_kernels);

DECLARE_KERNELS(gemm)

/* Panels of `count` columns. */
typedef struct {
    ptrdiff_t count, nr, vl;
    ptrdiff_t panels; /* how many */
    ptrdiff_t padded; /* columns, zeros included: what start values are padded to */
} panelling;

static inline panelling panels_of(ptrdiff_t count, const T(gemm_kernels) *kern)
{
    ptrdiff_t rest = count % kern->nr;
    ptrdiff_t last = rest == 0 ? 0 : rest <= kern->vl ? kern->vl : kern->nr;
    return (panelling){count, kern->nr, kern->vl, ceil_div(count, kern->nr), count - rest + last};
}
/* valid lanes of panel p, and its width with the zeros */
static inline ptrdiff_t panel_lanes(const panelling *p, ptrdiff_t i) { return min_size(p->nr, p->count - i * p->nr); }
static inline ptrdiff_t panel_width(const panelling *p, ptrdiff_t i)
{
    return panel_lanes(p, i) <= p->vl ? p->vl : p->nr;
}

/* Part i of n when [0, total) is cut evenly: parts differ by one at most. */
static inline ptrdiff_t part_begin(ptrdiff_t total, ptrdiff_t n, ptrdiff_t i)
{
    return total / n * i + min_size(i, total % n);
}

#endif
