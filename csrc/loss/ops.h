/* ops.h - softmax and losses: a row per operation, as ../ops.h explains.
 *
 * A loss is sum_n row_weight[n] row_loss[n] over N samples, with 1 / N for a row_weight that is NULL. `weight` scales
 * its gradient alone, for losses that are parts of a sum.
 */
#ifndef CNNC_LOSS_OPS_H
#define CNNC_LOSS_OPS_H

#include "pointwise_rows.h"

#define CNNC_SOFTMAX(IN, OUT, SIZE, NUM) /* may run in place */                             \
    IN(real, x, "M* K") OUT(real, y, "M* K") SIZE(M) SIZE(K)
#define CNNC_SOFTMAX_DX(IN, OUT, SIZE, NUM) /* dx may be dy */                              \
    IN(real, dy, "M* K") IN(real, y, "M* K") OUT(real, dx, "M* K") SIZE(M) SIZE(K) SIZE(accumulate)
/* row_loss[n] = -sum_k t[n,k] log softmax(x)[n,k], t[n,k] = class_weight[k] ((1 - smoothing) o[n,k] + smoothing / K);
 * o is one-hot of labels, or target: one of them is NULL. p = softmax(x) is what the gradient needs; hits = the number
 * of rows whose largest logit is at the label (at the target's largest entry). */
#define CNNC_CROSS_ENTROPY(IN, OUT, SIZE, NUM) /* p may be x */                             \
    IN(real, x, "N K") IN(i32, labels, "N?") IN(real, target, "N K?")                        \
    IN(real, class_weight, "K?") IN(f64, row_weight, "N?")                                  \
    OUT(real, p, "N K") OUT(f64, row_loss, "N") OUT(f64, loss, "1") OUT(i64, hits, "1")      \
    SIZE(N) SIZE(K) NUM(smoothing)
/* dx = (p sum_k t - t) row_weight weight */
#define CNNC_CROSS_ENTROPY_DX(IN, OUT, SIZE, NUM) /* dx may be p */                         \
    IN(real, p, "N K") IN(i32, labels, "N?") IN(real, target, "N K?")                        \
    IN(real, class_weight, "K?") IN(f64, row_weight, "N?") OUT(real, dx, "N K")              \
    SIZE(N) SIZE(K) NUM(smoothing) NUM(weight) SIZE(accumulate)
/* row_loss[n] = sum_{k != label} max(0, margin + x[n,k] - x[n,label]) / K; hits as above */
#define CNNC_HINGE(IN, OUT, SIZE, NUM)                                                      \
    IN(real, x, "N K") IN(i32, labels, "N") IN(f64, row_weight, "N?")                        \
    OUT(f64, row_loss, "N") OUT(f64, loss, "1") OUT(i64, hits, "1") SIZE(N) SIZE(K) NUM(margin)
#define CNNC_HINGE_DX(IN, OUT, SIZE, NUM)                                                   \
    IN(real, x, "N K") IN(i32, labels, "N") IN(f64, row_weight, "N?") OUT(real, dx, "N K")   \
    SIZE(N) SIZE(K) NUM(margin) NUM(weight) SIZE(accumulate)
/* row_loss[n] = mean_j f(x[n,j], target[n,j]), f and its derivative as pointwise_rows.h has them */
#define CNNC_POINTWISE(IN, OUT, SIZE, NUM)                                                  \
    IN(real, x, "N J*") IN(real, target, "N J*") IN(f64, row_weight, "N?")                   \
    OUT(f64, row_loss, "N") OUT(f64, loss, "1") SIZE(N) SIZE(J) NUM(delta)
#define CNNC_POINTWISE_DX(IN, OUT, SIZE, NUM)                                               \
    IN(real, x, "N J*") IN(real, target, "N J*") IN(f64, row_weight, "N?") OUT(real, dx, "N J*") \
    SIZE(N) SIZE(J) NUM(delta) NUM(weight) SIZE(accumulate)
/* stops the program if any element is not finite */
#define CNNC_CHECK_FINITE(IN, OUT, SIZE, NUM) IN(f64, x, "LENGTH*") SIZE(LENGTH)

#define CNNC_POINTWISE_OP(OP, forward, backward, ...) OP(forward, CNNC_POINTWISE) OP(backward, CNNC_POINTWISE_DX)
#define CNNC_LOSS_OPS(OP)                       \
    OP(softmax, CNNC_SOFTMAX)                   \
    OP(softmax_dx, CNNC_SOFTMAX_DX)             \
    OP(cross_entropy, CNNC_CROSS_ENTROPY)       \
    OP(cross_entropy_dx, CNNC_CROSS_ENTROPY_DX) \
    OP(hinge, CNNC_HINGE)                       \
    OP(hinge_dx, CNNC_HINGE_DX)                 \
    CNNC_POINTWISE_LOSSES(CNNC_POINTWISE_OP, OP) \
    OP(check_finite, CNNC_CHECK_FINITE)

#endif
