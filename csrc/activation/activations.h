/* activations.h - the activations, one row each: operations, kernels and tests expand from here.
 *
 *     y[i]  = value(x[i], alpha)                             forward
 *     dx[i] = derivative(dy[i], y[i] or x[i], alpha)         backward; with accumulate, dx[i] +=
 *
 * A row has seven columns. The operation's name and that of its gradient. The cost of an element in each, in additions,
 * about. What the derivative is written in terms of: `y` where it can be, for then x need not be kept and y may take its
 * place in memory; else `x`. Then value and derivative, expressions of vectors (core/simd.h, core/simd_math.h) in which
 * `zero` is a vector of zeros and alpha a scalar: the activation's setting, if it has one. Scalars that are no short
 * binary fraction are cast to `real`.
 *
 * A NaN in x comes out as NaN; that of a derivative is free. relu(-0.0) is +0.0.
 */
#ifndef CNNC_ACTIVATIONS_H
#define CNNC_ACTIVATIONS_H

/* `to` is handed to every ROW as it is. */
#define CNNC_ACTIVATIONS(ROW, to)                                                                                   \
    ROW(to, relu, relu_dx, 1, 2, y,                                                                                 \
        select(x <= zero, zero, x),                                                                                 \
        select(y <= zero, zero, dy))                                                                                \
    ROW(to, leaky_relu, leaky_relu_dx, 1, 2, y,                                                                     \
        select(x < zero, x * alpha, x),                                                                             \
        select(y > zero, dy, dy * alpha))                                                                           \
    ROW(to, elu, elu_dx, 8, 2, y,                                                                                   \
        select(x < zero, vexpm1_negative(x) * alpha, x),                                                            \
        select(y > zero, dy, dy * (y + alpha)))                                                                     \
    ROW(to, sigmoid, sigmoid_dx, 12, 2, y,                                                                          \
        vsigmoid(x),                                                                                                \
        dy * y * (1 - y))                                                                                           \
    ROW(to, tanh, tanh_dx, 10, 2, y,                                                                                \
        vtanh(x),                                                                                                   \
        dy * ((1 - y) * (1 + y)))

#endif
