/* conv_dw.c - the gradients of w and b: x correlated with dy, and the sums of dy. */
#include "conv.h"
#include "depthwise.h"

static T(correlation_dw) gradient(const ARGS(correlate2d_dw) *a)
{
    const conv_sizes s = conv_as_product(CONV_SIZES_OF(a));
    return (T(correlation_dw)){
        .x = a->x, .dy = a->dy, .dw = a->dw, .db = a->db,
        .N = s.N, .H = s.H, .W = s.W, .C = s.C, .groups = s.C / s.CG, .CG = s.CG, .KG = s.K * s.CG / s.C,
        .KH = s.KH, .KW = s.KW, .step_h = s.stride_h, .step_w = s.stride_w,
        .tap_h = s.dilation_h, .tap_w = s.dilation_w, .off_h = -s.pad_top, .off_w = -s.pad_left,
        .OH = s.OH, .OW = s.OW, .flip = s.flip != 0, .accumulate = a->accumulate != 0,
    };
}

size_t OP_SCRATCH(correlate2d_dw)(const ARGS(correlate2d_dw) *a, int threads)
{
    const T(correlation_dw) c = gradient(a);
    return is_depthwise(c.groups, c.CG, c.KG) ? T(depthwise_dw_scratch)(&c, threads)
                                              : T(correlation_dw_scratch)(&c, threads);
}

int OP(correlate2d_dw)(const ARGS(correlate2d_dw) *a, void *scratch, int threads)
{
    const T(correlation_dw) c = gradient(a);
    if (is_depthwise(c.groups, c.CG, c.KG))
        T(depthwise_dw_run)(&c, scratch, threads);
    else
        T(correlation_dw_run)(&c, scratch, threads);
    return 0;
}
