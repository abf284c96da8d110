/* ops.h - the rectifier with learned slopes: a row per operation, as ../ops.h explains. */
#ifndef CNNC_PRELU_OPS_H
#define CNNC_PRELU_OPS_H

/* y[m,c] = x[m,c] where that is greater than 0, else w x[m,c]: w[c] if K = C, w[0] if K = 1 */
#define CNNC_PRELU(IN, OUT, SIZE, NUM) /* may run in place */                               \
    IN(real, x, "M* C") IN(real, w, "K") OUT(real, y, "M* C") SIZE(M) SIZE(C) SIZE(K)
/* dx[m,c] (+)= dy[m,c] where x[m,c] > 0, else w dy[m,c] */
#define CNNC_PRELU_DX(IN, OUT, SIZE, NUM) /* dx may be dy */                                \
    IN(real, dy, "M* C") IN(real, x, "M* C") IN(real, w, "K") OUT(real, dx, "M* C")         \
    SIZE(M) SIZE(C) SIZE(K) SIZE(accumulate)
/* dw (+)= the sum of x[m,c] dy[m,c] where not x[m,c] > 0, over m, or over m and c if K = 1 */
#define CNNC_PRELU_DW(IN, OUT, SIZE, NUM)                                                   \
    IN(real, dy, "M* C") IN(real, x, "M* C") OUT(real, dw, "K") SIZE(M) SIZE(C) SIZE(K) SIZE(accumulate)

#define CNNC_PRELU_OPS(OP)      \
    OP(prelu, CNNC_PRELU)       \
    OP(prelu_dx, CNNC_PRELU_DX) \
    OP(prelu_dw, CNNC_PRELU_DW)

#endif
