/* dense.c - y = act(x w + b) and its gradients.
 *
 * With many rows a dense layer is a convolution of one pixel: gemm/correlation.h packs w once and shares the
 * rows among threads. With a batch of rows and a large w (AlexNet's first has 38 million weights) that would
 * read and write w once more than the product itself takes, so here threads share strips of w's columns, and
 * pack a chunk of a strip at a time into their second-level cache. With few rows nothing is packed: dense.h's kernels
 * read w where it lies.
 */
#include "dense.h"
#include "../activation/activation.h"
#include "../gemm/correlation.h"

enum {
    THIN_ROWS = 256,   /* fewer rows are not a convolution */
    FEW_ROWS = 16,     /* so few do not pay for packing any w */
    SMALL_ROWS = 64,   /* so few do not pay for packing a w of up to SMALL_BYTES */
    SMALL_BYTES = 262144,
    HEAVY_BYTES = 1048576, /* from here a few rows of w are done at a time: few pages, few streams for the prefetcher */
    BLOCK_ROWS = 24, BLOCK_DOTS = 48, LONGEST_DOT = 1024,
    PACK_STEP = 8, STRIP_PANELS = 8,
};

/* y[m][n] (+)= b[n] + sum over k < depth of x[m][k] w(k, n), w(k, n) at k * w_row + n, transposed: n * w_row + k */
typedef struct {
    const real *x, *w, *b;
    real *y;
    ptrdiff_t M, depth, columns, w_row;
    int transposed, accumulate;
    ptrdiff_t act;
    real alpha;
} product;

typedef enum { WIDE, STRIPS, ROWS, DOTS } way;

static way way_of(const product *c)
{
    const ptrdiff_t w_bytes = c->depth * c->columns * (ptrdiff_t)sizeof(real);
    if (c->transposed && c->M <= 2 * FEW_ROWS && c->depth >= 6 * c->M) /* adding up lanes costs M sums a row of w */
        return DOTS;
    if (!c->transposed && (c->M <= FEW_ROWS || (c->M <= SMALL_ROWS && w_bytes <= SMALL_BYTES)))
        return ROWS;
    return c->M <= THIN_ROWS ? STRIPS : WIDE;
}

/* How the work is cut; of rows, strips and slots all but one or two are 1. */
typedef struct {
    panelling panels;
    chunking chunks;
    ptrdiff_t row_blocks, strips, slots, units;
    ptrdiff_t packed_length;          /* elements per thread */
    real *start, *packed, *sums;      /* scratch; sums is [slots][M][columns] */
    place *places;
    size_t bytes;
} plan;

static plan make_plan(const product *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    plan p = {.panels = panels_of(c->columns, kern), .row_blocks = 1, .strips = 1, .slots = 1};
    const ptrdiff_t size = (ptrdiff_t)sizeof(real), panels = p.panels.panels;
    ptrdiff_t longest = longest_chunk(kern);
    arena a = {scratch, 0};
    switch (way_of(c)) {
    case DOTS:
        longest = LONGEST_DOT;
        p.strips = ceil_div(c->columns, BLOCK_DOTS);
        break;
    case ROWS:
        if (c->depth * c->columns * size > HEAVY_BYTES) {
            /* 8 or 16 rows, as rows may share the sets of a cache, or 32 KB of short ones */
            longest = max_size(c->w_row * size % 4096 == 0 ? 8 : 16, 8192 / max_size(1, c->columns));
            p.slots = min_size(16, ceil_div(c->depth, 64));
            p.sums = take(&a, p.slots * c->M * c->columns, sizeof(real));
        } else { /* the chunks of a larger batch: a row's bits are those it has there */
            p.row_blocks = ceil_div(c->M, BLOCK_ROWS);
            p.strips = max_size(1, panels / 3);
        }
        break;
    default:
        p.strips = ceil_div(panels, max_size(1, min_size(STRIP_PANELS, panels / 16)));
        p.packed_length = longest * kern->nr * ceil_div(panels, p.strips);
        p.start = take(&a, p.panels.padded, sizeof(real));
        p.packed = take(&a, p.packed_length * threads, sizeof(real));
        p.places = take(&a, c->M, sizeof(place));
    }
    p.chunks = chunks_of(1, c->depth, longest);
    p.units = p.row_blocks * p.strips * p.slots;
    p.bytes = a.used;
    return p;
}

