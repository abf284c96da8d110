/* pointwise_kernels.c - the rows of pointwise_rows.h as loops over vectors. */
#include "pointwise.h"

#include "../core/simd_math.h"

#define DEFINE_KERNELS(OP, forward, backward, cost, value, derivative)                                          \
    static inline vreal forward##_value(vreal x, vreal t, real delta) RETURN_VECTOR(delta, value)               \
    static real forward##_sum(const real *x, const real *t, ptrdiff_t length, real delta)                       \
    {                                                                                                           \
        vreal sum = {0};                                                                                        \
        EACH_VECTOR(i, n, length,                                                                               \
                    vreal f = forward##_value(load_n(x + i, n), load_n(t + i, n), delta);                       \
                    sum += n == VL ? f : select(first_lanes(n), f, (vreal){0}););                               \
        return sum_lanes(sum);                                                                                  \
    }                                                                                                           \
    static inline vreal backward##_value(vreal x, vreal t, real delta) RETURN_VECTOR(delta, derivative)         \
    static void backward##_part(const real *x, const real *t, real *dx, ptrdiff_t length, real delta,           \
                                real share, int accumulate)                                                     \
    {                                                                                                           \
        EACH_VECTOR(i, n, length,                                                                               \
                    vreal d = backward##_value(load_n(x + i, n), load_n(t + i, n), delta) * share;              \
                    store_n(dx + i, accumulate ? load_n(dx + i, n) + d : d, n););                               \
    }
CNNC_POINTWISE_LOSSES(DEFINE_KERNELS, )

#define TABLE_ROW(OP, forward, backward, ...) .forward = forward##_sum, .backward = backward##_part,
const T(pointwise_kernels) KERNEL_TABLE(pointwise) = {CNNC_POINTWISE_LOSSES(TABLE_ROW, )};
