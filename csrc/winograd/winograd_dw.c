/* winograd_dw.c - dw (+)= x correlated with dy through the transforms of winograd.h: the gradients of filters.
 *
 * Tiles are cut into blocks. A block's V and dM are made, and then tasks add their part of dw: some channels and a
 * panel of filters for all tiles of the block, dU in the second-level cache, transformed back at once. Sums over blocks
 * are sums of dw, which is smaller than dU. Threads share the work in one of two ways, as in gemm/correlation_dw.c:
 *   - a small dw has slots, each with some of the blocks, which one thread works off without waiting for anyone;
 *   - of a large dw there is one. Block after block, all threads transform tiles, then all work on tasks.
 */
#include "winograd.h"
#include "cost.h"

#include <string.h>

/* Bytes: of a second-level cache and of a shared one that V and dM may fill, and of the largest dw that has slots. */
enum { NEAR_DW = 458752, SHARED_DW = 12582912, SMALL = 262144, DB_SLOTS = 16, SUM_PART = 4096 };

typedef struct {
    const T(winograd_scheme) *scheme;
    panelling panels;
    slicing slices;
    tiling tiles;
    ptrdiff_t points, nr;
    ptrdiff_t slots, block, blocks;           /* the most tiles of a block, how many blocks */
    ptrdiff_t rows, row_parts;                /* the most channels of a task, how many parts a slice has */
    ptrdiff_t tasks;                          /* of a block */
    ptrdiff_t v_plane, dm_plane, du_plane;
    ptrdiff_t dw_length, db_slots;
    real *v, *dm, *du;                        /* each thread's own, `own` elements apart; with one slot only du */
    ptrdiff_t own;
    real *dw, *db, *zeros;                    /* dw is NULL with one slot */
    size_t bytes;
} plan;

static plan make_plan(const T(correlation_dw) *c, ptrdiff_t S, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    plan p = {.scheme = T(winograd_scheme_of)(S, c->KH, c->KW), .panels = panels_of(c->KG, kern), .points = S * S,
              .nr = kern->nr, .slices = slices_of(c->CG)};
    const ptrdiff_t size = sizeof(real);
    p.tiles = tiles_of(p.scheme->m, c->N, c->OH, c->OW);
    p.dw_length = c->KH * c->KW * c->CG * c->KG;
    const ptrdiff_t tile = p.points * (p.slices.count * LINE + p.panels.padded) * size;
    const ptrdiff_t slots = p.dw_length * size > SMALL ? 1 : max_size(1, min_size(16, p.tiles.count / 32));
    p.block = max_size(8, (slots > 1 ? NEAR_DW : SHARED_DW) / tile);
    p.blocks = max_size(slots, ceil_div(p.tiles.count, p.block));
    p.block = ceil_div(p.tiles.count, p.blocks);
    p.slots = min_size(slots, p.blocks);
    p.row_parts = ceil_div(p.slices.run, 8 * kern->mr2);
    p.rows = ceil_div(p.slices.run, p.row_parts);
    p.tasks = p.row_parts * p.slices.count * p.panels.panels;

    p.v_plane = plane_of(p.slices.count * p.block * LINE);
    p.dm_plane = plane_of(p.panels.padded * p.block);
    p.du_plane = plane_of(p.rows * kern->nr);
    const ptrdiff_t v = p.points * p.v_plane, dm = p.points * p.dm_plane;
    p.db_slots = p.slots > 1 ? p.slots : DB_SLOTS;
    arena a = {scratch, 0};
    p.zeros = take(&a, max_size(max_size(c->C, c->KG), kern->nr), size);
    real *joint_v = take(&a, p.slots > 1 ? 0 : v, size), *joint_dm = take(&a, p.slots > 1 ? 0 : dm, size);
    const int workers = p.slots > 1 ? (int)min_size(threads, p.slots) : threads;
    const ptrdiff_t lengths[] = {p.slots > 1 ? v : 0, p.slots > 1 ? dm : 0, p.points * p.du_plane};
    p.own = take_own(&a, workers, 3, lengths, (real **[]){&p.v, &p.dm, &p.du});
    if (p.slots == 1)
        p.v = joint_v, p.dm = joint_dm;
    p.dw = p.slots > 1 ? take(&a, p.slots * p.dw_length, size) : NULL;
    p.db = take(&a, p.db_slots * c->KG, size);
    p.bytes = a.used;
    return p;
}

