/* dense.h - the kernel for a single row, which reads w where it lies.
 *
 *     y[n]  (+)=  start[n]  +  sum over k < depth of  x[k] w[k * w_row + n]        n < columns
 *
 * A tile of gemm.h would have two sums to work on and wait for each; here up to eight vectors of columns take turns.
 * Every sum is that tile's, in its order: the bits are those of a row in a larger batch. start may be NULL (zeros);
 * with `add` the sum is added to y in the end. Nothing behind a row's columns is read or written.
 */
#ifndef CNNC_DENSE_H
#define CNNC_DENSE_H

#include "../core/isa.h"
#include "../core/threads.h"

typedef struct {
    void (*row)(const real *x, const real *w, ptrdiff_t depth, ptrdiff_t w_row, const real *start, real *y,
                ptrdiff_t columns, int add);
} T(dense_kernels);

DECLARE_KERNELS(dense)

#endif
