/* augment.c - threads over rows of images, blocks of them, or images. */
#include "augment.h"

#include <math.h>
#include <string.h>

#include "../core/threads.h"

/* Work of copying, in additions of numbers. */
static double copying(double bytes) { return bytes / 4; }

/* --- windows ------------------------------------------------------------------------------------------------ */

int OP(windows)(const ARGS(windows) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(augment_kernels) *kernels = KERNELS(augment);
    const T(frame) frame = {a->H, a->W, a->C, a->reflect != 0, a->fill};
    const ptrdiff_t row = a->OW * a->C, rows = ceil_div(4 * CHUNK, row), parts = ceil_div(a->OH, rows);
    /* over blocks of rows of all windows: each is read from x alone */
    TEAM_FOR(static, team(threads, copying((double)(a->N * a->OH * row))), part, a->N * parts, 1, {
        const ptrdiff_t n = part / parts, first = part % parts * rows, end = min_size(first + rows, a->OH);
        const uint8_t *x = a->x + n * a->H * a->W * a->C;
        for (ptrdiff_t i = first; i < end; i++) {
            ptrdiff_t u = (ptrdiff_t)a->origin[2 * n] + i, left = (ptrdiff_t)a->origin[2 * n + 1];
            if (a->reflect)
                u = reflected(u, a->H);
            else if (u < 0 || u >= a->H) /* nothing of it is on the image, as to the right of any row */
                u = 0, left = a->W;
            kernels->window_row(x + u * a->W * a->C, a->y + (n * a->OH + i) * row, &frame, left, a->OW,
                                a->mirror[n] != 0);
        }
    });
    return 0;
}
NO_SCRATCH(windows)

/* --- resizing ------------------------------------------------------------------------------------------------- */

/* The pixels of `length` that are closer to `centre` than `reach`, and what each of them counts, in all 1; how many
 * they are. Where there are none, the nearest one is all. Pixel u has its centre at u + 1/2. */
static int32_t triangle(double centre, double reach, ptrdiff_t length, int32_t *first, real *weight)
{
    const ptrdiff_t from = max_size((ptrdiff_t)floor(centre - reach + 0.5), 0);
    const ptrdiff_t end = min_size((ptrdiff_t)floor(centre + reach + 0.5), length);
    double sum = 0;
    for (ptrdiff_t u = from; u < end; u++)
        sum += fmax(reach - fabs((double)u + 0.5 - centre), 0);
    if (!(sum > 0)) {
        *first = centre < 0 ? 0 : (int32_t)min_size((ptrdiff_t)centre, length - 1);
        weight[0] = 1;
        return 1;
    }
    *first = (int32_t)from;
    for (ptrdiff_t u = from; u < end; u++)
        weight[u - from] = (real)(fmax(reach - fabs((double)u + 0.5 - centre), 0) / sum);
    return (int32_t)(end - from);
}

typedef struct {
    const void *x;
    const double *box;
    void *y;
    ptrdiff_t N, H, W, C, OH, OW;
    int bytes;
} resizing;

/* A pixel of a line is seen by at most 3 of y where these reach as far as they lie apart, and a pixel of y sees at most
 * 3 where it reaches one pixel far. */
static ptrdiff_t most_taps(ptrdiff_t from, ptrdiff_t to) { return 3 * max_size(from, to) + to; }

/* Scratch for a line or a row (W, C), and the number after it. */
static ptrdiff_t row_reals(ptrdiff_t W, ptrdiff_t C) { return W * C + 1; }

/* Scratch of a thread: weights of the columns, of a row, a line, a row of y, and first and count of the columns. */
static size_t resizing_bytes(ptrdiff_t H, ptrdiff_t W, ptrdiff_t C, ptrdiff_t OW)
{
    const ptrdiff_t reals = most_taps(W, OW) + H + row_reals(W, C) + row_reals(OW, C);
    return cache_lines((size_t)reals * sizeof(real) + 2 * (size_t)OW * sizeof(int32_t));
}