size_t T(winograd_dw_scratch)(const T(correlation_dw) *c, ptrdiff_t S, int threads)
{
    return make_plan(c, S, NULL, threads).bytes;
}

static void fill_tables(const T(correlation_dw) *c, const plan *p)
{
    memset(p->zeros, 0, (size_t)max_size(max_size(c->C, c->KG), p->nr) * sizeof(real));
    memset(p->db, 0, (size_t)(p->db_slots * c->KG) * sizeof(real));
}

typedef struct {
    ptrdiff_t origin, count;
} extent;

static extent extent_of(const plan *p, ptrdiff_t block)
{
    const ptrdiff_t origin = part_begin(p->tiles.count, p->blocks, block);
    return (extent){origin, part_begin(p->tiles.count, p->blocks, block + 1) - origin};
}

/* V and dM of tiles first .. end of a block, some slices and panels of them: part `part` of `parts`. */
static void transform_tiles(const T(correlation_dw) *c, const plan *p, ptrdiff_t copy, const extent *e,
                            ptrdiff_t first, ptrdiff_t end, ptrdiff_t part, ptrdiff_t parts, real *db)
{
    real *v = p->v + copy * p->own, *dm = p->dm + copy * p->own;
    const real *pixels[MOST_POINTS];
    for (ptrdiff_t t = first; t < end; t++) {
        const tile at = tile_at(&p->tiles, e->origin + t);
        list_pixels(pixels, p->scheme->S, c->x + at.n * c->H * c->W * c->C, c->H, c->W, c->C, c->off_h + at.i,
                    c->off_w + at.j, p->zeros);
        p->scheme->input(pixels, c->CG, part_begin(p->slices.count, parts, part),
                         part_begin(p->slices.count, parts, part + 1), p->slices.run, v + t * LINE, p->v_plane,
                         p->block * LINE);
        list_pixels(pixels, p->scheme->m, c->dy + at.n * c->OH * c->OW * c->KG, c->OH, c->OW, c->KG, at.i, at.j,
                    p->zeros);
        const ptrdiff_t last = part_begin(p->panels.panels, parts, part + 1);
        for (ptrdiff_t panel = part_begin(p->panels.panels, parts, part); panel < last; panel++) {
            const ptrdiff_t column = panel * p->nr, width = panel_width(&p->panels, panel);
            p->scheme->spread(pixels, column, panel_lanes(&p->panels, panel), dm + column * p->block + t * width,
                              p->dm_plane, c->db ? db + column : NULL);
        }
    }
}

/* Task `task` of a block: dU of some channels and one panel, and from it their part of dw. */
static void run_task(const T(correlation_dw) *c, const plan *p, ptrdiff_t copy, const extent *e, ptrdiff_t task,
                     real *dw, int accumulate)
{
    const ptrdiff_t part = task % p->row_parts, slice = task / p->row_parts % p->slices.count;
    const ptrdiff_t panel = task / p->row_parts / p->slices.count, column = panel * p->nr, run = p->slices.run;
    const ptrdiff_t first = part_begin(run, p->row_parts, part), origin = slice * run + first;
    const ptrdiff_t rows = min_size(part_begin(run, p->row_parts, part + 1) - first, c->CG - origin);
    const ptrdiff_t width = panel_width(&p->panels, panel);
    const real *v = p->v + copy * p->own + slice * p->block * LINE + first;
    const real *dm = p->dm + copy * p->own + column * p->block;
    real *du = p->du + thread_number() * p->own;
    const chunking chunks = chunks_of(1, e->count, longest_chunk(KERNELS(gemm)));
    if (rows <= 0) /* the last slice may have fewer channels */
        return;
    for (ptrdiff_t i = 0; i < p->points; i++)
        for (ptrdiff_t step = 0; step < chunks.count; step++) {
            const chunk ch = chunk_at(&chunks, step);
            KERNELS(winograd)->product_across(&(T(winograd_product)){
                .v = v + i * p->v_plane + ch.k * LINE, .u = dm + i * p->dm_plane + ch.k * width,
                .m = du + i * p->du_plane, .rows = rows, .slices = 1, .run = ch.run, .width = width,
                .accumulate = step > 0});
        }
    const ptrdiff_t tap_w = c->flip ? -c->CG * c->KG : c->CG * c->KG, tap_h = c->KW * tap_w;
    p->scheme->gradient(du, p->du_plane, dw + (c->flip ? p->dw_length - c->CG * c->KG : 0) + origin * c->KG + column,
                       tap_h, tap_w, c->KG, rows, panel_lanes(&p->panels, panel), accumulate);
}

