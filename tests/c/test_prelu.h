/* test_prelu.h - the rectifier with learned slopes, against plain loops. */

static void test_prelu(ptrdiff_t M, ptrdiff_t C, int shared)
{
    ptrdiff_t K = shared ? 1 : C, size = M * C;
    int accumulate = random_bits() % 2, in_place = random_bits() % 2;
    real *x = inputs(size), *dy = inputs(size), *w = inputs(K);
    for (ptrdiff_t i = 0; i < size; i += 7)
        x[i] = 0;
    output y = starting_as(x, size), dx = in_place ? starting_as(dy, size) : gradient(size, accumulate);
    output dw = gradient(K, accumulate);
    if (in_place)
        accumulate = 0, dw = gradient(K, 0);
    for (ptrdiff_t i = 0; i < size; i++) {
        double slope = x[i] > 0 ? 1 : w[shared ? 0 : i % C];
        y.expected[i] = slope * x[i];
        y.bound[i] = EPS * fabs(y.expected[i]);
        gather(&dx, i, slope * dy[i]);
        if (!(x[i] > 0))
            gather(&dw, shared ? 0 : i % C, (double)x[i] * dy[i]);
    }
    rounding(&dx, 2);
    rounding(&dw, size / K + 1);
    CHECK(prelu, ((ARGS(prelu)){in_place ? y.at : x, w, y.at, M, C, K}), &y);
    CHECK(prelu_dx, ((ARGS(prelu_dx)){in_place ? dx.at : dy, x, w, dx.at, M, C, K, accumulate}), &dx);
    CHECK(prelu_dw, ((ARGS(prelu_dw)){dy, x, dw.at, M, C, K, accumulate}), &dw);
    free_all();
}

static void test_prelus(void)
{
    for (ptrdiff_t c = 1; c <= 34; c++)
        for (int shared = 0; shared < 2; shared++)
            test_prelu(between(1, 9), c, shared);
    for (int i = 0; i < 4; i++) /* several blocks, so several threads */
        test_prelu(between(300, 900), between(40, 100), i % 2);
}
