/* dense.c - y = x w + b and its gradients.
 *
 * With many rows a dense layer is a convolution of one pixel: gemm/correlation.h packs w once and shares the
 * rows among threads. With a batch of rows and a large w (AlexNet's first has 38 million weights) that would
 * read and write w once more than the product itself takes, so here threads share strips of w's columns, and
 * pack a chunk of a strip at a time into their second-level cache. For a few rows nothing is packed: threads share
 * w's own rows, which are read once from end to end, and their partial sums of y go into slots.
 */
#include "../gemm/correlation.h"
#include "dense.h"

enum { THIN_ROWS = 256, PLAIN_ROWS = 8, PACK_STEP = 8, STRIP_PANELS = 8 };

/* y[m][n] (+)= b[n] + sum over k < depth of x[m][k] w(k, n), w(k, n) at k * w_row + n, transposed: n * w_row + k */
typedef struct {
    const real *x, *w, *b;
    real *y;
    ptrdiff_t M, depth, columns, w_row;
    int transposed, accumulate;
} product;

typedef struct {
    panelling panels;
    chunking chunks;
    ptrdiff_t strips, slots;          /* one of them is what threads share */
    ptrdiff_t packed_length;          /* elements per thread */
    real *start, *packed, *sums;      /* scratch; sums is [slots][M][columns] */
    place *places;
    size_t bytes;
} plan;

static int is_plain(const product *c) { return c->M <= PLAIN_ROWS && !c->transposed; }

static plan make_plan(const product *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    plan p = {.panels = panels_of(c->columns, kern)};
    ptrdiff_t longest = longest_chunk(kern), strip = 1;
    if (is_plain(c)) {
        /* a w that overflows the caches is read a few rows, or 32 KB, at a time: few pages, few streams for the
         * prefetcher */
        const int heavy = c->depth * c->columns * (ptrdiff_t)sizeof(real) > 1048576;
        longest = heavy ? max_size(8, 8192 / max_size(1, c->columns)) : longest; /* else the chunks of a larger batch: a row's bits are those it has there */
        p.slots = heavy ? min_size(16, ceil_div(c->depth, 64)) : 1;
    } else {
        strip = max_size(1, min_size(STRIP_PANELS, p.panels.panels / 16));
        p.strips = ceil_div(p.panels.panels, strip);
    }
    p.chunks = chunks_of(1, c->depth, longest);
    p.packed_length = longest * kern->nr * strip;
    arena a = {scratch, 0};
    p.start = take(&a, p.panels.padded, sizeof(real));
    p.packed = take(&a, p.packed_length * threads, sizeof(real));
    p.sums = p.slots > 1 ? take(&a, p.slots * c->M * c->columns, sizeof(real)) : c->y;
    p.places = take(&a, c->M, sizeof(place));
    p.bytes = a.used;
    return p;
}

/* One chunk of one panel. */
static void run_panel(const product *c, const plan *p, chunk ch, ptrdiff_t panel, const real *b, ptrdiff_t b_k, real *y,
                      int fresh)
{
    static const ptrdiff_t one_segment = 0;
    static const real zeros[128];
    const reduction red = {&one_segment, 1, ch.run, 1, b_k, 0};
    const ptrdiff_t column = panel * p->panels.nr;
    const real *start = ch.k > 0 ? zeros : p->start + column; /* the bias goes with the first chunk */
    KERNELS(gemm)->block(&red, p->places, c->M, c->x + ch.k, b, y + column, fresh ? start : NULL,
                         panel_lanes(&p->panels, panel));
}

static void run_strip(const product *c, const plan *p, ptrdiff_t strip)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const ptrdiff_t first = part_begin(p->panels.panels, p->strips, strip);
    const ptrdiff_t end = part_begin(p->panels.panels, p->strips, strip + 1);
    real *packed = p->packed + thread_number() * p->packed_length;
    for (ptrdiff_t step = 0; step < p->chunks.count; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        if (!c->transposed) /* a few rows of all panels: w's rows are contiguous over panels */
            for (ptrdiff_t k = 0; k < ch.run; k += PACK_STEP)
                for (ptrdiff_t panel = first; panel < end; panel++)
                    kern->pack(packed + (panel - first) * p->panels.nr * ch.run + k * panel_width(&p->panels, panel),
                               c->w + (ch.k + k) * c->w_row + panel * p->panels.nr, min_size(PACK_STEP, ch.run - k),
                               c->w_row, panel_lanes(&p->panels, panel));
        for (ptrdiff_t panel = first; panel < end; panel++) {
            real *b = c->transposed ? packed : packed + (panel - first) * p->panels.nr * ch.run;
            if (c->transposed)
                kern->pack_transposed(b, c->w + panel * p->panels.nr * c->w_row + ch.k, ch.run, c->w_row,
                                      panel_lanes(&p->panels, panel));
            run_panel(c, p, ch, panel, b, panel_width(&p->panels, panel), c->y, step == 0 && !c->accumulate);
        }
    }
}

