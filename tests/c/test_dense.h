/* test_dense.h - dense layers and biases, against plain loops. */

static void test_dense(ptrdiff_t M, ptrdiff_t C, ptrdiff_t K)
{
    int accumulate = random_bits() % 2;
    real *x = inputs(M * C), *w = inputs(C * K), *b = inputs(K), *dy = inputs(M * K);
    output y = output_of(REAL, M * K), dx = gradient(M * C, accumulate);
    output dw = gradient(C * K, accumulate), db = gradient(K, accumulate);
    for (ptrdiff_t m = 0; m < M; m++)
        for (ptrdiff_t k = 0; k < K; k++) {
            gather(&y, m * K + k, b[k]);
            gather(&db, k, dy[m * K + k]);
            for (ptrdiff_t c = 0; c < C; c++) {
                gather(&y, m * K + k, (double)x[m * C + c] * w[c * K + k]);
                gather(&dx, m * C + c, (double)dy[m * K + k] * w[c * K + k]);
                gather(&dw, c * K + k, (double)dy[m * K + k] * x[m * C + c]);
            }
        }
    rounding(&y, C + 1);
    rounding(&dx, K + 1);
    rounding(&dw, M + 1);
    rounding(&db, M + 1);
    CHECK(dense, ((ARGS(dense)){x, w, b, y.at, M, C, K, 0, 0}), &y);
    ARGS(dense) ending = {x, w, NULL, exact(M * K, sizeof(real)), M, C, K, 0, 0}; /* the bits of dense, then relu */
    call("dense", &ending, 1);
    real *plain = ending.y;
    call("relu", &(ARGS(relu)){plain, plain, M * K, 0}, 1);
    ending.y = exact(M * K, sizeof(real));
    ending.act = 1;
    call("dense", &ending, 2);
    if (memcmp(plain, ending.y, (size_t)(M * K) * sizeof(real)) == 0)
        passed++;
    else
        failed++, printf("FAIL dense with an activation, %td %td %td\n", M, C, K);
    CHECK(dense_dx, ((ARGS(dense_dx)){dy, w, dx.at, M, C, K, accumulate}), &dx);
    CHECK(dense_dw, ((ARGS(dense_dw)){dy, x, dw.at, db.at, M, C, C, K, 0, accumulate}), &dw, &db);
    CHECK(bias_add_db, ((ARGS(bias_add_db)){dy, db.at, M, K, accumulate}), &db);

    output sum = starting_as(dy, M * K); /* in place */
    for (ptrdiff_t i = 0; i < M * K; i++)
        gather(&sum, i, (double)dy[i] + b[i % K]);
    rounding(&sum, 1);
    CHECK(bias_add, ((ARGS(bias_add)){sum.at, b, sum.at, M, K}), &sum);
    free_all();
}

static void test_denses(void)
{
    for (ptrdiff_t n = 1; n <= LONGEST_TAIL; n++) {
        test_dense(n, between(1, 20), between(1, 20));
        test_dense(between(1, 20), n, between(1, 20));
        test_dense(between(1, 20), between(1, 20), n);
    }
    test_dense(300, 70, 90);
    test_dense(5, 700, 515);
    test_dense(32, 30, 1025);
    test_dense(40, 420, 129);
    test_dense(64, 700, 33);
    test_dense(1, 1000, 150);
    test_dense(2000, 3, 5);
}
