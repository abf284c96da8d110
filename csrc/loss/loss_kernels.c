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

static double cross_entropy(const real *x, ptrdiff_t label, const real *target, real *p, ptrdiff_t K, int *hit)
{
    real max = max_of(x, K);
    double weight = 1, chosen = 0; /* sum of t, sum of t (x - max): taken before p overwrites x */
    if (target) {
        weight = 0;
        for (ptrdiff_t k = 0; k < K; k++) {
            weight += target[k];
            chosen += target[k] != 0 ? (double)target[k] * ((double)x[k] - (double)max) : 0;
        }
        label = first_largest(target, K);
    } else {
        chosen = (double)x[label] - (double)max;
    }
    *hit = first_largest(x, K) == label;
    real sum = exponentials(x, p, K, max);
    divide(p, K, sum);
    return log((double)sum) * weight - chosen;
}

static void cross_entropy_dx(const real *p, ptrdiff_t label, const real *target, real *dx, ptrdiff_t K, ptrdiff_t N,
                             int accumulate)
{
    const real share = (real)(1.0 / (double)N);
    if (target) {
        double weight = 0;
        for (ptrdiff_t k = 0; k < K; k++)
            weight += target[k];
        EACH_VECTOR(k, n, K,
                    vreal d = (load_n(p + k, n) * (real)weight - load_n(target + k, n)) * share;
                    store_n(dx + k, accumulate ? load_n(dx + k, n) + d : d, n););
    } else {
        real at_label = (p[label] - 1) * share + (accumulate ? dx[label] : 0); /* before dx overwrites p */
        EACH_VECTOR(k, n, K,
                    vreal d = load_n(p + k, n) * share;
                    store_n(dx + k, accumulate ? load_n(dx + k, n) + d : d, n););
        dx[label] = at_label;
    }
}

const T(loss_kernels) KERNEL_TABLE(loss) = {
    .softmax = softmax,
    .softmax_dx = softmax_dx,
    .cross_entropy = cross_entropy,
    .cross_entropy_dx = cross_entropy_dx,
};
