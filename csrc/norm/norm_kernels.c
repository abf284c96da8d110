/* norm_kernels.c - sums over the columns of a piece of pixels, and the passes that write. */
#include "norm.h"

#include "../core/simd.h"
#include "../core/threads.h"

#define INLINE static inline __attribute__((always_inline))

enum { BLOCK = 4, MOST_COLUMNS = 2 * BLOCK * VL }; /* BLOCK vectors of columns are summed at a time */

/* R, the pixels of a row: 1, or the power of 2 that makes rows of BLOCK vectors or more, but less than twice that. */
INLINE ptrdiff_t pixels_per_row(ptrdiff_t C)
{
    ptrdiff_t R = 1;
    while (R * C < BLOCK * VL)
        R *= 2;
    return R;
}

/* --- sums over columns --------------------------------------------------------------------------------- */

enum { VALUES, DEVIATIONS, PRODUCTS };

/* What is summed in each column: a of x; a and b of d = x - centre and d^2; or a and b of dy and dy d. */
typedef struct {
    const real *x, *dy, *centre;
    real *a, *b;
} columns;

/* Adds n lanes at p to the sums of one vector of columns; lanes past n add nothing. */
INLINE void add_lanes(const columns *s, ptrdiff_t p, ptrdiff_t n, vreal centre, vreal *a, vreal *b, int kind)
{
    if (kind == VALUES) {
        *a += load_n(s->x + p, n);
        return;
    }
    vreal d = {0};
    if (kind == DEVIATIONS || s->x) {
        d = load_n(s->x + p, n) - centre;
        if (n < VL)
            d = select(first_lanes(n), d, (vreal){0});
    }
    vreal factor = kind == DEVIATIONS ? d : load_n(s->dy + p, n);
    *a += factor;
    *b += factor * d;
}

/* `vectors` vectors of columns, whose last one has `last` lanes, over rows `stride` apart; then those of the first
 * `rest` columns of one more, incomplete row. */
INLINE void sum_block(columns s, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t rest, int vectors, ptrdiff_t last,
                      int kind)
{
    vreal a[BLOCK] = {{0}}, b[BLOCK] = {{0}}, centre[BLOCK] = {{0}};
    for (int i = 0; kind != VALUES && i < vectors; i++)
        centre[i] = load_n(s.centre + i * VL, i < vectors - 1 ? VL : last);
    ptrdiff_t p = 0;
    for (ptrdiff_t m = 1; m < rows; m++, p += stride) /* a ragged vector reads on into the next row */
        for (int i = 0; i < vectors; i++)
            add_lanes(&s, p + i * VL, VL, centre[i], &a[i], &b[i], kind);
    if (rows > 0) {
        for (int i = 0; i < vectors - 1; i++)
            add_lanes(&s, p + i * VL, VL, centre[i], &a[i], &b[i], kind);
        add_lanes(&s, p + (vectors - 1) * VL, last, centre[vectors - 1], &a[vectors - 1], &b[vectors - 1], kind);
        p += stride;
    }
    for (int i = 0; i < vectors && rest > i * VL; i++)
        add_lanes(&s, p + i * VL, min_size(VL, rest - i * VL), centre[i], &a[i], &b[i], kind);
    for (int i = 0; i < vectors; i++) {
        store_n(s.a + i * VL, a[i], i < vectors - 1 ? VL : last);
        if (kind != VALUES)
            store_n(s.b + i * VL, b[i], i < vectors - 1 ? VL : last);
    }
}

/* `width` columns */
INLINE void sum_columns(columns s, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t rest, int kind)
{
    for (ptrdiff_t k = 0; k < width; k += BLOCK * VL) {
        ptrdiff_t vectors = min_size(BLOCK, ceil_div(width - k, VL)), left = rest - k;
        ptrdiff_t last = min_size(VL, width - k - (vectors - 1) * VL);
        columns at = {s.x ? s.x + k : NULL, kind == PRODUCTS ? s.dy + k : NULL, kind != VALUES ? s.centre + k : NULL,
                      s.a + k, kind != VALUES ? s.b + k : NULL};
        switch (vectors) {
        case 4: sum_block(at, rows, stride, left, 4, last, kind); break;
        case 3: sum_block(at, rows, stride, left, 3, last, kind); break;
        case 2: sum_block(at, rows, stride, left, 2, last, kind); break;
        default: sum_block(at, rows, stride, left, 1, last, kind);
        }
    }
}

