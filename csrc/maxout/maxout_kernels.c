/* maxout_kernels.c - pieces compared as vectors of units. */
#include "maxout.h"

#include "../core/simd.h"

typedef uint8_t vuint8 __attribute__((vector_size(VL)));
typedef int16_t vint16 __attribute__((vector_size(VL * 2)));

static void largest(const real *x, real *y, uint8_t *index8, ptrdiff_t rows, ptrdiff_t C, ptrdiff_t K)
{
    for (ptrdiff_t m = 0; m < rows; m++, x += C, y += K)
        EACH_VECTOR(k, n, K,
                    vreal best = load_n(x + k, n);
                    vint where = {0};
                    for (ptrdiff_t j = 1; j * K < C; j++) {
                        vreal value = load_n(x + j * K + k, n);
                        vint wins = ~(value <= best) & (best == best); /* larger, or the first NaN */
                        best = select(wins, value, best);
                        where = (wins & (lane_int)j) | (~wins & where);
                    }
                    store_n(y + k, best, n);
                    if (index8) {
                        /* by way of 16 bits: in one step GCC takes the vector apart */
                        vuint8 narrow = __builtin_convertvector(__builtin_convertvector(where, vint16), vuint8);
                        memcpy(index8 + m * K + k, &narrow, (size_t)n);
                    });
}

static void give_back(const real *dy, const uint8_t *index8, real *dx, ptrdiff_t rows, ptrdiff_t C, ptrdiff_t K,
                      int accumulate)
{
    for (ptrdiff_t m = 0; m < rows; m++, dy += K, index8 += K, dx += C)
        EACH_VECTOR(k, n, K,
                    vreal d = load_n(dy + k, n);
                    vint where = {0};
                    for (ptrdiff_t l = 0; l < n; l++)
                        where[l] = index8[k + l];
                    for (ptrdiff_t j = 0; j * K < C; j++) {
                        real *to = dx + j * K + k;
                        vreal given = select(where == (lane_int)j, d, splat(0));
                        store_n(to, accumulate ? load_n(to, n) + given : given, n);
                    });
}

const T(maxout_kernels) KERNEL_TABLE(maxout) = {.largest = largest, .give_back = give_back};
