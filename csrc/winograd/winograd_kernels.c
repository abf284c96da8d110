/* winograd_kernels.c - the transforms of winograd.h, vectors of channels.
 *
 * All are made of three functions of one axis. A polynomial is evaluated at a pair of points p, -p as even(p^2) + and -
 * p odd(p^2), so the pair costs little more than one point. The point at infinity is the leading coefficient.
 *
 *     evaluate   coefficients -> points: A, and G if scaled
 *     collect    its transpose, points -> sums: A', and G' if scaled
 *     window     B': with P(x) = x (x^2 - a^2) (x^2 - b^2), row p holds the coefficients of P(x) / (x - p), the row at
 *                infinity those of P
 *
 * Scaled means divided by the product of a point's distances to the others. All points are short binary fractions, and
 * so are their powers here: constants are exact. The points +-11/16 and +-3/2 instead of the usual +-1 and +-2
 * make no number large before it is made small again, which halves the error.
 */
#include "../activation/activate.h"
#include "../gemm/tiles.h"
#include "winograd.h"

#define ROLLED _Pragma("GCC unroll 1") /* else addresses of all S S numbers are kept, on the stack */

/* the positive points, and what is divided by at 0 and at each of them */
#define A_ (11.0 / 16)
#define B_ (3.0 / 2)
#define A2 (A_ * A_)
#define B2 (B_ * B_)
static const double scale6[3] = {1 / (A2 * B2), 1 / (2 * A2 * (A2 - B2)), 1 / (2 * B2 * (B2 - A2))};
static const double scale4[2] = {-1, 0.5};
static const double points6[2] = {A_, B_}, points4[1] = {1};

INLINE double power(double p, int i)
{
    double product = 1;
    UNROLL for (int j = 0; j < i; j++)
        product *= p;
    return product;
}

/* The odd part is multiplied out before it is added and subtracted: two additions, which have ports of their own on
 * some processors, are cheaper than two multiply-adds. */
INLINE void window(const int S, const vreal *d, vreal *v)
{
    if (S == 4) {
        v[0] = d[2] - d[0];
        v[1] = d[2] + d[1];
        v[2] = d[2] - d[1];
        v[3] = d[3] - d[1];
        return;
    }
    v[0] = d[0] * (real)(A2 * B2) + (d[4] - d[2] * (real)(A2 + B2));
    v[5] = d[1] * (real)(A2 * B2) + (d[5] - d[3] * (real)(A2 + B2));
    const vreal even_a = d[4] - d[2] * (real)B2, odd_a = d[3] * (real)A_ - d[1] * (real)(A_ * B2);
    v[1] = even_a + odd_a;
    v[2] = even_a - odd_a;
    const vreal even_b = d[4] - d[2] * (real)A2, odd_b = d[3] * (real)B_ - d[1] * (real)(B_ * A2);
    v[3] = even_b + odd_b;
    v[4] = even_b - odd_b;
}

INLINE void evaluate(const int S, const int count, const int scaled, const vreal *c, vreal *v)
{
    const double *points = S == 6 ? points6 : points4, *scale = S == 6 ? scale6 : scale4;
    v[0] = scaled ? c[0] * (real)scale[0] : c[0];
    UNROLL for (int i = 0; i < S / 2 - 1; i++) {
        const double by = scaled ? scale[i + 1] : 1;
        vreal even = by == 1 ? c[0] : c[0] * (real)by, odd = c[1] * (real)(by * points[i]);
        UNROLL for (int j = 2; j < count; j += 2)
            even += c[j] * (real)(by * power(points[i], j));
        UNROLL for (int j = 3; j < count; j += 2)
            odd += c[j] * (real)(by * power(points[i], j));
        v[2 * i + 1] = even + odd;
        v[2 * i + 2] = even - odd;
    }
    v[S - 1] = c[count - 1];
}

