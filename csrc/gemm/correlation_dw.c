/* correlation_dw.c - dw (+)= x correlated with dy: the gradients of filters and dense weights.
 *
 * The places of the tiles are the rows (u, v, c) of dw, the reduction runs over output pixels. x is copied as
 *
 *      [group][CG / depth][NB][copy_rows][copy_columns][depth]         depth = a tile's places
 *
 * so that the places of a tile are neighbours and the pixels it walks over are too; dy is packed into panels.
 *
 * Pixels are cut into units of NB images x RB rows, and threads share the work in one of two ways:
 *   - a small dw has many slots, each with some of the units. A slot belongs to one thread, which copies and
 *     sums unit after unit without waiting for anyone; in the end the slots are summed in their order.
 *   - a large dw has one slot. Unit after unit, all threads copy, then all work on tasks: blocks of dw.
 */
#include "correlation.h"

#include <string.h>

typedef struct {
    panelling panels;
    ptrdiff_t M, depth, planes;                    /* rows of dw in a group; the planes of a group's channels */
    ptrdiff_t RB, row_blocks, NB, units;
    ptrdiff_t slots, panel_blocks, row_tasks, tasks;
    /* steps through x while copying: a stride without overlap is dropped */
    ptrdiff_t copy_step_h, copy_step_w;
    ptrdiff_t step_h, step_w, tap_h, tap_w;        /* steps in the copy */
    ptrdiff_t copy_rows, copy_columns, plane;      /* plane: elements of one plane of the copy */
    ptrdiff_t x_copy, dy_copy, db_slot;            /* elements of a unit's copies, of a slot's db */
    ptrdiff_t pixels;                              /* the most of a unit */
    ptrdiff_t x_pieces, dy_pieces;                 /* the copying of one slot, cut for the threads */
    int whole;                                     /* the copy has all pixels of x and no others */
    int joined;                                    /* output rows are neighbours in the copy: one long segment */
    real *x, *dy, *dw, *db;                        /* scratch; dw is NULL with one slot */
    place *places;
    ptrdiff_t *seg;
    size_t bytes;
} plan;

/* An axis with one tap needs no pixel in between, so the copy is dense; else it keeps all pixels. */
static void copy_axis(ptrdiff_t taps, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t *copy_step, ptrdiff_t *step,
                      ptrdiff_t *tap)
{
    *copy_step = taps == 1 ? stride : 1;
    *step = taps == 1 ? 1 : stride;
    *tap = taps == 1 ? 0 : dilation;
}

