/* correlation.c - y (+)= x correlated with w: forward passes, data gradients, dense layers. */
#include "correlation.h"

#include <string.h>

/* How the work is cut. A unit is NB images x RB output rows x one group x some panels. */
typedef struct {
    panelling panels;
    chunking chunks;
    ptrdiff_t RB, row_blocks, NB, image_blocks, panel_blocks, units;
    ptrdiff_t panel_group;                /* panels that take turns in a unit */
    int copy;                             /* the unit's part of x goes through scratch */
    ptrdiff_t copy_rows, copy_columns;    /* of one image, zeros included */
    ptrdiff_t slice, slices, slice_length; /* the copy is [slices][NB][copy_rows][copy_columns][slice of channels] */
    ptrdiff_t depth, segs, run;           /* reduction rows of a panel: segs segments of run */
    ptrdiff_t copy_length;                /* elements, per thread */
    ptrdiff_t packed_length;              /* elements of the packed panels */
    real *pack, *start, *copies;          /* scratch: packed panels unless given, padded bias, a copy per thread */
    place *places;
    ptrdiff_t *seg;
    size_t bytes;
} plan;

/* does some tap of some output fall outside x? */
static int leaves(ptrdiff_t off, ptrdiff_t outputs, ptrdiff_t step, ptrdiff_t taps, ptrdiff_t tap, ptrdiff_t size)
{
    return off < 0 || off + (outputs - 1) * step + (taps - 1) * tap >= size;
}

/* Many channels are copied in slices of up to 64, so that the pixels under a tile are neighbours in memory: at a
 * distance of some KB they would compete for the same sets of the caches. The largest number that divides CG. */
static ptrdiff_t slice_of(ptrdiff_t CG)
{
    for (ptrdiff_t slice = 64; slice >= 32; slice--)
        if (CG % slice == 0)
            return slice;
    return CG;
}

static plan make_plan(const T(correlation) *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const ptrdiff_t longest = longest_chunk(kern), taps = c->KH * c->KW;
    plan p = {.panels = panels_of(c->KG, kern), .depth = taps * c->CG};

    p.copy = taps > 0 && (leaves(c->off_h, c->OH, c->step_h, c->KH, c->tap_h, c->H) ||
                          leaves(c->off_w, c->OW, c->step_w, c->KW, c->tap_w, c->W) || (c->groups > 1 && c->KW > 1));
    /* the channels of neighbouring taps are neighbours too, so a whole filter row is one segment */
    const int joined = c->tap_w == 1 && (p.copy || c->groups == 1);
    p.slice = p.copy ? slice_of(c->CG) : c->CG;
    p.slices = taps > 0 ? c->CG / p.slice : 0;
    p.segs = p.slices * (joined ? c->KH : taps);
    p.run = joined ? c->KW * p.slice : p.slice;
    p.chunks = chunks_of(p.segs, p.run, longest);

    /* Enough pixels for a panel's chunk to be used often, few enough for their part of x to stay in the
     * second-level cache. Then enough units for many threads: smaller ones, but not so small that filters which
     * overflow that cache are read again for a few pixels; those are shared out by panels instead. */
    const int heavy = p.depth * c->KG * (ptrdiff_t)sizeof(real) > 262144;
    const ptrdiff_t least = heavy ? 192 : 72, wanted = ceil_div(16, c->N * c->groups);
    const ptrdiff_t pixel = min_size(c->CG, longest) * c->step_w * (ptrdiff_t)sizeof(real);
    const ptrdiff_t pixels = min_size(1024, max_size(least, 196608 / pixel));
    p.RB = min_size(c->OH, max_size(1, pixels / c->OW));
    p.RB = max_size(1, min_size(p.RB, max_size(ceil_div(c->OH, wanted), ceil_div(least, c->OW))));
    p.RB = ceil_div(c->OH, ceil_div(c->OH, p.RB));
    p.row_blocks = ceil_div(c->OH, p.RB);
    const ptrdiff_t image = c->OH * c->OW;
    const ptrdiff_t images = min_size(pixels / image, max_size(c->N / 16, heavy ? ceil_div(least, image) : 1));
    p.NB = p.RB < c->OH ? 1 : max_size(1, min_size(c->N, images));
    p.NB = ceil_div(c->N, ceil_div(c->N, p.NB));
    p.image_blocks = ceil_div(c->N, p.NB);
    p.units = p.image_blocks * p.row_blocks * c->groups;
    p.panel_blocks = min_size(p.panels.panels, ceil_div(heavy ? 16 : 8, p.units));
    p.units *= p.panel_blocks;

    p.panel_group = max_size(1, 98304 / (p.NB * p.RB * c->OW * kern->nr * (ptrdiff_t)sizeof(real)));
    p.copy_rows = (p.RB - 1) * c->step_h + (c->KH - 1) * c->tap_h + 1;
    p.copy_columns = (c->OW - 1) * c->step_w + (c->KW - 1) * c->tap_w + 1;
    p.slice_length = p.NB * p.copy_rows * p.copy_columns * p.slice;
    const size_t copy_bytes = p.copy ? cache_lines((size_t)(p.slices * p.slice_length) * sizeof(real)) : 0;
    p.copy_length = (ptrdiff_t)(copy_bytes / sizeof(real));
    arena a = {scratch, 0};
    p.packed_length = c->groups * p.panels.padded * p.depth;
    p.pack = take(&a, c->packed ? 0 : p.packed_length, sizeof(real));
    p.start = take(&a, c->groups * p.panels.padded, sizeof(real));
    p.places = take(&a, p.NB * p.RB * c->OW, sizeof(place));
    p.seg = take(&a, p.segs, sizeof(ptrdiff_t));
    p.copies = take(&a, p.copy_length * threads, sizeof(real));
    p.bytes = a.used;
    return p;
}