/* Some rows of w, in place but for a ragged last panel. */
static void run_slot(const product *c, const plan *p, ptrdiff_t slot)
{
    const ptrdiff_t first = part_begin(p->chunks.count, p->slots, slot);
    const ptrdiff_t end = part_begin(p->chunks.count, p->slots, slot + 1);
    real *packed = p->packed + thread_number() * p->packed_length;
    for (ptrdiff_t step = first; step < end; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        if (c->M == 1) {
            KERNELS(dense)->row(c->x + ch.k, c->w + ch.k * c->w_row, ch.run, c->w_row, ch.k > 0 ? NULL : p->start,
                                p->sums + slot * c->columns, c->columns, step > first);
            continue;
        }
        for (ptrdiff_t panel = 0; panel < p->panels.panels; panel++) {
            const ptrdiff_t lanes = panel_lanes(&p->panels, panel), width = panel_width(&p->panels, panel);
            const real *b = c->w + ch.k * c->w_row + panel * p->panels.nr;
            if (lanes < width)
                KERNELS(gemm)->pack(packed, b, ch.run, c->w_row, lanes);
            run_panel(c, p, ch, panel, lanes < width ? packed : b, lanes < width ? width : c->w_row,
                      p->sums + slot * c->M * c->columns, step == first);
        }
    }
}

static inline int crew(const product *c, ptrdiff_t parts, int threads)
{
    return parts > 1 ? team(threads, 0.25 * c->M * c->depth * c->columns) : 1;
}

static void run(const product *c, void *scratch, int threads)
{
    const plan p = make_plan(c, scratch, threads);
    for (ptrdiff_t m = 0; m < c->M; m++)
        p.places[m] = (place){m * c->depth, m * c->columns};
    for (ptrdiff_t n = 0; n < p.panels.padded; n++)
        p.start[n] = c->b && n < c->columns ? c->b[n] : 0;
    /* Threads share strips of columns: each weight is packed by one thread, once. */
    TEAM_FOR(dynamic, crew(c, p.strips, threads), strip, p.strips, 1, {
        run_strip(c, &p, strip);
    });
    /* Or slots of rows, which are contiguous: with columns every row would be another page for every thread. */
    TEAM_FOR(dynamic, crew(c, p.slots, threads), slot, p.slots, 1, {
        run_slot(c, &p, slot);
    });
    if (p.slots > 1)
        KERNELS(gemm)->sum_slots(c->y, p.sums, c->M * c->columns, p.slots, c->M * c->columns, 0);
}

/* the same product as a convolution of one pixel */
#define ONE_PIXEL \
    .N = 1, .W = 1, .OW = 1, .groups = 1, .KH = 1, .KW = 1, .step_h = 1, .step_w = 1, .tap_h = 1, .tap_w = 1

static T(correlation) as_correlation(const product *c)
{
    return (T(correlation)){.x = c->x, .w = c->w, .b = c->b, .y = c->y, ONE_PIXEL, .H = c->M, .OH = c->M, .C = c->depth,
                            .CG = c->depth, .KG = c->columns, .y_row = c->columns, .y_col = c->columns,
                            .w_row = c->w_row, .transposed = c->transposed, .accumulate = c->accumulate};
}

static size_t product_scratch(const product *c, int threads)
{
    const T(correlation) wide = as_correlation(c);
    return c->M <= THIN_ROWS ? make_plan(c, NULL, threads).bytes : T(correlation_scratch)(&wide, threads);
}

static int product_run(const product *c, void *scratch, int threads)
{
    const T(correlation) wide = as_correlation(c);
    if (c->M <= THIN_ROWS)
        run(c, scratch, threads);
    else
        T(correlation_run)(&wide, scratch, threads);
    return 0;
}

static product forward(const ARGS(dense) *a)
{
    return (product){.x = a->x, .w = a->w, .b = a->b, .y = a->y, .M = a->M, .depth = a->C, .columns = a->K,
                     .w_row = a->K};
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

size_t OP_SCRATCH(dense_dw)(const ARGS(dense_dw) *a, int threads)
{
    const T(correlation_dw) c = gradient_w(a);
    return T(correlation_dw_scratch)(&c, threads);
}

int OP(dense_dw)(const ARGS(dense_dw) *a, void *scratch, int threads)
{
    const T(correlation_dw) c = gradient_w(a);
    T(correlation_dw_run)(&c, scratch, threads);
    return 0;
}
