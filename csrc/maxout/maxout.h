/* maxout.h - the kernels of the maximum over pieces.
 *
 *     y[m,k] = max over j of x[m, j K + k]        dx[m, j K + k] (+)= index8[m,k] == j ? dy[m,k] : 0
 *
 * x, dx (rows, C), y, dy, index8 (rows, K) without gaps at any alignment, C a multiple of K; no array may be another.
 * A row of x lies like `pieces` rows of y behind each other, so vectors run over units:
 *
 *     x[m,:]   | piece 0: K units | piece 1: K units | ...
 *
 * Kernels own the ragged end of each piece and read or write nothing past the arrays.
 */
#ifndef CNNC_MAXOUT_H
#define CNNC_MAXOUT_H

#include "../core/isa.h"

typedef struct {
    /* index8 may be NULL */
    void (*largest)(const real *x, real *y, uint8_t *index8, ptrdiff_t rows, ptrdiff_t C, ptrdiff_t K);
    void (*give_back)(const real *dy, const uint8_t *index8, real *dx, ptrdiff_t rows, ptrdiff_t C, ptrdiff_t K,
                      int accumulate);
} T(maxout_kernels);

DECLARE_KERNELS(maxout)

#endif
