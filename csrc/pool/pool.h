/* pool.h - max and average pooling over windows of KH x KW, channels last.
 *
 *     y[n,i,j,c] = max or mean over (u,v) of x[n, i stride_h - pad_top + u, j stride_w - pad_left + v, c]
 *
 * where only taps (u, v) inside the image count, and every window holds at least one. Backward goes the other
 * way round, from dx: an element collects from the windows that cover it,
 *
 *     dx[n,h,w,c] = sum over (i,j) covering (h,w) of  dy[n,i,j,c] if its index says (h,w)     max
 *                                                     dy[n,i,j,c] / elements of that window   average
 *
 * so that rows of dx never meet: threads share nothing, and overlapping windows add in a fixed order.
 *
 * A kernel computes rows [first, last) of its output for one image, in order. Vectors run over channels:
 *
 *     memory     | pixel 0: C channels | pixel 1 ...
 *     C = 6      [0 1 2 3 4 5 | 0 1]                      one vector of 8, the last two lanes are pixel 1's
 *                              [0 1 2 3 4 5 | 0 1]        and are overwritten when pixel 1's turn comes
 *
 * The last vector of a pixel spills into the pixels after it, which come later in the same call, so that ragged
 * channels cost no partial loads and stores. Only where it would leave the array (reading) or the call's own rows
 * (writing) is it cut to the lanes that count. With accumulate the spilled lanes rewrite what was there.
 */
#ifndef CNNC_POOL_H
#define CNNC_POOL_H

#include "../core/isa.h"

typedef struct {
    void (*max_rows)(const ARGS(max_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last);
    void (*max_dx_rows)(const ARGS(max_pool2d_dx) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last);
    void (*avg_rows)(const ARGS(avg_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last);
    void (*avg_dx_rows)(const ARGS(avg_pool2d_dx) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last);
} T(pool_kernels);

DECLARE_KERNELS(pool)

#endif
