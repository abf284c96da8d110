/* activation.h - the kernels of the rows of activations.h.
 *
 * Arrays are flat, of any length and alignment. y may be x; dx may be dy, y or x (not with accumulate). Kernels own
 * the ragged end, and an element's bits do not depend on its place.
 */
#ifndef CNNC_ACTIVATION_H
#define CNNC_ACTIVATION_H

#include "../core/isa.h"

/* from: y or x, whichever the derivative reads */
typedef void (*forward_kernel)(const real *x, real *y, ptrdiff_t length, real alpha);
typedef void (*backward_kernel)(const real *dy, const real *from, real *dx, ptrdiff_t length, real alpha, int accumulate);

#define ACTIVATION_KERNELS(to, forward, backward, ...) \
    forward_kernel forward;                            \
    backward_kernel backward;

typedef struct {
    CNNC_ACTIVATIONS(ACTIVATION_KERNELS, )
} T(activation_kernels);

DECLARE_KERNELS(activation)

#endif
