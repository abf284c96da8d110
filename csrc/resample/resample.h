/* resample.h - every output row mixes some rows of x into a line, every output pixel mixes some pixels of that line:
 *
 *     line[v,c] = sum over t of row_weight[t] x[row_index[t], v, c]            vectors run over all of W x C
 *     y[j,c]  (+)= sum over t of column_weight[t] line[column_index[t], c]     vectors run over C
 *
 * A row that is one row of x as it is (weight 1) is read where it lies, and pixels that are copies of neighbours are
 * moved as one run: padding costs no more than copying. Terms are added in the order of the tables. The gradient is the
 * same work with both matrices transposed, so that every pixel of dx collects, and threads share nothing.
 *
 * Kernels work at any alignment, own ragged ends and read or write nothing past the arrays they are given.
 */
#ifndef CNNC_RESAMPLE_H
#define CNNC_RESAMPLE_H

#include "../core/isa.h"

typedef struct {
    /* line[i] = sum over t < count of weight[t] x[index[t] * length + i]; count >= 1 */
    void (*mix_rows)(const real *x, real *line, ptrdiff_t length, const int32_t *index, const double *weight,
                     ptrdiff_t count);
    /* one row of y (OW, C) from a line of C channels; end, index and weight are the columns' tables */
    void (*mix_columns)(const real *line, real *y, ptrdiff_t OW, ptrdiff_t C, const int32_t *end, const int32_t *index,
                        const double *weight, int accumulate);
} T(resample_kernels);

DECLARE_KERNELS(resample)

#endif
