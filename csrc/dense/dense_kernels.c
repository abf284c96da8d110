/* dense_kernels.c - the bodies of dense.h: tiles of M rows x V vectors, or M x R dot products, in registers. */
#include "dense.h"
#include "../core/simd.h"

/* Sums that registers hold: enough for the latency of two multipliers, few enough for their operands beside them. */
enum { MOST_ROWS = 6, MOST_DOTS = 4, MOST_SUMS = 12, SHALLOW = 32 };

/* the arguments of `rows` that all tiles share */
typedef struct {
    const real *a, *b, *start;
    real *y;
    ptrdiff_t a_m, a_k, b_k, y_m, depth, n;
    int accumulate;
} matrices;

/* Rows m .. m + M and V vectors of columns from `at` on. The last vector starts at `last`, where it may overlap the one
 * before: it then computes the same numbers again, and y is read before anything is written. Vectors have n lanes: VL,
 * or fewer if that is the whole row. */
INLINE void rows_tile(const int M, const int V, const int fetch, const matrices *x, ptrdiff_t m0, ptrdiff_t at,
                      ptrdiff_t last, ptrdiff_t n)
{
#define AT(v) ((v) < V - 1 ? (v) * VL : last)
    const ptrdiff_t a_m = x->a_m, a_k = x->a_k, b_k = x->b_k, y_m = x->y_m;
    const real *a = x->a + m0 * a_m, *b = x->b + at;
    real *y = x->y + m0 * y_m + at;
    vreal sum[MOST_ROWS][MOST_SUMS];
    UNROLL for (int v = 0; v < V; v++) {
        const vreal first = x->start ? load_n(x->start + at + AT(v), n) : (vreal){0};
        UNROLL for (int m = 0; m < M; m++)
            sum[m][v] = first;
    }
    for (ptrdiff_t k = x->depth; k > 0; k--, a += a_k, b += b_k) {
        vreal bv[MOST_SUMS];
        if (fetch)
            __builtin_prefetch(b + 256 / sizeof(real));
        UNROLL for (int v = 0; v < V; v++)
            bv[v] = load_n(b + AT(v), n);
        UNROLL for (int m = 0; m < M; m++)
            UNROLL for (int v = 0; v < V; v++)
                sum[m][v] += a[m * a_m] * bv[v];
    }
    UNROLL for (int m = 0; m < M; m++) {
        if (x->accumulate)
            UNROLL for (int v = 0; v < V; v++)
                sum[m][v] += load_n(y + m * y_m + AT(v), n);
        UNROLL for (int v = 0; v < V; v++)
            store_n(y + m * y_m + AT(v), sum[m][v], n);
    }
#undef AT
}

typedef void tile_fn(const matrices *, ptrdiff_t, ptrdiff_t, ptrdiff_t);

/* The rows of a shallow block are long streams, worth fetching a few tiles ahead; a deep one stays in a cache. */
#define DEFINE_TILE(M, V)                                                                        \
    static void tile_##M##_##V(const matrices *x, ptrdiff_t m, ptrdiff_t at, ptrdiff_t last)      \
    {                                                                                            \
        if (V == 1 && x->n < VL)                                                                 \
            rows_tile(M, V, 0, x, m, at, 0, x->n);                                               \
        else if (x->depth <= SHALLOW)                                                            \
            rows_tile(M, V, 1, x, m, at, last, VL);                                              \
        else                                                                                     \
            rows_tile(M, V, 0, x, m, at, last, VL);                                              \
    }
#define EVERY_TILE(X)                                                                             \
    X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8) X(2, 1) X(2, 2) X(2, 3) X(2, 4) \
    X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(4, 1) X(4, 2) X(4, 3) X(5, 1) X(5, 2) X(6, 1) X(6, 2)
EVERY_TILE(DEFINE_TILE)
#define TILE_ENTRY(M, V) [M][V] = tile_##M##_##V,
static tile_fn *const tiles[MOST_ROWS + 1][9] = {EVERY_TILE(TILE_ENTRY)};
static const ptrdiff_t most_vectors[MOST_ROWS + 1] = {0, 8, 4, 4, 3, 2, 2};

