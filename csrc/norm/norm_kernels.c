/* norm_kernels.c - sums over the columns of a piece of pixels, and the passes that write. */
#include "norm.h"

#include "../activation/activate.h"
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

/* --- elements ------------------------------------------------------------------------------------------- */

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

/* The forward pass and the backward one, which computes v again, must come to the same bits: both come here. */
INLINE vreal affine_of(vreal d, vreal scale, vreal shift) { return d * scale + shift; }

/* dt of the elements at `at`, where v is `v`, which only counts with y NULL. `act` is in.act, perhaps as a constant. */
INLINE vreal gradient_at(const T(beginning) *in, ptrdiff_t act, ptrdiff_t at, ptrdiff_t left, vreal v)
{
    vreal dy = load_ahead(in->dy + at, left);
    if (act == ACTIVATION_none)
        return dy;
    return vactivate_dx(act, dy, in->y ? load_ahead(in->y + at, left) : v, in->alpha);
}

/* Leaves dt in its first n lanes. */
INLINE void keep_gradient(const T(beginning) *in, vreal dt, ptrdiff_t at, ptrdiff_t n, ptrdiff_t left)
{
    if (in->dt)
        store_ahead(in->dt + at, in->add_dt ? load_ahead(in->dt + at, left) + dt : dt, n, left);
}

/* --- sums over columns --------------------------------------------------------------------------------- */

enum { VALUES, DEVIATIONS, PRODUCTS };

/* What is summed in each column: a of x; a and b of d = x - centre and d^2; or a and b of dt and dt d. */
typedef struct {
    const real *x;
    T(affine) f;
    T(beginning) in;
    real *a, *b;
} columns;

/* Adds the lanes at p of vector i, columns i VL and on, to its sums. The first n are its own; `left` are there. */
INLINE void add_lanes(const columns *s, ptrdiff_t p, int i, ptrdiff_t n, ptrdiff_t left, vreal centre, vreal *a,
                      vreal *b, int kind, ptrdiff_t act)
{
    if (kind == VALUES) {
        *a += load_ahead(s->x + p, left);
        return;
    }
    vreal d = {0};
    if (s->x) {
        d = load_ahead(s->x + p, left) - centre;
        if (left < VL)
            d = select(first_lanes(left), d, (vreal){0});
    }
    vreal factor = d;
    if (kind == PRODUCTS) {
        vreal v = act == ACTIVATION_none ? d : affine_of(d, load(s->f.scale + i * VL), load(s->f.shift + i * VL));
        factor = gradient_at(&s->in, act, p, left, v);
        keep_gradient(&s->in, factor, p, n, left);
    }
    *a += factor;
    *b += factor * d;
}

/* `vectors` vectors of columns, whose last one has `last` lanes, over rows `stride` apart; then those of the first
 * `rest` columns of one more, incomplete row. */
INLINE void sum_block(columns s, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t rest, int vectors, ptrdiff_t last,
                      int kind, ptrdiff_t act)
{
    vreal a[BLOCK] = {{0}}, b[BLOCK] = {{0}}, centre[BLOCK] = {{0}};
    for (int i = 0; kind != VALUES && i < vectors; i++)
        centre[i] = load(s.f.centre + i * VL);
    ptrdiff_t p = 0;
#define ADD(i, n, left) add_lanes(&s, p + (i) * VL, i, n, left, centre[i], &a[i], &b[i], kind, act)
    for (ptrdiff_t m = 1; m < rows; m++, p += stride) { /* a ragged vector reads on into the next row */
        for (int i = 0; i < vectors - 1; i++)
            ADD(i, VL, VL);
        ADD(vectors - 1, last, VL);
    }
    if (rows > 0) {
        for (int i = 0; i < vectors - 1; i++)
            ADD(i, VL, VL);
        ADD(vectors - 1, last, last);
        p += stride;
    }
    for (int i = 0; i < vectors && rest > i * VL; i++) {
        ptrdiff_t n = min_size(VL, rest - i * VL);
        ADD(i, n, n);
    }
#undef ADD
    for (int i = 0; i < vectors; i++) {
        store_n(s.a + i * VL, a[i], i < vectors - 1 ? VL : last);
        if (kind != VALUES)
            store_n(s.b + i * VL, b[i], i < vectors - 1 ? VL : last);
    }
}

