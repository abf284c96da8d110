/* ops.h - every operation, once. A row lists the fields of the operation's argument struct in order:
 *
 *   IN(type, name, shape)   array that is read       OUT(type, name, shape)   array that is written
 *   SIZE(name)              ptrdiff_t: the size of an axis if a shape names it, else a parameter
 *   NUM(name)               double
 *
 * `real` is float in the f32 build and double in the f64 build. A shape lists axes; "M* K" means that M is
 * the product of all axes but the last; a trailing "?" marks an array that may be NULL. The alphabet:
 * N images, H x W rows and columns, C channels, KH x KW filter, CG = C / groups, K filters, OH x OW output.
 */
#ifndef CNNC_OPS_H
#define CNNC_OPS_H

/* --- conv ------------------------------------------------------------------------------------------ */

#define CNNC_WINDOW(SIZE) SIZE(stride_h) SIZE(stride_w) SIZE(pad_top) SIZE(pad_left)
#define CNNC_CONV_SIZES(SIZE)                                                               \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(KH) SIZE(KW) SIZE(CG) SIZE(K) SIZE(OH) SIZE(OW)     \
    CNNC_WINDOW(SIZE) SIZE(dilation_h) SIZE(dilation_w)                                      \
    SIZE(flip) /* 1: true convolution, the filter is read flipped both ways */

/* y[n,i,j,k] = b[k] + sum_{u,v,c} x[n, i s - p + u d, j s - p + v d, c] w[u,v,c,k] */
#define CNNC_CORRELATE2D(IN, OUT, SIZE, NUM)                                                \
    IN(real, x, "N H W C") IN(real, w, "KH KW CG K") IN(real, b, "K?") OUT(real, y, "N OH OW K") \
    CNNC_CONV_SIZES(SIZE)
/* dx: the gradient of x */
#define CNNC_CORRELATE2D_DX(IN, OUT, SIZE, NUM)                                             \
    IN(real, dy, "N OH OW K") IN(real, w, "KH KW CG K") OUT(real, dx, "N H W C")            \
    CNNC_CONV_SIZES(SIZE) SIZE(accumulate)
/* dw, db: the gradients of w and b */
#define CNNC_CORRELATE2D_DW(IN, OUT, SIZE, NUM)                                             \
    IN(real, dy, "N OH OW K") IN(real, x, "N H W C") OUT(real, dw, "KH KW CG K") OUT(real, db, "K?") \
    CNNC_CONV_SIZES(SIZE) SIZE(accumulate)

/* --- dense: y = x w + b ----------------------------------------------------------------------------- */

#define CNNC_DENSE(IN, OUT, SIZE, NUM)                                                      \
    IN(real, x, "M* C") IN(real, w, "C K") IN(real, b, "K?") OUT(real, y, "M* K") SIZE(M) SIZE(C) SIZE(K)
#define CNNC_DENSE_DX(IN, OUT, SIZE, NUM)                                                   \
    IN(real, dy, "M* K") IN(real, w, "C K") OUT(real, dx, "M* C") SIZE(M) SIZE(C) SIZE(K) SIZE(accumulate)
#define CNNC_DENSE_DW(IN, OUT, SIZE, NUM)                                                   \
    IN(real, dy, "M* K") IN(real, x, "M* C") OUT(real, dw, "C K") OUT(real, db, "K?")        \
    SIZE(M) SIZE(C) SIZE(K) SIZE(accumulate)

/* y = x + b; db = sum over all axes but the last */
#define CNNC_BIAS_ADD(IN, OUT, SIZE, NUM) /* may run in place */                            \
    IN(real, x, "M* K") IN(real, b, "K") OUT(real, y, "M* K") SIZE(M) SIZE(K)
#define CNNC_BIAS_ADD_DB(IN, OUT, SIZE, NUM)                                                \
    IN(real, dy, "M* K") OUT(real, db, "K") SIZE(M) SIZE(K) SIZE(accumulate)

