/* optim.h - parameter updates, one pass over flat arrays.
 *
 *     g = grad + weight_decay param
 *     velocity = momentum velocity + g
 *     param -= lr velocity,  or with nesterov  param -= lr (g + momentum velocity)
 *
 * Without velocity (NULL: momentum is 0) param -= lr g. All arrays have `length` elements at any alignment; grad is
 * read, param and velocity are updated in place. The kernel owns the ragged end.
 */
#ifndef CNNC_OPTIM_H
#define CNNC_OPTIM_H

#include "../core/isa.h"

typedef struct {
    void (*sgd)(const real *grad, real *param, real *velocity, ptrdiff_t length, real lr, real momentum,
                real weight_decay, int nesterov);
} T(optim_kernels);

DECLARE_KERNELS(optim)

#endif
