/* norm.c - forward: threads over images, parts of images or rows; statistics of the parts merged in order. */
#include "norm_parts.h"

/* --- by an image's own statistics ------------------------------------------------------------------------ */

typedef struct {
    shape s;
    workspace m;
    const T(norm_kernels) *kernels;
    const real *x, *gamma, *beta;
    real *y, *mean, *low, *var;
    int centred;
    double eps;
    T(ending) end;
} forward;

/* What follows the elements from `at` on. */
static T(ending) ending_at(const forward *f, ptrdiff_t at)
{
    T(ending) end = f->end;
    end.residual = end.residual ? end.residual + at : NULL;
    return end;
}

/* Adds the sums of the first `count` pixels' deviations from the centre. */
static void add_moments(const forward *f, const real *x, ptrdiff_t count, const real *centre, double *sum_d,
                        double *sum_dd)
{
    for (ptrdiff_t c = 0; c < f->s.C; c++)
        sum_d[c] = sum_dd[c] = 0;
    for (ptrdiff_t p = 0; p < count; p += f->s.piece)
        f->kernels->moments(x + p * f->s.C, min_size(f->s.piece, count - p), f->s.C, centre, sum_d, sum_dd);
}

/* Leaves mean and m2, the sum of squared deviations from it, of a part. */
static void measure_part(const forward *f, ptrdiff_t image, ptrdiff_t part)
{
    enum { SAMPLE = 16 }; /* the part of a part whose mean is the centre */
    const shape *s = &f->s;
    const real *x = f->x + (image * s->P + part * s->part) * s->C;
    const ptrdiff_t pixels = part_pixels(s, part), sample = ceil_div(pixels, SAMPLE);
    double *mean = sums_at(&f->m, image, part, 0), *m2 = sums_at(&f->m, image, part, 1);
    real *centre = coefficients_at(&f->m, s, image, FORWARD_COEFFICIENTS + part);
    for (ptrdiff_t c = 0; c < s->C; c++)
        centre[c] = 0;
    if (f->centred) {
        add_moments(f, x, sample, centre, mean, m2);
        for (ptrdiff_t c = 0; c < s->C; c++)
            centre[c] = (real)(mean[c] / (double)sample);
    }
    add_moments(f, x, pixels, centre, mean, m2);
    const double each = f->centred ? 1 / (double)pixels : 0;
    for (ptrdiff_t c = 0; c < s->C; c++) {
        const double left = mean[c] * each, squares = m2[c] - mean[c] * left;
        mean[c] = (double)centre[c] + left;
        m2[c] = squares > 0 ? squares : 0;
    }
}

/* Rounds the statistics of a group and keeps them, if they are asked for. */
static statistics keep_statistics(const forward *f, ptrdiff_t group, double mean, double var)
{
    const real rounded = (real)mean;
    const statistics kept = {rounded, (real)(mean - (double)rounded), (real)var};
    if (f->mean)
        f->mean[group] = kept.mean;
    if (f->low)
        f->low[group] = kept.low;
    if (f->var)
        f->var[group] = kept.var;
    return kept;
}

/* Merges the parts of an image and its channels to groups; turns them into the coefficients of y. */
static void conclude(const forward *f, ptrdiff_t image)
{
    const shape *s = &f->s;
    const ptrdiff_t CG = s->C / s->G;
    double *mean = sums_at(&f->m, image, 0, 0), *m2 = sums_at(&f->m, image, 0, 1);
    for (ptrdiff_t part = 1; part < s->parts; part++)
        f->kernels->merge(mean, m2, part * s->part, sums_at(&f->m, image, part, 0), sums_at(&f->m, image, part, 1),
                          part_pixels(s, part), s->C);
    for (ptrdiff_t g = 0; g < s->G; g++) {
        double of_group = 0, squares = 0;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++)
            of_group += mean[c] / (double)CG;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++)
            squares += m2[c] + (double)s->P * ((mean[c] - of_group) * (mean[c] - of_group));
        const statistics kept = keep_statistics(f, image * s->G + g, of_group, squares / group_size(s));
        map_channels(&f->m, s, image, g * CG, (g + 1) * CG, kept, f->eps, f->gamma, f->beta);
    }
}

