/* ops.h - activations: y = f(x), dx = dy f'(x) with f' written in terms of y; all may run in place: a row per operation, as ../ops.h explains. */
#ifndef CNNC_ACTIVATION_OPS_H
#define CNNC_ACTIVATION_OPS_H

#define CNNC_ACTIVATION(IN, OUT, SIZE, NUM)                                                 \
    IN(real, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) NUM(alpha)
#define CNNC_ACTIVATION_DX(IN, OUT, SIZE, NUM)                                              \
    IN(real, dy, "LENGTH*") IN(real, y, "LENGTH*") OUT(real, dx, "LENGTH*") SIZE(LENGTH) NUM(alpha) SIZE(accumulate)

#define CNNC_ACTIVATION_OPS(OP)           \
    OP(relu, CNNC_ACTIVATION)             \
    OP(relu_dx, CNNC_ACTIVATION_DX)       \
    OP(leaky_relu, CNNC_ACTIVATION)       \
    OP(leaky_relu_dx, CNNC_ACTIVATION_DX) \
    OP(elu, CNNC_ACTIVATION)              \
    OP(elu_dx, CNNC_ACTIVATION_DX)        \
    OP(sigmoid, CNNC_ACTIVATION)          \
    OP(sigmoid_dx, CNNC_ACTIVATION_DX)    \
    OP(tanh, CNNC_ACTIVATION)             \
    OP(tanh_dx, CNNC_ACTIVATION_DX)

#endif