INLINE void collect(const int S, const int count, const int scaled, const vreal *v, vreal *c)
{
    const double *points = S == 6 ? points6 : points4, *scale = S == 6 ? scale6 : scale4;
    c[0] = scaled ? v[0] * (real)scale[0] : v[0];
    c[count - 1] = v[S - 1];
    UNROLL for (int i = 0; i < S / 2 - 1; i++) {
        const double by = scaled ? scale[i + 1] : 1;
        const vreal even = v[2 * i + 1] + v[2 * i + 2], odd = v[2 * i + 1] - v[2 * i + 2];
        UNROLL for (int j = 0; j < count; j++) {
            const real factor = (real)(by * power(points[i], j));
            const vreal part = j % 2 ? odd : even;
            if (i == 0 && 0 < j && j < count - 1)
                c[j] = part * factor;
            else
                c[j] += factor == 1 ? part : part * factor;
        }
    }
}

/* --- two axes: along the rows, then down the columns of what that gave ------------------------------------------- */

INLINE void input_vector(const int S, const real *const *pixels, ptrdiff_t at, ptrdiff_t n, real *v, ptrdiff_t plane)
{
    vreal half[6][6];
    ROLLED for (int i = 0; i < S; i++, pixels += S) {
        vreal d[6];
        UNROLL for (int j = 0; j < S; j++)
            d[j] = load_n(pixels[j] + at, n);
        window(S, d, half[i]);
    }
    ROLLED for (int j = 0; j < S; j++, v += plane) {
        vreal d[6], e[6];
        UNROLL for (int i = 0; i < S; i++)
            d[i] = half[i][j];
        window(S, d, e);
        UNROLL for (int i = 0; i < S; i++)
            store(v + i * S * plane, e[i]);
    }
}

/* Lanes past the last channel are zeros, also in the last slice, which may have fewer channels than others. */
INLINE void input(const int S, const real *const *pixels, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end,
                  ptrdiff_t run, real *v, ptrdiff_t plane, ptrdiff_t slice_step)
{
    v += first * slice_step;
    for (ptrdiff_t s = first; s < end; s++, v += slice_step)
        for (ptrdiff_t l = 0; l < run; l += VL) {
            const ptrdiff_t at = s * run + l, n = channels - at;
            if (n >= VL)
                input_vector(S, pixels, at, VL, v + l, plane);
            else
                input_vector(S, pixels, n > 0 ? at : 0, n > 0 ? n : 0, v + l, plane);
        }
}

/* R x R coefficients to S x S points: filters, and tiles of gradients. */
INLINE void evaluate_both(const int S, const int R, const int scaled, vreal half[][6], real *to, ptrdiff_t plane)
{
    ROLLED for (int j = 0; j < S; j++, to += plane) {
        vreal c[5], e[6];
        UNROLL for (int i = 0; i < R; i++)
            c[i] = half[i][j];
        evaluate(S, R, scaled, c, e);
        UNROLL for (int i = 0; i < S; i++)
            store(to + i * S * plane, e[i]);
    }
}

INLINE void filter(const int S, const int R, const real *w, ptrdiff_t tap_h, ptrdiff_t tap_w, ptrdiff_t row,
                   ptrdiff_t rows, ptrdiff_t n, real *u, ptrdiff_t plane)
{
    for (ptrdiff_t r = 0; r < rows; r++, w += row, u += n > VL ? 2 * VL : VL)
        EACH_VECTOR(l, lanes, n, {
            vreal half[5][6];
            ROLLED for (int i = 0; i < R; i++) {
                vreal g[5];
                UNROLL for (int j = 0; j < R; j++)
                    g[j] = load_n(w + i * tap_h + j * tap_w + l, lanes);
                evaluate(S, R, 1, g, half[i]);
            }
            evaluate_both(S, R, 1, half, u + l, plane);
        });
}

