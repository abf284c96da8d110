/* elementwise.c - threads over chunks of elements or of rows. */
#include "elementwise.h"

#include <string.h>

#include "../activation/activation.h"
#include "../core/threads.h"

/* Rows of K elements that make about a chunk. */
static ptrdiff_t chunk_rows(ptrdiff_t K) { return ceil_div(CHUNK, K); }

int OP(bias_add)(const ARGS(bias_add) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(elementwise_kernels) *kernels = KERNELS(elementwise);
    ptrdiff_t rows = chunk_rows(a->K);
    /* over chunks of rows: rows know nothing of each other */
    TEAM_FOR(static, team(threads, (double)(a->M * a->K)), m, a->M, rows, {
        kernels->bias_add(a->x + m * a->K, a->b, a->y + m * a->K, min_size(rows, a->M - m), a->K);
    });
    return 0;
}
NO_SCRATCH(bias_add)

/* The rows of dy are cut into at most SLOTS blocks, whatever the number of threads. */
enum { SLOTS = 64 };
static ptrdiff_t slot_rows(ptrdiff_t M, ptrdiff_t K) { return max_size(ceil_div(M, SLOTS), chunk_rows(K)); }
static size_t slot_bytes(ptrdiff_t K) { return cache_lines((size_t)K * sizeof(real)); }

int OP(bias_add_db)(const ARGS(bias_add_db) *a, void *scratch, int threads)
{
    const T(elementwise_kernels) *kernels = KERNELS(elementwise);
    ptrdiff_t rows = slot_rows(a->M, a->K), slots = ceil_div(a->M, rows);
    size_t step = slot_bytes(a->K);
    /* over blocks of rows, each summed into a slot (K) of its own */
    TEAM_FOR(static, team(threads, (double)(a->M * a->K)), s, slots, 1, {
        kernels->sum_rows(a->dy + s * rows * a->K, (real *)((char *)scratch + (size_t)s * step),
                          min_size(rows, a->M - s * rows), a->K);
    });
    real *sum = scratch;
    for (ptrdiff_t s = 1; s < slots; s++)
        kernels->add(sum, (real *)((char *)scratch + (size_t)s * step), sum, a->K, 0, 0);
    if (a->accumulate)
        kernels->add(a->db, sum, a->db, a->K, 0, 0);
    else
        memcpy(a->db, sum, (size_t)a->K * sizeof(real));
    return 0;
}

size_t OP_SCRATCH(bias_add_db)(const ARGS(bias_add_db) *a, int threads)
{
    (void)threads;
    return (size_t)ceil_div(a->M, slot_rows(a->M, a->K)) * slot_bytes(a->K);
}

/* Scales of S channels are repeated in scratch, to a span of about this many, so that vectors find theirs side by side:
 * 192 are whole vectors of all widths for 1, 2, 3, 4 ... channels. */
enum { SPAN = 192 };
static ptrdiff_t span_of(ptrdiff_t S) { return S * max_size(SPAN / S, 1); }
static size_t span_bytes(ptrdiff_t S) { return cache_lines((size_t)span_of(S) * sizeof(real)); }

static const real *repeated(const double *values, ptrdiff_t S, void *scratch)
{
    real *span = scratch;
    for (ptrdiff_t i = 0; i < S; i++)
        span[i] = (real)values[i];
    for (ptrdiff_t done = S; done < span_of(S); done *= 2)
        memcpy(span + done, span, (size_t)min_size(done, span_of(S) - done) * sizeof(real));
    return span;
}

/* Elements of whole spans that make about a chunk. */
static ptrdiff_t chunk_spans(ptrdiff_t span) { return ceil_div(CHUNK, span) * span; }

/* over chunks of the flat array: elements know nothing of each other (as in all that follow) */
#define RESCALE(op)                                                                                              \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                                                    \
    {                                                                                                            \
        const T(elementwise_kernels) *kernels = KERNELS(elementwise);                                            \
        const real *scale = repeated(a->scale, a->S, scratch);                                                   \
        const real *offset = repeated(a->offset, a->S, (char *)scratch + span_bytes(a->S));                      \
        const ptrdiff_t span = span_of(a->S), chunk = chunk_spans(span);                                         \
        TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, chunk, {                                \
            kernels->op(a->x + i, a->y + i, min_size(chunk, a->LENGTH - i), scale, offset, span);                \
        });                                                                                                      \
        return 0;                                                                                                \
    }                                                                                                            \
    size_t OP_SCRATCH(op)(const ARGS(op) *a, int threads)                                                        \
    {                                                                                                            \
        (void)threads;                                                                                           \
        return 2 * span_bytes(a->S);                                                                             \
    }
