/* optim_kernels.c - parameter updates. */
#include "optim.h"

#include "../core/simd.h"

static void sgd(const real *grad, real *param, real *velocity, ptrdiff_t length, real lr, real momentum,
                real weight_decay, int nesterov)
{
    if (!velocity)
        EACH_VECTOR(i, n, length,
                    vreal w = load_n(param + i, n);
                    vreal g = load_n(grad + i, n) + w * weight_decay;
                    store_n(param + i, w - g * lr, n););
    else if (nesterov)
        EACH_VECTOR(i, n, length,
                    vreal w = load_n(param + i, n);
                    vreal g = load_n(grad + i, n) + w * weight_decay;
                    vreal v = load_n(velocity + i, n) * momentum + g;
                    store_n(velocity + i, v, n);
                    store_n(param + i, w - (g + v * momentum) * lr, n););
    else
        EACH_VECTOR(i, n, length,
                    vreal w = load_n(param + i, n);
                    vreal g = load_n(grad + i, n) + w * weight_decay;
                    vreal v = load_n(velocity + i, n) * momentum + g;
                    store_n(velocity + i, v, n);
                    store_n(param + i, w - v * lr, n););
}

const T(optim_kernels) KERNEL_TABLE(optim) = {.sgd = sgd};
