/* resample.c - threads over output rows: of y forward, of dx backward. */
#include "resample.h"

#include <string.h>

#include "../core/threads.h"

/* A sparse matrix by rows, see ops.h. */
typedef struct {
    const int32_t *end, *index;
    const double *weight;
} matrix;

/* from (N, H, W, C) -> to (N, OH, OW, C) */
typedef struct {
    const real *from;
    real *to;
    ptrdiff_t N, H, W, C, OH, OW;
    matrix rows, columns;
    double taps; /* for the work: of both matrices, per channel of an image */
    int accumulate;
} resampling;

/* bytes of a line (W, C), of which each thread has one */
static size_t line_bytes(ptrdiff_t W, ptrdiff_t C) { return cache_lines((size_t)(W * C) * sizeof(real)); }

static void one_row(const resampling *r, const T(resample_kernels) *kernels, ptrdiff_t n, ptrdiff_t i, real *line)
{
    const ptrdiff_t length = r->W * r->C, first = i > 0 ? r->rows.end[i - 1] : 0, count = r->rows.end[i] - first;
    const int32_t *index = r->rows.index + first;
    const double *weight = r->rows.weight + first;
    const real *from = r->from + n * r->H * length, *mixed = line;
    real *to = r->to + (n * r->OH + i) * r->OW * r->C;
    if (count == 0) {
        if (!r->accumulate)
            memset(to, 0, (size_t)(r->OW * r->C) * sizeof(real));
        return;
    }
    if (count == 1 && weight[0] == 1)
        mixed = from + index[0] * length;
    else
        kernels->mix_rows(from, line, length, index, weight, count);
    kernels->mix_columns(mixed, to, r->OW, r->C, r->columns.end, r->columns.index, r->columns.weight, r->accumulate);
}

static void run(const resampling *r, void *scratch, int threads)
{
    const T(resample_kernels) *kernels = KERNELS(resample);
    const size_t bytes = line_bytes(r->W, r->C);
    const double work = (double)(r->N * r->C) * r->taps;
    /* over output rows of all images: each is computed from the input alone */
    TEAM_FOR(static, team(threads, work), row, r->N * r->OH, 1, {
        one_row(r, kernels, row / r->OH, row % r->OH, (real *)((char *)scratch + (size_t)thread_number() * bytes));
    });
}

int OP(resample2d)(const ARGS(resample2d) *a, void *scratch, int threads)
{
    const resampling r = {
        a->x, a->y, a->N, a->H, a->W, a->C, a->OH, a->OW,
        {a->row_end, a->row_index, a->row_weight}, {a->column_end, a->column_index, a->column_weight},
        (double)(a->RT * a->W) + (double)(a->OH * a->CT), 0,
    };
    run(&r, scratch, threads);
    return 0;
}

size_t OP_SCRATCH(resample2d)(const ARGS(resample2d) *a, int threads)
{
    return (size_t)threads * line_bytes(a->W, a->C);
}

/* Scratch of a transposed matrix with `columns` columns and `terms` terms: weights, then ends and indices. */
static size_t matrix_bytes(ptrdiff_t columns, ptrdiff_t terms)
{
    return cache_lines((size_t)terms * (sizeof(double) + sizeof(int32_t)) + (size_t)columns * sizeof(int32_t));
}

/* m (rows, columns) by columns; within one, terms keep the order of their rows. */
static matrix transposed(matrix m, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t terms, void *scratch)
{
    double *weight = scratch;
    int32_t *end = (int32_t *)(weight + terms), *index = end + columns;
    memset(end, 0, (size_t)columns * sizeof(int32_t));
    for (ptrdiff_t t = 0; t < terms; t++)
        end[m.index[t]]++;
    for (ptrdiff_t u = 0, start = 0; u < columns; u++) {
        const ptrdiff_t count = end[u];
        end[u] = (int32_t)start; /* moves to its end as terms come in */
        start += count;
    }
    for (ptrdiff_t i = 0, t = 0; i < rows; i++)
        for (; t < m.end[i]; t++) {
            const int32_t at = end[m.index[t]]++;
            index[at] = (int32_t)i;
            weight[at] = m.weight[t];
        }
    return (matrix){end, index, weight};
}

int OP(resample2d_dx)(const ARGS(resample2d_dx) *a, void *scratch, int threads)
{
    char *columns = (char *)scratch + matrix_bytes(a->H, a->RT), *lines = columns + matrix_bytes(a->W, a->CT);
    const resampling r = {
        a->dy, a->dx, a->N, a->OH, a->OW, a->C, a->H, a->W,
        transposed((matrix){a->row_end, a->row_index, a->row_weight}, a->OH, a->H, a->RT, scratch),
        transposed((matrix){a->column_end, a->column_index, a->column_weight}, a->OW, a->W, a->CT, columns),
        (double)(a->RT * a->OW) + (double)(a->H * a->CT), a->accumulate != 0,
    };
    run(&r, lines, threads);
    return 0;
}

size_t OP_SCRATCH(resample2d_dx)(const ARGS(resample2d_dx) *a, int threads)
{
    return matrix_bytes(a->H, a->RT) + matrix_bytes(a->W, a->CT) + (size_t)threads * line_bytes(a->OW, a->C);
}
