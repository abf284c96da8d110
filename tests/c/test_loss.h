/* test_loss.h - softmax, cross-entropy and the check for finite numbers, against plain loops. */

static void test_loss(ptrdiff_t N, ptrdiff_t K, double size)
{
    int accumulate = random_bits() % 2, one_hot = random_bits() % 2;
    real *x = random_array(N * K, -size, size), *dy = inputs(N * K), *target = random_array(N * K, 0, 1);
    int32_t *labels = exact(N, sizeof(int32_t));
    output p = starting_as(x, N * K), row_loss = output_of(F64, N), loss = output_of(F64, 1), hits = output_of(I64, 1);
    output dx = gradient(N * K, accumulate), softmax_dx = gradient(N * K, accumulate);
    real *given = random_array(N * K, 0, 1);
    for (ptrdiff_t n = 0; n < N; n++) {
        const real *row = x + n * K, *t = target + n * K;
        double sum = 0, mass = 0, dot = 0, dot_bound = 0, term = 0;
        ptrdiff_t best = 0, wanted = 0;
        labels[n] = (int32_t)between(0, K - 1);
        for (ptrdiff_t k = 1; k < K; k++) {
            best = row[k] > row[best] ? k : best;
            wanted = t[k] > t[wanted] ? k : wanted;
        }
        for (ptrdiff_t k = 0; k < K; k++) {
            sum += exp((double)row[k] - row[best]);
            dot += (double)dy[n * K + k] * given[n * K + k];
            dot_bound += fabs((double)dy[n * K + k] * given[n * K + k]);
            mass += one_hot ? (k == labels[n]) : t[k];
        }
        for (ptrdiff_t k = 0; k < K; k++) {
            double weight = one_hot ? (k == labels[n]) : t[k], distance = (double)row[best] - row[k];
            p.expected[n * K + k] = exp(-distance) / sum;
            /* the difference of two logits is rounded before it is exponentiated */
            p.bound[n * K + k] = EPS * (double)(K + 10) * (1 + distance) * p.expected[n * K + k] + 1e-30;
            term += weight * (log(sum) + distance);
            gather(&dx, n * K + k, (given[n * K + k] * mass - weight) / (double)N);
            dx.bound[n * K + k] += (given[n * K + k] * mass + weight) / (double)N;
            gather(&softmax_dx, n * K + k, (dy[n * K + k] - dot) * given[n * K + k]);
            softmax_dx.bound[n * K + k] += dot_bound + 1;
        }
        row_loss.expected[n] = term;
        row_loss.bound[n] = EPS * (double)(K + 10) * mass * (1 + 2 * size + log((double)K));
        loss.expected[0] += term / (double)N;
        loss.bound[0] += row_loss.bound[n] / (double)N;
        hits.expected[0] += best == (one_hot ? labels[n] : wanted);
    }
    rounding(&dx, K);
    rounding(&softmax_dx, K);
    CHECK(softmax, ((ARGS(softmax)){p.at, p.at, N, K}), &p);
    CHECK(softmax_dx, ((ARGS(softmax_dx)){dy, given, softmax_dx.at, N, K, accumulate}), &softmax_dx);
    const int32_t *label = one_hot ? labels : NULL;
    const real *rows = one_hot ? NULL : target;
    CHECK(cross_entropy, ((ARGS(cross_entropy)){x, label, rows, p.at, row_loss.at, loss.at, hits.at, N, K}), &p, &row_loss,
          &loss, &hits);
    CHECK(cross_entropy_dx, ((ARGS(cross_entropy_dx)){given, label, rows, dx.at, N, K, accumulate}), &dx);
    free_all();
}

static void test_check_finite(void)
{
    for (int bad = 0; bad < 3; bad++) {
        double *x = exact(5, sizeof(double));
        for (int i = 0; i < 5; i++)
            x[i] = bad && i == 4 ? (bad == 1 ? (double)NAN : (double)INFINITY) : i;
        const ARGS(check_finite) args = {x, 5};
        check("check_finite", &args, NULL, 0, bad != 0);
        free_all();
    }
}

static void test_losses(void)
{
    for (ptrdiff_t n = 1; n <= 34; n++)
        test_loss(between(1, 9), n, n % 2 ? 4 : 1e4);
    for (int i = 0; i < 3; i++)
        test_loss(between(500, 900), between(10, 70), 4);
    test_check_finite();
}