/* --- pool ------------------------------------------------------------------------------------------- */

#define CNNC_POOL_SIZES(SIZE)                                                               \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW) SIZE(KH) SIZE(KW) CNNC_WINDOW(SIZE)
/* y: the window's largest value (NaN if it holds one); padding never wins. index8 or index32, if given:
 * u * KW + v of the first tap that has it, as uint8 (KH * KW <= 256) or int32. */
#define CNNC_MAX_POOL2D(IN, OUT, SIZE, NUM)                                                 \
    IN(real, x, "N H W C") OUT(real, y, "N OH OW C")                                        \
    OUT(u8, index8, "N OH OW C?") OUT(i32, index32, "N OH OW C?") CNNC_POOL_SIZES(SIZE)
#define CNNC_MAX_POOL2D_DX(IN, OUT, SIZE, NUM)                                              \
    IN(real, dy, "N OH OW C") IN(u8, index8, "N OH OW C?") IN(i32, index32, "N OH OW C?")   \
    OUT(real, dx, "N H W C") CNNC_POOL_SIZES(SIZE) SIZE(accumulate)
/* y: the window's sum / its number of elements: of the window clipped to the image, or with
 * count_pad = 1 to the image padded by pad_top, pad_bottom, pad_left, pad_right */
#define CNNC_AVG_POOL2D(IN, OUT, SIZE, NUM)                                                 \
    IN(real, x, "N H W C") OUT(real, y, "N OH OW C")                                        \
    CNNC_POOL_SIZES(SIZE) SIZE(pad_bottom) SIZE(pad_right) SIZE(count_pad)
#define CNNC_AVG_POOL2D_DX(IN, OUT, SIZE, NUM)                                              \
    IN(real, dy, "N OH OW C") OUT(real, dx, "N H W C")                                      \
    CNNC_POOL_SIZES(SIZE) SIZE(pad_bottom) SIZE(pad_right) SIZE(count_pad) SIZE(accumulate)

/* --- activation: y = f(x), dx = dy f'(x) with f' written in terms of y; all may run in place ----------- */

#define CNNC_ACTIVATION(IN, OUT, SIZE, NUM)                                                 \
    IN(real, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) NUM(alpha)
#define CNNC_ACTIVATION_DX(IN, OUT, SIZE, NUM)                                              \
    IN(real, dy, "LENGTH*") IN(real, y, "LENGTH*") OUT(real, dx, "LENGTH*") SIZE(LENGTH) NUM(alpha) SIZE(accumulate)

/* --- loss: softmax over the last axis, cross-entropy ---------------------------------------------------- */

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

/* --- data: element-wise and copying work ------------------------------------------------------------------ */

/* y = x scale + offset */
#define CNNC_RESCALE(IN, OUT, SIZE, NUM) /* may run in place */                             \
    IN(real, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) NUM(scale) NUM(offset)
#define CNNC_RESCALE_U8(IN, OUT, SIZE, NUM)                                                 \
    IN(u8, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) NUM(scale) NUM(offset)
/* dx (+)= dy scale */
#define CNNC_RESCALE_DX(IN, OUT, SIZE, NUM) /* may run in place */                          \
    IN(real, dy, "LENGTH*") OUT(real, dx, "LENGTH*") SIZE(LENGTH) NUM(scale) SIZE(accumulate)
/* y (+)= a + b; with b NULL y (+)= a */
#define CNNC_ADD(IN, OUT, SIZE, NUM) /* may run in place */                                 \
    IN(real, a, "LENGTH*") IN(real, b, "LENGTH*?") OUT(real, y, "LENGTH*") SIZE(LENGTH) SIZE(accumulate)
/* channels [offset, offset + C) of y (+)= x, and back */
#define CNNC_CONCAT(IN, OUT, SIZE, NUM)                                                     \
    IN(real, x, "M* C") OUT(real, y, "M* K") SIZE(M) SIZE(C) SIZE(K) SIZE(offset)
