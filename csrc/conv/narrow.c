/* narrow.c - loops of narrow.h. */
#include "narrow.h"

#include <string.h>

typedef struct {
    conv_sizes s;
    panelling panels;
    ptrdiff_t columns;                  /* of t: KH KW C */
    ptrdiff_t pixel, ring;              /* elements of a pixel of t; rows of t that are kept */
    ptrdiff_t blocks, rows;             /* an image's dx is cut into `blocks` of `rows` rows */
    ptrdiff_t thread_length;            /* elements per thread: the ring, then a row of dx */
    real *weights, *start, *threads;    /* scratch */
    const real **list;                  /* KH pointers per thread */
    ptrdiff_t list_length;
    narrow_phase *phases;
    place *places;
    ptrdiff_t *seg;
    size_t bytes;
} plan;

/* Counts vector multiply-adds per pixel of dy; a gathered tap or the start of a pixel costs about two. */
int T(narrow_pays)(const conv_sizes *s)
{
    const ptrdiff_t lanes = KERNELS(narrow)->lanes, taps = s->KH * s->KW;
    const double per_pixel = (double)(s->H * s->W) / (double)(s->OH * s->OW);
    const double direct = per_pixel * (double)(taps * s->K) / (double)(s->stride_h * s->stride_w);
    const double narrow = (double)(s->K * ceil_div(taps * s->C, lanes)) + 2.0 * (double)taps + 8 * per_pixel;
    return s->CG == s->C && s->C <= lanes && taps > 1 && narrow < direct;
}

static plan make_plan(const ARGS(correlate2d_dx) *a, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    plan p = {.s = CONV_SIZES_OF(a)};
    const conv_sizes *s = &p.s;
    p.columns = s->KH * s->KW * s->C;
    p.panels = panels_of(p.columns, kern);
    p.pixel = p.panels.padded;
    p.ring = (s->KH - 1) * s->dilation_h / s->stride_h + 1;
    /* every block computes the ring's rows again, so blocks are much longer than it */
    const ptrdiff_t most = max_size(1, s->H / (8 * p.ring * s->stride_h));
    p.rows = ceil_div(s->H, min_size(most, ceil_div(16, s->N)));
    p.blocks = ceil_div(s->H, p.rows);
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(real), lanes = KERNELS(narrow)->lanes;
    p.thread_length = ceil_div(p.ring * s->OW * p.pixel + lanes + s->W * s->C + lanes, line) * line;
    p.list_length = ceil_div(s->KH, 8) * 8;
    arena m = {scratch, 0};
    p.weights = take(&m, p.panels.padded * s->K, sizeof(real));
    p.start = take(&m, p.panels.padded, sizeof(real));
    p.threads = take(&m, p.thread_length * threads, sizeof(real));
    p.list = take(&m, p.list_length * threads, sizeof(real *));
    p.phases = take(&m, s->stride_w, sizeof(narrow_phase));
    p.places = take(&m, s->OW, sizeof(place));
    p.seg = take(&m, 1, sizeof(ptrdiff_t));
    p.bytes = m.used;
    return p;
}

size_t T(narrow_scratch)(const ARGS(correlate2d_dx) *a, int threads) { return make_plan(a, NULL, threads).bytes; }

static void fill_tables(const plan *p)
{
    const conv_sizes *s = &p->s;
    for (ptrdiff_t w = 0; w < s->stride_w; w++) {
        const axis_phase ax = T(phase_of)(w, s->W, s->KW, s->stride_w, s->pad_left, s->dilation_w);
        const ptrdiff_t v = s->flip ? s->KW - 1 - ax.first : ax.first, every = s->flip ? -ax.every : ax.every;
        p->phases[w] = (narrow_phase){ax.taps, ax.off, ax.move, ax.off * p->pixel + v * s->C,
                                      ax.move * p->pixel - every * s->C};
    }
    for (ptrdiff_t j = 0; j < s->OW; j++)
        p->places[j] = (place){j * s->K, j * p->pixel};
    p->seg[0] = 0;
    memset(p->start, 0, (size_t)p->panels.padded * sizeof(real));
}

/* one row of t: dy's row (n, i) times the filter */
static void product_row(const plan *p, const T(gemm_kernels) *kern, const real *dy, real *t)
{
    const ptrdiff_t K = p->s.K;
    const chunking chunks = chunks_of(1, K, longest_chunk(kern));
    for (ptrdiff_t step = 0; step < chunks.count; step++) {
        const chunk ch = chunk_at(&chunks, step);
        for (ptrdiff_t panel = 0; panel < p->panels.panels; panel++) {
            const ptrdiff_t column = panel * p->panels.nr, width = panel_width(&p->panels, panel);
            const reduction red = {p->seg, 1, ch.run, 1, width, 0, NULL};
            /* all lanes of the panel: t is padded like it, and no lane is left unwritten */
            kern->block(&red, p->places, p->s.OW, dy + ch.k, p->weights + column * K + ch.k * width, t + column,
                        step == 0 ? p->start : NULL, width);
        }
    }
}

static void run_unit(const plan *p, const ARGS(correlate2d_dx) *a, ptrdiff_t unit)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const T(narrow_kernels) *narrow = KERNELS(narrow);
    const conv_sizes *s = &p->s;
    real *ring = p->threads + thread_number() * p->thread_length;
    real *row = ring + p->ring * s->OW * p->pixel + narrow->lanes;
    const real **list = p->list + thread_number() * p->list_length;
    const ptrdiff_t n = unit / p->blocks, h = unit % p->blocks * p->rows, end = min_size(s->H, h + p->rows);
    /* the first row of dy that reaches h */
    ptrdiff_t next = max_size(0, ceil_div(max_size(0, h + s->pad_top - (s->KH - 1) * s->dilation_h), s->stride_h));
    for (ptrdiff_t at = h; at < end; at++) {
        for (; next <= min_size(s->OH - 1, (at + s->pad_top) / s->stride_h); next++)
            product_row(p, kern, a->dy + (n * s->OH + next) * s->OW * s->K, ring + next % p->ring * s->OW * p->pixel);
        ptrdiff_t rows = 0;
        for (ptrdiff_t u = 0; u < s->KH; u++) {
            const ptrdiff_t up = at + s->pad_top - u * s->dilation_h, i = up / s->stride_h;
            if (up >= 0 && up % s->stride_h == 0 && i < s->OH)
                list[rows++] = ring + i % p->ring * s->OW * p->pixel + (s->flip ? s->KH - 1 - u : u) * s->KW * s->C;
        }
        narrow->gather(row, s->W, s->C, p->phases, s->stride_w, list, rows, s->OW, p->pixel);
        kern->sum_slots(a->dx + (n * s->H + at) * s->W * s->C, row, 0, 1, s->W * s->C, a->accumulate != 0);
    }
}

void T(narrow_run)(const ARGS(correlate2d_dx) *a, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const plan p = make_plan(a, scratch, threads);
    const conv_sizes *s = &p.s;
    fill_tables(&p);
    for (ptrdiff_t panel = 0; panel < p.panels.panels; panel++) {
        const ptrdiff_t column = panel * p.panels.nr;
        kern->pack_transposed(p.weights + column * s->K, a->w + column * s->K, s->K, s->K,
                              panel_lanes(&p.panels, panel));
    }
    /* Threads share blocks of dx rows, which write apart. */
    TEAM_FOR(dynamic, team(threads, 0.25 * s->N * s->OH * s->OW * s->K * p.columns), unit, s->N * p.blocks, 1, {
        run_unit(&p, a, unit);
    });
}
