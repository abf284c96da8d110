/* local_response_kernels.c - one pixel at a time, over vectors of channels. */
#include "local_response.h"

#include "../core/simd_math.h"

/* s^-power; three quarters, the paper's, and a half by square roots, within 4 ulp */
INLINE vreal inverse_power(vreal s, real power)
{
    if (power == (real)0.75) {
        vreal root = vsqrt(s);
        return 1 / (root * vsqrt(root));
    }
    if (power == (real)0.5)
        return 1 / vsqrt(s);
    return vpow(s, -power);
}

/* The sums of the windows that start at p, p + 1, ... */
INLINE vreal windows(const real *p, ptrdiff_t window)
{
    vreal sum = load(p);
    for (ptrdiff_t j = 1; j < window; j++)
        sum += load(p + j);
    return sum;
}

static void forward(const real *x, real *y, ptrdiff_t pixels, T(response) r, real *room)
{
    const ptrdiff_t before = r.window / 2;
    memset(room, 0, (size_t)response_room(r.C, r.window) * sizeof(real));
    for (ptrdiff_t p = 0; p < pixels; p++, x += r.C, y += r.C) {
        EACH_VECTOR(c, n, r.C, vreal v = load_n(x + c, n); store_n(room + before + c, v * v, n););
        EACH_VECTOR(c, n, r.C,
                    vreal s = windows(room + c, r.window) * r.share + r.k;
                    store_n(y + c, load_n(x + c, n) * inverse_power(s, r.power), n););
    }
}

static void backward(const real *dy, const real *x, real *dx, ptrdiff_t pixels, T(response) r, int accumulate,
                     real *room)
{
    const ptrdiff_t before = r.window / 2, after = r.window - 1 - before, size = response_room(r.C, r.window);
    real *squares = room, *shares = room + size, *powers = room + 2 * size;
    const real factor = -2 * r.share * r.power;
    memset(room, 0, (size_t)(3 * size) * sizeof(real));
    for (ptrdiff_t p = 0; p < pixels; p++, x += r.C, dy += r.C, dx += r.C) {
        EACH_VECTOR(c, n, r.C, vreal v = load_n(x + c, n); store_n(squares + before + c, v * v, n););
        EACH_VECTOR(c, n, r.C,
                    vreal s = windows(squares + c, r.window) * r.share + r.k;
                    vreal power = inverse_power(s, r.power);
                    store_n(powers + c, power, n);
                    store_n(shares + after + c, load_n(dy + c, n) * load_n(x + c, n) * (power / s), n););
        EACH_VECTOR(c, n, r.C,
                    vreal d = windows(shares + c, r.window) * load_n(x + c, n) * factor;
                    d = load_n(dy + c, n) * load_n(powers + c, n) + d;
                    store_n(dx + c, accumulate ? load_n(dx + c, n) + d : d, n););
    }
}

const T(local_response_kernels) KERNEL_TABLE(local_response) = {.forward = forward, .backward = backward};
