/* choice.h - which algorithm computes a pass of a convolution, and what that takes. */
#ifndef CNNC_CHOICE_H
#define CNNC_CHOICE_H

#include "conv.h"

typedef struct {
    ptrdiff_t algorithm; /* what runs: never ALGORITHM_auto */
    ptrdiff_t tile;      /* the side of Winograd's tiles, 0 for direct summation */
    double seconds;      /* an estimate for one core of the machine that the constants were measured on */
    int depthwise;       /* direct summation by the loops of depthwise.h */
} choice;

/* The wanted algorithm where it can run, else direct summation; the fastest one for ALGORITHM_auto. */
choice T(choose)(const T(correlation) *c, ptrdiff_t wanted);
choice T(choose_dw)(const T(correlation_dw) *c, ptrdiff_t wanted);

/* The same for the gradient of x, which may be several correlations: what the first one runs with. And the gradient of
 * w, without its arrays. */
choice T(choose_dx)(conv_sizes s);
T(correlation_dw) T(weights_gradient)(conv_sizes s);

/* As in gemm/correlation.h, by what was chosen: y, the gradient of w, and packed filters; 0: nothing is packed. */
size_t T(chosen_scratch)(const T(correlation) *c, ptrdiff_t wanted, int threads);
void T(chosen_run)(const T(correlation) *c, ptrdiff_t wanted, void *scratch, int threads);
size_t T(chosen_dw_scratch)(const T(correlation_dw) *c, ptrdiff_t wanted, int threads);
void T(chosen_dw_run)(const T(correlation_dw) *c, ptrdiff_t wanted, void *scratch, int threads);
ptrdiff_t T(chosen_packed_length)(const T(correlation) *c, ptrdiff_t wanted);
void T(chosen_pack)(const T(correlation) *c, ptrdiff_t wanted, real *packed, int threads);

#endif