static void resize_one(const resizing *r, ptrdiff_t n, real *weights)
{
    const T(augment_kernels) *kernels = KERNELS(augment);
    real *row_weight = weights + most_taps(r->W, r->OW), *line = row_weight + r->H, *row = line + row_reals(r->W, r->C);
    int32_t *first = (int32_t *)(row + row_reals(r->OW, r->C));
    const ptrdiff_t length = r->OW * r->C;
    const T(taps) taps = {first, first + r->OW, weights};
    const double *box = r->box + 4 * n, down = box[2] / (double)r->OH, right = box[3] / (double)r->OW;
    ptrdiff_t from = r->W, end = 0, used = 0; /* the columns that are seen at all */
    for (ptrdiff_t j = 0; j < r->OW; j++) {
        const double centre = box[1] + ((double)j + 0.5) * right;
        taps.count[j] = triangle(centre, fmax(right, 1), r->W, &taps.first[j], weights + used);
        used += taps.count[j];
        from = min_size(from, taps.first[j]), end = max_size(end, taps.first[j] + taps.count[j]);
    }
    for (ptrdiff_t i = 0; i < r->OH; i++) {
        int32_t top;
        const int32_t rows = triangle(box[0] + ((double)i + 0.5) * down, fmax(down, 1), r->H, &top, row_weight);
        kernels->mix_rows[r->bytes](at(r->x, (((n * r->H + top) * r->W) + from) * r->C, r->bytes), line + from * r->C,
                                    (end - from) * r->C, r->W * r->C, row_weight, rows);
        kernels->mix_columns(line, row, r->OW, r->C, &taps);
        kernels->finish[r->bytes](row, (void *)at(r->y, (n * r->OH + i) * length, r->bytes), length);
    }
}

static void resize(const resizing *r, char *scratch, int threads)
{
    const double work = (double)(r->N * r->C) * (double)(2 * r->H * r->W + 8 * r->OH * r->OW);
    const size_t bytes = resizing_bytes(r->H, r->W, r->C, r->OW);
    /* over images: what columns weigh is found once for each */
    TEAM_FOR(static, team(threads, work), n, r->N, 1, {
        resize_one(r, n, (real *)(scratch + (size_t)thread_number() * bytes));
    });
}

#define RESIZE(op, bytes)                                                                                 \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                                             \
    {                                                                                                     \
        const resizing r = {a->x, a->box, a->y, a->N, a->H, a->W, a->C, a->OH, a->OW, bytes};             \
        resize(&r, scratch, threads);                                                                     \
        return 0;                                                                                         \
    }                                                                                                     \
    size_t OP_SCRATCH(op)(const ARGS(op) *a, int threads)                                                 \
    {                                                                                                     \
        return (size_t)threads * resizing_bytes(a->H, a->W, a->C, a->OW);                                 \
    }
RESIZE(resize_boxes, 0)
RESIZE(resize_boxes_u8, 1)

/* --- warps ---------------------------------------------------------------------------------------------------- */

/* over rows of all images: each is read from x alone */
#define WARP(op, bytes)                                                                                   \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                                             \
    {                                                                                                     \
        const T(augment_kernels) *kernels = KERNELS(augment);                                             \
        const T(frame) frame = {a->H, a->W, a->C, a->replicate != 0, a->fill};                            \
        const ptrdiff_t image = a->H * a->W * a->C, length = a->OW * a->C;                                \
        const size_t own = cache_lines((size_t)row_reals(a->OW, a->C) * sizeof(real));                    \
        TEAM_FOR(static, team(threads, 10 * (double)(a->N * a->OH * length)), i, a->N * a->OH, 1, {       \
            const ptrdiff_t n = i / a->OH;                                                                \
            real *row = (real *)((char *)scratch + (size_t)thread_number() * own);                        \
            kernels->warp_row[bytes](a->x + n * image, row, &frame, a->matrix + n * 6, i % a->OH, a->OW); \
            kernels->finish[bytes](row, a->y + i * length, length);                                       \
        });                                                                                               \
        return 0;                                                                                         \
    }                                                                                                     \
    size_t OP_SCRATCH(op)(const ARGS(op) *a, int threads)                                                 \
    {                                                                                                     \
        return (size_t)threads * cache_lines((size_t)row_reals(a->OW, a->C) * sizeof(real));              \
    }
WARP(warp, 0)
WARP(warp_u8, 1)

/* --- colours --------------------------------------------------------------------------------------------------- */

