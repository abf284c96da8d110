/* ops.h - convolution: a row per operation, as ../ops.h explains. */
#ifndef CNNC_CONV_OPS_H
#define CNNC_CONV_OPS_H

#define CNNC_WINDOW(SIZE) SIZE(stride_h) SIZE(stride_w) SIZE(pad_top) SIZE(pad_left)
#define CNNC_CONV_SIZES(SIZE)                                                               \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(KH) SIZE(KW) SIZE(CG) SIZE(K) SIZE(OH) SIZE(OW)     \
    CNNC_WINDOW(SIZE) SIZE(dilation_h) SIZE(dilation_w)                                      \
    SIZE(flip)      /* 1: true convolution, the filter is read flipped both ways */          \
    SIZE(algorithm) /* 0: the fastest, else one of conv.h's; where it cannot run, the direct one */

/* y[n,i,j, first + k] = act(b[k] + residual[n,i,j,k] + sum_{u,v,c} x[n, i s - p + u d, j s - p + v d, c] w[u,v,c,k]);
 * act 0 is none, else the number of a row of ../activation/activations.h, whose setting is alpha. y may have more
 * channels than these K, which stay as they are, but not with a residual. With `packed`, what correlate2d_pack made of w
 * for the same sizes and algorithm at the same instruction set level, w is not read. */
#define CNNC_CORRELATE2D(IN, OUT, SIZE, NUM)                                                \
    IN(real, x, "N H W C") IN(real, w, "KH KW CG K?") IN(real, b, "K?") IN(real, packed, "P?") \
    IN(real, residual, "N OH OW K?") OUT(real, y, "N OH OW Y") CNNC_CONV_SIZES(SIZE)        \
    SIZE(Y) SIZE(first) SIZE(act) NUM(alpha)
/* dx: the gradient of x */
#define CNNC_CORRELATE2D_DX(IN, OUT, SIZE, NUM)                                             \
    IN(real, dy, "N OH OW K") IN(real, w, "KH KW CG K") OUT(real, dx, "N H W C")            \
    CNNC_CONV_SIZES(SIZE) SIZE(accumulate)
/* dw, db: the gradients of w and b */
#define CNNC_CORRELATE2D_DW(IN, OUT, SIZE, NUM)                                             \
    IN(real, dy, "N OH OW K") IN(real, x, "N H W C") OUT(real, dw, "KH KW CG K") OUT(real, db, "K?") \
    CNNC_CONV_SIZES(SIZE) SIZE(accumulate)
/* w in the form that the forward pass computes with, for filters that are used again and again */
#define CNNC_CORRELATE2D_PACK(IN, OUT, SIZE, NUM)                                           \
    IN(real, w, "KH KW CG K") OUT(real, packed, "P") CNNC_CONV_SIZES(SIZE)
/* What these sizes and this algorithm lead to. chosen: the algorithms of the forward pass, dx, dw and the forward pass
 * with packed filters, then the length of `packed`, 0 where nothing is packed. seconds: estimates for these four. */
#define CNNC_CORRELATE2D_PLAN(IN, OUT, SIZE, NUM)                                           \
    OUT(i64, chosen, "5") OUT(real, seconds, "4") CNNC_CONV_SIZES(SIZE)

#define CNNC_CONV_OPS(OP)                       \
    OP(correlate2d, CNNC_CORRELATE2D)           \
    OP(correlate2d_dx, CNNC_CORRELATE2D_DX)     \
    OP(correlate2d_dw, CNNC_CORRELATE2D_DW)     \
    OP(correlate2d_pack, CNNC_CORRELATE2D_PACK) \
    OP(correlate2d_plan, CNNC_CORRELATE2D_PLAN)

#endif
