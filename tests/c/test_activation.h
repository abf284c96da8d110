/* test_activation.h - activations: the expressions of their rows on doubles, against the kernels. That these are the
 * right expressions is for the comparison with the reference to find out; here, vector functions, tails and threads. */

/* What the rows call, with the C library's functions in place of those of vectors. */
#define select(condition, yes, no) ((condition) ? (yes) : (no))
#define vabs fabs
#define vexp exp
#define vexpm1_negative expm1
#define vlog1p_unit log1p
#define vtanh tanh
#define verf erf
static double vsigmoid(double x) { return 1 / (1 + exp(-x)); }
static const double zero = 0;

#define SCALAR_FUNCTIONS(to, forward, backward, cost, cost_dx, from, value, derivative) \
    static double forward##_value(double x, double alpha) { return (void)alpha, value; } \
    static double backward##_value(double dy, double from, double alpha) { return (void)alpha, derivative; }
CNNC_ACTIVATIONS(SCALAR_FUNCTIONS, )

/* The rows share one layout of arguments, and so one test. A function whose derivative needs x has x as a factor: its
 * error is relative to x. */
static void test_activation(const char *name, const char *name_dx, double (*value)(double, double),
                            double (*derivative)(double, double, double), int from_x, ptrdiff_t length)
{
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, 1e30, -1e30, 100, -100, 1e-30, -1e-30};
    int accumulate = random_bits() % 2, in_place = random_bits() % 2;
    double alpha = 0.3125;
    real *x = random_array(length, -6, 6), *dy = inputs(length), *given = random_array(length, -6, 6);
    for (ptrdiff_t i = 0; i < 10 && i < length; i++)
        x[random_bits() % (uint64_t)length] = (real)special[i];
    if (length > 5)
        x[length - 3] = (real)NAN;
    output y = starting_as(x, length), dx = gradient(length, accumulate);
    for (ptrdiff_t i = 0; i < length; i++) {
        y.expected[i] = value(x[i], alpha);
        y.bound[i] = 6 * EPS * fabs(from_x ? (double)x[i] : y.expected[i]) + (DOUBLE ? 0 : 0x1p-148);
    }
    for (ptrdiff_t i = 0; i < length; i++) {
        double size = from_x ? 1 + fabs((double)given[i]) : 1;
        if (!from_x)
            given[i] = (real)value(given[i], alpha);
        dx.expected[i] += derivative(dy[i], given[i], alpha);
        dx.bound[i] += fabs((double)dy[i]) * size;
    }
    rounding(&dx, 4);
    const ARGS(relu) forward = {in_place ? y.at : x, y.at, length, alpha};
    const ARGS(relu_dx) backward = {dy, given, dx.at, length, alpha, accumulate};
    check(name, &forward, (output *const[]){&y}, 1, 0);
    check(name_dx, &backward, (output *const[]){&dx}, 1, 0);
    free_all();
}

static void test_activations(ptrdiff_t length)
{
#define TEST_ROW(to, forward, backward, cost, cost_dx, from, value, derivative) \
    test_activation(#forward, #backward, forward##_value, backward##_value, #from[0] == 'x', length);
    CNNC_ACTIVATIONS(TEST_ROW, )
}

static void test_activation_family(void)
{
    for (ptrdiff_t n = 1; n <= 34; n++)
        test_activations(n);
    for (int i = 0; i < 3; i++) /* several chunks, so several threads */
        test_activations(between(8000, 60000));
}
