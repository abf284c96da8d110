/* winograd.h - convolutions with fewer multiplications: stride 1, dilation 1, one group, filters of 3x3 or 5x5.
 *
 * The output is cut into tiles of m x m pixels, each of which sees S x S pixels of the input, S = m + R - 1 for a
 * filter of R x R. Filters and tiles are polynomials; evaluated at S points, their product is one multiplication per
 * point instead of R for each of m numbers. In two dimensions a tile takes S S multiplications instead of m m R R:
 *
 *     Y = A' [ (G g G') . (B' d B) ] A      summed over channels before A, so between the brackets stands, for each of
 *                                           the S S points e, a matrix product M[e] = V[e] U[e] of all tiles
 *
 *     S = 6: points 0, 11/16, -11/16, 3/2, -3/2, infinity; m = 4 for R = 3, m = 2 for R = 5
 *     S = 4: points 0, 1, -1, infinity; m = 2 for R = 3
 *
 * The weights' gradient is the same with its transposes: dU[e] = sum over tiles of V[e]' (A dY A')[e], dg = G' dU G.
 * (Winograd: Arithmetic complexity of computations, 1980; Lavin, Gray: Fast algorithms for convolutional neural
 * networks, 2016.) With a the evaluation of a polynomial's coefficients at the points, A is a, G is a divided by what
 * interpolation divides by, and B' multiplies out what is left; see winograd_kernels.c.
 *
 * Layouts, in elements. A plane belongs to one point e; planes are an odd number of cache lines apart, so that the
 * S S streams of a transform do not meet in the same sets of a cache.
 *
 *     V   [e][slice][tile][LINE]      slices of up to LINE channels, a cache line for each tile
 *     M   [e][tile][NR]               of one panel of filters
 *     U   [panel][e][channel][width]  panels as in gemm.h
 *     dM  [e][panel][tile][width]
 *     dU  [e][channel][NR]            of one panel and some channels
 */
#ifndef CNNC_WINOGRAD_H
#define CNNC_WINOGRAD_H

#include "../gemm/correlation.h"

enum { LINE = 64 / sizeof(real), MOST_POINTS = 36 };

/* One pair of S and R. Arrays of pixels are tables of pointers, row by row: pixels outside the image point to zeros. */
typedef struct {
    ptrdiff_t S, R, m;
    /* v[e] = (B' d B)[e] for the slices first .. end of `run` channels; there are `channels` in all, then zeros */
    void (*input)(const real *const *pixels, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end, ptrdiff_t run, real *v,
                  ptrdiff_t plane, ptrdiff_t slice_step);
    /* u[e] = (G g G')[e] of n filters, for `rows` channels */
    void (*filter)(const real *w, ptrdiff_t tap_h, ptrdiff_t tap_w, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n, real *u,
                   ptrdiff_t plane);
    /* y = act(A' m A + bias + onto) of n filters, h x w pixels of a tile; onto lies like y and may be y, or NULL; act: a
     * number of activation.h */
    void (*output)(const real *m, ptrdiff_t plane, const real *bias, real *y, ptrdiff_t y_row, ptrdiff_t y_col,
                   ptrdiff_t n, ptrdiff_t h, ptrdiff_t w, const real *onto, ptrdiff_t act, real alpha);
    /* dm[e] = (A dY A')[e] of n filters, and their sums over the tile are added to db unless that is NULL */
    void (*spread)(const real *const *pixels, ptrdiff_t k, ptrdiff_t n, real *dm, ptrdiff_t plane, real *db);
    /* dw (+)= G' dU G of n filters, for `rows` channels */
    void (*gradient)(const real *du, ptrdiff_t plane, real *dw, ptrdiff_t tap_h, ptrdiff_t tap_w, ptrdiff_t row,
                    ptrdiff_t rows, ptrdiff_t n, int accumulate);
} T(winograd_scheme);

enum { SCHEMES = 3 };

/* m[i][0 .. width) (+)= sum over s < slices, k < run of v(s, i, k) u[s run + k][0 .. width) for i < rows: v(s, i, k) at
 * s slice_step + i LINE + k of v, or across, + i + k LINE; a row of m is a full panel's width from the next. */
typedef struct {
    const real *v, *u;
    real *m;
    ptrdiff_t rows, slices, slice_step, run, width;
    ptrdiff_t next; /* what will be u next lies this far behind it: worth fetching early; 0 if nothing does */
    int accumulate;
} T(winograd_product);

