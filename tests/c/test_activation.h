/* test_activation.h - activations, against plain loops. */

typedef double (*value_fn)(double x, double alpha);
typedef double (*derivative_fn)(double y, double alpha);

static double relu(double x, double alpha) { return (void)alpha, x <= 0 ? 0 : x; }
static double relu_dx(double y, double alpha) { return (void)alpha, y <= 0 ? 0 : 1; }
static double leaky_relu(double x, double alpha) { return x < 0 ? alpha * x : x; }
static double leaky_relu_dx(double y, double alpha) { return y > 0 ? 1 : alpha; }
static double elu(double x, double alpha) { return x < 0 ? alpha * expm1(x) : x; }
static double elu_dx(double y, double alpha) { return y > 0 ? 1 : y + alpha; }
static double sigmoid(double x, double alpha) { return (void)alpha, 1 / (1 + exp(-x)); }
static double sigmoid_dx(double y, double alpha) { return (void)alpha, y * (1 - y); }
static double hyperbolic(double x, double alpha) { return (void)alpha, tanh(x); }
static double hyperbolic_dx(double y, double alpha) { return (void)alpha, (1 - y) * (1 + y); }

/* The rows share one argument struct, and so one test. */
static void test_activation(const char *name, const char *name_dx, value_fn value, derivative_fn derivative,
                            ptrdiff_t length)
{
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, 1e30, -1e30, 100, -100, 1e-30, -1e-30};
    int accumulate = random_bits() % 2, in_place = random_bits() % 2;
    double alpha = (real)0.3;
    real *x = random_array(length, -6, 6), *dy = inputs(length);
    for (ptrdiff_t i = 0; i < 10 && i < length; i++)
        x[random_bits() % (uint64_t)length] = (real)special[i];
    if (length > 5)
        x[length - 3] = (real)NAN;
    output y = starting_as(x, length), dx = gradient(length, accumulate);
    for (ptrdiff_t i = 0; i < length; i++) {
        y.expected[i] = isnan(x[i]) ? (double)NAN : value(x[i], alpha);
        y.bound[i] = 6 * EPS * fabs(y.expected[i]) + (DOUBLE ? 0 : 0x1p-148);
    }
    real *given = random_array(length, value == relu ? 0 : -0.25, 0.9);
    for (ptrdiff_t i = 0; i < length; i++) {
        double slope = derivative(given[i], alpha);
        dx.expected[i] += dy[i] * slope;
        dx.bound[i] += fabs((double)dy[i]);
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
    test_activation("relu", "relu_dx", relu, relu_dx, length);
    test_activation("leaky_relu", "leaky_relu_dx", leaky_relu, leaky_relu_dx, length);
    test_activation("elu", "elu_dx", elu, elu_dx, length);
    test_activation("sigmoid", "sigmoid_dx", sigmoid, sigmoid_dx, length);
    test_activation("tanh", "tanh_dx", hyperbolic, hyperbolic_dx, length);
}

static void test_activation_family(void)
{
    for (ptrdiff_t n = 1; n <= 34; n++)
        test_activations(n);
    for (int i = 0; i < 3; i++) /* several chunks, so several threads */
        test_activations(between(8000, 60000));
}