RESCALE(rescale)
RESCALE(rescale_u8)

int OP(rescale_dx)(const ARGS(rescale_dx) *a, void *scratch, int threads)
{
    const T(elementwise_kernels) *kernels = KERNELS(elementwise);
    const real *scale = repeated(a->scale, a->S, scratch);
    real *zeros = (real *)((char *)scratch + span_bytes(a->S));
    const ptrdiff_t span = span_of(a->S), chunk = chunk_spans(span);
    memset(zeros, 0, span_bytes(a->S));
    /* over chunks of the flat array */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, chunk, {
        ptrdiff_t length = min_size(chunk, a->LENGTH - i);
        if (a->accumulate)
            kernels->rescale_onto(a->dy + i, a->dx + i, length, scale, span);
        else
            kernels->rescale(a->dy + i, a->dx + i, length, scale, zeros, span);
    });
    return 0;
}

size_t OP_SCRATCH(rescale_dx)(const ARGS(rescale_dx) *a, int threads)
{
    (void)threads;
    return 2 * span_bytes(a->S);
}

int OP(add)(const ARGS(add) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(elementwise_kernels) *kernels = KERNELS(elementwise);
    /* over chunks of the flat array */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, CHUNK, {
        ptrdiff_t length = min_size(CHUNK, a->LENGTH - i);
        if (a->b && a->accumulate) {
            kernels->add_onto(a->a + i, a->b + i, a->y + i, length, a->act, (real)a->alpha);
        } else if (a->b || a->accumulate) {
            kernels->add(a->a + i, (a->b ? a->b : a->y) + i, a->y + i, length, a->act, (real)a->alpha);
        } else {
            if (a->a != a->y)
                memcpy(a->y + i, a->a + i, (size_t)length * sizeof(real));
            T(activate)(a->act, (real)a->alpha, a->y + i, length);
        }
    });
    return 0;
}
NO_SCRATCH(add)

int OP(lerp)(const ARGS(lerp) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(elementwise_kernels) *kernels = KERNELS(elementwise);
    /* over chunks of the flat array */
    TEAM_FOR(static, team(threads, (double)a->LENGTH), i, a->LENGTH, CHUNK, {
        kernels->lerp(a->x + i, a->y + i, min_size(CHUNK, a->LENGTH - i), (real)a->scale, (real)a->rate);
    });
    return 0;
}
NO_SCRATCH(lerp)

int OP(concat)(const ARGS(concat) *a, void *scratch, int threads)
{
    (void)scratch;
    ptrdiff_t rows = chunk_rows(a->C);
    /* over chunks of rows */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), block, a->M, rows, {
        for (ptrdiff_t m = block; m < min_size(block + rows, a->M); m++)
            memcpy(a->y + m * a->K + a->offset, a->x + m * a->C, (size_t)a->C * sizeof(real));
    });
    return 0;
}
NO_SCRATCH(concat)

int OP(pad_channels)(const ARGS(pad_channels) *a, void *scratch, int threads)
{
    (void)scratch;
    const ptrdiff_t rows = chunk_rows(a->K), after = a->offset + a->C;
    /* over chunks of rows */
    TEAM_FOR(static, team(threads, (double)(a->M * a->K)), block, a->M, rows, {
        for (ptrdiff_t m = block; m < min_size(block + rows, a->M); m++) {
            real *y = a->y + m * a->K;
            memset(y, 0, (size_t)a->offset * sizeof(real));
            memcpy(y + a->offset, a->x + m * a->C, (size_t)a->C * sizeof(real));
            memset(y + after, 0, (size_t)(a->K - after) * sizeof(real));
        }
    });
    return 0;
}
NO_SCRATCH(pad_channels)

int OP(concat_dx)(const ARGS(concat_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(elementwise_kernels) *kernels = KERNELS(elementwise);
    ptrdiff_t rows = chunk_rows(a->C);
    /* over chunks of rows */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), block, a->M, rows, {
        for (ptrdiff_t m = block; m < min_size(block + rows, a->M); m++) {
            const real *dy = a->dy + m * a->K + a->offset;
            real *dx = a->dx + m * a->C;
            if (a->accumulate)
                kernels->add(dx, dy, dx, a->C, 0, 0);
            else
                memcpy(dx, dy, (size_t)a->C * sizeof(real));
        }
    });
    return 0;
}
NO_SCRATCH(concat_dx)
