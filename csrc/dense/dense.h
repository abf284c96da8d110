/* dense.h - products of a few rows with a matrix that is read where it lies, once, from end to end.
 *
 *     rows   y[m][n] (+)= start[n] + sum over k < depth of  a[m * a_m + k * a_k]  b[k * b_k + n]
 *     dots   y[m * y_m + n] (+)= sum over k < depth of      a[m * a_m + k]        b[n * b_n + k]
 *
 * rows is the forward pass (a = x, b = w) and, with a_m = 1, the gradient of w (a = x, b = dy): whole rows of b are
 * added to whole rows of y, so memory is read and written in a few long streams. dots is the gradient of x (a = dy,
 * b = w): sums run along w's rows, and lanes are added up in the end. Kernels own ragged ends. */
#ifndef CNNC_DENSE_H
#define CNNC_DENSE_H

#include "../core/isa.h"
#include "../core/threads.h"

typedef struct {
    /* y's rows are y_m apart; start may be NULL: 0. Each sum is done apart and then added to y */
    void (*rows)(ptrdiff_t M, ptrdiff_t N, ptrdiff_t depth, const real *a, ptrdiff_t a_m, ptrdiff_t a_k, const real *b,
                 ptrdiff_t b_k, real *y, ptrdiff_t y_m, const real *start, int accumulate);
    void (*dots)(ptrdiff_t M, ptrdiff_t N, ptrdiff_t depth, const real *a, ptrdiff_t a_m, const real *b, ptrdiff_t b_n,
                 real *y, ptrdiff_t y_m, int accumulate);
} T(dense_kernels);

DECLARE_KERNELS(dense)

#endif
