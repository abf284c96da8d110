/* ops.h - dropout: a row per operation, as ../ops.h explains. */
#ifndef CNNC_DROPOUT_OPS_H
#define CNNC_DROPOUT_OPS_H

/* y (+)= x keep / (1 - rate), keep from Philox: rng = {seed, step}, stream tells layers apart. The same
 * row is its own backward: dx = dropout of dy. */
#define CNNC_DROPOUT(IN, OUT, SIZE, NUM) /* may run in place */                             \
    IN(real, x, "LENGTH*") IN(u64, rng, "2") OUT(real, y, "LENGTH*")                         \
    SIZE(LENGTH) SIZE(stream) NUM(rate) SIZE(accumulate)

#define CNNC_DROPOUT_OPS(OP)  \
    OP(dropout, CNNC_DROPOUT)

#endif
