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
        dy * ((1 - y) * (1 + y)))                                                                                   \
    ROW(to, selu, selu_dx, 9, 3, y,                                                                                 \
        select(x < zero, vexpm1_negative(x) * (real)1.7580993408473766, x * (real)1.0507009873554805),              \
        select(y > zero, dy * (real)1.0507009873554805, dy * (y + (real)1.7580993408473766)))                       \
    ROW(to, gelu, gelu_dx, 16, 26, x,                                                                               \
        x * 0.5f * (1.0f + verf(x * (real)0.7071067811865476)),                                                     \
        dy * (0.5f + 0.5f * verf(x * (real)0.7071067811865476) + x * (real)0.3989422804014327 * vexp(x * x * -0.5f))) \
    ROW(to, softplus, softplus_dx, 20, 10, y,                                                                       \
        select(x > zero, x, zero) + vlog1p_unit(vexp(-vabs(x * alpha))) / alpha,                                    \
        dy * -vexpm1_negative(y * -alpha))                                                                          \
    ROW(to, hard_swish, hard_swish_dx, 4, 4, x,                                                                     \
        select(x <= -3, x * zero, select(x < 3, x * (x / 6 + 0.5f), x)),                                            \
        select(x <= -3, zero, select(x < 3, dy * (x / 3 + 0.5f), dy)))                                              \
    ROW(to, silu, silu_dx, 13, 26, x,                                                                               \
        x * vsigmoid(x),                                                                                            \
        dy * vsigmoid(x) * (1.0f + x * vsigmoid(-x)))

#endif
