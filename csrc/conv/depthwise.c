/* depthwise.c - loops of the depthwise convolution and its gradients: output rows, cut into segments. */
#include "depthwise.h"
#include "../elementwise/elementwise.h"

#include <string.h>

enum { ROWS = 4, SHARED = 16777216 }; /* output rows of a unit; bytes that a shared cache may hold */

/* Pixels j .. j + count of every output row, reached by the taps v .. v_end of a filter row. */
typedef struct {
    ptrdiff_t j, count, v, v_end;
} segment;

/* the taps first .. end of one axis that fall inside x when the first one is at `at` */
static void inside(ptrdiff_t at, ptrdiff_t taps, ptrdiff_t step, ptrdiff_t size, ptrdiff_t *first, ptrdiff_t *end)
{
    *first = at < 0 ? min_size(taps, ceil_div(-at, step)) : 0;
    *end = max_size(*first, at < size ? min_size(taps, ceil_div(size - at, step)) : 0);
}

static ptrdiff_t cut_segments(segment *to, ptrdiff_t OW, ptrdiff_t step, ptrdiff_t off, ptrdiff_t KW, ptrdiff_t tap_w,
                              ptrdiff_t W)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t j = 0; j < OW; j++) {
        segment s = {.j = j, .count = 1};
        inside(off + j * step, KW, tap_w, W, &s.v, &s.v_end);
        if (count > 0 && to[count - 1].v == s.v && to[count - 1].v_end == s.v_end)
            to[count - 1].count++;
        else
            to[count++] = s;
    }
    return count;
}

/* The taps that reach a segment of a row, relative to its first pixel's corner. */
static ptrdiff_t list_taps(tap *to, ptrdiff_t u, ptrdiff_t u_end, const segment *s, ptrdiff_t x_tap_h,
                           ptrdiff_t x_tap_w, ptrdiff_t w_tap_h, ptrdiff_t w_tap_w)
{
    ptrdiff_t count = 0;
    for (; u < u_end; u++)
        for (ptrdiff_t v = s->v; v < s->v_end; v++)
            to[count++] = (tap){u * x_tap_h + v * x_tap_w, u * w_tap_h + v * w_tap_w};
    return count;
}

/* Scratch: the segments, then a list of taps for each thread. */
typedef struct {
    segment *segments;
    tap *taps;
    ptrdiff_t taps_length;
    size_t bytes;
} tables;

static tables make_tables(ptrdiff_t OW, ptrdiff_t taps, void *scratch, int threads)
{
    arena a = {scratch, 0};
    tables t = {.taps_length = (ptrdiff_t)(cache_lines((size_t)taps * sizeof(tap)) / sizeof(tap))};
    t.segments = take(&a, OW, sizeof(segment));
    t.taps = take(&a, t.taps_length * threads, sizeof(tap));
    t.bytes = a.used;
    return t;
}

size_t T(depthwise_scratch)(const T(correlation) *c, int threads)
{
    return make_tables(c->OW, c->KH * c->KW, NULL, threads).bytes;
}

/* The end of a row of y, which was computed just now and is still in a cache. */
static void finish_row(const T(correlation) *c, real *y)
{
    const ptrdiff_t pieces = c->y_col == c->C ? 1 : c->OW, length = c->OW / pieces * c->C;
    for (ptrdiff_t j = 0; j < pieces; j++, y += c->y_col)
        if (c->residual)
            KERNELS(elementwise)->add(y, c->residual + (y - c->y), y, length, c->act, c->alpha);
        else
            T(activate)(c->act, c->alpha, y, length);
}

void T(depthwise_run)(const T(correlation) *c, void *scratch, int threads)
{
    const T(depthwise_kernels) *kern = KERNELS(depthwise);
    const tables t = make_tables(c->OW, c->KH * c->KW, scratch, threads);
    const ptrdiff_t segments = cut_segments(t.segments, c->OW, c->step_w, c->off_w, c->KW, c->tap_w, c->W);
    const ptrdiff_t blocks = ceil_div(c->OH, ROWS), C = c->C;
    /* What comes from memory is asked for early: the processor does not see where pixels that far apart lead to.
     * Where a cache has it, asking would cost a tenth. */
    const int fetch = c->step_w == 1 && c->N * (c->H * c->W + c->OH * c->OW) * C * (ptrdiff_t)sizeof(real) > SHARED;
    /* Threads share blocks of output rows, which write apart. */
    const int crew = team(threads, 0.25 * c->N * c->OH * c->OW * C * (c->KH * c->KW + 1));
    TEAM_FOR(static, crew, unit, c->N * blocks, 1, {
        tap *taps = t.taps + thread_number() * t.taps_length;
        const ptrdiff_t n = unit / blocks, end = min_size(c->OH, (unit % blocks + 1) * ROWS);
        for (ptrdiff_t i = unit % blocks * ROWS; i < end; i++) {
            const ptrdiff_t row = c->off_h + i * c->step_h;
            ptrdiff_t u, u_end;
            inside(row, c->KH, c->tap_h, c->H, &u, &u_end);
            for (const segment *s = t.segments; s < t.segments + segments; s++) {
                const ptrdiff_t count = list_taps(taps, u, u_end, s, c->tap_h * c->W * C, c->tap_w * C, c->w_tap_h,
                                                  c->w_tap_w);
                kern->forward(taps, count, s->count, C,
                              c->x + ((n * c->H + row) * c->W + c->off_w + s->j * c->step_w) * C, c->step_w * C,
                              c->w, c->b,
                              c->y + n * c->y_image + i * c->y_row + s->j * c->y_col, c->y_col, c->accumulate,
                              fetch);
            }
            if (c->residual || c->act != ACTIVATION_none)
                finish_row(c, c->y + n * c->y_image + i * c->y_row);
        }
    });
}

