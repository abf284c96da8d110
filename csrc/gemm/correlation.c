/* correlation.c - y (+)= x correlated with w: forward passes, data gradients, dense layers. */
#include "correlation.h"

#include <string.h>

/* How the work is cut. A unit is NB images x RB output rows x one group x some panels. */
typedef struct {
    panelling panels;
    chunking chunks;
    ptrdiff_t RB, row_blocks, NB, image_blocks, panel_blocks, units;
    int copy;                             /* the unit's part of x goes through scratch */
    ptrdiff_t copy_rows, copy_columns;    /* of one image, zeros included */
    ptrdiff_t depth, segs, run;           /* reduction rows of a panel: segs segments of run */
    ptrdiff_t copy_length;                /* elements, per thread */
    real *weights, *start, *copies;       /* scratch: packed panels, padded bias, one copy per thread */
    place *places;
    ptrdiff_t *seg;
    size_t bytes;
} plan;

/* does some tap of some output fall outside x? */
static int leaves(ptrdiff_t off, ptrdiff_t outputs, ptrdiff_t step, ptrdiff_t taps, ptrdiff_t tap, ptrdiff_t size)
{
    return off < 0 || off + (outputs - 1) * step + (taps - 1) * tap >= size;
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
    p.segs = joined ? c->KH : taps;
    p.run = joined ? c->KW * c->CG : c->CG;
    p.chunks = chunks_of(p.segs, p.run, longest);

    /* Enough pixels for a panel's chunk to be used often, few enough for their part of x to stay in the
     * second-level cache; then enough units for many threads, while units stay worth their overhead. */
    const ptrdiff_t pixel = min_size(c->CG, longest) * c->step_w * (ptrdiff_t)sizeof(real);
    const ptrdiff_t pixels = min_size(1024, max_size(48, ABYTES / pixel));
    const ptrdiff_t wanted = ceil_div(16, c->N * c->groups);
    p.RB = min_size(c->OH, max_size(1, pixels / c->OW));
    p.RB = max_size(1, min_size(p.RB, max_size(ceil_div(c->OH, wanted), ceil_div(72, c->OW))));
    p.RB = ceil_div(c->OH, ceil_div(c->OH, p.RB));
    p.row_blocks = ceil_div(c->OH, p.RB);
    p.NB = p.RB < c->OH ? 1 : max_size(1, min_size(pixels / (c->OH * c->OW), c->N / 16));
    p.image_blocks = ceil_div(c->N, p.NB);
    p.units = p.image_blocks * p.row_blocks * c->groups;
    p.panel_blocks = min_size(p.panels.panels, ceil_div(8, p.units));
    p.units *= p.panel_blocks;

    p.copy_rows = (p.RB - 1) * c->step_h + (c->KH - 1) * c->tap_h + 1;
    p.copy_columns = (c->OW - 1) * c->step_w + (c->KW - 1) * c->tap_w + 1;
    p.copy_length = p.copy ? (ptrdiff_t)cache_lines((size_t)(p.NB * p.copy_rows * p.copy_columns * c->CG) * sizeof(real)) /
                                 (ptrdiff_t)sizeof(real)
                           : 0;
    arena a = {scratch, 0};
    p.weights = take(&a, c->groups * p.panels.padded * p.depth, sizeof(real));
    p.start = take(&a, c->groups * p.panels.padded, sizeof(real));
    p.places = take(&a, p.NB * p.RB * c->OW, sizeof(place));
    p.seg = take(&a, p.segs, sizeof(ptrdiff_t));
    p.copies = take(&a, p.copy_length * threads, sizeof(real));
    p.bytes = a.used;
    return p;
}

size_t T(correlation_scratch)(const T(correlation) *c, int threads) { return make_plan(c, NULL, threads).bytes; }

/* Where the pixels of a unit and the taps are, relative to the unit's corner: the same for all units, the
 * smaller ones at an end use the first places only. */
static void fill_tables(const T(correlation) *c, const plan *p)
{
    const ptrdiff_t column = p->copy ? c->CG : c->C;
    const ptrdiff_t row = column * (p->copy ? p->copy_columns : c->W);
    const ptrdiff_t image = row * (p->copy ? p->copy_rows : c->H);
    place *at = p->places;
    for (ptrdiff_t n = 0; n < p->NB; n++)
        for (ptrdiff_t i = 0; i < p->RB; i++)
            for (ptrdiff_t j = 0; j < c->OW; j++)
                *at++ = (place){n * image + i * c->step_h * row + j * c->step_w * column,
                                n * c->y_image + i * c->y_row + j * c->y_col};
    const ptrdiff_t across = p->segs / max_size(c->KH, 1);
    for (ptrdiff_t s = 0; s < p->segs; s++)
        p->seg[s] = s / across * c->tap_h * row + s % across * c->tap_w * column;

    for (ptrdiff_t g = 0; g < c->groups; g++)
        for (ptrdiff_t k = 0; k < p->panels.padded; k++)
            p->start[g * p->panels.padded + k] = c->b && k < c->KG ? c->b[g * c->KG + k] : 0;
}

