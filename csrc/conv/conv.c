/* conv.c - the forward pass: y = b + x correlated with w (flipped if `flip`). */
#include "conv.h"
#include "depthwise.h"

static T(correlation) forward(const ARGS(correlate2d) *a)
{
    const conv_sizes s = conv_as_product(CONV_SIZES_OF(a));
    const ptrdiff_t tap_w = s.CG * s.K, tap_h = s.KW * tap_w;
    return (T(correlation)){
        .x = a->x, .w = s.flip ? a->w + (s.KH - 1) * tap_h + (s.KW - 1) * tap_w : a->w, .b = a->b, .y = a->y,
        .N = s.N, .H = s.H, .W = s.W, .C = s.C, .groups = s.C / s.CG, .CG = s.CG, .KG = s.K * s.CG / s.C,
        .KH = s.KH, .KW = s.KW, .step_h = s.stride_h, .step_w = s.stride_w,
        .tap_h = s.dilation_h, .tap_w = s.dilation_w, .off_h = -s.pad_top, .off_w = -s.pad_left,
        .OH = s.OH, .OW = s.OW, .y_image = s.OH * s.OW * s.K, .y_row = s.OW * s.K, .y_col = s.K,
        .w_tap_h = s.flip ? -tap_h : tap_h, .w_tap_w = s.flip ? -tap_w : tap_w,
        .w_group = s.K * s.CG / s.C, .w_row = s.K,
    };
}

size_t OP_SCRATCH(correlate2d)(const ARGS(correlate2d) *a, int threads)
{
    const T(correlation) c = forward(a);
    return is_depthwise(c.groups, c.CG, c.KG) ? T(depthwise_scratch)(&c, threads) : T(correlation_scratch)(&c, threads);
}

int OP(correlate2d)(const ARGS(correlate2d) *a, void *scratch, int threads)
{
    const T(correlation) c = forward(a);
    if (is_depthwise(c.groups, c.CG, c.KG))
        T(depthwise_run)(&c, scratch, threads);
    else
        T(correlation_run)(&c, scratch, threads);
    return 0;
}