typedef struct {
    T(winograd_scheme) schemes[SCHEMES];
    void (*product)(const T(winograd_product) *);
    void (*product_across)(const T(winograd_product) *);
} T(winograd_kernels);

DECLARE_KERNELS(winograd)

/* The scheme of tiles of S x S for filters of KH x KW, or NULL. */
static inline const T(winograd_scheme) *T(winograd_scheme_of)(ptrdiff_t S, ptrdiff_t KH, ptrdiff_t KW)
{
    const T(winograd_kernels) *kern = KERNELS(winograd);
    for (int i = 0; i < SCHEMES; i++)
        if (kern->schemes[i].S == S && kern->schemes[i].R == KH && KH == KW)
            return &kern->schemes[i];
    return NULL;
}

/* Channels in slices, cut evenly: the last one may have fewer, for which V holds zeros. */
typedef struct {
    ptrdiff_t channels, count, run;
} slicing;

static inline slicing slices_of(ptrdiff_t channels)
{
    const ptrdiff_t count = ceil_div(channels, LINE);
    return (slicing){channels, count, ceil_div(channels, count)};
}

/* Tiles of m x m pixels of N images of OH x OW; those at the end of a row or column may hang over. */
typedef struct {
    ptrdiff_t m, OH, OW, rows, columns, count;
} tiling;

typedef struct {
    ptrdiff_t n, i, j, h, w; /* image, first pixel, pixels that are there */
} tile;

static inline tiling tiles_of(ptrdiff_t m, ptrdiff_t N, ptrdiff_t OH, ptrdiff_t OW)
{
    const ptrdiff_t rows = ceil_div(OH, m), columns = ceil_div(OW, m);
    return (tiling){m, OH, OW, rows, columns, N * rows * columns};
}

static inline tile tile_at(const tiling *t, ptrdiff_t index)
{
    const ptrdiff_t row = index / t->columns, i = row % t->rows * t->m, j = index % t->columns * t->m;
    return (tile){row / t->rows, i, j, min_size(t->m, t->OH - i), min_size(t->m, t->OW - j)};
}

/* size x size pixels of C numbers of an image of H x W, from (row, column) on; those outside are `zeros`. */
static inline void list_pixels(const real **to, ptrdiff_t size, const real *image, ptrdiff_t H, ptrdiff_t W,
                               ptrdiff_t C, ptrdiff_t row, ptrdiff_t column, const real *zeros)
{
    const int inside = row >= 0 && row + size <= H && column >= 0 && column + size <= W;
    for (ptrdiff_t i = row; i < row + size; i++)
        for (ptrdiff_t j = column; j < column + size; j++)
            *to++ = inside || (i >= 0 && i < H && j >= 0 && j < W) ? image + (i * W + j) * C : zeros;
}

/* from one plane to the next: an odd number of cache lines */
static inline ptrdiff_t plane_of(ptrdiff_t length) { return (ceil_div(length, LINE) | 1) * LINE; }

/* Whether tiles of S x S can compute c, a correlation or the gradient of its filters: both name their sizes alike. */
#define WINOGRAD_CAN(c, S)                                                                                \
    ((c)->groups == 1 && (c)->step_h == 1 && (c)->step_w == 1 && (c)->tap_h == 1 && (c)->tap_w == 1 &&    \
     T(winograd_scheme_of)(S, (c)->KH, (c)->KW))

/* The two loops, as in correlation.h, for what tiles of S x S can compute. */
size_t T(winograd_scratch)(const T(correlation) *c, ptrdiff_t S, int threads);
void T(winograd_run)(const T(correlation) *c, ptrdiff_t S, void *scratch, int threads);
ptrdiff_t T(winograd_packed_length)(const T(correlation) *c, ptrdiff_t S);
double T(winograd_seconds)(const T(correlation) *c, ptrdiff_t S); /* estimated, of one core */
void T(winograd_pack)(const T(correlation) *c, ptrdiff_t S, real *packed, int threads);

size_t T(winograd_dw_scratch)(const T(correlation_dw) *c, ptrdiff_t S, int threads);
double T(winograd_dw_seconds)(const T(correlation_dw) *c, ptrdiff_t S);
void T(winograd_dw_run)(const T(correlation_dw) *c, ptrdiff_t S, void *scratch, int threads);

#endif