INLINE void spread(const int S, const int M, const real *const *pixels, ptrdiff_t k, ptrdiff_t n, real *dm,
                   ptrdiff_t plane, real *db)
{
    EACH_VECTOR(l, lanes, n, {
        vreal half[4][6];
        vreal sum = {0};
        ROLLED for (int i = 0; i < M; i++) {
            vreal d[4];
            UNROLL for (int j = 0; j < M; j++) {
                d[j] = load_n(pixels[i * M + j] + k + l, lanes);
                sum += d[j];
            }
            evaluate(S, M, 0, d, half[i]);
        }
        evaluate_both(S, M, 0, half, dm + l, plane);
        if (db)
            store_n(db + l, load_n(db + l, lanes) + sum, lanes);
    });
}

/* n numbers of M x M pixels; onto is added, unless it is NULL, and lies like y. */
INLINE void output_vector(const int S, const int M, const real *m, ptrdiff_t plane, vreal start, real *y,
                          ptrdiff_t y_row, ptrdiff_t y_col, ptrdiff_t n, const real *onto, const ptrdiff_t act,
                          real alpha)
{
    vreal half[6][4];
    ROLLED for (int i = 0; i < S; i++, m += S * plane) {
        vreal e[6];
        UNROLL for (int j = 0; j < S; j++)
            e[j] = load(m + j * plane);
        collect(S, M, 0, e, half[i]);
    }
    ROLLED for (int j = 0; j < M; j++, y += y_col) {
        vreal e[6], out[4];
        UNROLL for (int i = 0; i < S; i++)
            e[i] = half[i][j];
        collect(S, M, 0, e, out);
        UNROLL for (int i = 0; i < M; i++)
            out[i] += start;
        if (onto)
            UNROLL for (int i = 0; i < M; i++)
                out[i] += load_n(onto + j * y_col + i * y_row, n);
        UNROLL for (int i = 0; i < M; i++)
            store_n(y + i * y_row, vactivate(act, out[i], alpha), n);
    }
}

/* A tile that hangs over, or has an activation that wants many numbers, is put together beside y first. */
INLINE void output(const int S, const int M, const real *m, ptrdiff_t plane, const real *bias, real *y, ptrdiff_t y_row,
                   ptrdiff_t y_col, ptrdiff_t n, ptrdiff_t h, ptrdiff_t w, const real *onto, ptrdiff_t number,
                   real alpha)
{
    if (h == M && w == M && is_light(number)) {
        FOR_LIGHT_ACTIVATION(act, number, EACH_VECTOR(l, lanes, n, {
            output_vector(S, M, m + l, plane, load_n(bias + l, lanes), y + l, y_row, y_col, lanes,
                          onto ? onto + l : NULL, act, alpha);
        }););
        return;
    }
    EACH_VECTOR(l, lanes, n, {
        real tile[16 * VL];
        output_vector(S, M, m + l, plane, load_n(bias + l, lanes), tile, M * VL, VL, VL, NULL, ACTIVATION_none, 0);
        for (ptrdiff_t i = 0; onto && i < h; i++)
            for (ptrdiff_t j = 0; j < w; j++) {
                real *to = tile + (i * M + j) * VL;
                store(to, load(to) + load_n(onto + i * y_row + j * y_col + l, lanes));
            }
        T(activate)(number, alpha, tile, M * M * VL);
        for (ptrdiff_t i = 0; i < h; i++)
            for (ptrdiff_t j = 0; j < w; j++)
                store_n(y + i * y_row + j * y_col + l, load(tile + (i * M + j) * VL), lanes);
    });
}

INLINE void gradient(const int S, const int R, const real *du, ptrdiff_t plane, real *dw, ptrdiff_t tap_h,
                     ptrdiff_t tap_w, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n, int accumulate)
{
    for (ptrdiff_t r = 0; r < rows; r++, du += 2 * VL, dw += row)
        EACH_VECTOR(l, lanes, n, {
            vreal half[6][5];
            const real *from = du + l;
            ROLLED for (int i = 0; i < S; i++, from += S * plane) {
                vreal e[6];
                UNROLL for (int j = 0; j < S; j++)
                    e[j] = load(from + j * plane);
                collect(S, R, 1, e, half[i]);
            }
            ROLLED for (int j = 0; j < R; j++) {
                vreal e[6], out[5];
                UNROLL for (int i = 0; i < S; i++)
                    e[i] = half[i][j];
                collect(S, R, 1, e, out);
                UNROLL for (int i = 0; i < R; i++) {
                    real *to = dw + i * tap_h + j * tap_w + l;
                    store_n(to, accumulate ? load_n(to, lanes) + out[i] : out[i], lanes);
                }
            }
        });
}