/* Some rows of w by all rows of x into the slot's sums, or all of w by some rows of x, for some columns. */
static void run_rows(const product *c, const plan *p, ptrdiff_t unit)
{
    const ptrdiff_t slot = unit % p->slots, strip = unit / p->slots % p->strips, block = unit / p->slots / p->strips;
    const ptrdiff_t m = part_begin(c->M, p->row_blocks, block), m_end = part_begin(c->M, p->row_blocks, block + 1);
    const ptrdiff_t first = part_begin(p->panels.panels, p->strips, strip) * p->panels.nr;
    const ptrdiff_t end = min_size(c->columns, part_begin(p->panels.panels, p->strips, strip + 1) * p->panels.nr);
    const ptrdiff_t step_end = part_begin(p->chunks.count, p->slots, slot + 1);
    real *y = (p->slots > 1 ? p->sums + slot * c->M * c->columns : c->y) + m * c->columns + first;
    for (ptrdiff_t begin = part_begin(p->chunks.count, p->slots, slot), step = begin; step < step_end; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        KERNELS(dense)->rows(m_end - m, end - first, ch.run, c->x + m * c->depth + ch.k, c->depth, 1,
                             c->w + ch.k * c->w_row + first, c->w_row, y, c->columns,
                             c->b && step == 0 ? c->b + first : NULL, step > begin || (c->accumulate && p->slots == 1));
    }
    for (ptrdiff_t i = m; p->slots == 1 && i < m_end; i++)
        T(activate)(c->act, c->alpha, c->y + i * c->columns + first, end - first);
}

/* Sums along some of w's rows. */
static void run_dots(const product *c, const plan *p, ptrdiff_t unit)
{
    const ptrdiff_t n = part_begin(c->columns, p->strips, unit), end = part_begin(c->columns, p->strips, unit + 1);
    for (ptrdiff_t step = 0; step < p->chunks.count; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        KERNELS(dense)->dots(c->M, end - n, ch.run, c->x + ch.k, c->depth, c->w + n * c->w_row + ch.k, c->w_row,
                             c->y + n, c->columns, c->accumulate || step > 0);
    }
}

static void run_strip(const product *c, const plan *p, ptrdiff_t strip)
{
    static const ptrdiff_t one_segment = 0;
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const ptrdiff_t nr = p->panels.nr;
    const ptrdiff_t first = part_begin(p->panels.panels, p->strips, strip);
    const ptrdiff_t end = part_begin(p->panels.panels, p->strips, strip + 1);
    real *packed = p->packed + thread_number() * p->packed_length;
    for (ptrdiff_t step = 0; step < p->chunks.count; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        const ptrdiff_t rows = c->transposed ? ch.run : PACK_STEP; /* else a few of all panels: they are neighbours */
        for (ptrdiff_t k = 0; k < ch.run; k += rows)
            for (ptrdiff_t panel = first; panel < end; panel++) {
                const ptrdiff_t lanes = panel_lanes(&p->panels, panel), width = panel_width(&p->panels, panel);
                real *to = packed + (panel - first) * nr * ch.run + k * width;
                if (c->transposed)
                    kern->pack_transposed(to, c->w + panel * nr * c->w_row + ch.k, rows, c->w_row, lanes);
                else
                    kern->pack(to, c->w + (ch.k + k) * c->w_row + panel * nr, min_size(rows, ch.run - k), c->w_row,
                               lanes);
            }
        for (ptrdiff_t panel = first; panel < end; panel++) {
            const reduction red = {&one_segment, 1, ch.run, 1, panel_width(&p->panels, panel), 0, NULL};
            kern->block(&red, p->places, c->M, c->x + ch.k, packed + (panel - first) * nr * ch.run, c->y + panel * nr,
                        step == 0 && !c->accumulate ? p->start + panel * nr : NULL, panel_lanes(&p->panels, panel));
        }
    }
    for (ptrdiff_t m = 0; m < c->M; m++)
        T(activate)(c->act, c->alpha, c->y + m * c->columns + first * nr,
                    min_size(c->columns, end * nr) - first * nr);
}

static void run(const product *c, void *scratch, int threads)
{
    const plan p = make_plan(c, scratch, threads);
    const way how = way_of(c);
    if (how == STRIPS) {
        for (ptrdiff_t m = 0; m < c->M; m++)
            p.places[m] = (place){m * c->depth, m * c->columns};
        for (ptrdiff_t n = 0; n < p.panels.padded; n++)
            p.start[n] = c->b && n < c->columns ? c->b[n] : 0;
    }
    /* Threads share strips of columns, each packed by one thread, once; or slots of a large w's rows, which are
     * contiguous: with columns every row would be another page for every thread. */
    const int crew = team(threads, 0.25 * c->M * c->depth * c->columns);
    TEAM_FOR(dynamic, crew, unit, p.units, 1, {
        (how == ROWS ? run_rows : how == DOTS ? run_dots : run_strip)(c, &p, unit);
    });
    if (p.slots > 1) {
        KERNELS(gemm)->sum_slots(c->y, p.sums, c->M * c->columns, p.slots, c->M * c->columns, c->accumulate);
        T(activate)(c->act, c->alpha, c->y, c->M * c->columns);
    }
}

