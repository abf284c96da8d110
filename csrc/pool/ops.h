/* ops.h - pooling: a row per operation, as ../ops.h explains. */
#ifndef CNNC_POOL_OPS_H
#define CNNC_POOL_OPS_H

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
/* With act, what dx would be is multiplied by the derivative of that activation, which reads `from`: y or x, as its row
 * of ../activation/activations.h says. accumulate must be 0 then. */
#define CNNC_AVG_POOL2D_DX(IN, OUT, SIZE, NUM)                                              \
    IN(real, dy, "N OH OW C") IN(real, from, "N H W C?") OUT(real, dx, "N H W C")           \
    CNNC_POOL_SIZES(SIZE) SIZE(pad_bottom) SIZE(pad_right) SIZE(count_pad)                  \
    SIZE(act) NUM(alpha) SIZE(accumulate)

#define CNNC_POOL_OPS(OP)                 \
    OP(max_pool2d, CNNC_MAX_POOL2D)       \
    OP(max_pool2d_dx, CNNC_MAX_POOL2D_DX) \
    OP(avg_pool2d, CNNC_AVG_POOL2D)       \
    OP(avg_pool2d_dx, CNNC_AVG_POOL2D_DX)

#endif
