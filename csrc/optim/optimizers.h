/* optimizers.h - the optimizers, one row each: operations, kernels and loops expand from here.
 *
 *     ROW(OP, name, (numbers), (states), statements)
 *
 * The statements change a vector w of parameters and the state that goes with it, for a vector g of gradients. n holds
 * the numbers, in the order in which cnnc/training/optimizers.py computes them for each step; s holds the states, at
 * most three, which start as zeros. A state that the caller leaves out (NULL) reads as zeros. l2 adds l2 w to the
 * gradient, shrink takes shrink w off the parameter whatever the gradient is.
 */
#ifndef CNNC_OPTIMIZERS_H
#define CNNC_OPTIMIZERS_H

#define CNNC_OPTIMIZERS(ROW, OP)                                                        \
    ROW(OP, sgd, (lr, momentum, l2, nesterov), (velocity),                              \
        g += w * n.l2;                                                                  \
        s.velocity = s.velocity * n.momentum + g;                                       \
        w -= (n.nesterov != 0 ? g + s.velocity * n.momentum : s.velocity) * n.lr;)      \
    ROW(OP, adagrad, (lr, l2, epsilon), (sum),                                          \
        g += w * n.l2;                                                                  \
        s.sum += g * g;                                                                 \
        w -= g * n.lr / (vsqrt(s.sum) + n.epsilon);)                                    \
    ROW(OP, rmsprop, (lr, l2, rate, mean_rate, momentum, epsilon), (square, mean, velocity), \
        g += w * n.l2;                                                                  \
        s.square += (g * g - s.square) * n.rate;                                        \
        s.mean += (g - s.mean) * n.mean_rate;                                           \
        vreal variance = s.square - s.mean * s.mean;                                    \
        variance = select(variance < 0, splat(0), variance);                            \
        s.velocity = s.velocity * n.momentum + g / (vsqrt(variance) + n.epsilon);       \
        w -= s.velocity * n.lr;)                                                        \
    ROW(OP, adadelta, (lr, l2, rate, epsilon), (square, step),                          \
        g += w * n.l2;                                                                  \
        s.square += (g * g - s.square) * n.rate;                                        \
        vreal step = vsqrt((s.step + n.epsilon) / (s.square + n.epsilon)) * g;          \
        s.step += (step * step - s.step) * n.rate;                                      \
        w -= step * n.lr;)                                                              \
    ROW(OP, adam, (lr, l2, shrink, mean_rate, square_rate, unbias, epsilon), (mean, square), \
        g += w * n.l2;                                                                  \
        s.mean += (g - s.mean) * n.mean_rate;                                           \
        s.square += (g * g - s.square) * n.square_rate;                                 \
        w -= w * n.shrink;                                                              \
        w -= s.mean * n.lr / (vsqrt(s.square) * n.unbias + n.epsilon);)                 \
    ROW(OP, nadam, (lr, lr_ahead, l2, mean_rate, square_rate, unbias, epsilon), (mean, square), \
        g += w * n.l2;                                                                  \
        s.mean += (g - s.mean) * n.mean_rate;                                           \
        s.square += (g * g - s.square) * n.square_rate;                                 \
        w -= (g * n.lr + s.mean * n.lr_ahead) / (vsqrt(s.square) * n.unbias + n.epsilon);) \
    ROW(OP, lars, (lr, momentum, l2), (velocity),                                       \
        s.velocity = s.velocity * n.momentum + (g + w * n.l2) * n.lr;                   \
        w -= s.velocity;)

#endif
