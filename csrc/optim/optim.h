/* optim.h - parameter updates in one pass over flat arrays, and what is done to gradients before.
 *
 *     <optimizer>   param, s0, s1, s2 as the rows of optimizers.h say, from grad and 8 numbers
 *     sum_squares   sum (+)= sum_i x[i]^2, the sum of each chunk in `real`, of all chunks in double, in order
 *     clip_value    x[i] = min(max(x[i], -limit), limit)
 *     clip_norm     x[i] *= min(1, limit / (sqrt(squares) + 1e-6)), as PyTorch counts it
 *     lars_rate     numbers[0] *= trust |w| / (|g| + l2 |w|) where neither norm is 0, with l2 = numbers[2]
 *
 * All arrays have `length` elements at any alignment. Kernels work in place and own the ragged end, and an element's
 * bits do not depend on its place. NaN stays NaN.
 */
#ifndef CNNC_OPTIM_H
#define CNNC_OPTIM_H

#include "../core/isa.h"

enum { OPTIMIZER_STATES = 3, OPTIMIZER_NUMBERS = 8 };

typedef void (*optimizer_kernel)(const real *grad, real *param, real *const *states, const real *numbers,
                                 ptrdiff_t length);
#define OPTIMIZER_KERNEL(OP, name, ...) optimizer_kernel name;

typedef struct {
    CNNC_OPTIMIZERS(OPTIMIZER_KERNEL, )
    real (*sum_squares)(const real *x, ptrdiff_t length);
    void (*clip_value)(real *x, ptrdiff_t length, real limit);
    void (*scale)(real *x, ptrdiff_t length, real factor);
} T(optim_kernels);

DECLARE_KERNELS(optim)

#endif
