/* dense_kernels.c - one row times a matrix, as dense.h says. */
#include "../core/simd.h"
#include "dense.h"

#define UNROLL _Pragma("GCC unroll 8")
#define EVERY_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
enum { MOST = 8 }; /* vectors of sums: as many as a multiply-add takes cycles, times two that start in each */

/* V vectors of columns. The last one starts at `last`, where it may overlap the one before: it then computes the same
 * numbers again, and y is read before anything is written. `n` lanes of each are there: VL, or fewer than that of one. */
static inline __attribute__((always_inline)) void strip(const int V, const real *x, const real *w, ptrdiff_t depth,
                                                        ptrdiff_t w_row, const real *start, real *y, ptrdiff_t last,
                                                        ptrdiff_t n, int add)
{
    vreal sum[MOST];
    UNROLL for (int v = 0; v < V; v++)
        sum[v] = start ? load_n(start + (v < V - 1 ? v * VL : last), n) : (vreal){0};
    for (ptrdiff_t k = 0; k < depth; k++, w += w_row)
        UNROLL for (int v = 0; v < V; v++)
            sum[v] += x[k] * load_n(w + (v < V - 1 ? v * VL : last), n);
    if (add)
        UNROLL for (int v = 0; v < V; v++)
            sum[v] += load_n(y + (v < V - 1 ? v * VL : last), n);
    UNROLL for (int v = 0; v < V; v++)
        store_n(y + (v < V - 1 ? v * VL : last), sum[v], n);
}

typedef void strip_fn(const real *, const real *, ptrdiff_t, ptrdiff_t, const real *, real *, ptrdiff_t, int);

#define DEFINE_STRIP(V)                                                                                          \
    static void strip_##V(const real *x, const real *w, ptrdiff_t depth, ptrdiff_t w_row, const real *start, real *y, \
                          ptrdiff_t last, int add)                                                               \
    {                                                                                                            \
        strip(V, x, w, depth, w_row, start, y, last, VL, add);                                                   \
    }
EVERY_COUNT(DEFINE_STRIP)

#define STRIP_ENTRY(V) [V] = strip_##V,
static strip_fn *const strips[MOST + 1] = {EVERY_COUNT(STRIP_ENTRY)};

static void row(const real *x, const real *w, ptrdiff_t depth, ptrdiff_t w_row, const real *start, real *y,
                ptrdiff_t columns, int add)
{
    if (columns < VL) {
        strip(1, x, w, depth, w_row, start, y, 0, columns, add);
        return;
    }
    /* cut evenly: each strip but one of a single vector has two or more, so that an overlap stays inside a strip */
    const ptrdiff_t vectors = ceil_div(columns, VL), cuts = ceil_div(vectors, MOST);
    for (ptrdiff_t i = 0, at = 0; i < cuts; i++) {
        const ptrdiff_t here = vectors / cuts + (i < vectors % cuts);
        const ptrdiff_t last = min_size((here - 1) * VL, columns - at - VL);
        strips[here](x, w + at, depth, w_row, start ? start + at : NULL, y + at, last, add);
        at += here * VL;
    }
}

const T(dense_kernels) KERNEL_TABLE(dense) = {.row = row};