/* Sums of R C columns become those of C channels: the second half is added to the first, again and again. */
static void fold(real *sums, ptrdiff_t C, ptrdiff_t R)
{
    for (; R > 1; R /= 2) {
        ptrdiff_t half = R / 2 * C, i = 0;
        for (; i + VL <= half; i += VL)
            store(sums + i, load(sums + i) + load(sums + half + i));
        for (; i < half; i++)
            sums[i] += sums[half + i];
    }
}

/* C values, R times one after the other */
static void spread(real *values, ptrdiff_t C, ptrdiff_t R)
{
    for (ptrdiff_t have = C; have < R * C; have *= 2)
        memcpy(values + have, values, (size_t)have * sizeof(real));
}

/* Runs the statements for spans of channels [c, c + channels) that a row of `width` columns holds R times: all
 * channels at once where they are few, else the columns of a block, so that a piece's second reading finds them in
 * the nearest cache. */
#define EACH_SPAN(pixels, C, ...)                                                                 \
    do {                                                                                          \
        const ptrdiff_t R = pixels_per_row(C), rows = (pixels) / R, rest = (pixels) % R * (C);    \
        for (ptrdiff_t c = 0, channels; c < (C); c += channels) {                                 \
            channels = R > 1 ? (C) : min_size(BLOCK * VL, (C) - c);                               \
            const ptrdiff_t width = R * channels;                                                 \
            __VA_ARGS__                                                                           \
        }                                                                                         \
    } while (0)

/* One channel: share = b / (a + b), weight = a b / (a + b). */
INLINE void merge_one(double *mean, double *m2, double mean_b, double m2_b, double share, double weight)
{
    double delta = mean_b - *mean;
    *mean += delta * share;
    *m2 += m2_b + delta * delta * weight;
}

static void merge(double *mean, double *m2, ptrdiff_t a, const double *mean_b, const double *m2_b, ptrdiff_t b,
                  ptrdiff_t C)
{
    const double share = (double)b / (double)(a + b), weight = (double)a * share;
    for (ptrdiff_t c = 0; c < C; c++)
        merge_one(mean + c, m2 + c, mean_b[c], m2_b[c], share, weight);
}

/* Merges `count` values, as sums of their deviations from a centre and of the squares, into mean, m2 of `before`. */
INLINE void merge_sums(double *mean, double *m2, ptrdiff_t before, ptrdiff_t count, int centred, double centre,
                       double deviations, double squares)
{
    const double left = centred ? deviations / (double)count : 0, mean_b = centred ? centre + left : 0;
    double m2_b = squares - deviations * left;
    m2_b = m2_b < 0 ? 0 : m2_b;
    if (before > 0) {
        const double share = (double)count / (double)(before + count);
        merge_one(mean, m2, mean_b, m2_b, share, (double)before * share);
    } else {
        *mean = mean_b;
        *m2 = m2_b;
    }
}

static void moments(const real *x, ptrdiff_t pixels, ptrdiff_t C, int centred, ptrdiff_t before, double *mean,
                    double *m2)
{
    const real each = (real)(1 / (double)pixels);
    real centre[MOST_COLUMNS], a[MOST_COLUMNS], b[MOST_COLUMNS];
    EACH_SPAN(pixels, C, {
        memset(centre, 0, sizeof centre);
        if (centred) {
            sum_columns((columns){.x = x + c, .a = centre}, rows, R * C, width, rest, VALUES);
            fold(centre, channels, R);
            for (ptrdiff_t i = 0; i < channels; i++)
                centre[i] *= each;
            spread(centre, channels, R);
        }
        sum_columns((columns){.x = x + c, .centre = centre, .a = a, .b = b}, rows, R * C, width, rest, DEVIATIONS);
        fold(a, channels, R);
        fold(b, channels, R);
        for (ptrdiff_t i = 0; i < channels; i++)
            merge_sums(mean + c + i, m2 + c + i, before, pixels, centred, (double)centre[i], (double)a[i],
                       (double)b[i]);
    });
}