#define CNNC_CONCAT_DX(IN, OUT, SIZE, NUM)                                                  \
    IN(real, dy, "M* K") OUT(real, dx, "M* C") SIZE(M) SIZE(C) SIZE(K) SIZE(offset) SIZE(accumulate)
/* y (+)= x keep / (1 - rate), keep from Philox: rng = {seed, step}, stream tells layers apart. The same
 * row is its own backward: dx = dropout of dy. */
#define CNNC_DROPOUT(IN, OUT, SIZE, NUM) /* may run in place */                             \
    IN(real, x, "LENGTH*") IN(u64, rng, "2") OUT(real, y, "LENGTH*")                         \
    SIZE(LENGTH) SIZE(stream) NUM(rate) SIZE(accumulate)

/* --- optim -------------------------------------------------------------------------------------------------- */

/* g = grad + weight_decay param; velocity = momentum velocity + g; param -= lr (nesterov ? g + momentum
 * velocity : velocity). velocity is NULL when momentum is 0. lr is an array so that a recorded program sees it change. */
#define CNNC_SGD(IN, OUT, SIZE, NUM)                                                        \
    IN(real, grad, "LENGTH*") OUT(real, param, "LENGTH*") OUT(real, velocity, "LENGTH*?") IN(f64, lr, "1") \
    SIZE(LENGTH) NUM(momentum) NUM(weight_decay) SIZE(nesterov)

#define CNNC_OPS(OP)                              \
    OP(correlate2d, CNNC_CORRELATE2D)             \
    OP(correlate2d_dx, CNNC_CORRELATE2D_DX)       \
    OP(correlate2d_dw, CNNC_CORRELATE2D_DW)       \
    OP(dense, CNNC_DENSE)                         \
    OP(dense_dx, CNNC_DENSE_DX)                   \
    OP(dense_dw, CNNC_DENSE_DW)                   \
    OP(bias_add, CNNC_BIAS_ADD)                   \
    OP(bias_add_db, CNNC_BIAS_ADD_DB)             \
    OP(max_pool2d, CNNC_MAX_POOL2D)               \
    OP(max_pool2d_dx, CNNC_MAX_POOL2D_DX)         \
    OP(avg_pool2d, CNNC_AVG_POOL2D)               \
    OP(avg_pool2d_dx, CNNC_AVG_POOL2D_DX)         \
    OP(relu, CNNC_ACTIVATION)                     \
    OP(relu_dx, CNNC_ACTIVATION_DX)               \
    OP(leaky_relu, CNNC_ACTIVATION)               \
    OP(leaky_relu_dx, CNNC_ACTIVATION_DX)         \
    OP(elu, CNNC_ACTIVATION)                      \
    OP(elu_dx, CNNC_ACTIVATION_DX)                \
    OP(sigmoid, CNNC_ACTIVATION)                  \
    OP(sigmoid_dx, CNNC_ACTIVATION_DX)            \
    OP(tanh, CNNC_ACTIVATION)                     \
    OP(tanh_dx, CNNC_ACTIVATION_DX)               \
    OP(softmax, CNNC_SOFTMAX)                     \
    OP(softmax_dx, CNNC_SOFTMAX_DX)               \
    OP(cross_entropy, CNNC_CROSS_ENTROPY)         \
    OP(cross_entropy_dx, CNNC_CROSS_ENTROPY_DX)   \
    OP(check_finite, CNNC_CHECK_FINITE)           \
    OP(rescale, CNNC_RESCALE)                     \
    OP(rescale_u8, CNNC_RESCALE_U8)               \
    OP(rescale_dx, CNNC_RESCALE_DX)               \
    OP(add, CNNC_ADD)                             \
    OP(concat, CNNC_CONCAT)                       \
    OP(concat_dx, CNNC_CONCAT_DX)                 \
    OP(dropout, CNNC_DROPOUT)                     \
    OP(sgd, CNNC_SGD)

#endif
