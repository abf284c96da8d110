/* activation.h - the kernels of the rows of activations.h.
 *
 * Arrays are flat, of any length and alignment. y may be x; dx may be dy, y or x (not with accumulate). Kernels own
 * the ragged end, and an element's bits do not depend on its place.
 */
#ifndef CNNC_ACTIVATION_H
#define CNNC_ACTIVATION_H

#include "../core/isa.h"

/* The rows by number, for operations that end in an activation; 0 is none. */
#define ACTIVATION_NUMBER(to, forward, ...) ACTIVATION_##forward,
enum { ACTIVATION_none, CNNC_ACTIVATIONS(ACTIVATION_NUMBER, ) ACTIVATION_COUNT };

/* from: y or x, whichever the derivative reads */
typedef void (*forward_kernel)(const real *x, real *y, ptrdiff_t length, real alpha);
typedef void (*backward_kernel)(const real *dy, const real *from, real *dx, ptrdiff_t length, real alpha, int accumulate);

#define ACTIVATION_KERNELS(to, forward, backward, ...) \
    forward_kernel forward;                            \
    backward_kernel backward;

typedef struct {
    CNNC_ACTIVATIONS(ACTIVATION_KERNELS, )
    forward_kernel by_number[ACTIVATION_COUNT]; /* NULL for none */
    backward_kernel dx_by_number[ACTIVATION_COUNT];
} T(activation_kernels);

DECLARE_KERNELS(activation)

/* Whether an activation is light: done in registers before a number is stored. Others are faster many at a time. */
static inline int is_light(ptrdiff_t act)
{
    return act == ACTIVATION_none || act == ACTIVATION_relu || act == ACTIVATION_leaky_relu;
}

/* y = activation number `act` of y, in place: `length` numbers, written just now and still in a cache */
static inline void T(activate)(ptrdiff_t act, real alpha, real *y, ptrdiff_t length)
{
    if (act != ACTIVATION_none)
        KERNELS(activation)->by_number[act](y, y, length, alpha);
}

/* The same for its gradient: dx is multiplied by the slope. */
static inline void T(activate_dx)(ptrdiff_t act, real alpha, real *dx, const real *from, ptrdiff_t length)
{
    if (act != ACTIVATION_none)
        KERNELS(activation)->dx_by_number[act](dx, from, dx, length, alpha, 0);
}

#endif
