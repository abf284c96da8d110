/* ops.h - softmax over the last axis, cross-entropy: a row per operation, as ../ops.h explains. */
#ifndef CNNC_LOSS_OPS_H
#define CNNC_LOSS_OPS_H

#define CNNC_SOFTMAX(IN, OUT, SIZE, NUM) /* may run in place */                             \
    IN(real, x, "M* K") OUT(real, y, "M* K") SIZE(M) SIZE(K)
#define CNNC_SOFTMAX_DX(IN, OUT, SIZE, NUM) /* dx may be dy */                              \
    IN(real, dy, "M* K") IN(real, y, "M* K") OUT(real, dx, "M* K") SIZE(M) SIZE(K) SIZE(accumulate)
/* loss = mean_n -sum_k t[n,k] log softmax(x)[n,k]; t is one-hot of labels, or target. p = softmax(x) is
 * what the gradient needs; hits = the number of rows whose largest logit is at the label (at the target's
 * largest entry). One of labels and target is NULL. row_loss holds the N terms. */
#define CNNC_CROSS_ENTROPY(IN, OUT, SIZE, NUM) /* p may be x */                             \
    IN(real, x, "N K") IN(i32, labels, "N?") IN(real, target, "N K?")                        \
    OUT(real, p, "N K") OUT(f64, row_loss, "N") OUT(f64, loss, "1") OUT(i64, hits, "1") SIZE(N) SIZE(K)
/* dx = (p sum_k t - t) / N */
#define CNNC_CROSS_ENTROPY_DX(IN, OUT, SIZE, NUM) /* dx may be p */                         \
    IN(real, p, "N K") IN(i32, labels, "N?") IN(real, target, "N K?") OUT(real, dx, "N K")   \
    SIZE(N) SIZE(K) SIZE(accumulate)
/* stops the program if any element is not finite */
#define CNNC_CHECK_FINITE(IN, OUT, SIZE, NUM) IN(f64, x, "LENGTH*") SIZE(LENGTH)

#define CNNC_LOSS_OPS(OP)                       \
    OP(softmax, CNNC_SOFTMAX)                   \
    OP(softmax_dx, CNNC_SOFTMAX_DX)             \
    OP(cross_entropy, CNNC_CROSS_ENTROPY)       \
    OP(cross_entropy_dx, CNNC_CROSS_ENTROPY_DX) \
    OP(check_finite, CNNC_CHECK_FINITE)

#endif
