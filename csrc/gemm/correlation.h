/* correlation.h - the two loops around the tiles of gemm.h that convolutions and dense layers share.
 *
 * Both cut their work into units by shape alone, so the bits do not depend on the number of threads, and both
 * copy what they need into scratch: x with zeros for the padding, so that nothing is special at a border.
 */
#ifndef CNNC_CORRELATION_H
#define CNNC_CORRELATION_H

#include "../activation/activation.h"
#include "gemm.h"

/* y[n, i, j, g KG + k] (+)= b[g KG + k] + sum over u < KH, v < KW, c < CG of
 *       x[n, off_h + i step_h + u tap_h, off_w + j step_w + v tap_w, g CG + c]  w(u, v, g)[c][k]
 * x is (N, H, W, C), 0 outside. y has its own strides: a data gradient writes every stride-th pixel. The
 * forward pass steps by the stride and taps by the dilation; taps may also walk backwards through w. */
typedef struct {
    const real *x, *w, *b;               /* b may be NULL; w points to tap (0, 0) of group 0 */
    const real *packed;                  /* NULL, or what correlation_pack made of w, which is then not read */
    real *y;
    ptrdiff_t N, H, W, C, groups, CG, KG;
    ptrdiff_t KH, KW, step_h, step_w, tap_h, tap_w, off_h, off_w;
    ptrdiff_t OH, OW, y_image, y_row, y_col;
    ptrdiff_t w_tap_h, w_tap_w, w_group; /* elements from one tap, one group, to the next */
    ptrdiff_t w_row;                     /* w(u, v, g)[c][k] is c * w_row + k, transposed: k * w_row + c */
    int transposed, accumulate;
    const real *residual;                /* y = act(y + residual) in the end, without accumulate; it lies like y, or NULL */
    ptrdiff_t act;                       /* a number of activation.h */
    real alpha;
} T(correlation);

size_t T(correlation_scratch)(const T(correlation) *c, int threads);
void T(correlation_run)(const T(correlation) *c, void *scratch, int threads);

/* The filters in the form that correlation_run computes with: how many numbers that is, and making it. */
ptrdiff_t T(correlation_packed_length)(const T(correlation) *c);
void T(correlation_pack)(const T(correlation) *c, real *packed, int threads);

/* dw[u, v, c, g KG + k] (+)= sum over n, i, j of
 *       x[n, off_h + i step_h + u tap_h, off_w + j step_w + v tap_w, g CG + c]  dy[n, i, j, g KG + k]
 * db[k] (+)= sum over n, i, j of dy[n, i, j, k]; db may be NULL. With flip, (u, v) is counted from the end. */
typedef struct {
    const real *x, *dy;
    real *dw, *db;
    ptrdiff_t N, H, W, C, groups, CG, KG;
    ptrdiff_t KH, KW, step_h, step_w, tap_h, tap_w, off_h, off_w, OH, OW;
    int flip, accumulate;
} T(correlation_dw);

size_t T(correlation_dw_scratch)(const T(correlation_dw) *c, int threads);
void T(correlation_dw_run)(const T(correlation_dw) *c, void *scratch, int threads);

/* A long reduction is done in chunks whose part of a panel stays in the first-level cache while many tiles
 * pass over it: some whole segments, or an even part of one. */
typedef struct {
    ptrdiff_t segs, run, count;      /* the reduction, the number of chunks */
    ptrdiff_t parts;                 /* of a segment if it is longer than a chunk, else 0 */
} chunking;

typedef struct {
    ptrdiff_t seg, segs, k, run;
} chunk;

static inline chunking chunks_of(ptrdiff_t segs, ptrdiff_t run, ptrdiff_t longest)
{
    if (run > longest)
        return (chunking){segs, run, segs * ceil_div(run, longest), ceil_div(run, longest)};
    return (chunking){segs, run, max_size(1, ceil_div(segs, max_size(1, longest / max_size(run, 1)))), 0};
}

static inline chunk chunk_at(const chunking *c, ptrdiff_t i)
{
    if (c->parts) {
        ptrdiff_t begin = part_begin(c->run, c->parts, i % c->parts);
        return (chunk){i / c->parts, 1, begin, part_begin(c->run, c->parts, i % c->parts + 1) - begin};
    }
    ptrdiff_t begin = part_begin(c->segs, c->count, i);
    return (chunk){begin, part_begin(c->segs, c->count, i + 1) - begin, 0, c->run};
}

/* steps of a reduction whose part of a panel leaves a quarter of a 32 KB first-level cache to A */
static inline ptrdiff_t longest_chunk(const T(gemm_kernels) *kern)
{
    return 24576 / (kern->nr * (ptrdiff_t)sizeof(real));
}

/* Scratch is handed out in whole cache lines; with a NULL base it only counts. */
typedef struct {
    char *base;
    size_t used;
} arena;

static inline void *take(arena *a, ptrdiff_t count, size_t size)
{
    void *at = a->base ? a->base + a->used : NULL;
    a->used += cache_lines((size_t)count * size);
    return at;
}

/* Bytes between what two threads write. A core fetches ahead of strides that it recognises, such as the planes of a
 * transform, and takes lines of the next thread away from it: where threads do not share a cache, that made two
 * of them as slow as one (a gap of 4 KB: 1.75 of the time with this one, 64 KB: 1.35, 128 KB: 1.1). */
enum { APART = 262144 };

/* `count` arrays of lengths[i] elements for each thread, those of a thread together: *at[i] is thread 0's, and the
 * number returned is how many elements further the next thread's is. */
static inline ptrdiff_t take_own(arena *a, int threads, int count, const ptrdiff_t *lengths, real **const *at)
{
    const ptrdiff_t gap = threads > 1 ? APART / sizeof(real) : 0;
    ptrdiff_t stride = gap;
    take(a, gap, sizeof(real));
    const size_t start = a->used;
    for (int i = 0; i < count; i++)
        *at[i] = take(a, lengths[i], sizeof(real));
    stride += (ptrdiff_t)((a->used - start) / sizeof(real));
    a->used = start + (size_t)(stride * threads) * sizeof(real);
    return stride;
}

#endif
