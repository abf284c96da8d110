/* dropout.h - y[i] (+)= x[i] / (1 - rate) where element i is kept, else 0.
 *
 * Element i takes word i % 4 of the Philox4x32-10 block with
 *
 *     counter = (low 32 bits of i / 4, high 32 bits of i / 4, low 32 bits of step, stream)
 *     key     = (low 32 bits of seed, high 32 bits of seed)
 *
 * and is kept when that word is at least floor(rate 2^32). No state: what element i gets depends on nothing but these
 * numbers, so backward draws the same mask again, and threads and vectors may go in any order.
 * Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011.
 *
 * A dropped element is +0, whatever x holds. y may be x; no alignment; the kernel owns the ragged end.
 */
#ifndef CNNC_DROPOUT_H
#define CNNC_DROPOUT_H

#include "../core/isa.h"

typedef struct {
    /* x, y point at element 4 * block of the array. step and stream are the counter's last words, seed the key. */
    void (*dropout)(const real *x, real *y, ptrdiff_t length, uint64_t block, uint32_t step, uint32_t stream,
                    uint64_t seed, uint32_t threshold, real scale, int accumulate);
} T(dropout_kernels);

DECLARE_KERNELS(dropout)

#endif
