/* test_multiply.h - products, against plain loops. */

static void test_product(ptrdiff_t length)
{
    int accumulate = random_bits() % 2;
    real *a = inputs(length), *b = inputs(length);
    output y = gradient(length, accumulate), shared = starting_as(a, length);
    for (ptrdiff_t i = 0; i < length; i++) {
        gather(&y, i, (double)a[i] * b[i]);
        gather(&shared, i, (double)a[i] * b[i]);
    }
    rounding(&y, 1);
    rounding(&shared, 1);
    CHECK(multiply, ((ARGS(multiply)){a, b, y.at, length, accumulate}), &y);
    CHECK(multiply, ((ARGS(multiply)){shared.at, b, shared.at, length, 0}), &shared);
    free_all();
}

static void test_weights_of_channels(ptrdiff_t N, ptrdiff_t S, ptrdiff_t C)
{
    int accumulate = random_bits() % 2;
    real *x = inputs(N * S * C), *g = inputs(N * C), *dy = inputs(N * S * C);
    output y = gradient(N * S * C, accumulate), dg = gradient(N * C, accumulate), shared = starting_as(x, N * S * C);
    for (ptrdiff_t i = 0; i < N * S * C; i++) {
        ptrdiff_t channel = i / C / S * C + i % C;
        gather(&y, i, (double)x[i] * g[channel]);
        gather(&shared, i, (double)x[i] * g[channel]);
        gather(&dg, channel, (double)dy[i] * x[i]);
    }
    rounding(&y, 1);
    rounding(&shared, 1);
    rounding(&dg, S);
    CHECK(multiply_channels, ((ARGS(multiply_channels)){x, g, y.at, N, S, C, accumulate}), &y);
    CHECK(multiply_channels, ((ARGS(multiply_channels)){shared.at, g, shared.at, N, S, C, 0}), &shared);
    CHECK(multiply_channels_dg, ((ARGS(multiply_channels_dg)){dy, x, dg.at, N, S, C, accumulate}), &dg);
    free_all();
}

static void test_products(void)
{
    for (ptrdiff_t n = 1; n <= 66; n++) {
        test_product(n);
        test_weights_of_channels(between(1, 3), between(1, 6), n);
    }
    test_product(between(8190, 20000));
    test_weights_of_channels(2, between(9000, 9100), 1);
    test_weights_of_channels(1, between(500, 600), between(60, 140));
}
