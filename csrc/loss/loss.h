/* loss.h - softmax over rows of K logits, its gradient, and the losses of classes.
 *
 *     softmax        y[k] = exp(x[k] - max) / sum_j exp(x[j] - max)
 *     softmax_dx     dx[k] (+)= y[k] (dy[k] - sum_j dy[j] y[j])
 *     cross_entropy  loss = log(sum_j exp(x[j] - max)) sum_k t[k] - sum_k t[k] (x[k] - max),   p = softmax(x)
 *                    dx[k] (+)= (p[k] sum_j t[j] - t[k]) share
 *     hinge          loss = sum_{k != label} max(0, margin + x[k] - x[label]) / K
 *                    dx[k] (+)= share / K where that is above 0, dx[label] (+)= -(how often) share / K
 *
 * t[k] = class_weight[k] ((1 - smoothing) o[k] + smoothing / K); o is a target row, or 1 at the label and 0 elsewhere.
 * The largest logit is taken out first, so nothing overflows for any finite logits; a term with t = 0 is 0 even where
 * its logit is -inf. exp and its sum are in `real`, the logarithm and the loss in double. Kernels take one row, at any
 * alignment, own its ragged end, and add in an order fixed by K. y, p may be x; dx may be dy (softmax) or p
 * (cross-entropy).
 */
#ifndef CNNC_LOSS_H
#define CNNC_LOSS_H

#include "../core/isa.h"

/* What a row of logits should be: `row` (o above), or NULL and a label. */
typedef struct {
    const real *row, *class_weight; /* class_weight NULL: all are 1 */
    ptrdiff_t label;
    double smoothing;
} targets;

typedef struct {
    void (*softmax)(const real *x, real *y, ptrdiff_t K);
    void (*softmax_dx)(const real *dy, const real *y, real *dx, ptrdiff_t K, int accumulate);
    /* returns the row's loss; *hit: is the first largest logit at the label (the target's first largest entry)? */
    double (*cross_entropy)(const real *x, targets t, real *p, ptrdiff_t K, int *hit);
    void (*cross_entropy_dx)(const real *p, targets t, real *dx, ptrdiff_t K, double share, int accumulate);
    double (*hinge)(const real *x, ptrdiff_t label, ptrdiff_t K, real margin, int *hit);
    void (*hinge_dx)(const real *x, ptrdiff_t label, real *dx, ptrdiff_t K, real margin, double share, int accumulate);
} T(loss_kernels);

DECLARE_KERNELS(loss)

/* Sample n's share of a mean over N samples: its weight, or 1 / N where weights are NULL. */
static inline double share_of(const double *row_weight, ptrdiff_t n, ptrdiff_t N)
{
    return row_weight ? row_weight[n] : 1 / (double)N;
}

static inline double weighted_sum(const double *row_loss, const double *row_weight, ptrdiff_t N)
{
    double sum = 0;
    for (ptrdiff_t n = 0; n < N; n++)
        sum += row_weight ? row_weight[n] * row_loss[n] : row_loss[n];
    return row_weight ? sum : sum / (double)N;
}

#endif
