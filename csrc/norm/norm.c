/* norm.c - threads over images, parts of images or rows; statistics of the parts merged in order. */
#include "norm.h"

#include <math.h>

#include "../core/threads.h"

/* What all four operations are: images (P, C), of which the two with given statistics have one. */
typedef struct {
    ptrdiff_t N, P, C, G;
    ptrdiff_t piece, part, parts; /* pixels that are read twice; pixels of a part of an image, and its parts */
} shape;

/* An image has at most PARTS parts, whatever the number of threads. */
enum { PARTS = 64, LEAST_PIECE = 32 };

static shape shape_of(ptrdiff_t N, ptrdiff_t P, ptrdiff_t C, ptrdiff_t G)
{
    shape s = {.N = N, .P = P, .C = C, .G = G, .piece = max_size(LEAST_PIECE, ceil_div(CHUNK, C))};
    s.part = s.piece * ceil_div(P, s.piece * PARTS);
    s.parts = ceil_div(P, s.part);
    return s;
}

static ptrdiff_t part_pixels(const shape *s, ptrdiff_t part) { return min_size(s->part, s->P - part * s->part); }
static double elements(const shape *s) { return (double)s->N * (double)(s->P * s->C); }
static double group_size(const shape *s) { return (double)s->P * (double)(s->C / s->G); }

/* Many small images: a thread takes one after the other, and passes over each as long as it is in its cache. Few
 * large ones are cut into parts. The bits are the same either way. */
static int takes_whole_images(const shape *s)
{
    enum { ENOUGH = 16, CACHE = 1 << 16 };
    return s->parts == 1 || (s->N >= ENOUGH && s->P * s->C <= CACHE);
}

static double inverse_deviation(double var, double eps) { return 1 / sqrt(var + eps); }

/* --- scratch: for each image, two sums for each part and channel, and coefficients --------------------- */

typedef struct {
    char *start;
    size_t sums, vector, image; /* bytes of C doubles, of C reals, and of all that an image has */
} workspace;

static workspace workspace_of(const shape *s, void *scratch, int coefficients)
{
    workspace m = {.start = scratch, .sums = cache_lines((size_t)s->C * sizeof(double)),
                   .vector = cache_lines((size_t)s->C * sizeof(real))}; /* whole lines: padding enough for any vector */
    m.image = 2 * (size_t)s->parts * m.sums + (size_t)coefficients * m.vector;
    return m;
}

static double *sums_at(const workspace *m, ptrdiff_t image, ptrdiff_t part, int which)
{
    return (double *)(m->start + (size_t)image * m->image + (size_t)(2 * part + which) * m->sums);
}

static real *coefficients_at(const workspace *m, const shape *s, ptrdiff_t image, int which)
{
    return (real *)(m->start + (size_t)image * m->image + 2 * (size_t)s->parts * m->sums + (size_t)which * m->vector);
}

enum { CENTRE, SCALE, SHIFT, SLOPE, FORWARD_COEFFICIENTS = SLOPE, BACKWARD_COEFFICIENTS };

static T(affine) affine_at(const workspace *m, const shape *s, ptrdiff_t image)
{
    return (T(affine)){coefficients_at(m, s, image, CENTRE), coefficients_at(m, s, image, SCALE),
                       coefficients_at(m, s, image, SHIFT)};
}

/* --- forward ------------------------------------------------------------------------------------------- */

typedef struct {
    shape s;
    workspace m;
    const T(norm_kernels) *kernels;
    const real *x, *gamma, *beta;
    real *y, *mean, *low, *var;
    int centred;
    double eps;
} forward;

static void measure_part(const forward *f, ptrdiff_t image, ptrdiff_t part)
{
    const shape *s = &f->s;
    const real *x = f->x + (image * s->P + part * s->part) * s->C;
    const ptrdiff_t pixels = part_pixels(s, part);
    for (ptrdiff_t p = 0; p < pixels; p += s->piece)
        f->kernels->moments(x + p * s->C, min_size(s->piece, pixels - p), s->C, f->centred, p,
                            sums_at(&f->m, image, part, 0), sums_at(&f->m, image, part, 1));
}