/* Panel `index` of all groups' panels: [KH][KW][CG][width]. */
static void pack_panel(const T(correlation) *c, const plan *p, const T(gemm_kernels) *kern, ptrdiff_t index)
{
    const ptrdiff_t g = index / p->panels.panels, panel = index % p->panels.panels;
    const ptrdiff_t lanes = panel_lanes(&p->panels, panel), width = panel_width(&p->panels, panel);
    real *to = p->weights + (g * p->panels.padded + panel * p->panels.nr) * p->depth;
    const real *from = c->w + g * c->w_group + panel * p->panels.nr * (c->transposed ? c->w_row : 1);
    for (ptrdiff_t u = 0; u < c->KH; u++)
        for (ptrdiff_t v = 0; v < c->KW; v++, to += c->CG * width)
            (c->transposed ? kern->pack_transposed : kern->pack)(to, from + u * c->w_tap_h + v * c->w_tap_w, c->CG,
                                                                 c->w_row, lanes);
}

/* Rows row .. row + rows of image n, columns off_w .. off_w + copy_columns, channels of group g; 0 outside. */
static void copy_padded(const T(correlation) *c, const plan *p, real *to, ptrdiff_t n, ptrdiff_t row, ptrdiff_t rows,
                        ptrdiff_t g)
{
    const ptrdiff_t columns = p->copy_columns, CG = c->CG;
    const ptrdiff_t left = max_size(0, min_size(columns, -c->off_w));
    const ptrdiff_t inside = max_size(0, min_size(columns - left, c->W - (c->off_w + left)));
    const ptrdiff_t right = columns - left - inside;
    for (ptrdiff_t r = row; r < row + rows; r++, to += columns * CG) {
        if (r < 0 || r >= c->H || inside == 0) {
            memset(to, 0, (size_t)(columns * CG) * sizeof(real));
            continue;
        }
        const real *from = c->x + ((n * c->H + r) * c->W + c->off_w + left) * c->C + g * CG;
        memset(to, 0, (size_t)(left * CG) * sizeof(real));
        if (c->groups == 1)
            memcpy(to + left * CG, from, (size_t)(inside * CG) * sizeof(real));
        else
            for (ptrdiff_t j = 0; j < inside; j++)
                for (ptrdiff_t k = 0; k < CG; k++)
                    to[(left + j) * CG + k] = from[j * c->C + k];
        memset(to + (left + inside) * CG, 0, (size_t)(right * CG) * sizeof(real));
    }
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
    if (p->copy) {
        real *copy = p->copies + thread_number() * p->copy_length;
        const ptrdiff_t copy_rows = (rows - 1) * c->step_h + (c->KH - 1) * c->tap_h + 1;
        for (ptrdiff_t m = 0; m < images; m++)
            copy_padded(c, p, copy + m * p->copy_rows * p->copy_columns * c->CG, n + m, row, copy_rows, g);
        a = copy;
    }
    for (ptrdiff_t step = 0; step < p->chunks.count; step++) {
        const chunk ch = chunk_at(&p->chunks, step);
        for (ptrdiff_t panel = first; panel < end; panel++) {
            const ptrdiff_t column = panel * p->panels.nr, width = panel_width(&p->panels, panel);
            const reduction red = {p->seg + ch.seg, ch.segs, ch.run, 1, width};
            kern->block(&red, p->places, images * rows * c->OW, a + ch.k,
                        p->weights + (g * p->panels.padded + column) * p->depth + (ch.seg * p->run + ch.k) * width,
                        c->y + n * c->y_image + i * c->y_row + g * c->KG + column,
                        step == 0 && !c->accumulate ? p->start + g * p->panels.padded + column : NULL,
                        panel_lanes(&p->panels, panel));
        }
    }
}

void T(correlation_run)(const T(correlation) *c, void *scratch, int threads)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const plan p = make_plan(c, scratch, threads);
    const ptrdiff_t all_panels = c->groups * p.panels.panels;
    fill_tables(c, &p);
    /* Threads share the panels to be packed, then the units: blocks of output pixels, which write apart. */
#pragma omp parallel num_threads(team(threads, 0.25 * c->N * c->OH * c->OW * c->groups * c->KG * (p.depth + 1)))
    {
#pragma omp for schedule(dynamic)
        for (ptrdiff_t i = 0; i < all_panels; i++)
            pack_panel(c, &p, kern, i);
#pragma omp for schedule(dynamic)
        for (ptrdiff_t i = 0; i < p.units; i++)
            run_unit(c, &p, kern, i);
    }
}