static void products(const real *dy, const real *x, ptrdiff_t pixels, ptrdiff_t C, const real *centre, int first,
                     double *sum_dy, double *sum_dyd)
{
    real centres[MOST_COLUMNS], a[MOST_COLUMNS], b[MOST_COLUMNS];
    EACH_SPAN(pixels, C, {
        memcpy(centres, centre + c, (size_t)channels * sizeof(real));
        spread(centres, channels, R);
        sum_columns((columns){.x = x ? x + c : NULL, .dy = dy + c, .centre = centres, .a = a, .b = b}, rows, R * C,
                    width, rest, PRODUCTS);
        fold(a, channels, R);
        fold(b, channels, R);
        for (ptrdiff_t i = 0; i < channels; i++) {
            sum_dy[c + i] = (first ? 0 : sum_dy[c + i]) + a[i];
            sum_dyd[c + i] = (first ? 0 : sum_dyd[c + i]) + b[i];
        }
    });
}

/* --- passes that write, over pixels -------------------------------------------------------------------- */

/* Runs the statements for the vectors of rows of `width` columns in a flat array of `length`: at element `at`, in
 * columns k to k + n. Where n < VL the vector reaches into the next row, or ends the array if left < VL. */
#define EACH_IN_ROWS(length, width, ...)                                                            \
    do {                                                                                            \
        for (ptrdiff_t row = 0; row < (length); row += (width)) {                                   \
            const ptrdiff_t columns = min_size(width, (length) - row);                              \
            ptrdiff_t k = 0, n = VL, at = row, left = VL;                                           \
            for (; k + VL <= columns; k += VL, at += VL) { __VA_ARGS__ }                            \
            n = columns - k;                                                                        \
            left = (length) - at;                                                                   \
            if (n > 0) { __VA_ARGS__ }                                                              \
        }                                                                                           \
    } while (0)

INLINE vreal load_ahead(const real *p, ptrdiff_t left) { return left >= VL ? load(p) : load_part(p, left); }

/* Lanes past n keep what is there: the next row's turn comes later, and it may be in place. */
INLINE void store_ahead(real *p, vreal v, ptrdiff_t n, ptrdiff_t left)
{
    if (n == VL)
        store(p, v);
    else if (left >= VL)
        store(p, select(first_lanes(n), v, load(p)));
    else
        store_part(p, v, n);
}

/* Coefficients for a row of R pixels: spread in a place of their own where R > 1. */
static const real *coefficients(const real *values, real *room, ptrdiff_t C, ptrdiff_t R)
{
    if (R == 1)
        return values;
    memcpy(room, values, (size_t)C * sizeof(real));
    spread(room, C, R);
    return room;
}

static void affine(const real *x, real *y, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, int accumulate)
{
    const ptrdiff_t R = pixels_per_row(C), width = R * C, length = pixels * C;
    real room[3][MOST_COLUMNS + VL];
    const real *centre = coefficients(f.centre, room[0], C, R), *scale = coefficients(f.scale, room[1], C, R);
    const real *shift = coefficients(f.shift, room[2], C, R);
    EACH_IN_ROWS(length, width,
                 vreal v = (load_ahead(x + at, left) - load(centre + k)) * load(scale + k) + load(shift + k);
                 store_ahead(y + at, accumulate ? load_ahead(y + at, left) + v : v, n, left););
}

static void affine_dx(const real *dy, const real *x, real *dx, ptrdiff_t pixels, ptrdiff_t C, const real *slope,
                      T(affine) f, int accumulate)
{
    const ptrdiff_t R = pixels_per_row(C), width = R * C, length = pixels * C;
    real room[4][MOST_COLUMNS + VL];
    const real *centre = coefficients(f.centre, room[0], C, R), *scale = coefficients(f.scale, room[1], C, R);
    const real *shift = coefficients(f.shift, room[2], C, R), *slopes = coefficients(slope, room[3], C, R);
    EACH_IN_ROWS(length, width,
                 vreal v = (load_ahead(x + at, left) - load(centre + k)) * load(scale + k) + load(shift + k);
                 v = load_ahead(dy + at, left) * load(slopes + k) + v;
                 store_ahead(dx + at, accumulate ? load_ahead(dx + at, left) + v : v, n, left););
}

