/* winograd.c - y (+)= x correlated with w through the transforms of winograd.h: forward passes and data gradients.
 *
 * Tiles are cut into blocks, and threads share the work in one of two ways, by the size of the filters:
 *   - few channels: a block's V stays in the second-level cache of one thread, which does everything for it, panel
 *     after panel. U is made once, for all blocks.
 *   - many channels: U would be read from memory again and again, and four times what w is. So a block is as large as
 *     the shared cache allows; all threads transform it, then all work on tasks: a panel of filters and some
 *     tiles. A task transforms its filters itself, some channels at a time, into its second-level cache.
 */
#include "winograd.h"
#include "cost.h"

#include <string.h>

/* Bytes: of a second-level cache that V and M may fill, nearly all of it where U is so LARGE that it passes by; of a
 * shared cache that V may fill; and of U from which on it is made by tasks, or when there are FEW tiles for a LARGE one.
 * A task has up to PART tiles and multiplies DEPTH channels at a time. */
enum { NEAR = 245760, NEARLY_ALL = 425984, LARGE = 786432, SHARED = 8388608, JOINT = 4194304, FEW = 512,
       PART = 128, DEPTH = 128 };
enum { PACK_ROWS = 64, PACK_STEP = 8 }; /* channels of a piece of packing, and at a time */
enum { TURNS = 4 };                     /* tiles, or parts of them, that a thread transforms at a time */

typedef struct {
    const T(winograd_scheme) *scheme;
    panelling panels;
    slicing slices;
    tiling tiles;
    ptrdiff_t points, nr;
    int joint;
    ptrdiff_t block, blocks;           /* the most tiles of a block, how many blocks */
    ptrdiff_t part, parts;             /* the most tiles of a task, how many parts a block has */
    ptrdiff_t chunk;                   /* slices of channels that a task multiplies at a time */
    ptrdiff_t v_plane, m_plane, u_plane;
    ptrdiff_t packed_length;
    real *v, *m, *local, *taps; /* each thread's own, `own` elements apart, but for a joint v */
    ptrdiff_t own;
    real *u, *ready, *start, *zeros;
    size_t bytes;
} plan;

static plan make_plan(const T(correlation) *c, ptrdiff_t S, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    plan p = {.scheme = T(winograd_scheme_of)(S, c->KH, c->KW), .panels = panels_of(c->KG, kern), .points = S * S,
              .nr = kern->nr, .slices = slices_of(c->CG)};
    const ptrdiff_t size = sizeof(real), rows = p.slices.count * p.slices.run; /* of U, with those of zeros */
    p.tiles = tiles_of(p.scheme->m, c->N, c->OH, c->OW);
    const ptrdiff_t u = p.points * rows * p.panels.padded * size;
    p.joint = u > JOINT || (u > LARGE && p.tiles.count < FEW);

    const ptrdiff_t v_tile = p.points * p.slices.count * LINE * size, m_tile = p.points * kern->nr * size;
    if (p.joint) {
        p.block = max_size(kern->mr2, SHARED / v_tile);
        p.chunk = min_size(p.slices.count, max_size(1, DEPTH / LINE));
        p.part = PART;
    } else {
        p.block = (u > LARGE ? NEARLY_ALL : NEAR) / (v_tile + m_tile);
        p.block = max_size(kern->mr2, p.block / kern->mr2 * kern->mr2);
        p.block = min_size(p.block, max_size(kern->mr2, ceil_div(p.tiles.count, 16)));
        p.chunk = p.slices.count;
        p.part = p.block;
    }
    p.blocks = ceil_div(p.tiles.count, p.block);
    p.block = ceil_div(p.tiles.count, p.blocks);
    p.parts = ceil_div(p.block, p.part);
    p.part = ceil_div(p.block, p.parts);
    p.chunk = ceil_div(p.slices.count, ceil_div(p.slices.count, p.chunk));

    p.v_plane = plane_of(p.slices.count * p.block * LINE);
    p.m_plane = plane_of(p.part * kern->nr);
    const ptrdiff_t v = p.points * p.v_plane, chunk_rows = p.chunk * p.slices.run;
    if (p.joint) {
        p.u_plane = plane_of(chunk_rows * kern->nr);
        p.packed_length = c->KH * c->KW * c->CG * p.panels.padded;
    } else {
        p.packed_length = p.points * rows * p.panels.padded;
    }
    arena a = {scratch, 0};
    p.start = take(&a, p.panels.padded, size);
    p.zeros = take(&a, max_size(c->C, kern->nr), size);
    p.u = take(&a, p.joint || c->packed ? 0 : p.packed_length, size);
    p.ready = take(&a, p.joint && !c->transposed && !c->packed ? p.packed_length : 0, size);
    real *joint_v = take(&a, p.joint ? v : 0, size);
    const ptrdiff_t lengths[] = {
        p.joint ? 0 : v, p.points * p.m_plane, p.joint ? p.points * p.u_plane : 0,
        c->transposed ? c->KH * c->KW * (p.joint ? chunk_rows : PACK_ROWS) * kern->nr : 0};
    p.own = take_own(&a, threads, 4, lengths, (real **[]){&p.v, &p.m, &p.local, &p.taps});
    if (p.joint)
        p.v = joint_v;
    p.bytes = a.used;
    return p;
}

