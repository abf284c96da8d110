/* ops.h - convolution: a row per operation, as ../ops.h explains. */
#ifndef CNNC_CONV_OPS_H
#define CNNC_CONV_OPS_H

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

#define CNNC_CONV_OPS(OP)                   \
    OP(correlate2d, CNNC_CORRELATE2D)       \
    OP(correlate2d_dx, CNNC_CORRELATE2D_DX) \
    OP(correlate2d_dw, CNNC_CORRELATE2D_DW)

#endif
