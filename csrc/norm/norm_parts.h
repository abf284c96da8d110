/* norm_parts.h - what the loops of both directions share: how images are cut, scratch, and the map from x to v. */
#ifndef CNNC_NORM_PARTS_H
#define CNNC_NORM_PARTS_H

#include <math.h>

#include "../core/threads.h"
#include "norm.h"

/* What all four operations are: images (P, C), of which the two with given statistics have one. */
typedef struct {
    ptrdiff_t N, P, C, G;
    ptrdiff_t piece, part, parts; /* pixels that are summed at once; pixels of a part of an image, and its parts */
} shape;

/* An image has at most PARTS parts, whatever the number of threads. */
enum { PARTS = 64, PIECE = 4 * CHUNK, LEAST_PIECE = 64 };

static inline shape shape_of(ptrdiff_t N, ptrdiff_t P, ptrdiff_t C, ptrdiff_t G)
{
    shape s = {.N = N, .P = P, .C = C, .G = G, .piece = max_size(LEAST_PIECE, ceil_div(PIECE, C))};
    s.part = s.piece * ceil_div(P, s.piece * PARTS);
    s.parts = ceil_div(P, s.part);
    return s;
}

static inline ptrdiff_t part_pixels(const shape *s, ptrdiff_t part) { return min_size(s->part, s->P - part * s->part); }
static inline double elements(const shape *s) { return (double)s->N * (double)(s->P * s->C); }
static inline double group_size(const shape *s) { return (double)s->P * (double)(s->C / s->G); }

/* Many small images: a thread takes one after the other, and passes over each as long as it is in its cache. Few
 * large ones are cut into parts. The bits are the same either way. */
static inline int takes_whole_images(const shape *s)
{
    enum { ENOUGH = 16, CACHE = 1 << 16 };
    return s->parts == 1 || (s->N >= ENOUGH && s->P * s->C <= CACHE);
}

static inline double inverse_deviation(double var, double eps) { return 1 / sqrt(var + eps); }

/* --- scratch: for each image, two sums for each part and channel, and coefficients --------------------- */

typedef struct {
    char *start;
    size_t sums, vector, image; /* bytes of C doubles, of C reals, and of all that an image has */
} workspace;

static inline workspace workspace_of(const shape *s, void *scratch, int coefficients)
{
    workspace m = {.start = scratch, .sums = cache_lines((size_t)s->C * sizeof(double)),
                   .vector = cache_lines((size_t)s->C * sizeof(real))}; /* whole lines: padding enough for any vector */
    m.image = 2 * (size_t)s->parts * m.sums + (size_t)coefficients * m.vector;
    return m;
}

static inline double *sums_at(const workspace *m, ptrdiff_t image, ptrdiff_t part, int which)
{
    return (double *)(m->start + (size_t)image * m->image + (size_t)(2 * part + which) * m->sums);
}

static inline real *coefficients_at(const workspace *m, const shape *s, ptrdiff_t image, int which)
{
    return (real *)(m->start + (size_t)image * m->image + 2 * (size_t)s->parts * m->sums + (size_t)which * m->vector);
}

enum { CENTRE, SCALE, SHIFT, FORWARD_COEFFICIENTS, BY_D = FORWARD_COEFFICIENTS, CONSTANT, BACKWARD_COEFFICIENTS };

static inline T(affine) affine_at(const workspace *m, const shape *s, ptrdiff_t image)
{
    return (T(affine)){coefficients_at(m, s, image, CENTRE), coefficients_at(m, s, image, SCALE),
                       coefficients_at(m, s, image, SHIFT)};
}

/* The statistics of a group as they are kept: backward has no others, and must come to the same v. */
typedef struct {
    real mean, low, var;
} statistics;

/* The map from x to v of the channels [first, end) of an image, which are a group or part of one. */
static inline void map_channels(const workspace *m, const shape *s, ptrdiff_t image, ptrdiff_t first, ptrdiff_t end,
                         statistics of, double eps, const real *gamma, const real *beta)
{
    const double rstd = inverse_deviation((double)of.var, eps);
    real *centre = coefficients_at(m, s, image, CENTRE), *scale = coefficients_at(m, s, image, SCALE);
    real *shift = coefficients_at(m, s, image, SHIFT);
    for (ptrdiff_t c = first; c < end; c++) {
        const double slope = gamma ? rstd * (double)gamma[c] : rstd;
        centre[c] = of.mean;
        scale[c] = (real)slope;
        shift[c] = (real)((beta ? (double)beta[c] : 0) - (double)of.low * slope);
    }
}

/* One pixel: a group is a row of neighbours, from channel `channel` on. */
static inline T(row_map) row_map_of(statistics of, double eps, const real *gamma, const real *beta, ptrdiff_t channel)
{
    return (T(row_map)){of.mean, of.low, (real)inverse_deviation((double)of.var, eps), gamma ? gamma + channel : NULL,
                        beta ? beta + channel : NULL};
}

#endif