/* --- one row of a single group ------------------------------------------------------------------------- */

/* The sums of d = x - centre, and of d^2, over a row. */
INLINE void row_deviations(const real *x, ptrdiff_t length, real centre, real *deviations, real *squares)
{
    vreal a[BLOCK] = {{0}}, b[BLOCK] = {{0}};
    for (; length >= BLOCK * VL; length -= BLOCK * VL, x += BLOCK * VL)
        for (int i = 0; i < BLOCK; i++) {
            vreal d = load(x + i * VL) - centre;
            a[i] += d;
            b[i] += d * d;
        }
    EACH_VECTOR(i, n, length,
                vreal d = load_n(x + i, n) - centre;
                d = n < VL ? select(first_lanes(n), d, (vreal){0}) : d;
                a[0] += d;
                b[0] += d * d;);
    *deviations = sum_lanes((a[0] + a[1]) + (a[2] + a[3]));
    *squares = sum_lanes((b[0] + b[1]) + (b[2] + b[3]));
}

static void row_moments(const real *x, ptrdiff_t length, int centred, ptrdiff_t before, double *mean, double *m2)
{
    real centre = 0, deviations, squares;
    if (centred) {
        row_deviations(x, length, 0, &centre, &squares);
        centre /= (real)length;
    }
    row_deviations(x, length, centre, &deviations, &squares);
    merge_sums(mean, m2, before, length, centred, (double)centre, (double)deviations, (double)squares);
}

static void row(const real *x, real *y, ptrdiff_t length, T(row_statistics) s, const real *gamma, const real *beta)
{
    const real offset = -s.low * s.rstd;
    EACH_VECTOR(i, n, length,
                vreal z = (load_n(x + i, n) - s.mean) * s.rstd + offset;
                z = gamma ? z * load_n(gamma + i, n) : z;
                store_n(y + i, beta ? z + load_n(beta + i, n) : z, n););
}

static void row_sums(const real *dy, const real *x, ptrdiff_t length, T(row_statistics) s, const real *gamma,
                     real *dgamma, real *dbeta, double *sum, double *product)
{
    const real offset = -s.low * s.rstd;
    vreal a = {0}, b = {0};
    EACH_VECTOR(i, n, length,
                vreal d = load_n(x + i, n) - s.mean; /* lanes past n meet dy = 0 */
                vreal dy_i = load_n(dy + i, n);
                if (dgamma)
                    store_n(dgamma + i, load_n(dgamma + i, n) + dy_i * (d * s.rstd + offset), n);
                if (dbeta)
                    store_n(dbeta + i, load_n(dbeta + i, n) + dy_i, n);
                vreal g = gamma ? dy_i * load_n(gamma + i, n) : dy_i;
                a += g;
                b += g * d;);
    *sum += (double)sum_lanes(a);
    *product += (double)sum_lanes(b);
}

static void row_dx(const real *dy, const real *x, real *dx, ptrdiff_t length, T(row_statistics) s, const real *gamma,
                   real scale, real shift, int accumulate)
{
    EACH_VECTOR(i, n, length,
                vreal v = (load_n(x + i, n) - s.mean) * scale + shift;
                vreal g = load_n(dy + i, n) * s.rstd;
                v = (gamma ? g * load_n(gamma + i, n) : g) + v;
                store_n(dx + i, accumulate ? load_n(dx + i, n) + v : v, n););
}

const T(norm_kernels) KERNEL_TABLE(norm) = {
    .moments = moments,
    .merge = merge,
    .products = products,
    .affine = affine,
    .affine_dx = affine_dx,
    .row_moments = row_moments,
    .row = row,
    .row_sums = row_sums,
    .row_dx = row_dx,
};