/* Keeps the statistics of group g of an image, if they are asked for; returns the mean as the kernels subtract it. */
static real keep_statistics(const forward *f, ptrdiff_t group, double mean, double var)
{
    const real rounded = (real)mean;
    if (f->mean)
        f->mean[group] = rounded;
    if (f->low)
        f->low[group] = (real)(mean - (double)rounded);
    if (f->var)
        f->var[group] = (real)var;
    return rounded;
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
    real *centre = coefficients_at(&f->m, s, image, CENTRE), *scale = coefficients_at(&f->m, s, image, SCALE);
    real *shift = coefficients_at(&f->m, s, image, SHIFT);
    for (ptrdiff_t g = 0; g < s->G; g++) {
        double of_group = 0, squares = 0;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++)
            of_group += mean[c] / (double)CG;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++)
            squares += m2[c] + (double)s->P * ((mean[c] - of_group) * (mean[c] - of_group));
        double var = squares / group_size(s), rstd = inverse_deviation(var, f->eps);
        real rounded = keep_statistics(f, image * s->G + g, of_group, var);
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++) {
            double slope = f->gamma ? rstd * (double)f->gamma[c] : rstd;
            centre[c] = rounded;
            scale[c] = (real)slope;
            shift[c] = (real)((f->beta ? (double)f->beta[c] : 0) - (of_group - (double)rounded) * slope);
        }
    }
}

static void write_part(const forward *f, ptrdiff_t image, ptrdiff_t part)
{
    const ptrdiff_t at = (image * f->s.P + part * f->s.part) * f->s.C;
    f->kernels->affine(f->x + at, f->y + at, part_pixels(&f->s, part), f->s.C, affine_at(&f->m, &f->s, image), 0);
}

static void forward_image(const forward *f, ptrdiff_t image)
{
    for (ptrdiff_t part = 0; part < f->s.parts; part++)
        measure_part(f, image, part);
    conclude(f, image);
    for (ptrdiff_t part = 0; f->y && part < f->s.parts; part++)
        write_part(f, image, part);
}

/* One pixel: a group is a row of neighbours. */
static void forward_row(const forward *f, ptrdiff_t row)
{
    const ptrdiff_t length = f->s.C / f->s.G, channel = row % f->s.G * length;
    const real *x = f->x + row * length;
    double mean = 0, m2 = 0;
    for (ptrdiff_t i = 0; i < length; i += CHUNK)
        f->kernels->row_moments(x + i, min_size(CHUNK, length - i), f->centred, i, &mean, &m2);
    double var = m2 / (double)length;
    real rounded = keep_statistics(f, row, mean, var);
    if (!f->y)
        return;
    T(row_statistics) s = {rounded, (real)(mean - (double)rounded), (real)inverse_deviation(var, f->eps)};
    f->kernels->row(x, f->y + row * length, length, s, f->gamma ? f->gamma + channel : NULL,
                    f->beta ? f->beta + channel : NULL);
}

int OP(normalise)(const ARGS(normalise) *a, void *scratch, int threads)
{
    (void)threads;
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    const forward f = {s, workspace_of(&s, scratch, FORWARD_COEFFICIENTS), KERNELS(norm), a->x, a->gamma, a->beta, a->y,
                       a->mean, a->low, a->var, a->centred != 0, a->eps};
    const double work = 6 * elements(&s);
    (void)work;
    if (s.P == 1) {
        const ptrdiff_t rows = s.N * s.G, chunk = ceil_div(CHUNK, s.C / s.G);
        /* over chunks of rows: each row is normalised by itself */
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t start = 0; start < rows; start += chunk)
            for (ptrdiff_t row = start; row < min_size(start + chunk, rows); row++)
                forward_row(&f, row);
    } else if (takes_whole_images(&s)) {
        /* over images: each is normalised by itself */
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t image = 0; image < s.N; image++)
            forward_image(&f, image);
    } else {
        /* over the parts of images: their statistics, and when those of the images are known, y */
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t i = 0; i < s.N * s.parts; i++)
            measure_part(&f, i / s.parts, i % s.parts);
        for (ptrdiff_t image = 0; image < s.N; image++)
            conclude(&f, image);
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t i = 0; i < (f.y ? s.N * s.parts : 0); i++)
            write_part(&f, i / s.parts, i % s.parts);
    }
    return 0;
}

size_t OP_SCRATCH(normalise)(const ARGS(normalise) *a, int threads)
{
    (void)threads;
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    return s.P == 1 ? 0 : (size_t)s.N * workspace_of(&s, NULL, FORWARD_COEFFICIENTS).image;
}

/* --- backward ------------------------------------------------------------------------------------------ */

typedef struct {
    shape s;
    workspace m;
    const T(norm_kernels) *kernels;
    const real *dy, *x, *gamma, *mean, *low, *var;
    real *dx, *dgamma, *dbeta;
    int centred;
    double eps;
    int accumulate_dx, accumulate;
} backward;