size_t T(correlation_scratch)(const T(correlation) *c, int threads) { return make_plan(c, NULL, threads).bytes; }

ptrdiff_t T(correlation_packed_length)(const T(correlation) *c) { return make_plan(c, NULL, 1).packed_length; }

/* Where the pixels of a unit and the taps are, relative to the unit's corner: the same for all units, the
 * smaller ones at an end use the first places only. */
static void fill_tables(const T(correlation) *c, const plan *p)
{
    const ptrdiff_t column = p->copy ? p->slice : c->C;
    const ptrdiff_t row = column * (p->copy ? p->copy_columns : c->W);
    const ptrdiff_t image = row * (p->copy ? p->copy_rows : c->H);
    place *at = p->places;
    for (ptrdiff_t n = 0; n < p->NB; n++)
        for (ptrdiff_t i = 0; i < p->RB; i++)
            for (ptrdiff_t j = 0; j < c->OW; j++)
                *at++ = (place){n * image + i * c->step_h * row + j * c->step_w * column,
                                n * c->y_image + i * c->y_row + j * c->y_col};
    /* segments run over slices, filter rows and, unless those are joined, filter columns */
    const ptrdiff_t per_slice = p->segs / max_size(p->slices, 1), across = per_slice / max_size(c->KH, 1);
    for (ptrdiff_t s = 0; s < p->segs; s++)
        p->seg[s] = s / per_slice * p->slice_length + s % per_slice / across * c->tap_h * row +
                    s % across * c->tap_w * column;

    for (ptrdiff_t g = 0; g < c->groups; g++)
        for (ptrdiff_t k = 0; k < p->panels.padded; k++)
            p->start[g * p->panels.padded + k] = c->b && k < c->KG ? c->b[g * c->KG + k] : 0;
}

/* Packs panels as [slices][KH][KW][slice][width]. A piece is some channels of a tap for all panels, a few rows
 * at a time because w's rows are contiguous over panels; if w is transposed, a tap of one panel. */
enum { PACK_ROWS = 64, PACK_STEP = 8 };

static ptrdiff_t pieces_per_tap(const T(correlation) *c, const plan *p)
{
    return c->transposed ? p->panels.panels : p->slices * ceil_div(p->slice, PACK_ROWS);
}

