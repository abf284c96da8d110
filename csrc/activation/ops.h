/* ops.h - activations: two operations for each row of activations.h, all of which may run in place. Rows of
 * operations are explained in ../ops.h. */
#ifndef CNNC_ACTIVATION_OPS_H
#define CNNC_ACTIVATION_OPS_H

#include "activations.h"

#define CNNC_ACTIVATION(IN, OUT, SIZE, NUM)                                                 \
    IN(real, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) NUM(alpha)
/* the derivative in terms of y, and in terms of x */
#define CNNC_ACTIVATION_DX_FROM_y(IN, OUT, SIZE, NUM)                                       \
    IN(real, dy, "LENGTH*") IN(real, y, "LENGTH*") OUT(real, dx, "LENGTH*") SIZE(LENGTH) NUM(alpha) SIZE(accumulate)
#define CNNC_ACTIVATION_DX_FROM_x(IN, OUT, SIZE, NUM)                                       \
    IN(real, dy, "LENGTH*") IN(real, x, "LENGTH*") OUT(real, dx, "LENGTH*") SIZE(LENGTH) NUM(alpha) SIZE(accumulate)

#define CNNC_ACTIVATION_PAIR(OP, forward, backward, cost, cost_dx, from, value, derivative) \
    OP(forward, CNNC_ACTIVATION)                                                            \
    OP(backward, CNNC_ACTIVATION_DX_FROM_##from)
#define CNNC_ACTIVATION_OPS(OP) CNNC_ACTIVATIONS(CNNC_ACTIVATION_PAIR, OP)

#endif
