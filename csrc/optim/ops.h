/* ops.h - optimizers: a row per operation, as ../ops.h explains. */
#ifndef CNNC_OPTIM_OPS_H
#define CNNC_OPTIM_OPS_H

/* g = grad + weight_decay param; velocity = momentum velocity + g; param -= lr (nesterov ? g + momentum
 * velocity : velocity). velocity is NULL when momentum is 0. lr is an array so that a recorded program sees it change. */
#define CNNC_SGD(IN, OUT, SIZE, NUM)                                                        \
    IN(real, grad, "LENGTH*") OUT(real, param, "LENGTH*") OUT(real, velocity, "LENGTH*?") IN(f64, lr, "1") \
    SIZE(LENGTH) NUM(momentum) NUM(weight_decay) SIZE(nesterov)

#define CNNC_OPTIM_OPS(OP) \
    OP(sgd, CNNC_SGD)

#endif