static void pack_piece(const T(correlation) *c, const plan *p, const T(gemm_kernels) *kern, real *packed,
                       ptrdiff_t piece)
{
    const ptrdiff_t per_tap = pieces_per_tap(c, p), taps = c->KH * c->KW;
    const ptrdiff_t part = piece % per_tap, tap = piece / per_tap % taps, g = piece / per_tap / taps;
    const real *from = c->w + g * c->w_group + tap / c->KW * c->w_tap_h + tap % c->KW * c->w_tap_w;
    real *to = packed + g * p->panels.padded * p->depth;
    if (c->transposed) {
        const ptrdiff_t column = part * p->panels.nr, width = panel_width(&p->panels, part);
        for (ptrdiff_t s = 0; s < p->slices; s++)
            kern->pack_transposed(to + column * p->depth + (s * taps + tap) * p->slice * width,
                                  from + column * c->w_row + s * p->slice, p->slice, c->w_row,
                                  panel_lanes(&p->panels, part));
        return;
    }
    const ptrdiff_t s = part % p->slices, begin = part / p->slices * PACK_ROWS;
    const ptrdiff_t end = min_size(p->slice, begin + PACK_ROWS);
    for (ptrdiff_t r = begin; r < end; r += PACK_STEP)
        for (ptrdiff_t panel = 0; panel < p->panels.panels; panel++) {
            const ptrdiff_t column = panel * p->panels.nr, width = panel_width(&p->panels, panel);
            kern->pack(to + column * p->depth + ((s * taps + tap) * p->slice + r) * width,
                       from + (s * p->slice + r) * c->w_row + column, min_size(PACK_STEP, end - r), c->w_row,
                       panel_lanes(&p->panels, panel));
        }
}

/* One row of a slice: columns off_w .. off_w + copy_columns of x, 0 outside. `from` is column 0 of x's row. */
static void copy_row(const T(correlation) *c, const plan *p, real *to, const real *from, int outside)
{
    const ptrdiff_t columns = p->copy_columns, slice = p->slice;
    const ptrdiff_t left = max_size(0, min_size(columns, -c->off_w));
    const ptrdiff_t inside = outside ? 0 : max_size(0, min_size(columns - left, c->W - (c->off_w + left)));
    memset(to, 0, (size_t)(left * slice) * sizeof(real));
    to += left * slice;
    from += (c->off_w + left) * c->C;
    if (slice == c->C)
        memcpy(to, from, (size_t)(inside * slice) * sizeof(real));
    else
        for (ptrdiff_t j = 0; j < inside; j++)
            memcpy(to + j * slice, from + j * c->C, (size_t)slice * sizeof(real));
    memset(to + inside * slice, 0, (size_t)((columns - left - inside) * slice) * sizeof(real));
}

/* Rows row .. row + rows of an image, all slices of group g. */
static void copy_padded(const T(correlation) *c, const plan *p, real *to, ptrdiff_t n, ptrdiff_t row, ptrdiff_t rows,
                        ptrdiff_t g)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t s = 0; s < p->slices; s++) {
            const int outside = row + r < 0 || row + r >= c->H;
            const ptrdiff_t from = outside ? 0 : (n * c->H + row + r) * c->W * c->C;
            copy_row(c, p, to + s * p->slice_length + r * p->copy_columns * p->slice,
                     c->x + from + g * c->CG + s * p->slice, outside);
        }
}

/* An activation that is not light, of `lanes` numbers of every pixel of a unit, y being the first one's: in pieces as
 * long as they are contiguous. */
static void activate_unit(const T(correlation) *c, real *y, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t lanes)
{
    ptrdiff_t pixels = c->OW, length = lanes;
    if (c->y_col == length)
        length *= pixels, pixels = 1;
    if (pixels == 1 && c->y_row == length)
        length *= rows, rows = 1;
    for (ptrdiff_t n = 0; n < images; n++)
        for (ptrdiff_t i = 0; i < rows; i++)
            for (ptrdiff_t j = 0; j < pixels; j++)
                T(activate)(c->act, c->alpha, y + n * c->y_image + i * c->y_row + j * c->y_col, length);
}

