/* optim_kernels.c - the rows of optimizers.h as loops over vectors; clipping. */
#include "optim.h"

#include "../core/simd_math.h"

/* One row: its lists become the members of n and s. Empty states cost a test that never changes its mind. */
#define LIST(...) __VA_ARGS__
#define DEFINE_KERNEL(OP, name, NUMBERS, STATES, ...)                                                           \
    static void name(const real *grad, real *param, real *const *states, const real *numbers, ptrdiff_t length) \
    {                                                                                                           \
        struct { real LIST NUMBERS; } n;                                                                        \
        union { struct { vreal LIST STATES; }; vreal each[OPTIMIZER_STATES]; } s = {0};                         \
        const int count = sizeof(struct { vreal LIST STATES; }) / sizeof(vreal);                                 \
        _Static_assert(sizeof n <= OPTIMIZER_NUMBERS * sizeof(real) && sizeof s == sizeof s.each, "too many"); \
        memcpy(&n, numbers, sizeof n);                                                                          \
        EACH_VECTOR(i, lanes, length,                                                                           \
                    vreal g = load_n(grad + i, lanes);                                                          \
                    vreal w = load_n(param + i, lanes);                                                         \
                    for (int k = 0; k < count; k++)                                                             \
                        s.each[k] = states[k] ? load_n(states[k] + i, lanes) : splat(0);                        \
                    __VA_ARGS__                                                                                 \
                    for (int k = 0; k < count; k++)                                                             \
                        if (states[k])                                                                          \
                            store_n(states[k] + i, s.each[k], lanes);                                           \
                    store_n(param + i, w, lanes););                                                             \
    }
CNNC_OPTIMIZERS(DEFINE_KERNEL, )

static real sum_squares(const real *x, ptrdiff_t length)
{
    vreal sum = {0};
    EACH_VECTOR(i, n, length,
                vreal v = load_n(x + i, n); /* lanes past the end are 0 */
                sum += v * v;);
    return sum_lanes(sum);
}

static void clip_value(real *x, ptrdiff_t length, real limit)
{
    EACH_VECTOR(i, n, length,
                vreal v = load_n(x + i, n);
                v = select(v > limit, splat(limit), v);
                store_n(x + i, select(v < -limit, splat(-limit), v), n););
}

static void scale(real *x, ptrdiff_t length, real factor)
{
    EACH_VECTOR(i, n, length, store_n(x + i, load_n(x + i, n) * factor, n););
}

#define TABLE_ROW(OP, name, ...) .name = name,
const T(optim_kernels) KERNEL_TABLE(optim) = {
    CNNC_OPTIMIZERS(TABLE_ROW, )
    .sum_squares = sum_squares,
    .clip_value = clip_value,
    .scale = scale,
};
