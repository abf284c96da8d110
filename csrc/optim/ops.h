/* ops.h - optimizers, and what is done to gradients before: a row per operation, as ../ops.h explains. */
#ifndef CNNC_OPTIM_OPS_H
#define CNNC_OPTIM_OPS_H

#include "optimizers.h"

/* One step of an optimizer on flat arrays, see optimizers.h: its states are s0 to s2, what it need not have is NULL.
 * The numbers are an array so that a recorded program sees them change. */
#define CNNC_OPTIMIZER(IN, OUT, SIZE, NUM)                                                  \
    IN(real, grad, "LENGTH*") OUT(real, param, "LENGTH*")                                   \
    OUT(real, s0, "LENGTH*?") OUT(real, s1, "LENGTH*?") OUT(real, s2, "LENGTH*?")            \
    IN(f64, numbers, "8") SIZE(LENGTH)
/* sum (+)= sum_i x[i]^2 */
#define CNNC_SUM_SQUARES(IN, OUT, SIZE, NUM)                                                \
    IN(real, x, "LENGTH*") OUT(f64, sum, "1") SIZE(LENGTH) SIZE(accumulate)
/* x = min(max(x, -limit), limit) */
#define CNNC_CLIP_VALUE(IN, OUT, SIZE, NUM) OUT(real, x, "LENGTH*") SIZE(LENGTH) NUM(limit)
/* x *= min(1, limit / (sqrt(squares) + 1e-6)): with squares = sum_i x[i]^2, x is at most about `limit` long */
#define CNNC_CLIP_NORM(IN, OUT, SIZE, NUM)                                                  \
    IN(f64, squares, "1") OUT(real, x, "LENGTH*") SIZE(LENGTH) NUM(limit)
/* numbers[0] *= trust |param| / (|grad| + numbers[2] |param|), where both norms are above 0 */
#define CNNC_LARS_RATE(IN, OUT, SIZE, NUM)                                                  \
    IN(f64, param_squares, "1") IN(f64, grad_squares, "1") OUT(f64, numbers, "8") NUM(trust)

#define CNNC_OPTIMIZER_OP(OP, name, ...) OP(name, CNNC_OPTIMIZER)
#define CNNC_OPTIM_OPS(OP)                        \
    CNNC_OPTIMIZERS(CNNC_OPTIMIZER_OP, OP)        \
    OP(sum_squares, CNNC_SUM_SQUARES)             \
    OP(clip_value, CNNC_CLIP_VALUE)               \
    OP(clip_norm, CNNC_CLIP_NORM)                 \
    OP(lars_rate, CNNC_LARS_RATE)

#endif
