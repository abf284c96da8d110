/* conv_dx.c - the gradient of x.
 *
 * dx[h] sums dy[i] w[u] over all (i, u) with i s - p + u d = h. For a stride s that is s separate problems, one
 * for each phase h mod s: only the taps u with (h + p - u d) mod s = 0 reach it, every s / gcd(s, d)-th of them,
 * and from one to the next i moves by d / gcd(s, d). So each phase is a stride-1 correlation of dy with some of
 * the taps, in reverse, and no zero is ever multiplied. A phase without taps gets zeros.
 */
#include "conv.h"
#include "depthwise.h"
#include "narrow.h"

axis_phase T(phase_of)(ptrdiff_t phase, ptrdiff_t size, ptrdiff_t taps, ptrdiff_t stride, ptrdiff_t pad,
                       ptrdiff_t dilation)
{
    ptrdiff_t a = stride, b = dilation;
    while (b) {
        ptrdiff_t rest = a % b;
        a = b, b = rest;
    }
    axis_phase p = {.positions = phase < size ? ceil_div(size - phase, stride) : 0, .every = stride / a,
                    .move = dilation / a};
    for (ptrdiff_t u = taps - 1; u >= 0 && p.taps == 0; u--)
        if ((phase + pad - u * dilation) % stride == 0) {
            p.first = u;
            p.taps = u / p.every + 1;
            p.off = (phase + pad - u * dilation) / stride; /* exact, also when negative */
        }
    return p;
}

static T(correlation) phase_correlation(const ARGS(correlate2d_dx) *a, const conv_sizes *s, ptrdiff_t phase_h,
                                        ptrdiff_t phase_w)
{
    const axis_phase h = T(phase_of)(phase_h, s->H, s->KH, s->stride_h, s->pad_top, s->dilation_h);
    const axis_phase w = T(phase_of)(phase_w, s->W, s->KW, s->stride_w, s->pad_left, s->dilation_w);
    const ptrdiff_t tap_w = s->CG * s->K, tap_h = s->KW * tap_w, KG = s->K * s->CG / s->C;
    const ptrdiff_t u = s->flip ? s->KH - 1 - h.first : h.first, v = s->flip ? s->KW - 1 - w.first : w.first;
    const int reached = h.taps > 0 && w.taps > 0;
    return (T(correlation)){
        .x = a->dy, .w = a->w + u * tap_h + v * tap_w, .y = a->dx + (phase_h * s->W + phase_w) * s->C,
        .N = s->N, .H = s->OH, .W = s->OW, .C = s->K, .groups = s->C / s->CG, .CG = KG, .KG = s->CG,
        .KH = reached ? h.taps : 0, .KW = reached ? w.taps : 0, .step_h = 1, .step_w = 1,
        .tap_h = h.move, .tap_w = w.move, .off_h = h.off, .off_w = w.off,
        .OH = h.positions, .OW = w.positions,
        .y_image = s->H * s->W * s->C, .y_row = s->stride_h * s->W * s->C, .y_col = s->stride_w * s->C,
        .w_tap_h = (s->flip ? 1 : -1) * h.every * tap_h, .w_tap_w = (s->flip ? 1 : -1) * w.every * tap_w,
        .w_group = KG, .w_row = s->K, .transposed = 1, .accumulate = a->accumulate != 0,
    };
}

size_t OP_SCRATCH(correlate2d_dx)(const ARGS(correlate2d_dx) *a, int threads)
{
    const conv_sizes s = conv_as_product(CONV_SIZES_OF(a));
    size_t most = 0;
    if (T(narrow_pays)(&s))
        return T(narrow_scratch)(a, threads);
    for (ptrdiff_t phase = 0; phase < s.stride_h * s.stride_w; phase++) {
        const T(correlation) c = phase_correlation(a, &s, phase / s.stride_w, phase % s.stride_w);
        if (c.OH > 0 && c.OW > 0) {
            const size_t bytes = is_depthwise(c.groups, c.CG, c.KG) ? T(depthwise_scratch)(&c, threads)
                                                                      : T(correlation_scratch)(&c, threads);
            most = bytes > most ? bytes : most;
        }
    }
    return most;
}

int OP(correlate2d_dx)(const ARGS(correlate2d_dx) *a, void *scratch, int threads)
{
    const conv_sizes s = conv_as_product(CONV_SIZES_OF(a));
    if (T(narrow_pays)(&s)) {
        T(narrow_run)(a, scratch, threads);
        return 0;
    }
    for (ptrdiff_t phase = 0; phase < s.stride_h * s.stride_w; phase++) {
        const T(correlation) c = phase_correlation(a, &s, phase / s.stride_w, phase % s.stride_w);
        if (c.OH == 0 || c.OW == 0 || (c.KH == 0 && c.accumulate))
            continue;
        if (is_depthwise(c.groups, c.CG, c.KG))
            T(depthwise_run)(&c, scratch, threads);
        else
            T(correlation_run)(&c, scratch, threads);
    }
    return 0;
}