size_t T(winograd_scratch)(const T(correlation) *c, ptrdiff_t S, int threads)
{
    return make_plan(c, S, NULL, threads).bytes;
}

ptrdiff_t T(winograd_packed_length)(const T(correlation) *c, ptrdiff_t S)
{
    return make_plan(c, S, NULL, 1).packed_length;
}

static void fill_tables(const T(correlation) *c, const plan *p)
{
    memset(p->zeros, 0, (size_t)max_size(c->C, p->nr) * sizeof(real));
    for (ptrdiff_t k = 0; k < p->panels.padded; k++)
        p->start[k] = c->b && k < c->KG ? c->b[k] : 0;
}

/* --- filters --------------------------------------------------------------------------------------------------- */

/* Taps of one panel of transposed filters, channels first .. first + rows, as [tap][rows][width]. */
static void pack_transposed(const T(correlation) *c, const plan *p, real *to, ptrdiff_t panel, ptrdiff_t first,
                            ptrdiff_t rows)
{
    const real *from = c->w + panel * p->nr * c->w_row + first;
    for (ptrdiff_t u = 0; u < c->KH; u++)
        for (ptrdiff_t v = 0; v < c->KW; v++, to += rows * panel_width(&p->panels, panel))
            KERNELS(gemm)->pack_transposed(to, from + u * c->w_tap_h + v * c->w_tap_w, rows, c->w_row,
                                           panel_lanes(&p->panels, panel));
}

/* Some rows of one tap for all panels, as [panel][tap][channel][width]: w's rows are contiguous over panels, and at any
 * other order each of their lines would be fetched alone. */
static void pack_rows(const T(correlation) *c, const plan *p, real *packed, ptrdiff_t tap, ptrdiff_t first,
                      ptrdiff_t rows)
{
    const real *from = c->w + tap / c->KW * c->w_tap_h + tap % c->KW * c->w_tap_w;
    for (ptrdiff_t r = first; r < first + rows; r += PACK_STEP)
        for (ptrdiff_t panel = 0; panel < p->panels.panels; panel++) {
            const ptrdiff_t column = panel * p->nr, width = panel_width(&p->panels, panel);
            KERNELS(gemm)->pack(packed + c->KH * c->KW * c->CG * column + (tap * c->CG + r) * width,
                                from + r * c->w_row + column, min_size(PACK_STEP, first + rows - r), c->w_row,
                                panel_lanes(&p->panels, panel));
        }
}

/* U of one panel, channels first .. first + rows, of which those past the last are zeros. */
static void transform_filters(const T(correlation) *c, const plan *p, real *u, ptrdiff_t plane, real *taps,
                              ptrdiff_t panel, ptrdiff_t first, ptrdiff_t rows)
{
    const ptrdiff_t lanes = panel_lanes(&p->panels, panel), width = panel_width(&p->panels, panel);
    const ptrdiff_t column = panel * p->nr, there = max_size(0, min_size(rows, c->CG - first));
    if (p->joint && !c->transposed) {
        const ptrdiff_t step = c->CG * width;
        p->scheme->filter((c->packed ? c->packed : p->ready) + c->KH * c->KW * c->CG * column + first * width,
                          c->KW * step, step, width, there, width, u, plane);
    } else if (c->transposed) {
        pack_transposed(c, p, taps, panel, first, there);
        p->scheme->filter(taps, c->KW * there * width, there * width, width, there, width, u, plane);
    } else {
        p->scheme->filter(c->w + first * c->w_row + column, c->w_tap_h, c->w_tap_w, c->w_row, there, lanes, u, plane);
    }
    for (ptrdiff_t e = 0; e < p->points; e++)
        memset(u + e * plane + there * width, 0, (size_t)((rows - there) * width) * sizeof(real));
}

