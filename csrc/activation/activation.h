/* activation.h - the activations, one row each: everything about them expands from here.
 *
 *     y[i]  = value(x[i], alpha)                                      forward
 *     dx[i] = derivative(dy[i], y[i], alpha), or dx[i] += with accumulate   backward, in terms of the output y
 *
 * Arrays are flat, of any length and alignment. y may be x; dx may be dy or y (not with accumulate). Kernels own
 * the ragged end, and an element's bits do not depend on its place.
 *
 * To add an activation: a row here, two rows in ops.h beside it. Both expressions are vectors (core/simd.h, core/simd_math.h);
 * `zero` is a vector of zeros, alpha a scalar, and `cost` tells about how many additions one element takes.
 * A NaN in x comes out as NaN, and relu(-0.0) is +0.0.
 */
#ifndef CNNC_ACTIVATION_H
#define CNNC_ACTIVATION_H

#include "../core/isa.h"

/*      forward     backward       cost  y from x, alpha              dx from dy, y, alpha */
#define ACTIVATIONS(ROW)                                                                                           \
    ROW(relu,       relu_dx,       1,    select(x <= zero, zero, x),      select(y <= zero, zero, dy))             \
    ROW(leaky_relu, leaky_relu_dx, 1,    select(x < zero, x * alpha, x),  select(y > zero, dy, dy * alpha))        \
    ROW(elu,        elu_dx,        8,    select(x < zero, vexpm1_negative(x) * alpha, x),                          \
                                         select(y > zero, dy, dy * (y + alpha)))                                   \
    ROW(sigmoid,    sigmoid_dx,    12,   vsigmoid(x),                     dy * y * (1 - y))                        \
    ROW(tanh,       tanh_dx,       10,   vtanh(x),                        dy * ((1 - y) * (1 + y)))

#define ACTIVATION_KERNELS(forward, backward, cost, value, derivative)      \
    void (*forward)(const real *x, real *y, ptrdiff_t length, real alpha);  \
    void (*backward)(const real *dy, const real *y, real *dx, ptrdiff_t length, real alpha, int accumulate);

typedef struct {
    ACTIVATIONS(ACTIVATION_KERNELS)
} T(activation_kernels);

DECLARE_KERNELS(activation)

#endif