static plan make_plan(const T(correlation_dw) *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const ptrdiff_t K = c->groups * c->KG, most = c->KG > kern->vl ? kern->mr2 : kern->mr1;
    const ptrdiff_t size = (ptrdiff_t)sizeof(real);
    plan p = {.panels = panels_of(c->KG, kern), .M = c->KH * c->KW * c->CG, .depth = min_size(c->CG, most)};
    p.planes = ceil_div(c->CG, p.depth);
    copy_axis(c->KH, c->step_h, c->tap_h, &p.copy_step_h, &p.step_h, &p.tap_h);
    copy_axis(c->KW, c->step_w, c->tap_w, &p.copy_step_w, &p.step_w, &p.tap_w);
    p.joined = c->KH == 1 && c->KW == 1;

    /* 16 slots if 4 MB hold them, fewer if each would not sum enough pixels to be worth its own sum. A unit's
     * copies stay in the second-level cache of the one thread that uses them, or with one slot in the shared one. */
    const int small = p.M * K * size <= 262144;
    const ptrdiff_t slots = small ? max_size(1, min_size(16, c->N * c->OH * c->OW / 256)) : 1;
    const ptrdiff_t pixel = (c->C * p.step_w * p.step_h + K) * size;
    const ptrdiff_t pixels = max_size(64, (slots == 1 ? 4194304 : 196608) / pixel);
    p.RB = min_size(c->OH, max_size(1, pixels / c->OW));
    if (slots > 1)
        p.RB = max_size(1, min_size(p.RB, max_size(ceil_div(c->OH, ceil_div(slots, c->N)), ceil_div(64, c->OW))));
    p.RB = ceil_div(c->OH, ceil_div(c->OH, p.RB));
    p.row_blocks = ceil_div(c->OH, p.RB);
    p.NB = p.RB < c->OH ? 1 : max_size(1, min_size(pixels / (c->OH * c->OW), c->N / slots));
    p.NB = ceil_div(c->N, ceil_div(c->N, p.NB));
    p.units = ceil_div(c->N, p.NB) * p.row_blocks;
    p.slots = min_size(slots, p.units);

    /* a task's part of x should stay in the second-level cache from panel to panel: some rows, all panels;
     * fewer panels only where there are not enough tasks */
    p.row_tasks = p.slots > 1 ? 1 : ceil_div(p.M, 16 * most);
    p.panel_blocks = p.slots > 1 ? 1 : min_size(p.panels.panels, ceil_div(16, p.row_tasks * c->groups));
    p.tasks = c->groups * p.panel_blocks * p.row_tasks;

    p.copy_rows = (p.RB - 1) * p.step_h + (c->KH - 1) * p.tap_h + 1;
    p.copy_columns = (c->OW - 1) * p.step_w + (c->KW - 1) * p.tap_w + 1;
    p.plane = p.NB * p.copy_rows * p.copy_columns * p.depth;
    p.pixels = p.NB * p.RB * c->OW;
    p.whole = p.joined && c->step_h == 1 && c->step_w == 1 && c->off_h == 0 && c->off_w == 0 &&
              c->OH == c->H && c->OW == c->W;
    p.x_copy = c->groups * p.planes * p.plane;
    p.db_slot = c->groups * p.panels.padded;
    p.dy_copy = p.db_slot * p.pixels;
    p.x_pieces = p.slots > 1 ? 1 : min_size(p.NB * p.copy_rows, 16);
    p.dy_pieces = p.slots > 1 ? 1 : c->groups * p.panels.panels;

    arena a = {scratch, 0};
    const ptrdiff_t copies = p.slots > 1 ? min_size(threads, p.slots) : 1, line = 64 / size;
    p.x_copy = ceil_div(p.x_copy, line) * line;
    p.dy_copy = ceil_div(p.dy_copy, line) * line;
    p.x = take(&a, copies * p.x_copy, sizeof(real));
    p.dy = take(&a, copies * p.dy_copy, sizeof(real));
    p.db = take(&a, p.slots * p.db_slot, sizeof(real));
    p.dw = p.slots > 1 ? take(&a, p.slots * p.M * K, sizeof(real)) : NULL;
    p.places = take(&a, p.M, sizeof(place));
    p.seg = take(&a, p.NB * p.RB, sizeof(ptrdiff_t));
    p.bytes = a.used;
    return p;
}

size_t T(correlation_dw_scratch)(const T(correlation_dw) *c, int threads)
{
    return make_plan(c, NULL, threads).bytes;
}

/* Rows of dw in the order (plane, u, v, channel in the plane): tiles of `depth` places stay within a plane. */
static void fill_tables(const T(correlation_dw) *c, const plan *p)
{
    const ptrdiff_t K = c->groups * c->KG;
    place *at = p->places;
    for (ptrdiff_t first = 0; first < c->CG; first += p->depth)
        for (ptrdiff_t u = 0; u < c->KH; u++)
            for (ptrdiff_t v = 0; v < c->KW; v++) {
                const ptrdiff_t wu = c->flip ? c->KH - 1 - u : u, wv = c->flip ? c->KW - 1 - v : v;
                const ptrdiff_t tap = (u * p->tap_h * p->copy_columns + v * p->tap_w) * p->depth;
                for (ptrdiff_t d = 0; d < p->depth && first + d < c->CG; d++)
                    *at++ = (place){first / p->depth * p->plane + tap + d, ((wu * c->KW + wv) * c->CG + first + d) * K};
            }
    for (ptrdiff_t n = 0; n < p->NB; n++)
        for (ptrdiff_t i = 0; i < p->RB; i++)
            p->seg[n * p->RB + i] = (n * p->copy_rows + i * p->step_h) * p->copy_columns * p->depth;
}

/* The images and rows of a unit. */
typedef struct {
    ptrdiff_t n, images, i, rows;
} extent;

static extent unit_extent(const T(correlation_dw) *c, const plan *p, ptrdiff_t unit)
{
    const ptrdiff_t n = unit / p->row_blocks * p->NB, i = unit % p->row_blocks * p->RB;
    return (extent){n, min_size(p->NB, c->N - n), i, min_size(p->RB, c->OH - i)};
}