static double low_of(const backward *b, ptrdiff_t group) { return b->low ? (double)b->low[group] : 0; }

/* What the sums and dx of an image subtract from x. */
static void prepare(const backward *b, ptrdiff_t image)
{
    const ptrdiff_t CG = b->s.C / b->s.G;
    real *centre = coefficients_at(&b->m, &b->s, image, CENTRE);
    for (ptrdiff_t c = 0; c < b->s.C; c++)
        centre[c] = b->mean[image * b->s.G + c / CG];
}

static void sum_part(const backward *b, ptrdiff_t image, ptrdiff_t part)
{
    const shape *s = &b->s;
    const ptrdiff_t at = (image * s->P + part * s->part) * s->C, pixels = part_pixels(s, part);
    for (ptrdiff_t p = 0; p < pixels; p += s->piece)
        b->kernels->products(b->dy + at + p * s->C, b->x ? b->x + at + p * s->C : NULL, min_size(s->piece, pixels - p),
                             s->C, coefficients_at(&b->m, s, image, CENTRE), p == 0, sums_at(&b->m, image, part, 0),
                             sums_at(&b->m, image, part, 1));
}

/* Adds both sums (C) of one part to those of another. */
static void add_sums(const backward *b, ptrdiff_t image, ptrdiff_t part, ptrdiff_t to_image)
{
    for (int which = 0; which < 2; which++) {
        double *to = sums_at(&b->m, to_image, 0, which);
        const double *from = sums_at(&b->m, image, part, which);
        for (ptrdiff_t c = 0; c < b->s.C; c++)
            to[c] += from[c];
    }
}

/* Adds up the parts of an image, which leaves the sums of dy and dy z there, and turns them into dx's coefficients. */
static void conclude_dx(const backward *b, ptrdiff_t image)
{
    const shape *s = &b->s;
    const ptrdiff_t CG = s->C / s->G;
    double *sum_dy = sums_at(&b->m, image, 0, 0), *sum_dyz = sums_at(&b->m, image, 0, 1);
    for (ptrdiff_t part = 1; part < s->parts; part++)
        add_sums(b, image, part, image);
    real *slope = coefficients_at(&b->m, s, image, SLOPE), *scale = coefficients_at(&b->m, s, image, SCALE);
    real *shift = coefficients_at(&b->m, s, image, SHIFT);
    for (ptrdiff_t g = 0; g < s->G; g++) {
        const double low = low_of(b, image * s->G + g);
        const double rstd = inverse_deviation((double)b->var[image * s->G + g], b->eps);
        double sum = 0, product = 0;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++) {
            const double gamma = b->gamma ? (double)b->gamma[c] : 1;
            sum_dyz[c] = rstd * (sum_dyz[c] - low * sum_dy[c]);
            sum += gamma * sum_dy[c];
            product += gamma * sum_dyz[c];
        }
        const double by_z = -rstd * rstd * product / group_size(s);
        const double fixed = (b->centred ? -rstd * sum / group_size(s) : 0) - by_z * low;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++) {
            slope[c] = (real)(b->gamma ? rstd * (double)b->gamma[c] : rstd);
            scale[c] = (real)by_z;
            shift[c] = (real)fixed;
        }
    }
}

static void write_part_dx(const backward *b, ptrdiff_t image, ptrdiff_t part)
{
    const shape *s = &b->s;
    const ptrdiff_t at = (image * s->P + part * s->part) * s->C, pixels = part_pixels(s, part);
    b->kernels->affine_dx(b->dy + at, b->x + at, b->dx + at, pixels, s->C, coefficients_at(&b->m, s, image, SLOPE),
                          affine_at(&b->m, s, image), b->accumulate_dx);
}

static void backward_image(const backward *b, ptrdiff_t image)
{
    prepare(b, image);
    for (ptrdiff_t part = 0; part < b->s.parts; part++)
        sum_part(b, image, part);
    conclude_dx(b, image);
    for (ptrdiff_t part = 0; b->dx && part < b->s.parts; part++)
        write_part_dx(b, image, part);
}

static void put(const backward *b, real *gradient, ptrdiff_t c, double sum)
{
    if (gradient)
        gradient[c] = (real)(b->accumulate ? (double)gradient[c] + sum : sum);
}

