/* loss.h - softmax over rows of K logits, its gradient, and cross-entropy fused with it.
 *
 *     softmax        y[k] = exp(x[k] - max) / sum_j exp(x[j] - max)
 *     softmax_dx     dx[k] (+)= y[k] (dy[k] - sum_j dy[j] y[j])
 *     cross_entropy  loss = log(sum_j exp(x[j] - max)) sum_k t[k] - sum_k t[k] (x[k] - max),   p = softmax(x)
 *                    dx[k] (+)= (p[k] sum_j t[j] - t[k]) / N
 *
 * t is a target row, or 1 at the label and 0 elsewhere. The largest logit is taken out first, so nothing overflows
 * for any finite logits; a term with t = 0 is 0 even where its logit is -inf. exp and its sum are in `real`, the
 * logarithm and the loss in double. Kernels take one row, at any alignment, own its ragged end, and add in an order
 * fixed by K. y, p may be x; dx may be dy (softmax) or p (cross-entropy).
 */
#ifndef CNNC_LOSS_H
#define CNNC_LOSS_H

#include "../core/isa.h"

typedef struct {
    void (*softmax)(const real *x, real *y, ptrdiff_t K);
    void (*softmax_dx)(const real *dy, const real *y, real *dx, ptrdiff_t K, int accumulate);
    /* returns the row's loss; *hit: is the first largest logit at the label (the target's first largest entry)?
     * target is NULL when there is a label */
    double (*cross_entropy)(const real *x, ptrdiff_t label, const real *target, real *p, ptrdiff_t K, int *hit);
    void (*cross_entropy_dx)(const real *p, ptrdiff_t label, const real *target, real *dx, ptrdiff_t K, ptrdiff_t N,
                             int accumulate);
} T(loss_kernels);

DECLARE_KERNELS(loss)

#endif
