/* ops.h - the maximum over pieces: a row per operation, as ../ops.h explains. Channel j K + k of x is piece j of
 * unit k, with C / K pieces, at most 256. */
#ifndef CNNC_MAXOUT_OPS_H
#define CNNC_MAXOUT_OPS_H

/* y[m,k] = max over j of x[m, j K + k], NaN if one of them is; index8, if given: the first j that has it */
#define CNNC_MAXOUT(IN, OUT, SIZE, NUM)                                                     \
    IN(real, x, "M* C") OUT(real, y, "M* K") OUT(u8, index8, "M* K?") SIZE(M) SIZE(C) SIZE(K)
/* dx[m, j K + k] (+)= dy[m,k] where index8[m,k] = j, else 0 */
#define CNNC_MAXOUT_DX(IN, OUT, SIZE, NUM)                                                  \
    IN(real, dy, "M* K") IN(u8, index8, "M* K") OUT(real, dx, "M* C") SIZE(M) SIZE(C) SIZE(K) SIZE(accumulate)

#define CNNC_MAXOUT_OPS(OP)       \
    OP(maxout, CNNC_MAXOUT)       \
    OP(maxout_dx, CNNC_MAXOUT_DX)

#endif
