/* test_norm.h - normalisation by statistics and by neighbouring channels, against plain loops. */

/* What the terms of one group's sums are: sums of deviations, in float at most 4096 / 4 at once. */
static double norm_error(ptrdiff_t terms) { return EPS * (double)(terms < 1100 ? terms + 20 : 1120); }

static void check_same(const char *name, const char *what, const real *a, const real *b, ptrdiff_t length)
{
    if (memcmp(a, b, (size_t)length * sizeof(real)) == 0) {
        passed++;
    } else {
        failed++;
        printf("FAIL %s: %s of %td elements is not what single operations give\n", name, what, length);
    }
}

/* An operation that ends in an activation, perhaps after a residual, gives the bits of one operation after the other;
 * so do its gradients where dt is chosen, not computed. The argument structs are those of the plain operations. */
#define CHECK_ENDING(op, op_dx, plain, plain_dx, length, C)                                                     \
    do {                                                                                                        \
        static const char *const names[][2] = {{"relu", "relu_dx"}, {"leaky_relu", "leaky_relu_dx"},            \
                                               {"sigmoid", "sigmoid_dx"}};                                      \
        static const ptrdiff_t numbers[] = {1, 2, 4};                                                           \
        const int which = (int)between(0, 2), added = random_bits() % 2;                                        \
        const double alpha = 0.25;                                                                              \
        const ARGS(op) forward = plain;                                                                         \
        const ARGS(op_dx) backward = plain_dx;                                                                  \
        real *residual = inputs(length), *y[2], *dt[2], *dx[2], *sums[2];                                       \
        for (int i = 0; i < 2; i++) {                                                                           \
            y[i] = exact(length, sizeof(real)), dt[i] = exact(length, sizeof(real));                            \
            dx[i] = exact(length, sizeof(real)), sums[i] = exact(2 * (C), sizeof(real));                        \
        }                                                                                                       \
        for (int level = 0; level < (DOUBLE ? 1 : cnnc_isa_count()); level++) {                                 \
            if (cnnc_isa_set(level) != 0)                                                                       \
                continue;                                                                                       \
            ARGS(op) f = forward;                                                                               \
            f.y = y[0];                                                                                         \
            call(#op, &f, 1);                                                                                   \
            if (added)                                                                                          \
                call("add", &(ARGS(add)){y[0], residual, y[0], length, 0, 0, 0}, 1);                            \
            call(names[which][0], &(ARGS(relu)){y[0], y[0], length, alpha}, 1);                                 \
            f.y = y[1], f.residual = added ? residual : NULL, f.act = numbers[which], f.alpha = alpha;          \
            call(#op, &f, 3);                                                                                   \
            check_same(#op, "y", y[0], y[1], length);                                                           \
            ARGS(op_dx) g = backward;                                                                           \
            call(names[which][1], &(ARGS(relu_dx)){g.dy, y[0], dt[0], length, alpha, 0}, 1);                    \
            g.dy = dt[0], g.dx = dx[0], g.dgamma = sums[0], g.dbeta = sums[0] + (C);                            \
            call(#op_dx, &g, 1);                                                                                \
            g.dy = backward.dy, g.y = added || which == 2 ? y[0] : NULL, g.act = numbers[which], g.alpha = alpha; \
            g.dx = dx[1], g.dgamma = sums[1], g.dbeta = sums[1] + (C), g.dresidual = added ? dt[1] : NULL;      \
            call(#op_dx, &g, 3);                                                                                \
            if (added)                                                                                          \
                check_same(#op_dx, "dresidual", dt[0], dt[1], length);                                          \
            if (which < 2) {                                                                                    \
                check_same(#op_dx, "dx", dx[0], dx[1], length);                                                 \
                check_same(#op_dx, "the sums", sums[0], sums[1], 2 * (C));                                      \
            }                                                                                                   \
        }                                                                                                       \
    } while (0)

static void test_normalise(ptrdiff_t N, ptrdiff_t P, ptrdiff_t C, ptrdiff_t G)
{
    ptrdiff_t M = N * P, CG = C / G, size = P * CG;
    int centred = random_bits() % 4 != 0, affine = random_bits() % 4 != 0, accumulate = random_bits() % 2;
    int accumulate_dx = random_bits() % 2;
    double eps = uniform(1e-3, 1), offset = !DOUBLE && random_bits() % 2 ? 100 : 0; /* sums are in double */
    real *x = random_array(M * C, offset - 1, offset + 1), *dy = inputs(M * C), *gamma = inputs(C), *beta = inputs(C);
    output mean = output_of(REAL, N * G), low = output_of(REAL, N * G), var = output_of(REAL, N * G);
    output y = starting_as(x, M * C); /* in place */
    output dx = gradient(M * C, accumulate_dx), dgamma = gradient(C, accumulate), dbeta = gradient(C, accumulate);
    for (ptrdiff_t i = 0; i < C; i++)
        dgamma.bound[i] *= EPS, dbeta.bound[i] *= EPS;
    for (ptrdiff_t i = 0; i < M * C; i++)
        dx.bound[i] *= EPS;
    double *means = zeros(N * G), *vars = zeros(N * G);
#define EACH_OF_GROUP(n, g, i, c) \
    for (ptrdiff_t p = 0; p < P; p++) \
        for (ptrdiff_t c = (g) * CG, i = ((n) * P + p) * C + c; c < ((g) + 1) * CG; c++, i++)
    for (ptrdiff_t n = 0; n < N; n++)
        for (ptrdiff_t g = 0; g < G; g++) {
            double m = 0, v = 0, sum = 0, product = 0, sum_bound = 0, product_bound = 0;
            EACH_OF_GROUP(n, g, i, c)
                m += centred ? x[i] / (double)size : 0;
            EACH_OF_GROUP(n, g, i, c)
                v += (x[i] - m) * (x[i] - m) / (double)size;
            double rstd = 1 / sqrt(v + eps), error = norm_error(size);
            EACH_OF_GROUP(n, g, i, c) {
                double z = (x[i] - m) * rstd, w = affine ? gamma[c] : 1;
                y.expected[i] = z * w + (affine ? beta[c] : 0);
                y.bound[i] = error * ((1 + fabs(z)) * fabs(w) + 1);
                sum += w * dy[i], sum_bound += fabs(w * dy[i]);
                product += w * dy[i] * z, product_bound += fabs(w * dy[i]) * (1 + fabs(z));
                dgamma.expected[c] += dy[i] * z;
                dgamma.bound[c] += (error + norm_error(M)) * fabs(dy[i]) * (1 + fabs(z));
                dbeta.expected[c] += dy[i];
                dbeta.bound[c] += norm_error(M) * fabs((double)dy[i]);
            }
            EACH_OF_GROUP(n, g, i, c) {
                double z = (x[i] - m) * rstd, w = (affine ? gamma[c] : 1) * dy[i];
                dx.expected[i] += rstd * (w - (centred ? sum / (double)size : 0) - z * product / (double)size);
                double through = (sum_bound + (1 + fabs(z)) * product_bound) / (double)size;
                dx.bound[i] += error * rstd * (fabs(w) + through);
            }
            means[n * G + g] = m, vars[n * G + g] = v;
            mean.expected[n * G + g] = m, mean.bound[n * G + g] = EPS * fabs(m) + error * sqrt(v);
            low.bound[n * G + g] = EPS * fabs(m) + error * sqrt(v);
            var.expected[n * G + g] = v, var.bound[n * G + g] = 2 * error * v + EPS * EPS * m * m + 1e-30;
        }
    const real *w = affine ? gamma : NULL, *b = affine ? beta : NULL;
#define NORM_FIELDS N, M, C, G, centred, eps, 0, 0
    CHECK(normalise, ((ARGS(normalise)){y.at, w, b, NULL, y.at, mean.at, low.at, var.at, NORM_FIELDS}), &y, &mean, &low,
          &var);
    CHECK(normalise, ((ARGS(normalise)){y.at, w, b, NULL, y.at, NULL, NULL, NULL, NORM_FIELDS}), &y);
    CHECK(normalise, ((ARGS(normalise)){x, w, b, NULL, NULL, mean.at, NULL, var.at, NORM_FIELDS}), &mean, &var);
    real *m = exact(N * G, sizeof(real)), *l = exact(N * G, sizeof(real)), *v = exact(N * G, sizeof(real));
    for (ptrdiff_t i = 0; i < N * G; i++)
        m[i] = (real)means[i], l[i] = (real)(means[i] - (double)m[i]), v[i] = (real)vars[i];
#define GRADIENT_FIELDS NORM_FIELDS, accumulate_dx, accumulate, 0
#define GIVEN dy, x, NULL, w, b, m, l, v
    CHECK(normalise_dx, ((ARGS(normalise_dx)){GIVEN, dx.at, dgamma.at, dbeta.at, NULL, GRADIENT_FIELDS}), &dx, &dgamma,
          &dbeta);
    CHECK(normalise_dx, ((ARGS(normalise_dx)){GIVEN, NULL, dgamma.at, NULL, NULL, GRADIENT_FIELDS}), &dgamma);
    CHECK(normalise_dx, ((ARGS(normalise_dx)){GIVEN, dx.at, NULL, NULL, NULL, GRADIENT_FIELDS}), &dx);
    CHECK_ENDING(normalise, normalise_dx, ((ARGS(normalise)){x, w, b, NULL, NULL, m, l, v, NORM_FIELDS}),
                 ((ARGS(normalise_dx)){GIVEN, NULL, NULL, NULL, NULL, NORM_FIELDS, 0, 0, 0}), M * C, C);
    free_all();
}

static void test_normalise_by(ptrdiff_t M, ptrdiff_t C)
{
    int affine = random_bits() % 4 != 0, accumulate = random_bits() % 2, accumulate_dx = random_bits() % 2;
    double eps = uniform(1e-3, 1);
    real *x = inputs(M * C), *dy = inputs(M * C), *gamma = inputs(C), *beta = inputs(C), *mean = inputs(C);
    real *var = random_array(C, 0, 2);
    output y = starting_as(x, M * C), dx = gradient(M * C, accumulate_dx);
    output dgamma = gradient(C, accumulate), dbeta = gradient(C, accumulate);
    for (ptrdiff_t i = 0; i < M * C; i++) {
        ptrdiff_t c = i % C;
        double rstd = 1 / sqrt(var[c] + eps), w = affine ? gamma[c] : 1;
        gather(&y, i, x[i] * rstd * w), gather(&y, i, -mean[c] * rstd * w), gather(&y, i, affine ? beta[c] : 0);
        gather(&dx, i, dy[i] * rstd * w);
        gather(&dgamma, c, dy[i] * rstd * x[i]), gather(&dgamma, c, -dy[i] * rstd * mean[c]);
        gather(&dbeta, c, dy[i]);
    }
    rounding(&y, 4);
    rounding(&dx, 4);
    rounding(&dgamma, M + 8);
    rounding(&dbeta, M);
    const real *w = affine ? gamma : NULL;
    const real *offset = affine ? beta : NULL;
    CHECK(normalise_by, ((ARGS(normalise_by)){y.at, mean, var, w, offset, NULL, y.at, M, C, eps, 0, 0}), &y);
#define GIVEN_BY dy, x, NULL, mean, var, w, offset
#define BY_FIELDS M, C, eps, 0, 0, accumulate_dx, accumulate, 0
    CHECK(normalise_by_dx, ((ARGS(normalise_by_dx)){GIVEN_BY, dx.at, dgamma.at, dbeta.at, NULL, BY_FIELDS}), &dx,
          &dgamma, &dbeta);
    CHECK(normalise_by_dx,
          ((ARGS(normalise_by_dx)){dy, NULL, NULL, mean, var, w, NULL, dx.at, NULL, NULL, NULL, BY_FIELDS}), &dx);
    CHECK_ENDING(normalise_by, normalise_by_dx,
                 ((ARGS(normalise_by)){x, mean, var, w, offset, NULL, NULL, M, C, eps, 0, 0}),
                 ((ARGS(normalise_by_dx)){GIVEN_BY, NULL, NULL, NULL, NULL, M, C, eps, 0, 0, 0, 0, 0}), M * C, C);
    free_all();
}

static void test_local_response(ptrdiff_t M, ptrdiff_t C, double power)
{
    ptrdiff_t window = between(1, 12), before = window / 2, after = (window - 1) / 2;
    int accumulate = random_bits() % 2;
    double alpha = uniform(0, 4), k = (real)uniform(0.5, 2);
    real *x = inputs(M * C), *dy = inputs(M * C);
    double *s = zeros(M * C);
    output y = starting_as(x, M * C), dx = gradient(M * C, accumulate);
    for (ptrdiff_t m = 0; m < M; m++)
        for (ptrdiff_t c = 0; c < C; c++) {
            double *sum = s + m * C + c;
            *sum = k;
            for (ptrdiff_t j = c - before; j <= c + after; j++)
                *sum += j >= 0 && j < C ? alpha / (double)window * x[m * C + j] * x[m * C + j] : 0;
            gather(&y, m * C + c, x[m * C + c] * pow(*sum, -power));
            gather(&dx, m * C + c, dy[m * C + c] * pow(*sum, -power));
        }
    for (ptrdiff_t m = 0; m < M; m++)
        for (ptrdiff_t c = 0; c < C; c++)
            for (ptrdiff_t j = c - after; j <= c + before; j++)
                if (j >= 0 && j < C)
                    gather(&dx, m * C + c, -2 * alpha / (double)window * power * x[m * C + c] * dy[m * C + j] *
                                               x[m * C + j] * pow(s[m * C + j], -power - 1));
    rounding(&y, 2 * window + 16);
    rounding(&dx, 3 * window + 24);
    CHECK(local_response, ((ARGS(local_response)){y.at, y.at, M, C, window, alpha, power, k}), &y);
    CHECK(local_response_dx, ((ARGS(local_response_dx)){dy, x, dx.at, M, C, window, alpha, power, k, accumulate}), &dx);
    free_all();
}

static void test_norms(void)
{
    static const double powers[] = {0.75, 0.5, 1, 0.3};
    for (ptrdiff_t n = 1; n <= LONGEST_TAIL; n++) {
        test_normalise(1, between(2, 9), n, n); /* channels */
        test_normalise(1, n + 1, between(1, 9), 1);
        test_normalise(between(1, 4), between(2, 70), 2 * n, 2);
        test_normalise(between(1, 4), 1, 3 * (n + 1), 3); /* rows */
        test_normalise_by(between(1, 9), n);
        test_normalise_by(n, between(1, 9));
        test_local_response(between(1, 4), n, powers[n % 4]);
    }
    test_normalise(1, 50000, 1, 1);
    test_normalise(1, 9000, 7, 7);
    test_normalise(2, 3000, 24, 3);
    test_normalise(20, 300, 12, 12); /* whole images */
    test_normalise(2000, 1, 50, 1);
    test_normalise(2, 1, 9001, 1);
    test_normalise(3, 40, 900, 900);
    test_normalise_by(5000, 20);
    test_local_response(3000, 20, 0.75);
}