static void write_part(const forward *f, ptrdiff_t image, ptrdiff_t part)
{
    const ptrdiff_t at = (image * f->s.P + part * f->s.part) * f->s.C;
    f->kernels->affine(f->x + at, f->y + at, part_pixels(&f->s, part), f->s.C, affine_at(&f->m, &f->s, image),
                       ending_at(f, at));
}

static void forward_image(const forward *f, ptrdiff_t image)
{
    for (ptrdiff_t part = 0; part < f->s.parts; part++)
        measure_part(f, image, part);
    conclude(f, image);
    for (ptrdiff_t part = 0; f->y && part < f->s.parts; part++)
        write_part(f, image, part);
}

static void forward_row(const forward *f, ptrdiff_t row)
{
    const ptrdiff_t length = f->s.C / f->s.G, at = row * length;
    double mean = 0, m2 = 0;
    for (ptrdiff_t i = 0; i < length; i += CHUNK)
        f->kernels->row_moments(f->x + at + i, min_size(CHUNK, length - i), f->centred, i, &mean, &m2);
    const statistics kept = keep_statistics(f, row, mean, m2 / (double)length);
    if (f->y)
        f->kernels->row(f->x + at, f->y + at, length,
                        row_map_of(kept, f->eps, f->gamma, f->beta, row % f->s.G * length), ending_at(f, at));
}

int OP(normalise)(const ARGS(normalise) *a, void *scratch, int threads)
{
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    const forward f = {s, workspace_of(&s, scratch, FORWARD_COEFFICIENTS + s.parts), KERNELS(norm), a->x, a->gamma,
                       a->beta, a->y, a->mean, a->low, a->var, a->centred != 0, a->eps, {a->residual, a->act, (real)a->alpha}};
    const double work = 6 * elements(&s);
    if (s.P == 1) {
        const ptrdiff_t rows = s.N * s.G, chunk = ceil_div(CHUNK, s.C / s.G);
        /* over chunks of rows: each row is normalised by itself */
        TEAM_FOR(static, team(threads, work), start, rows, chunk, {
            for (ptrdiff_t row = start; row < min_size(start + chunk, rows); row++)
                forward_row(&f, row);
        });
    } else if (takes_whole_images(&s)) {
        /* over images: each is normalised by itself */
        TEAM_FOR(static, team(threads, work), image, s.N, 1, {
            forward_image(&f, image);
        });
    } else {
        /* over the parts of images: their statistics, and when those of the images are known, y */
        TEAM_FOR(static, team(threads, work), i, s.N * s.parts, 1, {
            measure_part(&f, i / s.parts, i % s.parts);
        });
        for (ptrdiff_t image = 0; image < s.N; image++)
            conclude(&f, image);
        TEAM_FOR(static, team(threads, work), i, f.y ? s.N * s.parts : 0, 1, {
            write_part(&f, i / s.parts, i % s.parts);
        });
    }
    return 0;
}

size_t OP_SCRATCH(normalise)(const ARGS(normalise) *a, int threads)
{
    (void)threads;
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    return s.P == 1 ? 0 : (size_t)s.N * workspace_of(&s, NULL, FORWARD_COEFFICIENTS + s.parts).image;
}

/* --- with statistics that are given: one image, whose groups are the channels --------------------------- */

int OP(normalise_by)(const ARGS(normalise_by) *a, void *scratch, int threads)
{
    const shape s = shape_of(1, a->M, a->C, a->C);
    const forward f = {.s = s, .m = workspace_of(&s, scratch, FORWARD_COEFFICIENTS), .kernels = KERNELS(norm),
                       .x = a->x, .y = a->y, .end = {a->residual, a->act, (real)a->alpha}};
    for (ptrdiff_t c = 0; c < s.C; c++)
        map_channels(&f.m, &s, 0, c, c + 1, (statistics){a->mean[c], 0, a->var[c]}, a->eps, a->gamma, a->beta);
    /* over parts of the image: elements know nothing of each other */
    TEAM_FOR(static, team(threads, 2 * elements(&s)), part, s.parts, 1, {
        write_part(&f, 0, part);
    });
    return 0;
}

size_t OP_SCRATCH(normalise_by)(const ARGS(normalise_by) *a, int threads)
{
    (void)threads;
    const shape s = shape_of(1, a->M, a->C, a->C);
    return workspace_of(&s, NULL, FORWARD_COEFFICIENTS).image;
}
