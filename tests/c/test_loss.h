/* test_loss.h - softmax, the losses and the check for finite numbers, against plain loops. */

static void test_loss(ptrdiff_t N, ptrdiff_t K, double size)
{
    int accumulate = random_bits() % 2, one_hot = random_bits() % 2, weighted = random_bits() % 2;
    double smoothing = random_bits() % 2 ? 0.125 : 0, scale = 0.5;
    real *x = random_array(N * K, -size, size), *dy = inputs(N * K), *target = random_array(N * K, 0, 1);
    int32_t *labels = exact(N, sizeof(int32_t));
    output p = starting_as(x, N * K), row_loss = output_of(F64, N), loss = output_of(F64, 1), hits = output_of(I64, 1);
    output dx = gradient(N * K, accumulate), softmax_dx = gradient(N * K, accumulate);
    real *given = random_array(N * K, 0, 1), *class_weight = random_array(K, 0.5, 2);
    double *share = exact(N, sizeof(double));
    for (ptrdiff_t n = 0; n < N; n++) {
        const real *row = x + n * K, *t = target + n * K;
        double sum = 0, mass = 0, dot = 0, dot_bound = 0, term = 0, part = share[n] = weighted ? uniform(0, 1) : 1 / (double)N;
        double wished[80];
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
            wished[k] = (1 - smoothing) * (one_hot ? (k == labels[n]) : (double)t[k]) + smoothing / (double)K;
            mass += wished[k] *= weighted ? (double)class_weight[k] : 1;
        }
        for (ptrdiff_t k = 0; k < K; k++) {
            double weight = wished[k], distance = (double)row[best] - row[k];
            p.expected[n * K + k] = exp(-distance) / sum;
            /* the difference of two logits is rounded before it is exponentiated */
            p.bound[n * K + k] = EPS * (double)(K + 10) * (1 + distance) * p.expected[n * K + k] + 1e-30;
            term += weight * (log(sum) + distance);
            gather(&dx, n * K + k, (given[n * K + k] * mass - weight) * part * scale);
            dx.bound[n * K + k] += (given[n * K + k] * mass + weight) * part * scale;
            gather(&softmax_dx, n * K + k, (dy[n * K + k] - dot) * given[n * K + k]);
            softmax_dx.bound[n * K + k] += dot_bound + 1;
        }
        row_loss.expected[n] = term;
        row_loss.bound[n] = EPS * (double)(K + 10) * mass * (1 + 2 * size + log((double)K));
        loss.expected[0] += term * part;
        loss.bound[0] += row_loss.bound[n] * part;
        hits.expected[0] += best == (one_hot ? labels[n] : wanted);
    }
    rounding(&dx, K);
    rounding(&softmax_dx, K);
    CHECK(softmax, ((ARGS(softmax)){p.at, p.at, N, K}), &p);
    CHECK(softmax_dx, ((ARGS(softmax_dx)){dy, given, softmax_dx.at, N, K, accumulate}), &softmax_dx);
    const int32_t *label = one_hot ? labels : NULL;
    const real *rows = one_hot ? NULL : target;
    const real *classes = weighted ? class_weight : NULL;
    const double *shares = weighted ? share : NULL;
    CHECK(cross_entropy,
          ((ARGS(cross_entropy)){x, label, rows, classes, shares, p.at, row_loss.at, loss.at, hits.at, N, K, smoothing}),
          &p, &row_loss, &loss, &hits);
    CHECK(cross_entropy_dx,
          ((ARGS(cross_entropy_dx)){given, label, rows, classes, shares, dx.at, N, K, smoothing, scale, accumulate}), &dx);
    free_all();
}