static void run_unit(const T(correlation) *c, const plan *p, const T(gemm_kernels) *kern, ptrdiff_t unit)
{
    const ptrdiff_t part = unit % p->panel_blocks, g = unit / p->panel_blocks % c->groups;
    const ptrdiff_t block = unit / p->panel_blocks / c->groups;
    const ptrdiff_t i = block % p->row_blocks * p->RB, n = block / p->row_blocks * p->NB;
    const ptrdiff_t rows = min_size(p->RB, c->OH - i), images = min_size(p->NB, c->N - n);
    const ptrdiff_t first = part_begin(p->panels.panels, p->panel_blocks, part);
    const ptrdiff_t end = part_begin(p->panels.panels, p->panel_blocks, part + 1);
    const ptrdiff_t row = c->off_h + i * c->step_h;
    const real *a = c->x + ((n * c->H + row) * c->W + c->off_w) * c->C + g * c->CG;
    const real *weights = (c->packed ? c->packed : p->pack) + g * p->panels.padded * p->depth;
    real *y = c->y + n * c->y_image + i * c->y_row + g * c->KG;
    if (p->copy) {
        real *copy = p->copies + thread_number() * p->copy_length;
        const ptrdiff_t copy_rows = (rows - 1) * c->step_h + (c->KH - 1) * c->tap_h + 1;
        for (ptrdiff_t m = 0; m < images; m++)
            copy_padded(c, p, copy + m * p->copy_rows * p->copy_columns * p->slice, n + m, row, copy_rows, g);
        a = copy;
    }
    const int light = is_light(c->act), ends = c->residual || (light && c->act != ACTIVATION_none);
    const T(ending) ending = {c->y, c->residual, light ? c->act : ACTIVATION_none, c->alpha};
    /* A few panels at a time, so that their part of y stays in the second-level cache from chunk to chunk. */
    for (ptrdiff_t group = first; group < end; group += p->panel_group) {
        const ptrdiff_t group_end = min_size(end, group + p->panel_group);
        for (ptrdiff_t step = 0; step < p->chunks.count; step++) {
            const chunk ch = chunk_at(&p->chunks, step);
            for (ptrdiff_t panel = group; panel < group_end; panel++) {
                const ptrdiff_t column = panel * p->panels.nr, width = panel_width(&p->panels, panel);
                const reduction red = {p->seg + ch.seg, ch.segs, ch.run, 1, width, p->panels.nr * p->depth,
                                       ends && step == p->chunks.count - 1 ? &ending : NULL};
                kern->block(&red, p->places, images * rows * c->OW, a + ch.k,
                            weights + column * p->depth + (ch.seg * p->run + ch.k) * width, y + column,
                            step == 0 && !c->accumulate ? p->start + g * p->panels.padded + column : NULL,
                            panel_lanes(&p->panels, panel));
            }
        }
        if (!light)
            activate_unit(c, y + group * p->panels.nr, images, rows,
                          min_size(c->KG, group_end * p->panels.nr) - group * p->panels.nr);
    }
}

void T(correlation_pack)(const T(correlation) *c, real *packed, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const plan p = make_plan(c, NULL, 1);
    const ptrdiff_t pieces = c->groups * c->KH * c->KW * pieces_per_tap(c, &p);
    /* Threads share the pieces of w, which are written apart. */
    TEAM_FOR(dynamic, team(threads, (double)p.packed_length), i, pieces, 1, {
        pack_piece(c, &p, kern, packed, i);
    });
}

void T(correlation_run)(const T(correlation) *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const plan p = make_plan(c, scratch, threads);
    const ptrdiff_t pieces = c->packed ? 0 : c->groups * c->KH * c->KW * pieces_per_tap(c, &p);
    fill_tables(c, &p);
    /* Threads share the pieces of w to be packed, then the units: blocks of output pixels, which write apart. */
    const int crew = team(threads, 0.25 * c->N * c->OH * c->OW * c->groups * c->KG * (p.depth + 1));
    TEAM_FOR(dynamic, crew, i, pieces, 1, {
        pack_piece(c, &p, kern, p.pack, i);
    });
    TEAM_FOR(dynamic, crew, i, p.units, 1, {
        run_unit(c, &p, kern, i);
    });
}