static void backward_images(const backward *b, int threads)
{
    const shape *s = &b->s;
    const double work = 8 * elements(s);
    (void)work, (void)threads;
    if (takes_whole_images(s)) {
        /* over images: dx of each depends on its own sums only */
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t image = 0; image < s->N; image++)
            backward_image(b, image);
    } else {
        for (ptrdiff_t image = 0; image < s->N; image++)
            prepare(b, image);
        /* over the parts of images: their sums, and when those of the images are known, dx */
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t i = 0; i < s->N * s->parts; i++)
            sum_part(b, i / s->parts, i % s->parts);
        for (ptrdiff_t image = 0; image < s->N; image++)
            conclude_dx(b, image);
        #pragma omp parallel for num_threads(team(threads, work)) schedule(static)
        for (ptrdiff_t i = 0; i < (b->dx ? s->N * s->parts : 0); i++)
            write_part_dx(b, i / s->parts, i % s->parts);
    }
    double *dbeta = sums_at(&b->m, 0, 0, 0), *dgamma = sums_at(&b->m, 0, 0, 1);
    for (ptrdiff_t image = 1; image < s->N; image++)
        add_sums(b, image, 0, 0);
    for (ptrdiff_t c = 0; c < s->C; c++) {
        put(b, b->dbeta, c, dbeta[c]);
        put(b, b->dgamma, c, dgamma[c]);
    }
}

/* --- backward, one pixel: images in blocks, each with sums (C) for dgamma and dbeta ---------------------- */

static ptrdiff_t images_of_block(const shape *s) { return max_size(ceil_div(s->N, PARTS), ceil_div(CHUNK, s->C)); }

static void backward_row(const backward *b, ptrdiff_t row, real *dgamma, real *dbeta)
{
    const ptrdiff_t length = b->s.C / b->s.G, channel = row % b->s.G * length, at = row * length;
    const double low = low_of(b, row), rstd = inverse_deviation((double)b->var[row], b->eps);
    const T(row_statistics) s = {b->mean[row], (real)low, (real)rstd};
    const real *gamma = b->gamma ? b->gamma + channel : NULL;
    double sum = 0, product = 0;
    for (ptrdiff_t i = 0; i < length; i += CHUNK)
        b->kernels->row_sums(b->dy + at + i, b->x + at + i, min_size(CHUNK, length - i), s, gamma ? gamma + i : NULL,
                             dgamma ? dgamma + channel + i : NULL, dbeta ? dbeta + channel + i : NULL, &sum, &product);
    if (!b->dx)
        return;
    const double by_z = -rstd * rstd * rstd * (product - low * sum) / (double)length;
    const double fixed = (b->centred ? -rstd * sum / (double)length : 0) - by_z * low;
    b->kernels->row_dx(b->dy + at, b->x + at, b->dx + at, length, s, gamma, (real)by_z, (real)fixed,
                       b->accumulate_dx);
}

static void backward_rows(const backward *b, int threads)
{
    const shape *s = &b->s;
    const ptrdiff_t block = images_of_block(s), blocks = ceil_div(s->N, block);
    const size_t vector = b->m.vector, both = 2 * vector;
    char *sums = b->m.start;
    (void)threads;
    /* over blocks of images, each with sums of its own */
    #pragma omp parallel for num_threads(team(threads, 8 * elements(s))) schedule(static)
    for (ptrdiff_t i = 0; i < blocks; i++) {
        real *dgamma = (real *)(sums + (size_t)i * both), *dbeta = (real *)(sums + (size_t)i * both + vector);
        for (ptrdiff_t c = 0; c < s->C; c++)
            dgamma[c] = dbeta[c] = 0;
        for (ptrdiff_t row = i * block * s->G; row < min_size((i + 1) * block, s->N) * s->G; row++)
            backward_row(b, row, b->dgamma ? dgamma : NULL, b->dbeta ? dbeta : NULL);
    }
    for (ptrdiff_t c = 0; c < s->C; c++) {
        double dgamma = 0, dbeta = 0;
        for (ptrdiff_t i = 0; i < blocks; i++) {
            dgamma += (double)((real *)(sums + (size_t)i * both))[c];
            dbeta += (double)((real *)(sums + (size_t)i * both + vector))[c];
        }
        put(b, b->dgamma, c, dgamma);
        put(b, b->dbeta, c, dbeta);
    }
}

int OP(normalise_dx)(const ARGS(normalise_dx) *a, void *scratch, int threads)
{
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    const backward b = {s, workspace_of(&s, scratch, BACKWARD_COEFFICIENTS), KERNELS(norm), a->dy, a->x, a->gamma,
                        a->mean, a->low, a->var, a->dx, a->dgamma, a->dbeta, a->centred != 0, a->eps,
                        a->accumulate_dx != 0, a->accumulate != 0};
    if (s.P == 1)
        backward_rows(&b, threads);
    else
        backward_images(&b, threads);
    return 0;
}