/* --- products ---------------------------------------------------------------------------------------------------- */

/* `count` tiles of M rows and V vectors. All distances are constants: no address but three is kept, and a tile takes no
 * longer to begin than a step of its sum, of which there may be few. `fetch`: bytes that each asks for early. */
INLINE void product_rows(const int M, const int V, const ptrdiff_t ROW, const ptrdiff_t STEP,
                         const T(winograd_product) *p, const real *v, real *m, ptrdiff_t count, const char *next,
                         ptrdiff_t fetch)
{
    for (ptrdiff_t i = 0; i < count; i++, v += M * ROW, m += M * 2 * VL, next += fetch) {
        vreal sum[MR1][2];
        for (ptrdiff_t at = 0; at < fetch; at += 64)
            __builtin_prefetch(next + at, 0, 2);
        UNROLL for (int t = 0; t < M; t++)
            UNROLL for (int l = 0; l < V; l++)
                sum[t][l] = p->accumulate ? load(m + t * 2 * VL + l * VL) : (vreal){0};
        const real *u = p->u;
        for (ptrdiff_t s = 0; s < p->slices; s++) {
            const real *at = v + s * p->slice_step;
            const ptrdiff_t run = p->run;
            STEPS for (ptrdiff_t k = 0; k < run; k++, at += STEP, u += V * VL) {
                vreal b[2];
                UNROLL for (int l = 0; l < V; l++)
                    b[l] = load(u + l * VL);
                UNROLL for (int t = 0; t < M; t++)
                    UNROLL for (int l = 0; l < V; l++)
                        sum[t][l] += at[t * ROW] * b[l];
            }
        }
        UNROLL for (int t = 0; t < M; t++)
            UNROLL for (int l = 0; l < V; l++)
                store(m + t * 2 * VL + l * VL, sum[t][l]);
    }
}

typedef void rows_fn(const T(winograd_product) *, const real *, real *, ptrdiff_t, const char *, ptrdiff_t);

#define DEFINE_ROWS(NAME, ROW, STEP, V, M)                                                                       \
    static void NAME##_##V##_##M(const T(winograd_product) *p, const real *v, real *m, ptrdiff_t count,          \
                                 const char *next, ptrdiff_t fetch)                                              \
    {                                                                                                            \
        product_rows(M, V, ROW, STEP, p, v, m, count, next, fetch);                                              \
    }
#define DEFINE_ALONG1(M) DEFINE_ROWS(along, LINE, 1, 1, M)
#define DEFINE_ALONG2(M) DEFINE_ROWS(along, LINE, 1, 2, M)
#define DEFINE_ACROSS1(M) DEFINE_ROWS(across, 1, LINE, 1, M)
#define DEFINE_ACROSS2(M) DEFINE_ROWS(across, 1, LINE, 2, M)
EVERY_TILE1(DEFINE_ALONG1)
EVERY_TILE2(DEFINE_ALONG2)
EVERY_TILE1(DEFINE_ACROSS1)
EVERY_TILE2(DEFINE_ACROSS2)

/* Cuts the rows evenly, the larger tiles first. */
INLINE void product(rows_fn *const *narrow, rows_fn *const *wide, ptrdiff_t row, const T(winograd_product) *p)
{
    const int two = p->width > VL;
    rows_fn *const *tiles = two ? wide : narrow;
    const ptrdiff_t cuts = ceil_div(p->rows, two ? MR2 : MR1), size = p->rows / cuts, larger = p->rows % cuts;
    const ptrdiff_t fetch = p->next ? p->slices * p->run * p->width * (ptrdiff_t)sizeof(real) / cuts : 0;
    const char *next = (const char *)(p->u + p->next);
    if (larger)
        tiles[size + 1](p, p->v, p->m, larger, next, fetch);
    const ptrdiff_t done = larger * (size + 1);
    tiles[size](p, p->v + done * row, p->m + done * 2 * VL, cuts - larger, next + larger * fetch, fetch);
}