/* the same product as a convolution of one pixel */
#define ONE_PIXEL \
    .N = 1, .W = 1, .OW = 1, .groups = 1, .KH = 1, .KW = 1, .step_h = 1, .step_w = 1, .tap_h = 1, .tap_w = 1

static T(correlation) as_correlation(const product *c)
{
    return (T(correlation)){.x = c->x, .w = c->w, .b = c->b, .y = c->y, ONE_PIXEL, .H = c->M, .OH = c->M, .C = c->depth,
                            .CG = c->depth, .KG = c->columns, .y_row = c->columns, .y_col = c->columns,
                            .w_row = c->w_row, .transposed = c->transposed, .accumulate = c->accumulate,
                            .act = c->act, .alpha = c->alpha};
}

static size_t product_scratch(const product *c, int threads)
{
    const T(correlation) wide = as_correlation(c);
    return way_of(c) == WIDE ? T(correlation_scratch)(&wide, threads) : make_plan(c, NULL, threads).bytes;
}

static int product_run(const product *c, void *scratch, int threads)
{
    const T(correlation) wide = as_correlation(c);
    if (way_of(c) == WIDE)
        T(correlation_run)(&wide, scratch, threads);
    else
        run(c, scratch, threads);
    return 0;
}

static product forward(const ARGS(dense) *a)
{
    return (product){.x = a->x, .w = a->w, .b = a->b, .y = a->y, .M = a->M, .depth = a->C, .columns = a->K,
                     .w_row = a->K, .act = a->act, .alpha = (real)a->alpha};
}

static product gradient_x(const ARGS(dense_dx) *a)
{
    return (product){.x = a->dy, .w = a->w, .y = a->dx, .M = a->M, .depth = a->K, .columns = a->C, .w_row = a->K,
                     .transposed = 1, .accumulate = a->accumulate != 0};
}

static T(correlation_dw) gradient_w(const ARGS(dense_dw) *a)
{
    return (T(correlation_dw)){.x = a->x + a->first, .dy = a->dy, .dw = a->dw, .db = a->db, ONE_PIXEL, .H = a->M,
                               .OH = a->M, .C = a->X, .CG = a->C, .KG = a->K, .accumulate = a->accumulate != 0};
}

size_t OP_SCRATCH(dense)(const ARGS(dense) *a, int threads)
{
    const product c = forward(a);
    return product_scratch(&c, threads);
}

int OP(dense)(const ARGS(dense) *a, void *scratch, int threads)
{
    const product c = forward(a);
    return product_run(&c, scratch, threads);
}

size_t OP_SCRATCH(dense_dx)(const ARGS(dense_dx) *a, int threads)
{
    const product c = gradient_x(a);
    return product_scratch(&c, threads);
}

int OP(dense_dx)(const ARGS(dense_dx) *a, void *scratch, int threads)
{
    const product c = gradient_x(a);
    return product_run(&c, scratch, threads);
}

/* few rows of dy, or some more that do not share sets of the first-level cache: nothing is packed */
static int is_outer(const ARGS(dense_dw) *a)
{
    const ptrdiff_t row = a->K * (ptrdiff_t)sizeof(real);
    return a->M <= SMALL_ROWS / 2 || (a->M <= SMALL_ROWS && row % 512 != 0);
}

size_t OP_SCRATCH(dense_dw)(const ARGS(dense_dw) *a, int threads)
{
    const T(correlation_dw) c = gradient_w(a);
    return is_outer(a) ? 0 : T(correlation_dw_scratch)(&c, threads);
}

/* Some rows of dw: sums of dy's few rows. Their part of x is copied, as columns of x may share the sets of a cache. */
static void run_outer(const ARGS(dense_dw) *a, ptrdiff_t first)
{
    const ptrdiff_t count = min_size(BLOCK_ROWS, a->C - first);
    real x[SMALL_ROWS * BLOCK_ROWS];
    for (ptrdiff_t m = 0; m < a->M; m++)
        for (ptrdiff_t i = 0; i < count; i++)
            x[m * count + i] = a->x[m * a->X + a->first + first + i];
    KERNELS(dense)->rows(count, a->K, a->M, x, 1, count, a->dy, a->K, a->dw + first * a->K, a->K, NULL,
                         a->accumulate != 0);
}

int OP(dense_dw)(const ARGS(dense_dw) *a, void *scratch, int threads)
{
    static const real one = 1;
    const T(correlation_dw) c = gradient_w(a);
    if (!is_outer(a)) {
        T(correlation_dw_run)(&c, scratch, threads);
        return 0;
    }
    /* Threads share rows of dw. */
    TEAM_FOR(static, team(threads, 0.25 * (a->M + 4) * a->C * a->K), first, a->C, BLOCK_ROWS, {
        run_outer(a, first);
    });
    if (a->db)
        KERNELS(dense)->rows(1, a->K, a->M, &one, 0, 0, a->dy, a->K, a->db, a->K, NULL, a->accumulate != 0);
    return 0;
}
