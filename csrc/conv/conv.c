/* conv.c - the forward pass: y = b + x correlated with w (flipped if `flip`), and its filters packed beforehand. */
#include "choice.h"

static T(correlation) forward(conv_sizes s, const real *w)
{
    s = conv_as_product(s);
    const ptrdiff_t tap_w = s.CG * s.K, tap_h = s.KW * tap_w;
    return (T(correlation)){
        .w = w && s.flip ? w + (s.KH - 1) * tap_h + (s.KW - 1) * tap_w : w,
        .N = s.N, .H = s.H, .W = s.W, .C = s.C, .groups = s.C / s.CG, .CG = s.CG, .KG = s.K * s.CG / s.C,
        .KH = s.KH, .KW = s.KW, .step_h = s.stride_h, .step_w = s.stride_w,
        .tap_h = s.dilation_h, .tap_w = s.dilation_w, .off_h = -s.pad_top, .off_w = -s.pad_left,
        .OH = s.OH, .OW = s.OW, .y_image = s.OH * s.OW * s.K, .y_row = s.OW * s.K, .y_col = s.K,
        .w_tap_h = s.flip ? -tap_h : tap_h, .w_tap_w = s.flip ? -tap_w : tap_w,
        .w_group = s.K * s.CG / s.C, .w_row = s.K,
    };
}

static T(correlation) forward_pass(const ARGS(correlate2d) *a)
{
    T(correlation) c = forward(CONV_SIZES_OF(a), a->w);
    c.x = a->x, c.b = a->b, c.packed = a->packed;
    c.y = a->y + a->first, c.y_col = a->Y, c.y_row = c.OW * c.y_col, c.y_image = c.OH * c.y_row;
    c.residual = a->residual, c.act = a->act, c.alpha = (real)a->alpha;
    return c;
}

size_t OP_SCRATCH(correlate2d)(const ARGS(correlate2d) *a, int threads)
{
    const T(correlation) c = forward_pass(a);
    return T(chosen_scratch)(&c, a->algorithm, threads);
}

int OP(correlate2d)(const ARGS(correlate2d) *a, void *scratch, int threads)
{
    const T(correlation) c = forward_pass(a);
    T(chosen_run)(&c, a->algorithm, scratch, threads);
    return 0;
}

/* The same as correlate2d with packed filters sees, so that it chooses the same. */
static T(correlation) packed_pass(conv_sizes s, const real *w, const real *packed)
{
    T(correlation) c = forward(s, w);
    c.packed = packed;
    return c;
}

NO_SCRATCH(correlate2d_pack)

int OP(correlate2d_pack)(const ARGS(correlate2d_pack) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(correlation) c = packed_pass(CONV_SIZES_OF(a), a->w, a->packed);
    T(chosen_pack)(&c, a->algorithm, a->packed, threads);
    return 0;
}

NO_SCRATCH(correlate2d_plan)

int OP(correlate2d_plan)(const ARGS(correlate2d_plan) *a, void *scratch, int threads)
{
    enum { PASSES = 4 };
    (void)scratch, (void)threads;
    const conv_sizes s = CONV_SIZES_OF(a);
    const T(correlation) plain = forward(s, NULL), packed = packed_pass(s, NULL, a->seconds /* any address */);
    const T(correlation_dw) gradient = T(weights_gradient)(s);
    const choice passes[PASSES] = {T(choose)(&plain, s.algorithm), T(choose_dx)(s),
                                   T(choose_dw)(&gradient, s.algorithm), T(choose)(&packed, s.algorithm)};
    for (int i = 0; i < PASSES; i++) {
        a->chosen[i] = passes[i].algorithm;
        a->seconds[i] = (real)passes[i].seconds;
    }
    a->chosen[PASSES] = T(chosen_packed_length)(&packed, s.algorithm);
    return 0;
}