#define ALONG1_ENTRY(M) [M] = along_1_##M,
#define ALONG2_ENTRY(M) [M] = along_2_##M,
#define ACROSS1_ENTRY(M) [M] = across_1_##M,
#define ACROSS2_ENTRY(M) [M] = across_2_##M,
static rows_fn *const along1[MR1 + 1] = {EVERY_TILE1(ALONG1_ENTRY)};
static rows_fn *const along2[MR2 + 1] = {EVERY_TILE2(ALONG2_ENTRY)};
static rows_fn *const across1[MR1 + 1] = {EVERY_TILE1(ACROSS1_ENTRY)};
static rows_fn *const across2[MR2 + 1] = {EVERY_TILE2(ACROSS2_ENTRY)};

static void product_along(const T(winograd_product) *p) { product(along1, along2, LINE, p); }
static void product_across(const T(winograd_product) *p) { product(across1, across2, 1, p); }

/* --- the three schemes --------------------------------------------------------------------------------------- */

#define DEFINE_SCHEME(S, R, M)                                                                                        \
    static void input_##S##R(const real *const *pixels, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end,           \
                             ptrdiff_t run, real *v, ptrdiff_t plane, ptrdiff_t slice_step)                           \
    {                                                                                                                 \
        input(S, pixels, channels, first, end, run, v, plane, slice_step);                                            \
    }                                                                                                                 \
    static void filter_##S##R(const real *w, ptrdiff_t tap_h, ptrdiff_t tap_w, ptrdiff_t row, ptrdiff_t rows,         \
                              ptrdiff_t n, real *u, ptrdiff_t plane)                                                  \
    {                                                                                                                 \
        filter(S, R, w, tap_h, tap_w, row, rows, n, u, plane);                                                        \
    }                                                                                                                 \
    static void output_##S##R(const real *m, ptrdiff_t plane, const real *bias, real *y, ptrdiff_t y_row,             \
                              ptrdiff_t y_col, ptrdiff_t n, ptrdiff_t h, ptrdiff_t w, const real *onto,               \
                              ptrdiff_t act, real alpha)                                                              \
    {                                                                                                                 \
        output(S, M, m, plane, bias, y, y_row, y_col, n, h, w, onto, act, alpha);                                     \
    }                                                                                                                 \
    static void spread_##S##R(const real *const *pixels, ptrdiff_t k, ptrdiff_t n, real *dm, ptrdiff_t plane,         \
                              real *db)                                                                               \
    {                                                                                                                 \
        spread(S, M, pixels, k, n, dm, plane, db);                                                                    \
    }                                                                                                                 \
    static void gradient_##S##R(const real *du, ptrdiff_t plane, real *dw, ptrdiff_t tap_h, ptrdiff_t tap_w,           \
                               ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n, int accumulate)                            \
    {                                                                                                                 \
        gradient(S, R, du, plane, dw, tap_h, tap_w, row, rows, n, accumulate);                                         \
    }
DEFINE_SCHEME(6, 3, 4)
DEFINE_SCHEME(6, 5, 2)
DEFINE_SCHEME(4, 3, 2)

#define SCHEME(S, R, M) \
    {S, R, M, input_##S##R, filter_##S##R, output_##S##R, spread_##S##R, gradient_##S##R}
const T(winograd_kernels) KERNEL_TABLE(winograd) = {
    .schemes = {SCHEME(6, 3, 4), SCHEME(6, 5, 2), SCHEME(4, 3, 2)},
    .product = product_along,
    .product_across = product_across,
};
