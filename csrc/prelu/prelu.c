/* prelu.c - threads over blocks of rows. */
#include "prelu.h"

#include "../core/threads.h"

/* An array (M, C) as the kernels see it: with one slope for all it is flat, as rows of one element. */
typedef struct {
    ptrdiff_t rows, C; /* all rows, elements of one */
    ptrdiff_t block;   /* rows that make about a chunk */
    int shared;
} matrix;

static matrix matrix_of(ptrdiff_t M, ptrdiff_t C, ptrdiff_t K)
{
    int shared = K == 1;
    ptrdiff_t width = shared ? 1 : C;
    return (matrix){shared ? M * C : M, width, ceil_div(CHUNK, width), shared};
}

/* What a kernel takes as (rows, C) for `rows` rows of it: if flat, one long row. */
#define ROWS(m, rows) (m).shared ? 1 : (rows), (m).shared ? (rows) : (m).C

int OP(prelu)(const ARGS(prelu) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(prelu_kernels) *kernels = KERNELS(prelu);
    const matrix m = matrix_of(a->M, a->C, a->K);
    /* over blocks of rows: elements know nothing of each other */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), row, m.rows, m.block, {
        kernels->value(a->x + row * m.C, a->w, m.shared, a->y + row * m.C, ROWS(m, min_size(m.block, m.rows - row)));
    });
    return 0;
}
NO_SCRATCH(prelu)

int OP(prelu_dx)(const ARGS(prelu_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(prelu_kernels) *kernels = KERNELS(prelu);
    const matrix m = matrix_of(a->M, a->C, a->K);
    /* over blocks of rows, as above */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), row, m.rows, m.block, {
        kernels->derivative(a->dy + row * m.C, a->x + row * m.C, a->w, m.shared, a->dx + row * m.C,
                            ROWS(m, min_size(m.block, m.rows - row)), a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(prelu_dx)

/* Rows are cut into at most SLOTS blocks, whatever the number of threads, and each is summed into a slot (K). */
enum { SLOTS = 64 };
static ptrdiff_t slot_rows(matrix m) { return max_size(ceil_div(m.rows, SLOTS), m.block); }
static ptrdiff_t slot_length(ptrdiff_t K) { return (ptrdiff_t)(cache_lines((size_t)K * sizeof(real)) / sizeof(real)); }

int OP(prelu_dw)(const ARGS(prelu_dw) *a, void *scratch, int threads)
{
    const T(prelu_kernels) *kernels = KERNELS(prelu);
    const matrix m = matrix_of(a->M, a->C, a->K);
    const ptrdiff_t rows = slot_rows(m), slots = ceil_div(m.rows, rows), step = slot_length(a->K);
    real *sums = scratch;
    /* over blocks of rows, each with a slot of its own */
    TEAM_FOR(static, team(threads, (double)(a->M * a->C)), s, slots, 1, {
        kernels->slope_sums(a->dy + s * rows * m.C, a->x + s * rows * m.C, m.shared, sums + s * step,
                            ROWS(m, min_size(rows, m.rows - s * rows)));
    });
    for (ptrdiff_t k = 0; k < a->K; k++) {
        real sum = 0;
        for (ptrdiff_t s = 0; s < slots; s++)
            sum += sums[s * step + k];
        a->dw[k] = a->accumulate ? a->dw[k] + sum : sum;
    }
    return 0;
}

size_t OP_SCRATCH(prelu_dw)(const ARGS(prelu_dw) *a, int threads)
{
    (void)threads;
    const matrix m = matrix_of(a->M, a->C, a->K);
    return (size_t)(ceil_div(m.rows, slot_rows(m)) * slot_length(a->K)) * sizeof(real);
}