static void test_hinge(ptrdiff_t N, ptrdiff_t K)
{
    int accumulate = random_bits() % 2;
    real *x = inputs(N * K);
    int32_t *labels = exact(N, sizeof(int32_t));
    double margin = (real)0.7, *share = exact(N, sizeof(double));
    output row_loss = output_of(F64, N), loss = output_of(F64, 1), hits = output_of(I64, 1);
    output dx = gradient(N * K, accumulate);
    for (ptrdiff_t n = 0; n < N; n++) {
        const real *row = x + n * K;
        ptrdiff_t best = 0, label = labels[n] = (int32_t)between(0, K - 1);
        share[n] = uniform(0, 1);
        for (ptrdiff_t k = 0; k < K; k++) {
            double gap = (real)(row[k] + (real)(margin - row[label]));
            best = row[k] > row[best] ? k : best;
            if (k == label || gap <= 0)
                continue;
            row_loss.expected[n] += gap / (double)K;
            gather(&dx, n * K + k, 0.5 * share[n] / (double)K);
            gather(&dx, n * K + label, -0.5 * share[n] / (double)K);
        }
        row_loss.bound[n] = EPS * (double)(K + 10) * 3;
        loss.expected[0] += row_loss.expected[n] * share[n];
        loss.bound[0] += row_loss.bound[n] * share[n];
        hits.expected[0] += best == label;
    }
    rounding(&dx, K);
    CHECK(hinge, ((ARGS(hinge)){x, labels, share, row_loss.at, loss.at, hits.at, N, K, margin}), &row_loss, &loss, &hits);
    CHECK(hinge_dx, ((ARGS(hinge_dx)){x, labels, share, dx.at, N, K, margin, 0.5, accumulate}), &dx);
    free_all();
}

static double mse_of(double x, double t) { return (x - t) * (x - t); }
static double mse_slope(double x, double t) { return 2 * (x - t); }
static double mae_of(double x, double t) { return fabs(x - t); }
static double mae_slope(double x, double t) { return (x > t) - (x < t); }
static double huber_of(double x, double t)
{
    double d = fabs(x - t);
    return d <= 0.5 ? d * d / 2 : 0.5 * (d - 0.25);
}
static double huber_slope(double x, double t) { return fmin(fmax(x - t, -0.5), 0.5); }
static double binary_of(double x, double t) { return fmax(x, 0) - x * t + log1p(exp(-fabs(x))); }
static double binary_slope(double x, double t) { return 1 / (1 + exp(-x)) - t; }

static void test_pointwise(ptrdiff_t N, ptrdiff_t J)
{
    static const struct { const char *name, *dx; double (*value)(double, double), (*slope)(double, double); } losses[] = {
        {"mse", "mse_dx", mse_of, mse_slope},
        {"mae", "mae_dx", mae_of, mae_slope},
        {"huber", "huber_dx", huber_of, huber_slope},
        {"binary_cross_entropy", "binary_cross_entropy_dx", binary_of, binary_slope},
    };
    for (int i = 0; i < 4; i++) {
        int accumulate = random_bits() % 2, weighted = random_bits() % 2;
        real *x = random_array(N * J, -2, 2), *t = random_array(N * J, 0, 1);
        double *share = exact(N, sizeof(double));
        output row_loss = output_of(F64, N), loss = output_of(F64, 1), dx = gradient(N * J, accumulate);
        for (ptrdiff_t n = 0; n < N; n++) {
            share[n] = weighted ? uniform(0, 1) : 1 / (double)N;
            for (ptrdiff_t k = n * J; k < (n + 1) * J; k++) {
                row_loss.expected[n] += losses[i].value(x[k], t[k]) / (double)J;
                gather(&dx, k, losses[i].slope(x[k], t[k]) * 0.5 * share[n] / (double)J);
                dx.bound[k] += 4 * share[n] / (double)J;
            }
            row_loss.bound[n] = EPS * (double)(J < 4096 ? J + 10 : 4096) * 9;
            loss.expected[0] += row_loss.expected[n] * share[n];
            loss.bound[0] += row_loss.bound[n] * share[n];
        }
        rounding(&dx, 4);
        const double *shares = weighted ? share : NULL;
        const ARGS(mse) forward = {x, t, shares, row_loss.at, loss.at, N, J, 0.5};
        const ARGS(mse_dx) backward = {x, t, shares, dx.at, N, J, 0.5, 0.5, accumulate};
        output *const results[] = {&row_loss, &loss}, *const gradients[] = {&dx};
        check(losses[i].name, &forward, results, 2, 0);
        check(losses[i].dx, &backward, gradients, 1, 0);
        free_all();
    }
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
    for (ptrdiff_t n = 1; n <= 34; n++) {
        test_loss(between(1, 9), n, n % 2 ? 4 : 1e4);
        test_hinge(between(1, 9), n);
        test_pointwise(between(1, 9), n);
    }
    for (int i = 0; i < 3; i++) {
        test_loss(between(500, 900), between(10, 70), 4);
        test_hinge(between(500, 900), between(10, 70));
        test_pointwise(between(2, 900), between(70, 90));
        test_pointwise(between(1, 5), between(4000, 9000));
    }
    test_check_finite();
}
