/* norm_dx.c - backward: threads over images, parts of images or rows; sums of the parts added in order. */
#include "../activation/activation.h"
#include "norm_parts.h"

typedef struct {
    shape s;
    workspace m;
    const T(norm_kernels) *kernels;
    const real *x, *gamma, *beta, *mean, *low, *var;
    real *dx, *dgamma, *dbeta;
    int centred;
    double eps;
    int accumulate_dx, accumulate;
    const real *dy, *y;
    ptrdiff_t act;
    real alpha;
    real *dresidual;
    int add_dresidual;
    char *rooms; /* one for each thread, for dt */
} backward;

static statistics statistics_at(const backward *b, ptrdiff_t group)
{
    return (statistics){b->mean[group], b->low ? b->low[group] : 0, b->var[group]};
}

/* Bytes of a thread's room for dt: none where kernels find it by themselves, or where it stays as dresidual. */
static size_t room_of(const shape *s, const real *y, const real *dresidual, ptrdiff_t add_dresidual)
{
    const int made = y != NULL || dresidual != NULL, stays = dresidual != NULL && !add_dresidual;
    const ptrdiff_t length = (s->P == 1 ? 1 : s->piece) * s->C;
    return made && !stays ? cache_lines((size_t)length * sizeof(real)) : 0;
}

/* dx (+)= dy act'(from); dx may be dy */
static void through_activation(ptrdiff_t act, real alpha, const real *dy, const real *from, real *dx, ptrdiff_t length,
                               int accumulate)
{
    if (act != ACTIVATION_none)
        KERNELS(activation)->dx_by_number[act](dy, from, dx, length, alpha, accumulate);
    else
        for (ptrdiff_t i = 0; i < length; i++)
            dx[i] = accumulate ? dx[i] + dy[i] : dy[i];
}

/* What the kernels read as dy: dy itself, if they can tell act' from v; or dt, of `length` elements from `at` on. Then
 * the first pass leaves dt as the residual's gradient; the second finds it there, or makes it again. */
static T(beginning) beginning_at(const backward *b, ptrdiff_t at, ptrdiff_t length, int first)
{
    const real *dy = b->dy + at, *y = b->y ? b->y + at : NULL;
    if (!b->y && !b->dresidual)
        return (T(beginning)){dy, b->act, b->alpha};
    if (b->dresidual && first)
        through_activation(b->act, b->alpha, dy, y, b->dresidual + at, length, b->add_dresidual);
    if (b->dresidual && !b->add_dresidual)
        return (T(beginning)){b->dresidual + at, ACTIVATION_none, 0};
    const size_t room = room_of(&b->s, b->y, b->dresidual, b->add_dresidual);
    real *dt = (real *)(b->rooms + (size_t)thread_number() * room);
    through_activation(b->act, b->alpha, dy, y, dt, length, 0);
    return (T(beginning)){dt, ACTIVATION_none, 0};
}

static void prepare(const backward *b, ptrdiff_t image)
{
    const ptrdiff_t CG = b->s.C / b->s.G;
    for (ptrdiff_t g = 0; g < b->s.G; g++)
        map_channels(&b->m, &b->s, image, g * CG, (g + 1) * CG, statistics_at(b, image * b->s.G + g), b->eps, b->gamma,
                     b->beta);
}

