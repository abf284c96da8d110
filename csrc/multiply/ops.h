/* ops.h - products of activations: a row per operation, as ../ops.h explains. */
#ifndef CNNC_MULTIPLY_OPS_H
#define CNNC_MULTIPLY_OPS_H

/* y (+)= a b. The same row is its own backward: da (+)= dy b, db (+)= dy a. */
#define CNNC_MULTIPLY(IN, OUT, SIZE, NUM) /* may run in place */                            \
    IN(real, a, "LENGTH*") IN(real, b, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) SIZE(accumulate)
/* y[n,s,c] (+)= x[n,s,c] g[n,c]: one factor for each channel of each image. dx (+)= dy g is the same row. */
#define CNNC_MULTIPLY_CHANNELS(IN, OUT, SIZE, NUM) /* may run in place */                   \
    IN(real, x, "N S* C") IN(real, g, "N C") OUT(real, y, "N S* C") SIZE(N) SIZE(S) SIZE(C) SIZE(accumulate)
/* dg[n,c] (+)= sum over s of dy[n,s,c] x[n,s,c] */
#define CNNC_MULTIPLY_CHANNELS_DG(IN, OUT, SIZE, NUM)                                       \
    IN(real, dy, "N S* C") IN(real, x, "N S* C") OUT(real, dg, "N C") SIZE(N) SIZE(S) SIZE(C) SIZE(accumulate)

#define CNNC_MULTIPLY_OPS(OP)                         \
    OP(multiply, CNNC_MULTIPLY)                       \
    OP(multiply_channels, CNNC_MULTIPLY_CHANNELS)     \
    OP(multiply_channels_dg, CNNC_MULTIPLY_CHANNELS_DG)

#endif
