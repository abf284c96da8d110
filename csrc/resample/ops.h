/* ops.h - resampling: a row per operation, as ../ops.h explains. */
#ifndef CNNC_RESAMPLE_OPS_H
#define CNNC_RESAMPLE_OPS_H

/* A (OH, H) and B (OW, W) are sparse: row i of A holds row_weight[t] in its column row_index[t], for row_end[i - 1] <= t <
 * row_end[i] (from 0 for i = 0); B likewise. A row may be empty, and then makes zeros. */
#define CNNC_RESAMPLE_SIZES(IN, SIZE)                                                       \
    IN(i32, row_end, "OH") IN(i32, row_index, "RT") IN(f64, row_weight, "RT")               \
    IN(i32, column_end, "OW") IN(i32, column_index, "CT") IN(f64, column_weight, "CT")      \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW) SIZE(RT) SIZE(CT)
/* y[n,i,j,c] = sum over u, v of A[i,u] B[j,v] x[n,u,v,c]: padding, enlarging and adaptive pooling are such sums */
#define CNNC_RESAMPLE2D(IN, OUT, SIZE, NUM)                                                 \
    IN(real, x, "N H W C") OUT(real, y, "N OH OW C") CNNC_RESAMPLE_SIZES(IN, SIZE)
/* dx[n,u,v,c] (+)= sum over i, j of A[i,u] B[j,v] dy[n,i,j,c] */
#define CNNC_RESAMPLE2D_DX(IN, OUT, SIZE, NUM)                                              \
    IN(real, dy, "N OH OW C") OUT(real, dx, "N H W C") CNNC_RESAMPLE_SIZES(IN, SIZE) SIZE(accumulate)

#define CNNC_RESAMPLE_OPS(OP)        \
    OP(resample2d, CNNC_RESAMPLE2D)  \
    OP(resample2d_dx, CNNC_RESAMPLE2D_DX)

#endif
