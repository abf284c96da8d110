/* augment.h - windows, boxes, warps and colours of single images; ops.h has the formulas.
 *
 * Most operations exist for images of reals and for images of bytes. They are one piece of code: kernels that come as
 * a pair [2] take x and y as reals at [0] and as bytes at [1], and compute in reals either way. What becomes a byte is
 * rounded to the nearest one, halves up, and 0 or 255 where it is beyond.
 *
 * Resizing is separable, and goes down the columns first: the rows that a row of y sees are mixed into one line, whole
 * rows at a time, and the line's pixels are then mixed into the row. So nothing but a line is kept between the two.
 *
 *     line[v,c] = sum over u of weight(i, u) x[u,v,c]           y[i,j,c] = sum over v of weight(j, v) line[v,c]
 *
 * Rows of resized and warped images are made as reals in scratch, and then finished. Kernels work at any alignment, own
 * ragged ends and read or write nothing past the arrays they are given, but for one number after a line and a row.
 */
#ifndef CNNC_AUGMENT_H
#define CNNC_AUGMENT_H

#include "../core/isa.h"

/* What pixels of an image (H, W, C) outside of it are. */
typedef struct {
    ptrdiff_t H, W, C;
    int edge;         /* 0: fill. 1: as the edge has them, reflected in windows and replicated in warps */
    const void *fill; /* (C) of the image's type */
} T(frame);

/* Element i of an array of reals, or of bytes. */
static inline const void *at(const void *x, ptrdiff_t i, int bytes)
{
    return (const char *)x + i * (bytes ? 1 : (ptrdiff_t)sizeof(real));
}

/* The pixel of a row of n that i stands for, where every end of it is a mirror. */
static inline ptrdiff_t reflected(ptrdiff_t i, ptrdiff_t n)
{
    const ptrdiff_t period = n > 1 ? 2 * (n - 1) : 1, place = i % period + (i % period < 0 ? period : 0);
    return place < n ? place : period - place;
}

/* Pixel j of a row of y is the mean of the pixels first[j] + t, t < count[j], of a line; their weights stand one after
 * the other, those of pixel 0 first. */
typedef struct {
    int32_t *first, *count;
    real *weight;
} T(taps);

typedef struct {
    /* y (OW, C) = pixels left, left + 1 ... of a row x (W, C), or these turned */
    void (*window_row)(const uint8_t *x, uint8_t *y, const T(frame) *f, ptrdiff_t left, ptrdiff_t OW, int mirror);
    /* line[i] = sum over t < count of weight[t] x[t * step + i] */
    void (*mix_rows[2])(const void *x, real *line, ptrdiff_t length, ptrdiff_t step, const real *weight,
                        ptrdiff_t count);
    /* row (OW, C), from a line of pixels */
    void (*mix_columns)(const real *line, real *row, ptrdiff_t OW, ptrdiff_t C, const T(taps) *taps);
    /* row (OW, C) = row i of what is seen of an image x (H, W, C) through matrix (2, 3) */
    void (*warp_row[2])(const void *x, real *row, const T(frame) *f, const double *matrix, ptrdiff_t i, ptrdiff_t OW);
    /* y = row, rounded */
    void (*finish[2])(const real *row, void *y, ptrdiff_t length);
    /* x, y (pixels, C); matrix (C, C), offset (C) */
    void (*recolour[2])(const void *x, void *y, ptrdiff_t pixels, ptrdiff_t C, const real *matrix, const real *offset);
    /* sum (C) of x (pixels, C), overwritten */
    void (*channel_sums[2])(const void *x, double *sum, ptrdiff_t pixels, ptrdiff_t C);
    /* y = share a + (1 - share) b */
    void (*blend[2])(const void *a, const void *b, void *y, ptrdiff_t length, double share);
} T(augment_kernels);

DECLARE_KERNELS(augment)

#endif
