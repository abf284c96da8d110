/* pointwise_rows.h - the losses that compare element by element, one row each: everything about them expands from here.
 *
 *     ROW(OP, forward, backward, cost, f, df / dx)
 *
 * Both expressions are vectors of x, the network's output, and t, the target; delta is a scalar, zero a vector, and
 * `cost` tells about how many additions an element of the forward pass takes. A NaN comes out as NaN.
 */
#ifndef CNNC_POINTWISE_ROWS_H
#define CNNC_POINTWISE_ROWS_H

#define CNNC_POINTWISE_LOSSES(ROW, OP)                                                                         \
    ROW(OP, mse, mse_dx, 1, (x - t) * (x - t), 2 * (x - t))                                                    \
    ROW(OP, mae, mae_dx, 1, vabs(x - t),                                                                       \
        select(x > t, zero + 1, select(x < t, zero - 1, x - t)))                                               \
    ROW(OP, huber, huber_dx, 3,                                                                                \
        select(vabs(x - t) > delta, (vabs(x - t) - delta / 2) * delta, (x - t) * (x - t) / 2),                 \
        select(x - t > delta, zero + delta, select(x - t < -delta, zero - delta, x - t)))                      \
    ROW(OP, binary_cross_entropy, binary_cross_entropy_dx, 24,                                                 \
        select(x < 0, zero, x) - x * t + vlog1p_unit(vexp(-vabs(x))), vsigmoid(x) - t)

#endif
