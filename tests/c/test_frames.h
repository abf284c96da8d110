/* test_frames.h - stacks of frames, against a loop over their elements. */

static void test_stack(ptrdiff_t CG)
{
    ptrdiff_t N = between(1, 3), D = between(1, 5), F = between(1, 7), groups = between(1, 3), C = groups * CG;
    ptrdiff_t KD = between(1, 4), stride = between(1, 3), dilation = between(1, 3), pad = between(0, 4);
    ptrdiff_t OD = between(1, 4), KC = KD * C, xs = N * D * F * C, ys = N * OD * F * KC;
    int accumulate = random_bits() % 2;
    real *x = inputs(xs), *dy = inputs(ys);
    output y = output_of(REAL, ys), dx = gradient(xs, accumulate);
    for (ptrdiff_t at = 0; at < ys; at++) {
        ptrdiff_t c = at % CG, t = at / CG % KD, g = at / CG / KD % groups, f = at / KC % F, i = at / KC / F % OD;
        ptrdiff_t n = at / KC / F / OD, d = i * stride - pad + t * dilation;
        ptrdiff_t in = ((n * D + d) * F + f) * C + g * CG + c;
        if (d < 0 || d >= D)
            continue;
        y.expected[at] = x[in];
        gather(&dx, in, dy[at]);
    }
    rounding(&dx, KD);
#define FRAME_SIZES N, D, F, C, OD, KC, KD, stride, pad, dilation, groups
    CHECK(stack_frames, ((ARGS(stack_frames)){x, y.at, FRAME_SIZES}), &y);
    CHECK(stack_frames_dx, ((ARGS(stack_frames_dx)){dy, dx.at, FRAME_SIZES, accumulate}), &dx);
    free_all();
}

static void test_stacks(void)
{
    for (ptrdiff_t c = 1; c <= 34; c++)
        for (int i = 0; i < 4; i++)
            test_stack(c);
    test_stack(between(1500, 3000));
}
