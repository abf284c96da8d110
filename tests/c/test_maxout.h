/* test_maxout.h - the maximum over blocks of channels, against plain loops. */

static void test_maxout(ptrdiff_t M, ptrdiff_t K, ptrdiff_t pieces)
{
    ptrdiff_t C = pieces * K, xs = M * C, ys = M * K;
    int accumulate = random_bits() % 2, ties = random_bits() % 2;
    real *x = inputs(xs), *dy = inputs(ys);
    for (ptrdiff_t i = 0; i < xs; i++) {
        if (ties)
            x[i] = (real)between(-1, 1);
        if (random_bits() % 16 == 0)
            x[i] = (real)NAN;
    }
    output y = output_of(REAL, ys), index8 = output_of(U8, ys), dx = gradient(xs, accumulate);
    for (ptrdiff_t at = 0; at < ys; at++) {
        const real *piece = x + at / K * C + at % K;
        ptrdiff_t best = 0;
        for (ptrdiff_t j = 1; j < pieces; j++) /* the first NaN stays */
            if (!isnan(piece[best * K]) && !(piece[j * K] <= piece[best * K]))
                best = j;
        y.expected[at] = piece[best * K];
        index8.expected[at] = (double)best;
        ((uint8_t *)index8.before)[at] = (uint8_t)best; /* what the backward pass reads */
        gather(&dx, at / K * C + best * K + at % K, dy[at]);
    }
    rounding(&dx, 1);
    CHECK(maxout, ((ARGS(maxout)){x, y.at, index8.at, M, C, K}), &y, &index8);
    CHECK(maxout, ((ARGS(maxout)){x, y.at, NULL, M, C, K}), &y);
    CHECK(maxout_dx, ((ARGS(maxout_dx)){dy, index8.before, dx.at, M, C, K, accumulate}), &dx);
    free_all();
}

static void test_maxouts(void)
{
    for (ptrdiff_t k = 1; k <= 34; k++)
        for (int i = 0; i < 2; i++)
            test_maxout(between(1, 7), k, between(1, 6));
    for (int i = 0; i < 3; i++) /* several blocks, so several threads */
        test_maxout(between(300, 900), between(20, 60), between(2, 5));
    test_maxout(3, 5, 256);
}
