/* pointwise.h - the rows of pointwise_rows.h as losses of N samples with J elements each.
 *
 *     row_loss[n] = sum_j f(x[n,j], t[n,j]) / J       dx[n,j] (+)= share[n] df/dx(x[n,j], t[n,j])
 *
 * Kernels take a part of a row, at any alignment, own its ragged end, and add in an order fixed by its length. dx is
 * none of the inputs.
 */
#ifndef CNNC_POINTWISE_H
#define CNNC_POINTWISE_H

#include "../core/isa.h"

typedef real (*pointwise_sum)(const real *x, const real *t, ptrdiff_t length, real delta);
typedef void (*pointwise_dx)(const real *x, const real *t, real *dx, ptrdiff_t length, real delta, real share,
                             int accumulate);
#define POINTWISE_KERNELS(OP, forward, backward, ...) pointwise_sum forward; pointwise_dx backward;

typedef struct {
    CNNC_POINTWISE_LOSSES(POINTWISE_KERNELS, )
} T(pointwise_kernels);

DECLARE_KERNELS(pointwise)

#endif