static const real *past(const real *p, ptrdiff_t k) { return p ? p + k : NULL; }

static columns columns_from(const columns *s, ptrdiff_t k)
{
    columns at = *s;
    at.x = past(s->x, k), at.in.dy = past(s->in.dy, k), at.in.y = past(s->in.y, k);
    at.in.dt = s->in.dt ? s->in.dt + k : NULL;
    at.f = (T(affine)){past(s->f.centre, k), past(s->f.scale, k), past(s->f.shift, k)};
    at.a = s->a + k, at.b = s->b ? s->b + k : NULL;
    return at;
}

/* `width` columns */
INLINE void sum_columns(columns s, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t rest, int kind,
                        ptrdiff_t act)
{
    for (ptrdiff_t k = 0; k < width; k += BLOCK * VL) {
        ptrdiff_t vectors = min_size(BLOCK, ceil_div(width - k, VL)), left = rest - k;
        ptrdiff_t last = min_size(VL, width - k - (vectors - 1) * VL);
        columns at = columns_from(&s, k);
        switch (vectors) {
        case 4: sum_block(at, rows, stride, left, 4, last, kind, act); break;
        case 3: sum_block(at, rows, stride, left, 3, last, kind, act); break;
        case 2: sum_block(at, rows, stride, left, 2, last, kind, act); break;
        default: sum_block(at, rows, stride, left, 1, last, kind, act);
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

/* Coefficients for a row of R pixels: spread in a place of their own where R > 1. */
static const real *coefficients(const real *values, real *room, ptrdiff_t C, ptrdiff_t R)
{
    if (R == 1 || !values)
        return values;
    memcpy(room, values, (size_t)C * sizeof(real));
    spread(room, C, R);
    return room;
}

static T(affine) spread_map(T(affine) f, real room[3][MOST_COLUMNS + VL], ptrdiff_t C, ptrdiff_t R)
{
    return (T(affine)){coefficients(f.centre, room[0], C, R), coefficients(f.scale, room[1], C, R),
                       coefficients(f.shift, room[2], C, R)};
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
    real centre[MOST_COLUMNS + VL], a[MOST_COLUMNS], b[MOST_COLUMNS];
    EACH_SPAN(pixels, C, {
        memset(centre, 0, sizeof centre);
        if (centred) {
            sum_columns((columns){.x = x + c, .a = centre}, rows, R * C, width, rest, VALUES, ACTIVATION_none);
            fold(centre, channels, R);
            for (ptrdiff_t i = 0; i < channels; i++)
                centre[i] *= each;
            spread(centre, channels, R);
        }
        sum_columns((columns){.x = x + c, .f.centre = centre, .a = a, .b = b}, rows, R * C, width, rest, DEVIATIONS,
                    ACTIVATION_none);
        fold(a, channels, R);
        fold(b, channels, R);
        for (ptrdiff_t i = 0; i < channels; i++)
            merge_sums(mean + c + i, m2 + c + i, before, pixels, centred, (double)centre[i], (double)a[i],
                       (double)b[i]);
    });
}

static void products(T(beginning) in, const real *x, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, int first,
                     double *sum_dt, double *sum_dtd)
{
    real room[3][MOST_COLUMNS + VL], a[MOST_COLUMNS], b[MOST_COLUMNS];
    EACH_SPAN(pixels, C, {
        const columns all = {.x = x, .in = in, .f = f, .a = a, .b = b};
        columns s = columns_from(&all, c);
        s.f = spread_map(s.f, room, channels, R);
        s.a = a, s.b = b;
        FOR_ACTIVATION(act, in.act, sum_columns(s, rows, R * C, width, rest, PRODUCTS, act););
        fold(a, channels, R);
        fold(b, channels, R);
        for (ptrdiff_t i = 0; i < channels; i++) {
            sum_dt[c + i] = (first ? 0 : sum_dt[c + i]) + a[i];
            sum_dtd[c + i] = (first ? 0 : sum_dtd[c + i]) + b[i];
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

static void affine(const real *x, real *y, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, T(ending) end)
{
    const ptrdiff_t R = pixels_per_row(C), width = R * C, length = pixels * C;
    real room[3][MOST_COLUMNS + VL];
    f = spread_map(f, room, C, R);
    FOR_ACTIVATION(act, end.act, EACH_IN_ROWS(length, width,
                   vreal d = load_ahead(x + at, left) - load(f.centre + k);
                   vreal v = affine_of(d, load(f.scale + k), load(f.shift + k));
                   v = end.residual ? v + load_ahead(end.residual + at, left) : v;
                   store_ahead(y + at, vactivate(act, v, end.alpha), n, left);););
}

static void affine_dx(T(beginning) in, const real *x, real *dx, ptrdiff_t pixels, ptrdiff_t C, T(affine) f,
                      const real *by_d, const real *constant, int accumulate)
{
    const ptrdiff_t R = pixels_per_row(C), width = R * C, length = pixels * C;
    real room[5][MOST_COLUMNS + VL];
    f = spread_map(f, room, C, R);
    by_d = coefficients(by_d, room[3], C, R), constant = coefficients(constant, room[4], C, R);
    FOR_ACTIVATION(act, in.act, EACH_IN_ROWS(length, width,
                   vreal scale = load(f.scale + k);
                   vreal d = x ? load_ahead(x + at, left) - load(f.centre + k) : (vreal){0};
                   vreal v = act == ACTIVATION_none ? d : affine_of(d, scale, load(f.shift + k));
                   vreal result = gradient_at(&in, act, at, left, v) * scale;
                   if (by_d)
                       result += d * load(by_d + k) + load(constant + k);
                   store_ahead(dx + at, accumulate ? load_ahead(dx + at, left) + result : result, n, left);););
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

/* v of n elements, d = x - mean; the same bits forward and backward */
INLINE vreal row_value(const T(row_map) *f, vreal d, ptrdiff_t i, ptrdiff_t n)
{
    vreal z = d * f->rstd + -f->low * f->rstd;
    z = f->gamma ? z * load_n(f->gamma + i, n) : z;
    return f->beta ? z + load_n(f->beta + i, n) : z;
}

static void row(const real *x, real *y, ptrdiff_t length, T(row_map) f, T(ending) end)
{
    FOR_ACTIVATION(act, end.act, EACH_VECTOR(i, n, length,
                   vreal v = row_value(&f, load_n(x + i, n) - f.mean, i, n);
                   v = end.residual ? v + load_n(end.residual + i, n) : v;
                   store_n(y + i, vactivate(act, v, end.alpha), n);););
}

static void row_sums(T(beginning) in, const real *x, ptrdiff_t length, T(row_map) f, real *dgamma, real *dbeta,
                     double *sum, double *product)
{
    const real offset = -f.low * f.rstd;
    vreal a = {0}, b = {0};
    FOR_ACTIVATION(act, in.act, EACH_VECTOR(i, n, length,
                   vreal d = load_n(x + i, n) - f.mean; /* lanes past n meet dy = 0 */
                   vreal dt = gradient_at(&in, act, i, n, act == ACTIVATION_none ? d : row_value(&f, d, i, n));
                   keep_gradient(&in, dt, i, n, n);
                   if (dgamma)
                       store_n(dgamma + i, load_n(dgamma + i, n) + dt * (d * f.rstd + offset), n);
                   if (dbeta)
                       store_n(dbeta + i, load_n(dbeta + i, n) + dt, n);
                   vreal g = f.gamma ? dt * load_n(f.gamma + i, n) : dt;
                   a += g;
                   b += g * d;););
    *sum += (double)sum_lanes(a);
    *product += (double)sum_lanes(b);
}

static void row_dx(T(beginning) in, const real *x, real *dx, ptrdiff_t length, T(row_map) f, real by_d, real constant,
                   int accumulate)
{
    FOR_ACTIVATION(act, in.act, EACH_VECTOR(i, n, length,
                   vreal d = load_n(x + i, n) - f.mean;
                   vreal dt = gradient_at(&in, act, i, n, act == ACTIVATION_none ? d : row_value(&f, d, i, n));
                   vreal g = dt * f.rstd;
                   vreal result = (f.gamma ? g * load_n(f.gamma + i, n) : g) + (d * by_d + constant);
                   store_n(dx + i, accumulate ? load_n(dx + i, n) + result : result, n);););
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
