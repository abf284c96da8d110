/* conv_dw.c - the gradients of w and b: x correlated with dy, and the sums of dy. */
#include "choice.h"

T(correlation_dw) T(weights_gradient)(conv_sizes s)
{
    s = conv_as_product(s);
    return (T(correlation_dw)){
        .N = s.N, .H = s.H, .W = s.W, .C = s.C, .groups = s.C / s.CG, .CG = s.CG, .KG = s.K * s.CG / s.C,
        .KH = s.KH, .KW = s.KW, .step_h = s.stride_h, .step_w = s.stride_w,
        .tap_h = s.dilation_h, .tap_w = s.dilation_w, .off_h = -s.pad_top, .off_w = -s.pad_left,
        .OH = s.OH, .OW = s.OW, .flip = s.flip != 0,
    };
}

static T(correlation_dw) gradient(const ARGS(correlate2d_dw) *a)
{
    T(correlation_dw) c = T(weights_gradient)(CONV_SIZES_OF(a));
    c.x = a->x, c.dy = a->dy, c.dw = a->dw, c.db = a->db, c.accumulate = a->accumulate != 0;
    return c;
}

size_t OP_SCRATCH(correlate2d_dw)(const ARGS(correlate2d_dw) *a, int threads)
{
    const T(correlation_dw) c = gradient(a);
    return T(chosen_dw_scratch)(&c, a->algorithm, threads);
}

int OP(correlate2d_dw)(const ARGS(correlate2d_dw) *a, void *scratch, int threads)
{
    const T(correlation_dw) c = gradient(a);
    T(chosen_dw_run)(&c, a->algorithm, scratch, threads);
    return 0;
}
