/* dense.c - y = x w + b and its gradients.
 *
 * With many rows a dense layer is a convolution of one pixel: gemm/correlation.h packs w once and shares the
 * rows among threads. With a batch of rows and a large w (AlexNet's first has 38 million weights) that would
 * read and write w once more than the product itself takes, so here threads share strips of w's columns, and
 * pack a chunk of a strip at a time into their second-level cache; for a few rows they do not pack at all.
 */
#include "../gemm/correlation.h"

enum { THIN_ROWS = 256, PLAIN_ROWS = 8, PLAIN_STEP = 8, PACK_STEP = 8, STRIP_PANELS = 8, PLAIN_PANELS = 16 };

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
    int plain;                       /* w is read in place but for a ragged last panel */
    ptrdiff_t strips, packed_length; /* elements per thread */
    real *start, *packed;
    place *places;
    size_t bytes;
} plan;

static plan make_plan(const product *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    plan p = {.panels = panels_of(c->columns, kern), .plain = c->M <= PLAIN_ROWS && !c->transposed};
    const ptrdiff_t longest = p.plain ? PLAIN_STEP : longest_chunk(kern);
    p.chunks = chunks_of(1, c->depth, longest);
    const ptrdiff_t strip = max_size(1, min_size(p.plain ? PLAIN_PANELS : STRIP_PANELS, p.panels.panels / 16));
    p.strips = ceil_div(p.panels.panels, strip);
    p.packed_length = longest * kern->nr * (p.plain ? 1 : strip);
    arena a = {scratch, 0};
    p.start = take(&a, p.panels.padded, sizeof(real));
    p.packed = take(&a, p.packed_length * threads, sizeof(real));
    p.places = take(&a, c->M, sizeof(place));
    p.bytes = a.used;
    return p;
}

static void run_strip(const product *c, const plan *p, ptrdiff_t strip)
{
    static const ptrdiff_t one_segment = 0;
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const ptrdiff_t first = part_begin(p->panels.panels, p->strips, strip);
    const ptrdiff_t end = part_begin(p->panels.panels, p->strips, strip + 1);
    real *packed = p->packed + thread_number() * p->packed_length;
    for (ptrdiff_t step = 0; step < p->chunks.count; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        if (!p->plain && !c->transposed) /* a few rows of all panels: w's rows are contiguous over panels */
            for (ptrdiff_t k = 0; k < ch.run; k += PACK_STEP)
                for (ptrdiff_t panel = first; panel < end; panel++)
                    kern->pack(packed + (panel - first) * p->panels.nr * ch.run + k * panel_width(&p->panels, panel),
                               c->w + (ch.k + k) * c->w_row + panel * p->panels.nr, min_size(PACK_STEP, ch.run - k), c->w_row,
                               panel_lanes(&p->panels, panel));
        /* rows of a strip are too short for the CPU to foresee where the next one is */
        if (p->plain && step + 1 < p->chunks.count)
            for (ptrdiff_t k = ch.k + ch.run; k < min_size(c->depth, ch.k + 2 * ch.run); k++)
                for (ptrdiff_t n = first * p->panels.nr; n < end * p->panels.nr; n += 64 / (ptrdiff_t)sizeof(real))
                    __builtin_prefetch(c->w + k * c->w_row + n);
        for (ptrdiff_t panel = first; panel < end; panel++) {
            const ptrdiff_t column = panel * p->panels.nr, lanes = panel_lanes(&p->panels, panel);
            reduction red = {&one_segment, 1, ch.run, 1, panel_width(&p->panels, panel), 0};
            const real *b = packed + (panel - first) * p->panels.nr * ch.run;
            if (c->transposed) {
                kern->pack_transposed(packed, c->w + column * c->w_row + ch.k, ch.run, c->w_row, lanes);
                b = packed;
            } else if (p->plain && lanes == red.b_k) {
                b = c->w + ch.k * c->w_row + column;
                red.b_k = c->w_row;
            } else if (p->plain) {
                kern->pack(packed, c->w + ch.k * c->w_row + column, ch.run, c->w_row, lanes);
                b = packed;
            }
            kern->block(&red, p->places, c->M, c->x + ch.k, b, c->y + column,
                        step == 0 && !c->accumulate ? p->start + column : NULL, lanes);
        }
    }
}

static void run(const product *c, void *scratch, int threads)
{
    const plan p = make_plan(c, scratch, threads);
    for (ptrdiff_t m = 0; m < c->M; m++)
        p.places[m] = (place){m * c->depth, m * c->columns};
    for (ptrdiff_t n = 0; n < p.panels.padded; n++)
        p.start[n] = c->b && n < c->columns ? c->b[n] : 0;
    /* Threads share strips of columns: each weight is read by one thread, once. */
#pragma omp parallel for num_threads(team(threads, 0.25 * c->M * c->depth * c->columns)) schedule(dynamic)
    for (ptrdiff_t strip = 0; strip < p.strips; strip++)
        run_strip(c, &p, strip);
}

/* the same product as a convolution of one pixel */
#define ONE_PIXEL .N = 1, .W = 1, .groups = 1, .KH = 1, .KW = 1, .step_h = 1, .step_w = 1, .tap_h = 1, .tap_w = 1, .OW = 1

static T(correlation) as_correlation(const product *c)
{
    return (T(correlation)){.x = c->x, .w = c->w, .b = c->b, .y = c->y, ONE_PIXEL, .H = c->M, .OH = c->M, .C = c->depth,
                            .CG = c->depth, .KG = c->columns, .y_row = c->columns, .y_col = c->columns, .w_row = c->w_row,
                            .transposed = c->transposed, .accumulate = c->accumulate};
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
    return (product){.x = a->x, .w = a->w, .b = a->b, .y = a->y, .M = a->M, .depth = a->C, .columns = a->K, .w_row = a->K};
}

static product gradient_x(const ARGS(dense_dx) *a)
{
    return (product){.x = a->dy, .w = a->w, .y = a->dx, .M = a->M, .depth = a->K, .columns = a->C, .w_row = a->K,
                     .transposed = 1, .accumulate = a->accumulate != 0};
}

static T(correlation_dw) gradient_w(const ARGS(dense_dw) *a)
{
    return (T(correlation_dw)){.x = a->x, .dy = a->dy, .dw = a->dw, .db = a->db, ONE_PIXEL, .H = a->M, .OH = a->M,
                               .C = a->C, .CG = a->C, .KG = a->K, .accumulate = a->accumulate != 0};
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
