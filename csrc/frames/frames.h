/* frames.h - volumes as stacks of frames: what turns a convolution in depth, too, into one of images.
 *
 *     frames of x, C = 4 channels, 2 groups        stack of frame 1, KD = 3, padding 1
 *     0   [a b | c d]                               0  [a b  e f  i j | c d  g h  k l]
 *     1   [e f | g h]                                   tap 0  1   2    tap 0  1   2
 *     2   [i j | k l]
 *
 * Backward goes from dx: a frame collects from its places in the stacks, tap by tap, so that threads share nothing.
 *
 * Kernels move `count` neighbouring channels of `rows` pixels, whose steps are in elements; at any alignment, reading
 * and writing nothing else.
 */
#ifndef CNNC_FRAMES_H
#define CNNC_FRAMES_H

#include "../core/isa.h"

typedef struct {
    /* to = from, or 0 where from is NULL */
    void (*copy)(real *to, ptrdiff_t to_step, const real *from, ptrdiff_t from_step, ptrdiff_t rows, ptrdiff_t count);
    /* to += from */
    void (*add)(real *to, ptrdiff_t to_step, const real *from, ptrdiff_t from_step, ptrdiff_t rows, ptrdiff_t count);
} T(frames_kernels);

DECLARE_KERNELS(frames)

#endif
