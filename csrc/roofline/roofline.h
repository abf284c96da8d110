/* roofline.h - the roofs of a machine: multiply_add, whose arithmetic for each number moved is the caller's choice.
 *
 *     y[i] = f(f(... f(x[i]))), `times` of them, with f(v) = v scale + offset
 *
 * Once, on arrays larger than the caches, it takes as long as reading and writing memory; a thousand times, as long as
 * the arithmetic alone, for the numbers stay in registers: GROUP vectors at a time, whose chains do not wait for each
 * other. Flat arrays at any alignment; y may be x.
 */
#ifndef CNNC_ROOFLINE_H
#define CNNC_ROOFLINE_H

#include "../core/isa.h"

/* Chains in registers: a multiply-add takes 4 to 6 cycles and two can start in each; with scale and offset they fill
 * 14 of the 16 registers that most levels have. */
enum { GROUP = 12 };

/* Elements that one thread takes at a time: whole groups of every level's vectors. */
enum { BLOCK = 32 * 16 * GROUP };

typedef struct {
    void (*multiply_add)(const real *x, real *y, ptrdiff_t length, ptrdiff_t times, real scale, real offset);
} T(roofline_kernels);

DECLARE_KERNELS(roofline)

#endif