/* over blocks of pixels of all images */
#define RECOLOUR(op, bytes)                                                                               \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                                             \
    {                                                                                                     \
        (void)scratch;                                                                                    \
        const T(augment_kernels) *kernels = KERNELS(augment);                                             \
        const ptrdiff_t C = a->C, step = ceil_div(CHUNK, C), parts = ceil_div(a->P, step);                \
        TEAM_FOR(static, team(threads, (double)(a->N * a->P * C) * (double)C), part, a->N * parts, 1, {   \
            const ptrdiff_t n = part / parts, p = part % parts * step, first = (n * a->P + p) * C;        \
            kernels->recolour[bytes](a->x + first, a->y + first, min_size(step, a->P - p), C,             \
                                     a->matrix + n * C * C, a->offset + n * C);                           \
        });                                                                                               \
        return 0;                                                                                         \
    }                                                                                                     \
    NO_SCRATCH(op)
RECOLOUR(recolour, 0)
RECOLOUR(recolour_u8, 1)

/* over images: each has its sums */
#define CHANNEL_MEANS(op, bytes)                                                                          \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                                             \
    {                                                                                                     \
        (void)scratch;                                                                                    \
        const T(augment_kernels) *kernels = KERNELS(augment);                                             \
        const ptrdiff_t image = a->P * a->C;                                                              \
        TEAM_FOR(static, team(threads, copying((double)(a->N * image))), n, a->N, 1, {                    \
            kernels->channel_sums[bytes](a->x + n * image, a->mean + n * a->C, a->P, a->C);               \
            for (ptrdiff_t c = 0; c < a->C; c++)                                                          \
                a->mean[n * a->C + c] /= (double)a->P;                                                    \
        });                                                                                               \
        return 0;                                                                                         \
    }                                                                                                     \
    NO_SCRATCH(op)
CHANNEL_MEANS(channel_means, 0)
CHANNEL_MEANS(channel_means_u8, 1)

/* --- pasting and blending ----------------------------------------------------------------------------------------- */

int OP(paste)(const ARGS(paste) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(augment_kernels) *kernels = KERNELS(augment);
    const T(frame) frame = {a->H, a->W, a->C, 0, a->fill};
    const ptrdiff_t row = a->W * a->C, image = a->H * row;
    /* over images: a partner is read from x, which nobody changes */
    TEAM_FOR(static, team(threads, copying((double)(a->N * image))), n, a->N, 1, {
        const int64_t *box = a->box + 4 * n;
        const ptrdiff_t top = max_size((ptrdiff_t)box[0], 0), left = max_size((ptrdiff_t)box[1], 0);
        const ptrdiff_t end = min_size((ptrdiff_t)(box[0] + box[2]), a->H);
        const ptrdiff_t width = min_size((ptrdiff_t)(box[1] + box[3]), a->W) - left;
        const uint8_t *from = a->x + (a->partner[n] < 0 ? n : (ptrdiff_t)a->partner[n]) * image;
        memcpy(a->y + n * image, a->x + n * image, (size_t)image);
        for (ptrdiff_t i = top; i < end && width > 0; i++) /* to the right of the partner there is nothing but fill */
            kernels->window_row(from + i * row, a->y + n * image + i * row + left * a->C, &frame,
                                a->partner[n] < 0 ? a->W : left, width, 0);
    });
    return 0;
}
NO_SCRATCH(paste)

/* over blocks of all images: as in paste */
#define BLEND(op, bytes)                                                                                  \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                                             \
    {                                                                                                     \
        (void)scratch;                                                                                    \
        const T(augment_kernels) *kernels = KERNELS(augment);                                             \
        const ptrdiff_t step = 4 * CHUNK, parts = ceil_div(a->LENGTH, step);                              \
        TEAM_FOR(static, team(threads, (double)(a->N * a->LENGTH)), part, a->N * parts, 1, {              \
            const ptrdiff_t n = part / parts, i = part % parts * step;                                    \
            kernels->blend[bytes](a->x + n * a->LENGTH + i, a->x + (ptrdiff_t)a->partner[n] * a->LENGTH + i, \
                                  a->y + n * a->LENGTH + i, min_size(step, a->LENGTH - i), a->share[n]);  \
        });                                                                                               \
        return 0;                                                                                         \
    }                                                                                                     \
    NO_SCRATCH(op)
BLEND(blend, 0)
BLEND(blend_u8, 1)