size_t OP_SCRATCH(normalise_dx)(const ARGS(normalise_dx) *a, int threads)
{
    (void)threads;
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    const workspace m = workspace_of(&s, NULL, BACKWARD_COEFFICIENTS);
    return s.P == 1 ? (size_t)ceil_div(s.N, images_of_block(&s)) * 2 * m.vector : (size_t)s.N * m.image;
}

/* --- with statistics that are given: one image, whose groups are the channels --------------------------- */

int OP(normalise_by)(const ARGS(normalise_by) *a, void *scratch, int threads)
{
    (void)threads;
    const shape s = shape_of(1, a->M, a->C, a->C);
    const forward f = {.s = s, .m = workspace_of(&s, scratch, FORWARD_COEFFICIENTS), .kernels = KERNELS(norm),
                       .x = a->x, .y = a->y};
    real *centre = coefficients_at(&f.m, &s, 0, CENTRE), *scale = coefficients_at(&f.m, &s, 0, SCALE);
    real *shift = coefficients_at(&f.m, &s, 0, SHIFT);
    for (ptrdiff_t c = 0; c < s.C; c++) {
        const double rstd = inverse_deviation((double)a->var[c], a->eps);
        centre[c] = a->mean[c];
        scale[c] = (real)(a->gamma ? rstd * (double)a->gamma[c] : rstd);
        shift[c] = a->beta ? a->beta[c] : 0;
    }
    /* over parts of the image: elements know nothing of each other */
    #pragma omp parallel for num_threads(team(threads, 2 * elements(&s))) schedule(static)
    for (ptrdiff_t part = 0; part < s.parts; part++)
        write_part(&f, 0, part);
    return 0;
}

size_t OP_SCRATCH(normalise_by)(const ARGS(normalise_by) *a, int threads)
{
    (void)threads;
    const shape s = shape_of(1, a->M, a->C, a->C);
    return workspace_of(&s, NULL, FORWARD_COEFFICIENTS).image;
}

int OP(normalise_by_dx)(const ARGS(normalise_by_dx) *a, void *scratch, int threads)
{
    (void)threads;
    const shape s = shape_of(1, a->M, a->C, a->C);
    const backward b = {.s = s, .m = workspace_of(&s, scratch, BACKWARD_COEFFICIENTS), .kernels = KERNELS(norm),
                        .dy = a->dy, .x = a->dgamma ? a->x : NULL, .mean = a->mean, .accumulate = a->accumulate != 0};
    if (a->dgamma || a->dbeta) {
        prepare(&b, 0);
        /* over parts of the image: their sums */
        #pragma omp parallel for num_threads(team(threads, 4 * elements(&s))) schedule(static)
        for (ptrdiff_t part = 0; part < s.parts; part++)
            sum_part(&b, 0, part);
        for (ptrdiff_t part = 1; part < s.parts; part++)
            add_sums(&b, 0, part, 0);
        for (ptrdiff_t c = 0; c < s.C; c++) {
            put(&b, a->dbeta, c, sums_at(&b.m, 0, 0, 0)[c]);
            put(&b, a->dgamma, c, sums_at(&b.m, 0, 0, 1)[c] * inverse_deviation((double)a->var[c], a->eps));
        }
    }
    if (!a->dx)
        return 0;
    real *nothing = coefficients_at(&b.m, &s, 0, CENTRE), *slope = coefficients_at(&b.m, &s, 0, SLOPE);
    for (ptrdiff_t c = 0; c < s.C; c++) {
        nothing[c] = 0;
        slope[c] = (real)(inverse_deviation((double)a->var[c], a->eps) * (a->gamma ? (double)a->gamma[c] : 1));
    }
    /* over parts of the image: elements know nothing of each other */
    #pragma omp parallel for num_threads(team(threads, 2 * elements(&s))) schedule(static)
    for (ptrdiff_t part = 0; part < s.parts; part++)
        b.kernels->affine(a->dy + part * s.part * s.C, a->dx + part * s.part * s.C, part_pixels(&s, part), s.C,
                          (T(affine)){nothing, slope, nothing}, a->accumulate_dx != 0);
    return 0;
}

size_t OP_SCRATCH(normalise_by_dx)(const ARGS(normalise_by_dx) *a, int threads)
{
    (void)threads;
    const shape s = shape_of(1, a->M, a->C, a->C);
    return workspace_of(&s, NULL, BACKWARD_COEFFICIENTS).image;
}
