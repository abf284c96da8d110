/* ops.h - dense layers: y = act(x w + b), act the number of an activation (activation.h) or 0: a row per operation, as
 * ../ops.h explains. */
#ifndef CNNC_DENSE_OPS_H
#define CNNC_DENSE_OPS_H

#define CNNC_DENSE(IN, OUT, SIZE, NUM)                                                      \
    IN(real, x, "M* C") IN(real, w, "C K") IN(real, b, "K?") OUT(real, y, "M* K")         \
    SIZE(M) SIZE(C) SIZE(K) SIZE(act) NUM(alpha)
#define CNNC_DENSE_DX(IN, OUT, SIZE, NUM)                                                   \
    IN(real, dy, "M* K") IN(real, w, "C K") OUT(real, dx, "M* C") SIZE(M) SIZE(C) SIZE(K) SIZE(accumulate)
/* dw may be a strip of the gradient of w: its rows are those of x's columns first .. first + C */
#define CNNC_DENSE_DW(IN, OUT, SIZE, NUM)                                                   \
    IN(real, dy, "M* K") IN(real, x, "M* X") OUT(real, dw, "C K") OUT(real, db, "K?")        \
    SIZE(M) SIZE(X) SIZE(C) SIZE(K) SIZE(first) SIZE(accumulate)

/* y = x + b; db = sum over all axes but the last */
#define CNNC_BIAS_ADD(IN, OUT, SIZE, NUM) /* may run in place */                            \
    IN(real, x, "M* K") IN(real, b, "K") OUT(real, y, "M* K") SIZE(M) SIZE(K)
#define CNNC_BIAS_ADD_DB(IN, OUT, SIZE, NUM)                                                \
    IN(real, dy, "M* K") OUT(real, db, "K") SIZE(M) SIZE(K) SIZE(accumulate)

#define CNNC_DENSE_OPS(OP)            \
    OP(dense, CNNC_DENSE)             \
    OP(dense_dx, CNNC_DENSE_DX)       \
    OP(dense_dw, CNNC_DENSE_DW)       \
    OP(bias_add, CNNC_BIAS_ADD)       \
    OP(bias_add_db, CNNC_BIAS_ADD_DB)

#endif
