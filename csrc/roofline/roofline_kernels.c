/* roofline_kernels.c - chains of multiply-adds in registers. */
#include "roofline.h"

#include "../core/simd.h"

static void multiply_add(const real *x, real *y, ptrdiff_t length, ptrdiff_t times, real scale, real offset)
{
    const vreal a = splat(scale), b = splat(offset);
    ptrdiff_t done = 0;
    for (; done + GROUP * VL <= length; done += GROUP * VL) {
        vreal v[GROUP];
        for (int g = 0; g < GROUP; g++)
            v[g] = load(x + done + g * VL);
        for (ptrdiff_t t = 0; t < times; t++)
            for (int g = 0; g < GROUP; g++)
                v[g] = v[g] * a + b;
        for (int g = 0; g < GROUP; g++)
            store(y + done + g * VL, v[g]);
    }
    EACH_VECTOR(i, n, length - done,
                vreal v = load_n(x + done + i, n);
                for (ptrdiff_t t = 0; t < times; t++)
                    v = v * a + b;
                store_n(y + done + i, v, n););
}

const T(roofline_kernels) KERNEL_TABLE(roofline) = {.multiply_add = multiply_add};
