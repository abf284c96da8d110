/* local_response.h - each channel divided by what its neighbours at the same pixel hold.
 *
 *     s[c] = k + a sum of x[j]^2 over the window of c         y[c] = x[c] s[c]^-power           a = alpha / window
 *     dx[c] = dy[c] s[c]^-power - 2 a power x[c] sum of dy[j] x[j] s[j]^(-power - 1) over all j whose window has c
 *
 * The window of c is [c - window / 2, c + (window - 1) / 2], cut to the channels that there are. The squares of a pixel
 * are laid out between zeros, so that a window is `window` vectors at addresses one element apart:
 *
 *     window = 4     [0 0 q0 q1 q2 q3 q4 q5 0]        before = 2, after = 1
 *
 * Backward computes s again: cheaper than writing it and reading it later. Kernels own ragged ends; x, y and their
 * gradients at any alignment.
 */
#ifndef CNNC_LOCAL_RESPONSE_H
#define CNNC_LOCAL_RESPONSE_H

#include "../core/isa.h"

typedef struct {
    ptrdiff_t C, window;
    real share, power, k; /* share: a */
} T(response);

/* Elements of one of the buffers: channels, zeros on both sides, a vector to spare. */
static inline ptrdiff_t response_room(ptrdiff_t C, ptrdiff_t window) { return (C + window + 31) / 16 * 16; }

typedef struct {
    /* y may be x; room: response_room elements */
    void (*forward)(const real *x, real *y, ptrdiff_t pixels, T(response) r, real *room);
    /* dx may be dy; room: 3 response_room elements */
    void (*backward)(const real *dy, const real *x, real *dx, ptrdiff_t pixels, T(response) r, int accumulate,
                     real *room);
} T(local_response_kernels);

DECLARE_KERNELS(local_response)

#endif
