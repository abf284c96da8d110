/* resample_kernels.c - weighted sums of rows, and of pixels. */
#include "resample.h"

#include "../core/simd.h"

static void mix_rows(const real *x, real *line, ptrdiff_t length, const int32_t *index, const double *weight,
                     ptrdiff_t count)
{
    EACH_VECTOR(i, n, length, {
        vreal sum = load_n(x + index[0] * length + i, n) * (real)weight[0];
        for (ptrdiff_t t = 1; t < count; t++)
            sum += load_n(x + index[t] * length + i, n) * (real)weight[t];
        store_n(line + i, sum, n);
    });
}

/* y (+)= x */
static void move(const real *x, real *y, ptrdiff_t length, int accumulate)
{
    if (accumulate)
        EACH_VECTOR(i, n, length, store_n(y + i, load_n(y + i, n) + load_n(x + i, n), n););
    else
        memcpy(y, x, (size_t)length * sizeof(real));
}

static void mix_columns(const real *line, real *y, ptrdiff_t OW, ptrdiff_t C, const int32_t *end, const int32_t *index,
                        const double *weight, int accumulate)
{
    ptrdiff_t first = 0;
    for (ptrdiff_t j = 0; j < OW; first = end[j++]) {
        const ptrdiff_t count = end[j] - first;
        if (count == 1 && weight[first] == 1) { /* and so may be the next pixels, from the next ones of the line */
            ptrdiff_t run = 1;
            while (j + run < OW && end[j + run] == end[j] + run && weight[first + run] == 1 &&
                   index[first + run] == index[first] + run)
                run++;
            move(line + index[first] * C, y + j * C, run * C, accumulate);
            j += run - 1;
            continue;
        }
        EACH_VECTOR(c, n, C, {
            vreal sum = {0};
            for (ptrdiff_t t = 0; t < count; t++) {
                vreal term = load_n(line + index[first + t] * C + c, n) * (real)weight[first + t];
                sum = t > 0 ? sum + term : term;
            }
            store_n(y + j * C + c, accumulate ? load_n(y + j * C + c, n) + sum : sum, n);
        });
    }
}

const T(resample_kernels) KERNEL_TABLE(resample) = {.mix_rows = mix_rows, .mix_columns = mix_columns};