/* All blocks of a slot, by one thread. */
static void run_slot(const T(correlation_dw) *c, const plan *p, ptrdiff_t slot)
{
    for (ptrdiff_t block = slot; block < p->blocks; block += p->slots) {
        const extent e = extent_of(p, block);
        transform_tiles(c, p, thread_number(), &e, 0, e.count, 0, 1, p->db + slot * c->KG);
        for (ptrdiff_t task = 0; task < p->tasks; task++)
            run_task(c, p, thread_number(), &e, task, p->dw + slot * p->dw_length, block != slot);
    }
}

void T(winograd_dw_run)(const T(correlation_dw) *c, ptrdiff_t S, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const plan p = make_plan(c, S, scratch, threads);
    const ptrdiff_t cuts = min_size(min_size(p.slices.count, p.panels.panels), ceil_div(32, p.block));
    fill_tables(c, &p);
    const int crew = (int)min_size(p.slots > 1 ? p.slots : threads,
                                   team(threads, 0.25 * p.tiles.count * p.points * c->CG * c->KG));
    if (p.slots > 1) {
        /* Threads share the slots, then the parts of dw that are sums of slots. */
        TEAM_FOR(dynamic, crew, slot, p.slots, 1, {
            run_slot(c, &p, slot);
        });
        TEAM_FOR(static, crew, i, p.dw_length, SUM_PART, {
            kern->sum_slots(c->dw + i, p.dw + i, p.dw_length, p.slots, min_size(SUM_PART, p.dw_length - i),
                            c->accumulate);
        });
    }
    /* Or, block after block, its tiles, then its tasks, which write apart. */
    for (ptrdiff_t block = 0; block < (p.slots > 1 ? 0 : p.blocks); block++) {
        const extent e = extent_of(&p, block);
        TEAM_FOR(dynamic, crew, i, DB_SLOTS * cuts, 1, {
            transform_tiles(c, &p, 0, &e, part_begin(e.count, DB_SLOTS, i / cuts),
                            part_begin(e.count, DB_SLOTS, i / cuts + 1), i % cuts, cuts, p.db + i / cuts * c->KG);
        });
        TEAM_FOR(dynamic, crew, task, p.tasks, 1, {
            run_task(c, &p, 0, &e, task, c->dw, c->accumulate || block > 0);
        });
    }
    if (c->db)
        kern->sum_slots(c->db, p.db, c->KG, p.db_slots, c->KG, c->accumulate);
}

double T(winograd_dw_seconds)(const T(correlation_dw) *c, ptrdiff_t S)
{
    const plan p = make_plan(c, S, NULL, 1);
    const ptrdiff_t vl = KERNELS(gemm)->vl;
    const double points = (double)p.points, tiles = (double)p.tiles.count, vectors = (double)(p.panels.padded / vl);
    const double tile = (double)c->CG * vectors * (p.slots > 1 ? cost.product : cost.shared_product) +
                        (double)(p.slices.count * ceil_div(p.slices.run, vl)) * cost.input + vectors * cost.spread;
    const double block = points * cost.gradient + (double)(c->KH * c->KW) * (p.slots > 1 ? 0 : cost.sum);
    const double slot = p.slots > 1 ? (double)(p.slots * c->KH * c->KW) * 0.3 * cost.sum : 0;
    return points * tiles * tile + (double)c->CG * vectors * ((double)p.blocks * block + slot);
}