/* Pixels of the copy from pixel `at` of an image's plane on: `left` zeros, `inside` pixels of x, `right` zeros. */
static void copy_pixels(const T(correlation_dw) *c, const plan *p, const T(gemm_kernels) *kern, real *x, ptrdiff_t at,
                        ptrdiff_t left, const real *from, ptrdiff_t inside, ptrdiff_t right)
{
    for (ptrdiff_t g = 0; g < c->groups; g++) {
        real *to = x + g * p->planes * p->plane + at * p->depth;
        if (left + right > 0)
            for (ptrdiff_t plane = 0; plane < p->planes; plane++) {
                memset(to + plane * p->plane, 0, (size_t)(left * p->depth) * sizeof(real));
                memset(to + plane * p->plane + (left + inside) * p->depth, 0,
                       (size_t)(right * p->depth) * sizeof(real));
            }
        if (inside > 0)
            kern->split_channels(to + left * p->depth, p->plane, p->depth, from + g * c->CG, inside,
                                 p->copy_step_w * c->C, c->CG);
    }
}

/* Rows first .. end of the copy of a unit, counted over its images. */
static void copy_rows(const T(correlation_dw) *c, const plan *p, const T(gemm_kernels) *kern, real *x, const extent *e,
                      ptrdiff_t first, ptrdiff_t end)
{
    const ptrdiff_t step = p->copy_step_w, columns = p->copy_columns;
    const ptrdiff_t rows = (e->rows - 1) * p->step_h + (c->KH - 1) * p->tap_h + 1; /* the last unit's may be fewer */
    if (p->whole) {
        copy_pixels(c, p, kern, x, first * columns, 0, c->x + ((e->n * c->H + e->i) + first) * c->W * c->C,
                    (min_size(end, e->images * rows) - first) * columns, 0);
        return;
    }
    const ptrdiff_t left = min_size(columns, c->off_w < 0 ? ceil_div(-c->off_w, step) : 0);
    const ptrdiff_t inside = max_size(0, min_size(columns, ceil_div(c->W - c->off_w, step)) - left);
    for (ptrdiff_t r = first; r < end; r++) {
        const ptrdiff_t n = e->n + r / p->copy_rows;
        const ptrdiff_t row = c->off_h + e->i * c->step_h + r % p->copy_rows * p->copy_step_h;
        if (r % p->copy_rows >= rows)
            continue;
        if (row < 0 || row >= c->H || inside == 0)
            copy_pixels(c, p, kern, x, r * columns, columns, NULL, 0, 0);
        else
            copy_pixels(c, p, kern, x, r * columns, left,
                        c->x + ((n * c->H + row) * c->W + c->off_w + left * step) * c->C, inside,
                        columns - left - inside);
    }
}

/* Panel `index` of all groups' panels of dy, [pixels][width], and its column sums. */
static void copy_panel(const T(correlation_dw) *c, const plan *p, const T(gemm_kernels) *kern, real *dy, real *db,
                       const extent *e, ptrdiff_t index)
{
    const ptrdiff_t g = index / p->panels.panels, panel = index % p->panels.panels, K = c->groups * c->KG;
    const ptrdiff_t column = g * p->panels.padded + panel * p->panels.nr, lanes = panel_lanes(&p->panels, panel);
    const real *from = c->dy + (e->n * c->OH + e->i) * c->OW * K + g * c->KG + panel * p->panels.nr;
    const ptrdiff_t pixels = e->images * e->rows * c->OW; /* contiguous: whole images, or rows of one */
    kern->pack(dy + column * p->pixels, from, pixels, K, lanes);
    if (c->db)
        kern->column_sums(db + column, dy + column * p->pixels, pixels, lanes);
}

/* Piece `piece` of copying a unit: some rows of x, or some panels of dy, whose sums go into the slot's db. */
static void copy_piece(const T(correlation_dw) *c, const plan *p, const T(gemm_kernels) *kern, ptrdiff_t slot,
                       ptrdiff_t copy, const extent *e, ptrdiff_t piece)
{
    if (piece < p->x_pieces) {
        const ptrdiff_t all = e->images * p->copy_rows;
        copy_rows(c, p, kern, p->x + copy * p->x_copy, e, part_begin(all, p->x_pieces, piece),
                  part_begin(all, p->x_pieces, piece + 1));
    } else {
        const ptrdiff_t all = c->groups * p->panels.panels, i = piece - p->x_pieces;
        for (ptrdiff_t q = part_begin(all, p->dy_pieces, i); q < part_begin(all, p->dy_pieces, i + 1); q++)
            copy_panel(c, p, kern, p->dy + copy * p->dy_copy, p->db + slot * p->db_slot, e, q);
    }
}

