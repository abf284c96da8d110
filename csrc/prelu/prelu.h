/* prelu.h - the kernels of the rectifier with learned slopes.
 *
 *     y = x > 0 ? x : w x        dx (+)= x > 0 ? dy : w dy        dw (+)= sum of x > 0 ? 0 : x dy
 *
 * Arrays are matrices (rows, C) without gaps at any alignment, w (C). One slope for all is the case `shared`: w (1),
 * and the matrix may be cut anywhere, for example into one row. y may be x, dx may be dy. Kernels own the ragged end.
 */
#ifndef CNNC_PRELU_H
#define CNNC_PRELU_H

#include "../core/isa.h"

typedef struct {
    void (*value)(const real *x, const real *w, int shared, real *y, ptrdiff_t rows, ptrdiff_t C);
    void (*derivative)(const real *dy, const real *x, const real *w, int shared, real *dx, ptrdiff_t rows, ptrdiff_t C,
                       int accumulate);
    /* sum (C), or (1) if shared: overwritten */
    void (*slope_sums)(const real *dy, const real *x, int shared, real *sum, ptrdiff_t rows, ptrdiff_t C);
} T(prelu_kernels);

DECLARE_KERNELS(prelu)

#endif
