/* norm_kernels.c - sums over the columns of a piece of pixels, and the passes that write. */
#include "norm.h"

#include "../activation/activate.h"
#include "../core/threads.h"

/* Rows of pixels have LEAST_WIDTH columns or more; GROUP rows and SPAN columns are summed at a time. */
enum { LINE = 64 / sizeof(real), LEAST_WIDTH = 8 * LINE, GROUP = 4, SPAN = 512 };
#define ALIGNED __attribute__((aligned(64)))

/* R, the pixels of a row: 1, or the power of 2 that makes rows of LEAST_WIDTH or more, but less than twice that. */
INLINE ptrdiff_t pixels_per_row(ptrdiff_t C)
{
    ptrdiff_t R = 1;
    while (R * C < LEAST_WIDTH)
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

/* --- rows of several pixels --------------------------------------------------------------------------- */

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

/* C values, R times one after the other, in a place of their own */
static const real *spread(const real *values, real *room, ptrdiff_t C, ptrdiff_t R)
{
    memcpy(room, values, (size_t)C * sizeof(real));
    for (ptrdiff_t have = C; have < R * C; have *= 2)
        memcpy(room + have, room, (size_t)have * sizeof(real));
    return room;
}

/* --- passes over pixels --------------------------------------------------------------------------------- */

enum { MOMENTS, PRODUCTS, FORWARD, BACKWARD };

/* What a pass reads and writes; what it does not need is NULL. */
typedef struct {
    const real *x, *other;                               /* other: dy, or the residual */
    real *out;                                           /* y or dx */
    const real *centre, *scale, *shift, *by_d, *constant; /* of columns, padded */
    real *a, *b;                                         /* sums of columns, padded */
    real alpha;
    ptrdiff_t ahead; /* where to prefetch */
} pass;

static const real *past(const real *p, ptrdiff_t k) { return p ? p + k : NULL; }

/* The pass from elements `at` and columns `c` on. */
static pass from(const pass *p, ptrdiff_t at, ptrdiff_t c)
{
    pass q = *p;
    q.x = p->x + at, q.other = past(p->other, at), q.out = p->out ? p->out + at : NULL;
    q.centre = p->centre + c, q.scale = past(p->scale, c), q.shift = past(p->shift, c);
    q.by_d = past(p->by_d, c), q.constant = past(p->constant, c);
    return q;
}

/* `vectors` vectors of columns, from k on, in `rows` rows that are `stride` apart, from row `at` on. n lanes are columns
 * of the row and `left` can be read. `plus`: with a residual, or adding to dx. */
INLINE void visit(const pass *p, int kind, ptrdiff_t act, int plus, ptrdiff_t at, ptrdiff_t stride, int rows,
                  ptrdiff_t k, int vectors, ptrdiff_t n, ptrdiff_t left)
{
    enum { MOST = LINE / VL };
    const int sums = kind == MOMENTS || kind == PRODUCTS, maps = kind == FORWARD || act != ACTIVATION_none;
    vreal a[MOST], b[MOST], centre[MOST], scale[MOST], shift[MOST], by_d[MOST], constant[MOST];
    for (int i = 0; i < vectors; i++) {
        const ptrdiff_t c = k + i * VL;
        centre[i] = load(p->centre + c);
        if (sums)
            a[i] = load(p->a + c), b[i] = load(p->b + c);
        if (maps || kind == BACKWARD)
            scale[i] = load(p->scale + c);
        if (maps)
            shift[i] = load(p->shift + c);
        if (kind == BACKWARD)
            by_d[i] = load(p->by_d + c), constant[i] = load(p->constant + c);
    }
    for (int r = 0; r < rows; r++) {
        const ptrdiff_t row = at + r * stride + k;
        if (vectors == MOST && rows > 1) {
            __builtin_prefetch(p->x + row + p->ahead);
            if (kind == PRODUCTS)
                __builtin_prefetch(p->other + row + p->ahead);
        }
        for (int i = 0; i < vectors; i++) {
            const ptrdiff_t e = row + i * VL;
            vreal d = load_ahead(p->x + e, left) - centre[i], v = d, result = d;
            if (maps)
                v = affine_of(d, scale[i], shift[i]);
            if (kind == FORWARD)
                result = vactivate(act, plus ? v + load_ahead(p->other + e, left) : v, p->alpha);
            if (kind == PRODUCTS || kind == BACKWARD)
                result = vactivate_dx(act, load_ahead(p->other + e, left), v, p->alpha);
            if (sums) {
                d = left < VL ? select(first_lanes(left), d, (vreal){0}) : d;
                result = kind == MOMENTS ? d : result; /* dt is 0 where dy is */
                a[i] += result;
                b[i] += result * d;
                continue;
            }
            if (kind == BACKWARD)
                result = result * scale[i] + (d * by_d[i] + constant[i]);
            if (kind == BACKWARD && plus)
                result = load_ahead(p->out + e, left) + result;
            store_ahead(p->out + e, result, n, left);
        }
    }
    for (int i = 0; sums && i < vectors; i++)
        store(p->a + k + i * VL, a[i]), store(p->b + k + i * VL, b[i]);
}

/* `width` columns of some rows, line by line. A ragged vector reads on into the next row, unless these are `last`. */
INLINE void visit_rows(const pass *p, int kind, ptrdiff_t act, int plus, ptrdiff_t at, ptrdiff_t stride, int rows,
                       ptrdiff_t width, int last)
{
    ptrdiff_t k = 0;
    for (; k + LINE <= width; k += LINE)
        visit(p, kind, act, plus, at, stride, rows, k, LINE / VL, VL, VL);
    for (; k + VL <= width; k += VL)
        visit(p, kind, act, plus, at, stride, rows, k, 1, VL, VL);
    if (k < width)
        visit(p, kind, act, plus, at, stride, rows, k, 1, width - k, last ? width - k : VL);
}

/* All pixels; sum_a and sum_b (C) get the sums added.
 *
 * For sums GROUP rows are visited side by side, so that the sums are fetched and stored once for all of them. A processor
 * does not see where such streams lead, so the next rows are prefetched, unless they are so long that they would collide
 * in the nearest cache. What is written is written in the order of memory. */
INLINE void visit_all(pass all, int kind, ptrdiff_t act, int plus, ptrdiff_t pixels, ptrdiff_t C, double *sum_a,
                      double *sum_b)
{
    const ptrdiff_t R = pixels_per_row(C), rows = pixels / R, rest = pixels % R * C, stride = R * C;
    real room[5][2 * LEAST_WIDTH] ALIGNED, a[SPAN + LINE] ALIGNED, b[SPAN + LINE] ALIGNED;
    const real **const coefficients[5] = {&all.centre, &all.scale, &all.shift, &all.by_d, &all.constant};
    for (int i = 0; R > 1 && i < 5; i++)
        if (*coefficients[i])
            *coefficients[i] = spread(*coefficients[i], room[i], C, R);
    all.ahead = stride < SPAN ? GROUP * stride : 0;
    const ptrdiff_t span = sum_a ? SPAN : 2 * SPAN;
    for (ptrdiff_t c = 0; c < C; c += span) {
        const ptrdiff_t channels = min_size(span, C - c), width = R * channels;
        const ptrdiff_t whole = width % VL == 0 ? rows : rows - 1; /* rows that a ragged vector may read past */
        pass p = from(&all, c, c);
        p.a = a, p.b = b;
        if (sum_a) {
            memset(a, 0, (size_t)(width + LINE) * sizeof(real));
            memset(b, 0, (size_t)(width + LINE) * sizeof(real));
        }
        ptrdiff_t m = 0;
        for (; sum_a && m + GROUP <= whole; m += GROUP)
            visit_rows(&p, kind, act, plus, m * stride, stride, GROUP, width, 0);
        for (; m < rows; m++)
            visit_rows(&p, kind, act, plus, m * stride, stride, 1, width, 1);
        if (rest > 0)
            visit_rows(&p, kind, act, plus, m * stride, stride, 1, rest, 1);
        if (sum_a) {
            fold(a, channels, R);
            fold(b, channels, R);
            for (ptrdiff_t i = 0; i < channels; i++)
                sum_a[c + i] += (double)a[i], sum_b[c + i] += (double)b[i];
        }
    }
}

static void moments(const real *x, ptrdiff_t pixels, ptrdiff_t C, const real *centre, double *sum_d, double *sum_dd)
{
    const pass p = {.x = x, .centre = centre};
    visit_all(p, MOMENTS, ACTIVATION_none, 0, pixels, C, sum_d, sum_dd);
}

static void products(T(beginning) in, const real *x, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, double *sum_dt,
                     double *sum_dtd)
{
    const pass p = {.x = x, .other = in.dy, .centre = f.centre, .scale = f.scale, .shift = f.shift, .alpha = in.alpha};
    FOR_ACTIVATION(act, in.act, visit_all(p, PRODUCTS, act, 0, pixels, C, sum_dt, sum_dtd););
}

static void affine(const real *x, real *y, ptrdiff_t pixels, ptrdiff_t C, T(affine) f, T(ending) end)
{
    const pass p = {.x = x, .other = end.residual, .out = y, .centre = f.centre, .scale = f.scale, .shift = f.shift,
                    .alpha = end.alpha};
    if (end.residual)
        FOR_ACTIVATION(act, end.act, visit_all(p, FORWARD, act, 1, pixels, C, NULL, NULL););
    else
        FOR_ACTIVATION(act, end.act, visit_all(p, FORWARD, act, 0, pixels, C, NULL, NULL););
}

static void affine_dx(T(beginning) in, const real *x, real *dx, ptrdiff_t pixels, ptrdiff_t C, T(affine) f,
                      const real *by_d, const real *constant, int accumulate)
{
    const pass p = {.x = x, .other = in.dy, .out = dx, .centre = f.centre, .scale = f.scale, .shift = f.shift,
                    .by_d = by_d, .constant = constant, .alpha = in.alpha};
    if (accumulate)
        FOR_ACTIVATION(act, in.act, visit_all(p, BACKWARD, act, 1, pixels, C, NULL, NULL););
    else
        FOR_ACTIVATION(act, in.act, visit_all(p, BACKWARD, act, 0, pixels, C, NULL, NULL););
}

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

/* --- one row of a single group ------------------------------------------------------------------------- */

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

/* The sums of d = x - centre, and of d^2, over a row. */
INLINE void row_deviations(const real *x, ptrdiff_t length, real centre, real *deviations, real *squares)
{
    vreal a[GROUP] = {{0}}, b[GROUP] = {{0}};
    for (; length >= GROUP * VL; length -= GROUP * VL, x += GROUP * VL)
        for (int i = 0; i < GROUP; i++) {
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
                   vreal dt = load_n(in.dy + i, n);
                   if (act != ACTIVATION_none)
                       dt = vactivate_dx(act, dt, row_value(&f, d, i, n), in.alpha);
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
                   vreal dt = load_n(in.dy + i, n);
                   if (act != ACTIVATION_none)
                       dt = vactivate_dx(act, dt, row_value(&f, d, i, n), in.alpha);
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