static void sum_part(const backward *b, ptrdiff_t image, ptrdiff_t part)
{
    const shape *s = &b->s;
    const ptrdiff_t start = (image * s->P + part * s->part) * s->C, pixels = part_pixels(s, part);
    double *sum_dt = sums_at(&b->m, image, part, 0), *sum_dtd = sums_at(&b->m, image, part, 1);
    for (ptrdiff_t c = 0; c < s->C; c++)
        sum_dt[c] = sum_dtd[c] = 0;
    for (ptrdiff_t p = 0; p < pixels; p += s->piece) {
        const ptrdiff_t at = start + p * s->C, count = min_size(s->piece, pixels - p);
        b->kernels->products(beginning_at(b, at, count * s->C, 1), b->x + at, count, s->C, affine_at(&b->m, s, image),
                             sum_dt, sum_dtd);
    }
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

/* Adds up the parts of an image, which leaves the sums of dt and dt z there, and turns them into dx's coefficients. */
static void conclude_dx(const backward *b, ptrdiff_t image)
{
    const shape *s = &b->s;
    const ptrdiff_t CG = s->C / s->G;
    double *sum_dt = sums_at(&b->m, image, 0, 0), *sum_dtz = sums_at(&b->m, image, 0, 1);
    for (ptrdiff_t part = 1; part < s->parts; part++)
        add_sums(b, image, part, image);
    real *by_d = coefficients_at(&b->m, s, image, BY_D), *constant = coefficients_at(&b->m, s, image, CONSTANT);
    for (ptrdiff_t g = 0; g < s->G; g++) {
        const statistics of = statistics_at(b, image * s->G + g);
        const double low = (double)of.low, rstd = inverse_deviation((double)of.var, b->eps);
        double sum = 0, product = 0;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++) {
            const double gamma = b->gamma ? (double)b->gamma[c] : 1;
            sum_dtz[c] = rstd * (sum_dtz[c] - low * sum_dt[c]);
            sum += gamma * sum_dt[c];
            product += gamma * sum_dtz[c];
        }
        const double by_z = -rstd * rstd * product / group_size(s);
        const double fixed = (b->centred ? -rstd * sum / group_size(s) : 0) - by_z * low;
        for (ptrdiff_t c = g * CG; c < (g + 1) * CG; c++) {
            by_d[c] = (real)by_z;
            constant[c] = (real)fixed;
        }
    }
}