/* Blocks of output rows go to slots: partial sums of dw and db, as many as the shape says. */
typedef struct {
    tables tables;
    ptrdiff_t blocks, slots, slot; /* blocks of all images; elements of a slot: dw, db */
    real *sums;
    size_t bytes;
} plan;

static plan make_plan(const T(correlation_dw) *c, void *scratch, int threads)
{
    plan p = {.tables = make_tables(c->OW, c->KH * c->KW, scratch, threads), .blocks = c->N * ceil_div(c->OH, ROWS)};
    p.slots = min_size(p.blocks, 16);
    p.slot = (ptrdiff_t)(cache_lines((size_t)((c->KH * c->KW + 1) * c->C) * sizeof(real)) / sizeof(real));
    p.sums = scratch ? (real *)((char *)scratch + p.tables.bytes) : NULL;
    p.bytes = p.tables.bytes + (size_t)(p.slots * p.slot) * sizeof(real);
    return p;
}

size_t T(depthwise_dw_scratch)(const T(correlation_dw) *c, int threads) { return make_plan(c, NULL, threads).bytes; }

void T(depthwise_dw_run)(const T(correlation_dw) *c, void *scratch, int threads)
{
    const T(depthwise_kernels) *kern = KERNELS(depthwise);
    const plan p = make_plan(c, scratch, threads);
    const ptrdiff_t C = c->C, dw_length = c->KH * c->KW * C, blocks = ceil_div(c->OH, ROWS);
    const ptrdiff_t segments = cut_segments(p.tables.segments, c->OW, c->step_w, c->off_w, c->KW, c->tap_w, c->W);
    const ptrdiff_t sign = c->flip ? -1 : 1, origin = c->flip ? dw_length - C : 0;
    /* Threads share the slots; each slot sums its blocks of output rows in order. */
    TEAM_FOR(dynamic, team(threads, 0.25 * c->N * c->OH * c->OW * dw_length), slot, p.slots, 1, {
        tap *taps = p.tables.taps + thread_number() * p.tables.taps_length;
        real *dw = p.sums + slot * p.slot, *db = dw + dw_length;
        memset(dw, 0, (size_t)p.slot * sizeof(real));
        for (ptrdiff_t b = part_begin(p.blocks, p.slots, slot); b < part_begin(p.blocks, p.slots, slot + 1); b++) {
            const ptrdiff_t n = b / blocks, end = min_size(c->OH, (b % blocks + 1) * ROWS);
            for (ptrdiff_t i = b % blocks * ROWS; i < end; i++) {
                const ptrdiff_t row = c->off_h + i * c->step_h;
                const real *dy = c->dy + (n * c->OH + i) * c->OW * C;
                ptrdiff_t u, u_end;
                inside(row, c->KH, c->tap_h, c->H, &u, &u_end);
                for (const segment *s = p.tables.segments; s < p.tables.segments + segments; s++) {
                    const ptrdiff_t count = list_taps(taps, u, u_end, s, c->tap_h * c->W * C, c->tap_w * C,
                                                      sign * c->KW * C, sign * C);
                    kern->gradient(taps, count, s->count, C,
                                   c->x + ((n * c->H + row) * c->W + c->off_w + s->j * c->step_w) * C, c->step_w * C,
                                   dy + s->j * C, dw + origin);
                }
                if (c->db)
                    kern->sum_pixels(c->OW, C, dy, db);
            }
        }
    });
    KERNELS(gemm)->sum_slots(c->dw, p.sums, p.slot, p.slots, dw_length, c->accumulate);
    if (c->db)
        KERNELS(gemm)->sum_slots(c->db, p.sums + dw_length, p.slot, p.slots, C, c->accumulate);
}