static void rows(ptrdiff_t M, ptrdiff_t N, ptrdiff_t depth, const real *a, ptrdiff_t a_m, ptrdiff_t a_k, const real *b,
                 ptrdiff_t b_k, real *y, ptrdiff_t y_m, const real *start, int accumulate)
{
    const matrices x = {a, b, start, y, a_m, a_k, b_k, y_m, depth, min_size(VL, N), accumulate};
    const ptrdiff_t parts = ceil_div(M, MOST_ROWS), vectors = ceil_div(N, VL);
    for (ptrdiff_t part = 0, m = 0; part < parts; part++) {
        const ptrdiff_t here = (M - m) / (parts - part);
        /* cut evenly, larger tiles last: unless it is the only one, the last has two vectors, an overlap stays in it */
        const ptrdiff_t cuts = ceil_div(vectors, most_vectors[here]), V = vectors / cuts;
        const ptrdiff_t smaller = cuts - vectors % cuts;
        ptrdiff_t at = 0;
        for (ptrdiff_t i = 0; i < smaller; i++, at += V * VL)
            tiles[here][V](&x, m, at, min_size((V - 1) * VL, N - at - VL));
        for (ptrdiff_t i = smaller; i < cuts; i++, at += (V + 1) * VL)
            tiles[here][V + 1](&x, m, at, min_size(V * VL, N - at - VL));
        m += here;
    }
}

INLINE void dots_tile(const int M, const int R, ptrdiff_t depth, const real *a, ptrdiff_t a_m, const real *b,
                      ptrdiff_t b_n, real *y, ptrdiff_t y_m, int accumulate)
{
    vreal sum[MOST_SUMS][MOST_SUMS];
    UNROLL for (int m = 0; m < M; m++)
        UNROLL for (int r = 0; r < R; r++)
            sum[m][r] = (vreal){0};
    EACH_VECTOR(k, n, depth, {
        vreal av[MOST_SUMS];
        UNROLL for (int m = 0; m < M; m++)
            av[m] = load_n(a + m * a_m + k, n);
        UNROLL for (int r = 0; r < R; r++) {
            const vreal bv = load_n(b + r * b_n + k, n);
            UNROLL for (int m = 0; m < M; m++)
                sum[m][r] += av[m] * bv;
        }
    });
    UNROLL for (int m = 0; m < M; m++)
        UNROLL for (int r = 0; r < R; r++) {
            real *to = y + m * y_m + r;
            const real dot = sum_lanes(sum[m][r]);
            *to = accumulate ? *to + dot : dot;
        }
}

#define DEFINE_DOTS(M, R)                                                                                        \
    static void dots_##M(ptrdiff_t N, ptrdiff_t depth, const real *a, ptrdiff_t a_m, const real *b, ptrdiff_t b_n, \
                         real *y, ptrdiff_t y_m, int accumulate)                                                 \
    {                                                                                                            \
        ptrdiff_t i = 0;                                                                                         \
        for (; i + R <= N; i += R)                                                                               \
            dots_tile(M, R, depth, a, a_m, b + i * b_n, b_n, y + i, y_m, accumulate);                             \
        for (; i < N; i++)                                                                                       \
            dots_tile(M, 1, depth, a, a_m, b + i * b_n, b_n, y + i, y_m, accumulate);                             \
    }
DEFINE_DOTS(1, 8)
DEFINE_DOTS(2, 4)
DEFINE_DOTS(3, 4)
DEFINE_DOTS(4, 3)
typedef void dots_fn(ptrdiff_t, ptrdiff_t, const real *, ptrdiff_t, const real *, ptrdiff_t, real *, ptrdiff_t, int);
static dots_fn *const every_dots[MOST_DOTS + 1] = {NULL, dots_1, dots_2, dots_3, dots_4};

static void dots(ptrdiff_t M, ptrdiff_t N, ptrdiff_t depth, const real *a, ptrdiff_t a_m, const real *b, ptrdiff_t b_n,
                 real *y, ptrdiff_t y_m, int accumulate)
{
    const ptrdiff_t parts = ceil_div(M, MOST_DOTS);
    for (ptrdiff_t part = 0, m = 0; part < parts; part++) {
        const ptrdiff_t here = (M - m) / (parts - part);
        every_dots[here](N, depth, a + m * a_m, a_m, b, b_n, y + m * y_m, y_m, accumulate);
        m += here;
    }
}

const T(dense_kernels) KERNEL_TABLE(dense) = {.rows = rows, .dots = dots};
