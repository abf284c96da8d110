/* test_roofline.h - what measures the machine, against plain loops. */

static void test_multiply_add(ptrdiff_t length, ptrdiff_t times)
{
    double scale = (real)0.37, offset = (real)-0.6;
    real *x = inputs(length);
    output y = starting_as(x, length);
    for (ptrdiff_t i = 0; i < length; i++) {
        double v = x[i];
        for (ptrdiff_t t = 0; t < times; t++)
            v = v * scale + offset;
        gather(&y, i, v), gather(&y, i, fabs(v) + 1), gather(&y, i, -fabs(v) - 1); /* no step is larger than that */
    }
    rounding(&y, 2 * (double)times);
    CHECK(multiply_add, ((ARGS(multiply_add)){y.at, y.at, length, times, scale, offset}), &y);
    free_all();
}

static void test_rooflines(void)
{
    for (ptrdiff_t length = 1; length <= 65; length++)
        test_multiply_add(length, between(1, 4));
    test_multiply_add(2 * 12 * 16 + 5, 3); /* groups of every level's vectors, and a rest */
    test_multiply_add(2 * 6144 + 7, 2);    /* blocks */
}