/* Task `task` of a slot: some rows and panels of one group's dw, over all pixels of the unit. */
static void run_task(const T(correlation_dw) *c, const plan *p, const T(gemm_kernels) *kern, ptrdiff_t slot,
                     ptrdiff_t copy, const extent *e, ptrdiff_t task, int first)
{
    const ptrdiff_t rows_part = task % p->row_tasks, panels_part = task / p->row_tasks % p->panel_blocks;
    const ptrdiff_t g = task / p->row_tasks / p->panel_blocks;
    const ptrdiff_t tiles = ceil_div(p->M, p->depth);
    const ptrdiff_t m = part_begin(tiles, p->row_tasks, rows_part) * p->depth;
    const ptrdiff_t m_end = min_size(p->M, part_begin(tiles, p->row_tasks, rows_part + 1) * p->depth);
    const ptrdiff_t end = part_begin(p->panels.panels, p->panel_blocks, panels_part + 1);
    static const real zeros[128];

    real *dw = p->slots > 1 ? p->dw + slot * p->M * c->groups * c->KG : c->dw;
    const int fresh = first && (p->slots > 1 || !c->accumulate);
    const real *x = p->x + copy * p->x_copy + g * p->planes * p->plane;
    const ptrdiff_t rows = e->images * e->rows;
    const chunking chunks = p->joined ? chunks_of(1, rows * c->OW, longest_chunk(kern))
                                      : chunks_of(rows, c->OW, longest_chunk(kern));
    for (ptrdiff_t step = 0; step < chunks.count; step++) {
        const chunk ch = chunk_at(&chunks, step);
        const ptrdiff_t pixel = ch.seg * chunks.run + ch.k;
        for (ptrdiff_t panel = part_begin(p->panels.panels, p->panel_blocks, panels_part); panel < end; panel++) {
            const ptrdiff_t column = panel * p->panels.nr, width = panel_width(&p->panels, panel);
            const reduction red = {p->seg + ch.seg, ch.segs, ch.run, p->step_w * p->depth, width, 0, NULL};
            kern->block(&red, p->places + m, m_end - m, x + ch.k * red.a_k,
                        p->dy + copy * p->dy_copy + (g * p->panels.padded + column) * p->pixels + pixel * width,
                        dw + g * c->KG + column, fresh && step == 0 ? zeros : NULL, panel_lanes(&p->panels, panel));
        }
    }
}

/* All units of a slot, by one thread. */
static void run_slot(const T(correlation_dw) *c, const plan *p, const T(gemm_kernels) *kern, ptrdiff_t slot)
{
    const ptrdiff_t copy = thread_number();
    for (ptrdiff_t unit = slot; unit < p->units; unit += p->slots) {
        const extent e = unit_extent(c, p, unit);
        for (ptrdiff_t i = 0; i < p->x_pieces + p->dy_pieces; i++)
            copy_piece(c, p, kern, slot, copy, &e, i);
        for (ptrdiff_t i = 0; i < p->tasks; i++)
            run_task(c, p, kern, slot, copy, &e, i, unit == slot);
    }
}

void T(correlation_dw_run)(const T(correlation_dw) *c, void *scratch, int threads)
{
    enum { SUM_PART = 4096 }; /* elements */
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const plan p = make_plan(c, scratch, threads);
    const ptrdiff_t pieces = p.x_pieces + p.dy_pieces, length = p.M * c->groups * c->KG;
    fill_tables(c, &p);
    if (c->db)
        memset(p.db, 0, (size_t)(p.slots * p.db_slot) * sizeof(real));
    const int crew = (int)min_size(p.slots > 1 ? p.slots : threads,
                                   team(threads, 0.25 * c->N * c->OH * c->OW * length));
    if (p.slots > 1) {
        /* Threads share the slots, then the parts of dw that are sums of slots. */
        TEAM_FOR(dynamic, crew, slot, p.slots, 1, {
            run_slot(c, &p, kern, slot);
        });
        TEAM_FOR(static, crew, i, length, SUM_PART, {
            kern->sum_slots(c->dw + i, p.dw + i, length, p.slots, min_size(SUM_PART, length - i), c->accumulate);
        });
    }
    /* Or, unit after unit, the copying, then tasks, which write apart. */
    for (ptrdiff_t unit = 0; unit < (p.slots > 1 ? 0 : p.units); unit++) {
        const extent e = unit_extent(c, &p, unit);
        TEAM_FOR(dynamic, crew, i, pieces, 1, {
            copy_piece(c, &p, kern, 0, 0, &e, i);
        });
        TEAM_FOR(dynamic, crew, i, p.tasks, 1, {
            run_task(c, &p, kern, 0, 0, &e, i, unit == 0);
        });
    }
    for (ptrdiff_t k = 0; c->db && k < c->groups * c->KG; k++)
        kern->sum_slots(c->db + k, p.db + k / c->KG * p.panels.padded + k % c->KG, p.db_slot, p.slots, 1,
                        c->accumulate);
}
