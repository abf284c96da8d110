/* ops.h - element-wise and copying work: a row per operation, as ../ops.h explains. */
#ifndef CNNC_ELEMENTWISE_OPS_H
#define CNNC_ELEMENTWISE_OPS_H

/* y[i] = x[i] scale[i % S] + offset[i % S]: S is 1, or the length of x's last axis */
#define CNNC_RESCALE(IN, OUT, SIZE, NUM) /* may run in place */                             \
    IN(real, x, "LENGTH*") IN(f64, scale, "S") IN(f64, offset, "S") OUT(real, y, "LENGTH*") \
    SIZE(LENGTH) SIZE(S)
#define CNNC_RESCALE_U8(IN, OUT, SIZE, NUM)                                                 \
    IN(u8, x, "LENGTH*") IN(f64, scale, "S") IN(f64, offset, "S") OUT(real, y, "LENGTH*")   \
    SIZE(LENGTH) SIZE(S)
/* dx[i] (+)= dy[i] scale[i % S] */
#define CNNC_RESCALE_DX(IN, OUT, SIZE, NUM) /* may run in place */                          \
    IN(real, dy, "LENGTH*") IN(f64, scale, "S") OUT(real, dx, "LENGTH*") SIZE(LENGTH) SIZE(S) SIZE(accumulate)
/* y = act([y +] a + b), with y's old value if accumulate; with b NULL without b. act: see activation/activations.h */
#define CNNC_ADD(IN, OUT, SIZE, NUM) /* may run in place */                                 \
    IN(real, a, "LENGTH*") IN(real, b, "LENGTH*?") OUT(real, y, "LENGTH*") SIZE(LENGTH) SIZE(accumulate) \
    SIZE(act) NUM(alpha)
/* y += (scale x - y) rate: y moves towards scale x, as a running mean does */
#define CNNC_LERP(IN, OUT, SIZE, NUM)                                                       \
    IN(real, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) NUM(scale) NUM(rate)
/* channels [offset, offset + C) of y (+)= x, and back */
#define CNNC_CONCAT(IN, OUT, SIZE, NUM)                                                     \
    IN(real, x, "M* C") OUT(real, y, "M* K") SIZE(M) SIZE(C) SIZE(K) SIZE(offset)
/* the same with zeros in the other channels */
#define CNNC_PAD_CHANNELS(IN, OUT, SIZE, NUM)                                               \
    IN(real, x, "M* C") OUT(real, y, "M* K") SIZE(M) SIZE(C) SIZE(K) SIZE(offset)
#define CNNC_CONCAT_DX(IN, OUT, SIZE, NUM)                                                  \
    IN(real, dy, "M* K") OUT(real, dx, "M* C") SIZE(M) SIZE(C) SIZE(K) SIZE(offset) SIZE(accumulate)

#define CNNC_ELEMENTWISE_OPS(OP)    \
    OP(rescale, CNNC_RESCALE)       \
    OP(rescale_u8, CNNC_RESCALE_U8) \
    OP(rescale_dx, CNNC_RESCALE_DX) \
    OP(add, CNNC_ADD)               \
    OP(lerp, CNNC_LERP)             \
    OP(concat, CNNC_CONCAT)         \
    OP(concat_dx, CNNC_CONCAT_DX)   \
    OP(pad_channels, CNNC_PAD_CHANNELS)

#endif
