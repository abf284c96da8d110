/* activation_kernels.c - the rows of activations.h as loops over vectors. */
#include "activation.h"

#include "activate.h"

#define DEFINE_KERNELS(to, forward, backward, ...)                                                          \
    static void forward##_row(const real *x, real *y, ptrdiff_t length, real alpha)                         \
    {                                                                                                       \
        EACH_VECTOR(i, n, length, store_n(y + i, forward##_value(load_n(x + i, n), alpha), n););            \
    }                                                                                                       \
    static void backward##_row(const real *dy, const real *from, real *dx, ptrdiff_t length, real alpha,    \
                               int accumulate)                                                              \
    {                                                                                                       \
        if (accumulate)                                                                                     \
            EACH_VECTOR(i, n, length,                                                                       \
                        vreal d = backward##_value(load_n(dy + i, n), load_n(from + i, n), alpha);          \
                        store_n(dx + i, load_n(dx + i, n) + d, n););                                        \
        else                                                                                                \
            EACH_VECTOR(i, n, length,                                                                       \
                        vreal d = backward##_value(load_n(dy + i, n), load_n(from + i, n), alpha);          \
                        store_n(dx + i, d, n););                                                            \
    }
CNNC_ACTIVATIONS(DEFINE_KERNELS, )

#define TABLE_ROW(to, forward, backward, ...) .forward = forward##_row, .backward = backward##_row,
#define NUMBERED_ROW(to, forward, ...) [ACTIVATION_##forward] = forward##_row,
#define NUMBERED_DX_ROW(to, forward, backward, ...) [ACTIVATION_##forward] = backward##_row,
const T(activation_kernels) KERNEL_TABLE(activation) = {
    CNNC_ACTIVATIONS(TABLE_ROW, ) .by_number = {CNNC_ACTIVATIONS(NUMBERED_ROW, )},
    .dx_by_number = {CNNC_ACTIVATIONS(NUMBERED_DX_ROW, )}};
