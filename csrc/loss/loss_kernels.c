/* loss_kernels.c - one row of logits at a time. */
#include "loss.h"

#include "../core/simd_math.h"

static real max_of(const real *x, ptrdiff_t K)
{
    vreal most = splat(-(real)INFINITY);
    EACH_VECTOR(k, n, K,
                vreal v = load_n(x + k, n);
                most = select((v > most) & first_lanes(n), v, most););
    real max = most[0];
    for (int l = 1; l < VL; l++)
        max = most[l] > max ? most[l] : max;
    return max;
}

static ptrdiff_t first_largest(const real *x, ptrdiff_t K)
{
    ptrdiff_t best = 0;
    for (ptrdiff_t k = 1; k < K; k++)
        if (x[k] > x[best])
            best = k;
    return best;
}

/* y = exp(x - max); returns its sum */
static real exponentials(const real *x, real *y, ptrdiff_t K, real max)
{
    vreal sum = {0};
    EACH_VECTOR(k, n, K,
                vreal e = vexp(load_n(x + k, n) - max);
                store_n(y + k, e, n);
                sum += select(first_lanes(n), e, (vreal){0}););
    return sum_lanes(sum);
}

static void divide(real *y, ptrdiff_t K, real divisor)
{
    EACH_VECTOR(k, n, K, store_n(y + k, load_n(y + k, n) / divisor, n););
}

static void softmax(const real *x, real *y, ptrdiff_t K) { divide(y, K, exponentials(x, y, K, max_of(x, K))); }

static void softmax_dx(const real *dy, const real *y, real *dx, ptrdiff_t K, int accumulate)
{
    vreal products = {0};
    EACH_VECTOR(k, n, K, products += load_n(dy + k, n) * load_n(y + k, n);); /* lanes past the end are 0 */
    real dot = sum_lanes(products);
    EACH_VECTOR(k, n, K,
                vreal d = load_n(y + k, n) * (load_n(dy + k, n) - dot);
                store_n(dx + k, accumulate ? load_n(dx + k, n) + d : d, n););
}

/* t[k] of loss.h */
static inline double target_at(targets t, ptrdiff_t k, ptrdiff_t K)
{
    double o = t.row ? (double)t.row[k] : k == t.label;
    return ((1 - t.smoothing) * o + t.smoothing / (double)K) * (t.class_weight ? (double)t.class_weight[k] : 1);
}

static double sum_of_targets(targets t, ptrdiff_t K)
{
    if (!t.row && !t.smoothing)
        return target_at(t, t.label, K);
    double sum = 0;
    for (ptrdiff_t k = 0; k < K; k++)
        sum += target_at(t, k, K);
    return sum;
}

static double cross_entropy(const real *x, targets t, real *p, ptrdiff_t K, int *hit)
{
    real max = max_of(x, K);
    double weight = sum_of_targets(t, K), chosen = 0; /* sum of t (x - max): taken before p overwrites x */
    if (!t.row && !t.smoothing)
        chosen = target_at(t, t.label, K) * ((double)x[t.label] - (double)max);
    else
        for (ptrdiff_t k = 0; k < K; k++) {
            double at_k = target_at(t, k, K);
            chosen += at_k != 0 ? at_k * ((double)x[k] - (double)max) : 0;
        }
    *hit = first_largest(x, K) == (t.row ? first_largest(t.row, K) : t.label);
    real sum = exponentials(x, p, K, max);
    divide(p, K, sum);
    return log((double)sum) * weight - chosen;
}

static void cross_entropy_dx(const real *p, targets t, real *dx, ptrdiff_t K, double share, int accumulate)
{
    const real weight = (real)sum_of_targets(t, K), part = (real)share;
    const real kept = (real)(1 - t.smoothing), even = (real)(t.smoothing / (double)K);
    real at_label = 0;
    if (!t.row) /* before dx overwrites p */
        at_label = (p[t.label] * weight - (real)target_at(t, t.label, K)) * part + (accumulate ? dx[t.label] : 0);
    EACH_VECTOR(k, n, K,
                vreal wanted = t.row ? load_n(t.row + k, n) * kept + even : splat(even);
                if (t.class_weight)
                    wanted *= load_n(t.class_weight + k, n);
                vreal d = (load_n(p + k, n) * weight - wanted) * part;
                store_n(dx + k, accumulate ? load_n(dx + k, n) + d : d, n););
    if (!t.row)
        dx[t.label] = at_label;
}

static double hinge(const real *x, ptrdiff_t label, ptrdiff_t K, real margin, int *hit)
{
    const real least = margin - x[label];
    vreal sum = {0};
    EACH_VECTOR(k, n, K,
                vreal v = load_n(x + k, n) + least;
                v = select(v < 0, (vreal){0}, v);
                sum += select(first_lanes(n), v, (vreal){0}););
    real own = x[label] + least; /* the label's own term, which does not count */
    *hit = first_largest(x, K) == label;
    return ((double)sum_lanes(sum) - (double)(own < 0 ? 0 : own)) / (double)K;
}

static void hinge_dx(const real *x, ptrdiff_t label, real *dx, ptrdiff_t K, real margin, double share, int accumulate)
{
    const real least = margin - x[label], part = (real)(share / (double)K);
    const real at_label = accumulate ? dx[label] : 0;
    ptrdiff_t above = 0;
    for (ptrdiff_t k = 0; k < K; k++)
        above += k != label && x[k] + least > 0;
    EACH_VECTOR(k, n, K,
                vreal d = select(load_n(x + k, n) + least > 0, splat(part), (vreal){0});
                store_n(dx + k, accumulate ? load_n(dx + k, n) + d : d, n););
    dx[label] = at_label - (real)above * part;
}

const T(loss_kernels) KERNEL_TABLE(loss) = {
    .softmax = softmax,
    .softmax_dx = softmax_dx,
    .cross_entropy = cross_entropy,
    .cross_entropy_dx = cross_entropy_dx,
    .hinge = hinge,
    .hinge_dx = hinge_dx,
};