/* What is made once, in pieces: all of U, [panel][e][rows][width], or for joint work the taps of all panels. */
static ptrdiff_t pack_pieces(const T(correlation) *c, const plan *p)
{
    return (p->joint ? c->KH * c->KW : p->panels.panels) * ceil_div(p->slices.count * p->slices.run, PACK_ROWS);
}

static void pack_piece(const T(correlation) *c, const plan *p, real *packed, real *taps, ptrdiff_t piece)
{
    const ptrdiff_t rows = p->slices.count * p->slices.run, parts = ceil_div(rows, PACK_ROWS);
    const ptrdiff_t first = piece % parts * PACK_ROWS, i = piece / parts; /* i: a tap or a panel */
    if (p->joint)
        pack_rows(c, p, packed, i, first, min_size(PACK_ROWS, c->CG - first));
    else
        transform_filters(c, p, packed + p->points * rows * i * p->nr + first * panel_width(&p->panels, i),
                          rows * panel_width(&p->panels, i), taps, i, first, min_size(PACK_ROWS, rows - first));
}

/* --- images ------------------------------------------------------------------------------------------------------ */

/* V of tile `index` of all tiles, the t-th of its block, slices first .. end. */
static void transform_tile(const T(correlation) *c, const plan *p, real *v, ptrdiff_t index, ptrdiff_t t,
                           ptrdiff_t first, ptrdiff_t end)
{
    const tile at = tile_at(&p->tiles, index);
    const real *pixels[MOST_POINTS];
    list_pixels(pixels, p->scheme->S, c->x + at.n * c->H * c->W * c->C, c->H, c->W, c->C, c->off_h + at.i,
                c->off_w + at.j, p->zeros);
    p->scheme->input(pixels, c->CG, first, end, p->slices.run, v + t * LINE, p->v_plane, p->block * LINE);
}

