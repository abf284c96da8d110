/* conv_dx.c - the gradient of x.
 *
 * dx[h] sums dy[i] w[u] over all (i, u) with i s - p + u d = h. For a stride s that is s separate problems, one
 * for each phase h mod s: only the taps u with (h + p - u d) mod s = 0 reach it, every s / gcd(s, d)-th of them,
 * and from one to the next i moves by d / gcd(s, d). So each phase is a stride-1 correlation of dy with some of
 * the taps, in reverse, and no zero is ever multiplied. A phase without taps gets zeros.
 */
#include "choice.h"
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
        .x = a->dy, .w = a->w ? a->w + u * tap_h + v * tap_w : NULL,
        .y = a->dx ? a->dx + (phase_h * s->W + phase_w) * s->C : NULL,
        .N = s->N, .H = s->OH, .W = s->OW, .C = s->K, .groups = s->C / s->CG, .CG = KG, .KG = s->CG,
        .KH = reached ? h.taps : 0, .KW = reached ? w.taps : 0, .step_h = 1, .step_w = 1,
        .tap_h = h.move, .tap_w = w.move, .off_h = h.off, .off_w = w.off,
        .OH = h.positions, .OW = w.positions,
        .y_image = s->H * s->W * s->C, .y_row = s->stride_h * s->W * s->C, .y_col = s->stride_w * s->C,
        .w_tap_h = (s->flip ? 1 : -1) * h.every * tap_h, .w_tap_w = (s->flip ? 1 : -1) * w.every * tap_w,
        .w_group = KG, .w_row = s->K, .transposed = 1, .accumulate = a->accumulate != 0,
    };
}

/* Few channels, as of images, have loops of their own, unless Winograd's tiles were asked for and can be had. */
static int is_narrow(const ARGS(correlate2d_dx) *a, const conv_sizes *s)
{
    const T(correlation) c = phase_correlation(a, s, 0, 0);
    return T(narrow_pays)(s) && (a->algorithm <= ALGORITHM_direct || !T(choose)(&c, a->algorithm).tile);
}

choice T(choose_dx)(conv_sizes s)
{
    const ARGS(correlate2d_dx) a = {CNNC_CONV_SIZES(CONV_FIELD_OF)};
    choice sum = {.algorithm = ALGORITHM_direct};
    s = conv_as_product(s);
    for (ptrdiff_t phase = 0; phase < s.stride_h * s.stride_w; phase++) {
        const T(correlation) c = phase_correlation(&a, &s, phase / s.stride_w, phase % s.stride_w);
        const choice one = T(choose)(&c, is_narrow(&a, &s) ? ALGORITHM_direct : a.algorithm);
        if (phase == 0)
            sum = one;
        else
            sum.seconds += one.seconds;
    }
    return sum;
}

size_t OP_SCRATCH(correlate2d_dx)(const ARGS(correlate2d_dx) *a, int threads)
{
    const conv_sizes s = conv_as_product(CONV_SIZES_OF(a));
    size_t most = 0;
    if (is_narrow(a, &s))
        return T(narrow_scratch)(a, threads);
    for (ptrdiff_t phase = 0; phase < s.stride_h * s.stride_w; phase++) {
        const T(correlation) c = phase_correlation(a, &s, phase / s.stride_w, phase % s.stride_w);
        if (c.OH > 0 && c.OW > 0) {
            const size_t bytes = T(chosen_scratch)(&c, a->algorithm, threads);
            most = bytes > most ? bytes : most;
        }
    }
    return most;
}

int OP(correlate2d_dx)(const ARGS(correlate2d_dx) *a, void *scratch, int threads)
{
    const conv_sizes s = conv_as_product(CONV_SIZES_OF(a));
    if (is_narrow(a, &s)) {
        T(narrow_run)(a, scratch, threads);
        return 0;
    }
    for (ptrdiff_t phase = 0; phase < s.stride_h * s.stride_w; phase++) {
        const T(correlation) c = phase_correlation(a, &s, phase / s.stride_w, phase % s.stride_w);
        if (c.OH > 0 && c.OW > 0 && !(c.KH == 0 && c.accumulate))
            T(chosen_run)(&c, a->algorithm, scratch, threads);
    }
    return 0;
}