static void write_part_dx(const backward *b, ptrdiff_t image, ptrdiff_t part)
{
    const shape *s = &b->s;
    const ptrdiff_t start = (image * s->P + part * s->part) * s->C, pixels = part_pixels(s, part);
    for (ptrdiff_t p = 0; p < pixels; p += s->piece) {
        const ptrdiff_t at = start + p * s->C, count = min_size(s->piece, pixels - p);
        b->kernels->affine_dx(beginning_at(b, at, count * s->C, 0), b->x + at, b->dx + at, count, s->C,
                              affine_at(&b->m, s, image), coefficients_at(&b->m, s, image, BY_D),
                              coefficients_at(&b->m, s, image, CONSTANT), b->accumulate_dx);
    }
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
    if (takes_whole_images(s)) {
        /* over images: dx of each depends on its own sums only */
        TEAM_FOR(static, team(threads, work), image, s->N, 1, {
            backward_image(b, image);
        });
    } else {
        for (ptrdiff_t image = 0; image < s->N; image++)
            prepare(b, image);
        /* over the parts of images: their sums, and when those of the images are known, dx */
        TEAM_FOR(static, team(threads, work), i, s->N * s->parts, 1, {
            sum_part(b, i / s->parts, i % s->parts);
        });
        for (ptrdiff_t image = 0; image < s->N; image++)
            conclude_dx(b, image);
        TEAM_FOR(static, team(threads, work), i, b->dx ? s->N * s->parts : 0, 1, {
            write_part_dx(b, i / s->parts, i % s->parts);
        });
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
    const statistics of = statistics_at(b, row);
    const double low = (double)of.low, rstd = inverse_deviation((double)of.var, b->eps);
    const T(row_map) f = row_map_of(of, b->eps, b->gamma, b->beta, channel);
    const T(beginning) in = beginning_at(b, at, length, 1);
    double sum = 0, product = 0;
    for (ptrdiff_t i = 0; i < length; i += CHUNK) {
        const T(row_map) from = {f.mean, f.low, f.rstd, f.gamma ? f.gamma + i : NULL, f.beta ? f.beta + i : NULL};
        b->kernels->row_sums((T(beginning)){in.dy + i, in.act, in.alpha}, b->x + at + i, min_size(CHUNK, length - i),
                             from, dgamma ? dgamma + channel + i : NULL, dbeta ? dbeta + channel + i : NULL, &sum, &product);
    }
    if (!b->dx)
        return;
    const double by_z = -rstd * rstd * rstd * (product - low * sum) / (double)length;
    const double fixed = (b->centred ? -rstd * sum / (double)length : 0) - by_z * low;
    b->kernels->row_dx(in, b->x + at, b->dx + at, length, f, (real)by_z, (real)fixed,
                       b->accumulate_dx);
}

static void backward_rows(const backward *b, int threads)
{
    const shape *s = &b->s;
    const ptrdiff_t block = images_of_block(s), blocks = ceil_div(s->N, block);
    const size_t vector = b->m.vector, both = 2 * vector;
    char *sums = b->m.start;
    /* over blocks of images, each with sums of its own */
    TEAM_FOR(static, team(threads, 8 * elements(s)), i, blocks, 1, {
        real *dgamma = (real *)(sums + (size_t)i * both), *dbeta = (real *)(sums + (size_t)i * both + vector);
        for (ptrdiff_t c = 0; c < s->C; c++)
            dgamma[c] = dbeta[c] = 0;
        for (ptrdiff_t row = i * block * s->G; row < min_size((i + 1) * block, s->N) * s->G; row++)
            backward_row(b, row, b->dgamma ? dgamma : NULL, b->dbeta ? dbeta : NULL);
    });
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

static size_t bytes_of(const shape *s, const workspace *m)
{
    return s->P == 1 ? (size_t)ceil_div(s->N, images_of_block(s)) * 2 * m->vector : (size_t)s->N * m->image;
}

int OP(normalise_dx)(const ARGS(normalise_dx) *a, void *scratch, int threads)
{
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    const workspace m = workspace_of(&s, scratch, BACKWARD_COEFFICIENTS);
    const backward b = {s, m, KERNELS(norm), a->x, a->gamma, a->beta, a->mean, a->low, a->var, a->dx, a->dgamma,
                        a->dbeta, a->centred != 0, a->eps, a->accumulate_dx != 0, a->accumulate != 0, a->dy, a->y,
                        a->act, (real)a->alpha, a->dresidual, a->accumulate_dresidual != 0, m.start + bytes_of(&s, &m)};
    if (s.P == 1)
        backward_rows(&b, threads);
    else
        backward_images(&b, threads);
    return 0;
}

size_t OP_SCRATCH(normalise_dx)(const ARGS(normalise_dx) *a, int threads)
{
    const shape s = shape_of(a->N, a->M / a->N, a->C, a->G);
    const workspace m = workspace_of(&s, NULL, BACKWARD_COEFFICIENTS);
    return bytes_of(&s, &m) + (size_t)threads * room_of(&s, a->y, a->dresidual, a->accumulate_dresidual);
}

/* --- with statistics that are given: one image, whose groups are the channels --------------------------- */

int OP(normalise_by_dx)(const ARGS(normalise_by_dx) *a, void *scratch, int threads)
{
    const shape s = shape_of(1, a->M, a->C, a->C);
    const workspace m = workspace_of(&s, scratch, BACKWARD_COEFFICIENTS);
    const backward b = {.s = s, .m = m, .kernels = KERNELS(norm), .x = a->x ? a->x : a->dy, /* not used then */
                        .gamma = a->gamma, .beta = a->beta, .mean = a->mean, .var = a->var, .eps = a->eps,
                        .dx = a->dx, .accumulate_dx = a->accumulate_dx != 0, .accumulate = a->accumulate != 0,
                        .dy = a->dy, .y = a->y, .act = a->act, .alpha = (real)a->alpha, .dresidual = a->dresidual,
                        .add_dresidual = a->accumulate_dresidual != 0, .rooms = m.start + m.image};
    prepare(&b, 0);
    if (a->dgamma || a->dbeta || a->dresidual) {
        /* over parts of the image: their sums */
        TEAM_FOR(static, team(threads, 4 * elements(&s)), part, s.parts, 1, {
            sum_part(&b, 0, part);
        });
        for (ptrdiff_t part = 1; part < s.parts; part++)
            add_sums(&b, 0, part, 0);
        for (ptrdiff_t c = 0; c < s.C; c++) {
            put(&b, a->dbeta, c, sums_at(&b.m, 0, 0, 0)[c]);
            put(&b, a->dgamma, c, sums_at(&b.m, 0, 0, 1)[c] * inverse_deviation((double)a->var[c], a->eps));
        }
    }
    for (ptrdiff_t c = 0; c < s.C; c++)
        coefficients_at(&b.m, &s, 0, BY_D)[c] = coefficients_at(&b.m, &s, 0, CONSTANT)[c] = 0;
    /* over parts of the image: elements know nothing of each other */
    TEAM_FOR(static, team(threads, 2 * elements(&s)), part, a->dx ? s.parts : 0, 1, {
        write_part_dx(&b, 0, part);
    });
    return 0;
}

size_t OP_SCRATCH(normalise_by_dx)(const ARGS(normalise_by_dx) *a, int threads)
{
    const shape s = shape_of(1, a->M, a->C, a->C);
    return workspace_of(&s, NULL, BACKWARD_COEFFICIENTS).image +
           (size_t)threads * room_of(&s, a->y, a->dresidual, a->accumulate_dresidual);
}