/* One panel of tiles first .. end of the block that starts with tile `origin`: products, then back to pixels. */
static void run_task(const T(correlation) *c, const plan *p, const real *v, ptrdiff_t origin, ptrdiff_t first,
                     ptrdiff_t end, ptrdiff_t panel)
{
    const ptrdiff_t lanes = panel_lanes(&p->panels, panel), width = panel_width(&p->panels, panel);
    const ptrdiff_t column = panel * p->nr, rows = p->slices.count * p->slices.run;
    const ptrdiff_t own = thread_number() * p->own;
    real *m = p->m + own, *local = p->local + own;
    for (ptrdiff_t chunk = 0; chunk < p->slices.count; chunk += p->chunk) {
        const ptrdiff_t slices = min_size(p->chunk, p->slices.count - chunk), depth = slices * p->slices.run;
        const real *u = (c->packed ? c->packed : p->u) + p->points * rows * column;
        ptrdiff_t u_plane = rows * width;
        if (p->joint) {
            u = local, u_plane = p->u_plane;
            transform_filters(c, p, local, u_plane, p->taps + own, panel, chunk * p->slices.run, depth);
        }
        for (ptrdiff_t e = 0; e < p->points; e++)
            KERNELS(winograd)->product(&(T(winograd_product)){
                .v = v + e * p->v_plane + (chunk * p->block + first) * LINE, .u = u + e * u_plane,
                .m = m + e * p->m_plane, .rows = end - first, .slices = slices, .slice_step = p->block * LINE,
                .run = p->slices.run, .width = width, .next = p->joint ? 0 : u_plane, .accumulate = chunk > 0});
    }
    for (ptrdiff_t t = first; t < end; t++) {
        const tile at = tile_at(&p->tiles, origin + t);
        const ptrdiff_t pixel = at.n * c->y_image + at.i * c->y_row + at.j * c->y_col + column;
        const real *from = m + (t - first) * p->nr, *bias = p->start + column;
        const real *onto = c->accumulate ? c->y : c->residual;
        p->scheme->output(from, p->m_plane, bias, c->y + pixel, c->y_row, c->y_col, lanes, at.h, at.w,
                          onto ? onto + pixel : NULL, c->act, c->alpha);
    }
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

/* Blocks by one thread each. */
static void run_alone(const T(correlation) *c, const plan *p, ptrdiff_t block)
{
    const ptrdiff_t origin = part_begin(p->tiles.count, p->blocks, block);
    const ptrdiff_t count = part_begin(p->tiles.count, p->blocks, block + 1) - origin;
    real *v = p->v + thread_number() * p->own;
    for (ptrdiff_t t = 0; t < count; t++)
        transform_tile(c, p, v, origin + t, t, 0, p->slices.count);
    for (ptrdiff_t panel = 0; panel < p->panels.panels; panel++)
        run_task(c, p, v, origin, 0, count, panel);
}

void T(winograd_run)(const T(correlation) *c, ptrdiff_t S, void *scratch, int threads)
{
    const plan p = make_plan(c, S, scratch, threads);
    const ptrdiff_t pieces = c->packed || (p.joint && c->transposed) ? 0 : pack_pieces(c, &p);
    const ptrdiff_t slice_parts = min_size(p.slices.count, ceil_div(32, p.block));
    fill_tables(c, &p);
    const int crew = team(threads, 0.25 * p.tiles.count * p.points * c->KG * (c->CG + 16));
    /* Threads share the filters, in pieces. */
    TEAM_FOR(dynamic, crew, i, pieces, 1, {
        pack_piece(c, &p, p.joint ? p.ready : p.u, p.taps + thread_number() * p.own, i);
    });
    /* Then blocks of tiles, which write apart. */
    TEAM_FOR(dynamic, crew, block, p.joint ? 0 : p.blocks, 1, {
        run_alone(c, &p, block);
    });
    /* Or, block after block, the tiles to be transformed, then tasks: panels of some tiles. */
    for (ptrdiff_t block = 0; block < (p.joint ? p.blocks : 0); block++) {
        const ptrdiff_t origin = part_begin(p.tiles.count, p.blocks, block);
        const ptrdiff_t count = part_begin(p.tiles.count, p.blocks, block + 1) - origin;
        TEAM_FOR(dynamic, crew, first, count * slice_parts, TURNS, {
            for (ptrdiff_t i = first; i < min_size(count * slice_parts, first + TURNS); i++)
                transform_tile(c, &p, p.v, origin + i / slice_parts, i / slice_parts,
                               part_begin(p.slices.count, slice_parts, i % slice_parts),
                               part_begin(p.slices.count, slice_parts, i % slice_parts + 1));
        });
        TEAM_FOR(dynamic, crew, i, p.parts * p.panels.panels, 1, {
            const ptrdiff_t part = i / p.panels.panels; /* outermost: mostly tiles that the same thread transformed */
            run_task(c, &p, p.v, origin, part_begin(count, p.parts, part), part_begin(count, p.parts, part + 1),
                     i % p.panels.panels);
        });
    }
}

void T(winograd_pack)(const T(correlation) *c, ptrdiff_t S, real *packed, int threads)
{
    const plan p = make_plan(c, S, NULL, 1);
    const ptrdiff_t pieces = pack_pieces(c, &p);
    T(correlation) unpacked = *c;
    unpacked.packed = NULL;
    /* Threads share panels of filters. */
    TEAM_FOR(dynamic, team(threads, (double)p.packed_length), i, pieces, 1, {
        pack_piece(&unpacked, &p, packed, NULL, i);
    });
}

double T(winograd_seconds)(const T(correlation) *c, ptrdiff_t S)
{
    const plan p = make_plan(c, S, NULL, 1);
    const ptrdiff_t vl = KERNELS(gemm)->vl, rows = p.slices.count * p.slices.run;
    const double points = (double)p.points, tiles = (double)p.tiles.count, vectors = (double)(p.panels.padded / vl);
    const double tile = (double)rows * vectors * (p.joint ? cost.shared_product : cost.product) +
                        (double)(p.slices.count * ceil_div(p.slices.run, vl)) * cost.input + vectors * cost.output;
    const double times = p.joint ? (double)(p.blocks * p.parts) : c->packed ? 0 : 1; /* that U is made */
    const double filters = points * times * (p.joint && S == 6 ? cost.task_filter : cost.filter) +
                           (c->packed ? 0 : (double)(c->KH * c->KW) * cost.pack);
    return points * tiles * tile + (double)rows * vectors * filters;
}
