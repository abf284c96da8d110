/* test_optim.h - optimizers, clipping and norms, against plain loops. */

/* sgd by its formula: plain, with momentum, with Nesterov's momentum. */
static void test_sgd(ptrdiff_t length)
{
    real *x = inputs(length), *z = inputs(length), *grad = inputs(length);
    double *numbers = zeros(8), decay = (real)0.01;
    for (int kind = 0; kind < 3; kind++) {
        double momentum = kind ? (real)0.9 : 0;
        numbers[0] = (real)0.05, numbers[1] = momentum, numbers[2] = decay, numbers[3] = kind == 2;
        output param = starting_as(x, length), velocity = starting_as(z, length);
        for (ptrdiff_t i = 0; i < length; i++) {
            double g = grad[i] + decay * x[i];
            double v = momentum * z[i] + g, step = kind == 2 ? g + momentum * v : v;
            velocity.expected[i] = v, velocity.bound[i] = 4;
            param.expected[i] = x[i] - numbers[0] * step, param.bound[i] = 4;
        }
        rounding(&param, 2);
        rounding(&velocity, 2);
        if (kind == 0)
            CHECK(sgd, ((ARGS(sgd)){grad, param.at, NULL, NULL, NULL, numbers, length}), &param);
        else
            CHECK(sgd, ((ARGS(sgd)){grad, param.at, velocity.at, NULL, NULL, numbers, length}), &param, &velocity);
    }
    free_all();
}

/* Any optimizer: memory, levels and threads. What it computes is compared with NumPy and PyTorch in tests/training. */
static void test_optimizer(const char *name, ptrdiff_t length)
{
    real *x = inputs(length), *grad = inputs(length);
    double *numbers = zeros(8);
    for (int k = 0; k < 8; k++)
        numbers[k] = 0.1;
    for (int states = 0; states <= 3; states += 3) {
        output outs[4] = {starting_as(x, length)};
        for (int k = 1; k <= 3; k++)
            outs[k] = starting_as(random_array(length, 0, 1), length);
        for (int k = 0; k < 4; k++)
            for (ptrdiff_t i = 0; i < length; i++)
                outs[k].bound[i] = 100; /* finite */
        ARGS(sgd) args = {grad, outs[0].at, NULL, NULL, NULL, numbers, length};
        if (states)
            args.s0 = outs[1].at, args.s1 = outs[2].at, args.s2 = outs[3].at;
        output *const all[] = {outs, outs + 1, outs + 2, outs + 3};
        check(name, &args, all, 1 + states, 0);
    }
    free_all();
}

static void test_gradients(ptrdiff_t length)
{
    int accumulate = random_bits() % 2;
    double limit = (real)0.4, squares[1] = {4}, factor = 0.4 / (2 + 1e-6);
    real *x = inputs(length);
    output clipped = starting_as(x, length), scaled = starting_as(x, length), sum = output_of(F64, 1);
    sum.expected[0] = *(double *)sum.before = accumulate ? 3 : NAN;
    sum.expected[0] = accumulate ? 3 : 0;
    for (ptrdiff_t i = 0; i < length; i++) {
        clipped.expected[i] = fmin(fmax(x[i], -limit), limit);
        gather(&scaled, i, x[i] * factor);
        gather(&sum, 0, (double)x[i] * x[i]);
    }
    rounding(&scaled, 1);
    rounding(&sum, length < 4096 ? length : 4096);
    CHECK(clip_value, ((ARGS(clip_value)){clipped.at, length, limit}), &clipped);
    CHECK(clip_norm, ((ARGS(clip_norm)){squares, scaled.at, length, 0.4}), &scaled);
    CHECK(sum_squares, ((ARGS(sum_squares)){x, sum.at, length, accumulate}), &sum);
    free_all();
}

static void test_lars_rate(double w, double g)
{
    output numbers = output_of(F64, 8);
    for (int k = 0; k < 8; k++)
        numbers.expected[k] = ((double *)numbers.before)[k] = 0.5 + k;
    if (w > 0 && g > 0)
        numbers.expected[0] *= 0.01 * w / (g + numbers.expected[2] * w);
    double w2[1] = {w * w}, g2[1] = {g * g};
    numbers.bound[0] = 1e-12;
    CHECK(lars_rate, ((ARGS(lars_rate)){w2, g2, numbers.at, 0.01}), &numbers);
    free_all();
}

static void test_optimizers(void)
{
    for (ptrdiff_t n = 1; n <= 34; n++) {
        test_sgd(n);
        test_gradients(n);
    }
    for (int i = 0; i < 3; i++) {
        test_sgd(between(20000, 60000));
        test_gradients(between(20000, 60000));
    }
#define TEST_OPTIMIZER(unused, name, ...) test_optimizer(#name, between(1, 40)), test_optimizer(#name, 20001);
    CNNC_OPTIMIZERS(TEST_OPTIMIZER, )
    test_lars_rate(2, 3);
    test_lars_rate(0, 3);
    test_lars_rate(2, 0);
}
