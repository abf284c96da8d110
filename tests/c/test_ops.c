/* test_ops.c - every operation of the C library against plain loops in double: without Python, for sanitizers.
 *
 * run.py compiles it for float32 and, with CNNC_DOUBLE, for float64. Problems are drawn from a fixed seed, and sizes
 * run through every tail of the widest tiles. An operation that no test calls is a failure.
 */
#include "test_ops.h"

enum { PROBLEMS = 60, LONGEST_TAIL = 66 }; /* 66: two panels of two 16-lane vectors, and two more */

/* --- conv ------------------------------------------------------------------------------------------------- */

typedef struct {
    CNNC_CONV_SIZES(CNNC_SIZE)
} conv_sizes;
#define FIELD(name) .name = s.name,
#define CONV_FIELDS CNNC_CONV_SIZES(FIELD)

static void test_conv(conv_sizes s)
{
    ptrdiff_t groups = s.C / s.CG, KG = s.K / groups;
    ptrdiff_t xs = s.N * s.H * s.W * s.C, ws = s.KH * s.KW * s.CG * s.K, ys = s.N * s.OH * s.OW * s.K;
    int biased = random_bits() % 4 != 0, accumulate = random_bits() % 2;
    real *x = inputs(xs), *w = inputs(ws), *b = inputs(s.K), *dy = inputs(ys);
    output y = output_of(REAL, ys), dx = gradient(xs, accumulate);
    output dw = gradient(ws, accumulate), db = gradient(s.K, accumulate);

    for (ptrdiff_t n = 0; n < s.N; n++)
        for (ptrdiff_t i = 0; i < s.OH; i++)
            for (ptrdiff_t j = 0; j < s.OW; j++)
                for (ptrdiff_t k = 0; k < s.K; k++) {
                    ptrdiff_t at = ((n * s.OH + i) * s.OW + j) * s.K + k;
                    gather(&db, k, dy[at]);
                    if (biased)
                        gather(&y, at, b[k]);
                    for (ptrdiff_t u = 0; u < s.KH; u++)
                        for (ptrdiff_t v = 0; v < s.KW; v++) {
                            ptrdiff_t h = i * s.stride_h - s.pad_top + u * s.dilation_h;
                            ptrdiff_t q = j * s.stride_w - s.pad_left + v * s.dilation_w;
                            if (h < 0 || h >= s.H || q < 0 || q >= s.W)
                                continue;
                            for (ptrdiff_t c = 0; c < s.CG; c++) {
                                ptrdiff_t row = s.flip ? s.KH - 1 - u : u, column = s.flip ? s.KW - 1 - v : v;
                                ptrdiff_t in = ((n * s.H + h) * s.W + q) * s.C + k / KG * s.CG + c;
                                ptrdiff_t tap = ((row * s.KW + column) * s.CG + c) * s.K + k;
                                gather(&y, at, (double)x[in] * w[tap]);
                                gather(&dx, in, (double)dy[at] * w[tap]);
                                gather(&dw, tap, (double)dy[at] * x[in]);
                            }
                        }
                }
    rounding(&y, s.KH * s.KW * s.CG + 1);
    rounding(&dx, s.KH * s.KW * KG + 1);
    rounding(&dw, s.N * s.OH * s.OW + 1);
    rounding(&db, s.N * s.OH * s.OW + 1);
    CHECK(correlate2d, ((ARGS(correlate2d)){x, w, biased ? b : NULL, y.at, CONV_FIELDS}), &y);
    CHECK(correlate2d_dx, ((ARGS(correlate2d_dx)){dy, w, dx.at, CONV_FIELDS .accumulate = accumulate}), &dx);
    if (biased)
        CHECK(correlate2d_dw, ((ARGS(correlate2d_dw)){dy, x, dw.at, db.at, CONV_FIELDS .accumulate = accumulate}), &dw, &db);
    else
        CHECK(correlate2d_dw, ((ARGS(correlate2d_dw)){dy, x, dw.at, NULL, CONV_FIELDS .accumulate = accumulate}), &dw);
    free_all();
}

/* One axis: draws an input size for which the output has `outputs` elements; returns the padding before it. */
static ptrdiff_t draw_axis(ptrdiff_t outputs, ptrdiff_t taps, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t *size)
{
    for (;;) {
        ptrdiff_t extent = (taps - 1) * dilation + 1, before = between(0, extent), after = between(0, extent);
        *size = (outputs - 1) * stride + extent - before - after + between(0, stride - 1);
        if (*size > 0)
            return before;
    }
}

static void test_random_conv(ptrdiff_t groups, ptrdiff_t CG, ptrdiff_t KG, ptrdiff_t most_outputs)
{
    conv_sizes s = {.N = between(1, 3), .C = groups * CG, .CG = CG, .K = groups * KG,
                    .KH = between(1, 4), .KW = between(1, 5), .OH = between(1, most_outputs), .OW = between(1, most_outputs),
                    .stride_h = between(1, 3), .stride_w = between(1, 3),
                    .dilation_h = between(1, 3), .dilation_w = between(1, 2), .flip = between(0, 1)};
    if (random_bits() % 3 == 0)
        s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = 1;
    s.pad_top = draw_axis(s.OH, s.KH, s.stride_h, s.dilation_h, &s.H);
    s.pad_left = draw_axis(s.OW, s.KW, s.stride_w, s.dilation_w, &s.W);
    test_conv(s);
}

static void test_convs(void)
{
    for (int i = 0; i < PROBLEMS; i++) {
        test_random_conv(1, between(1, 9), between(1, 9), 8);
        test_random_conv(between(2, 4), between(1, 5), between(1, 5), 6);
        test_random_conv(between(1, 40), 1, between(1, 2), 6); /* depthwise */
    }
    for (int i = 0; i < 6; i++)
        test_random_conv(1, between(8, 24), between(16, 40), 16); /* enough work for all threads */
    for (ptrdiff_t k = 1; k <= LONGEST_TAIL; k++) {
        test_random_conv(1, between(1, 3), k, 3); /* lanes of y and dw */
        test_random_conv(1, k, between(1, 3), 3); /* lanes of dx */
    }
    for (ptrdiff_t n = 1; n <= 28; n++) /* pixels of a tile; 1 x 1 is a matrix product */
        test_conv((conv_sizes){.N = 1, .H = 1, .W = n, .C = 5, .KH = 1, .KW = 1, .CG = 5, .K = 7, .OH = 1, .OW = n,
                               .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1});
    test_conv((conv_sizes){.N = 2, .H = 28, .W = 28, .C = 1, .KH = 5, .KW = 5, .CG = 1, .K = 6, .OH = 28, .OW = 28,
                           .stride_h = 1, .stride_w = 1, .pad_top = 2, .pad_left = 2, .dilation_h = 1, .dilation_w = 1});
}

/* --- dense and bias ----------------------------------------------------------------------------------------- */

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
    CHECK(dense, ((ARGS(dense)){x, w, b, y.at, M, C, K}), &y);
    CHECK(dense_dx, ((ARGS(dense_dx)){dy, w, dx.at, M, C, K, accumulate}), &dx);
    CHECK(dense_dw, ((ARGS(dense_dw)){dy, x, dw.at, db.at, M, C, K, accumulate}), &dw, &db);
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
    test_dense(64, 700, 33);
    test_dense(1, 1000, 150);
    test_dense(2000, 3, 5);
}

/* --- pool ---------------------------------------------------------------------------------------------------- */

static void test_pool(ptrdiff_t C, ptrdiff_t longest)
{
    ptrdiff_t N = between(1, 3), KH = between(1, longest), KW = between(1, longest), H, W, OH, OW;
    ptrdiff_t stride_h = between(1, 4), stride_w = between(1, 4);
    ptrdiff_t top = between(0, KH / 2), left = between(0, KW / 2), bottom = between(0, KH / 2), right = between(0, KW / 2);
    H = between(KH, KH + 9), W = between(KW, KW + 9);
    OH = (H + top + bottom - KH) / stride_h + 1, OW = (W + left + right - KW) / stride_w + 1;
    if (OH * stride_h < H + top) /* ceil mode: a last window that starts inside but hangs over the edge */
        OH += between(0, 1);
    ptrdiff_t xs = N * H * W * C, ys = N * OH * OW * C;
    int accumulate = random_bits() % 2, count_pad = random_bits() % 2, ties = random_bits() % 2;
    real *x = inputs(xs), *dy = inputs(ys);
    for (ptrdiff_t i = 0; ties && i < xs; i++)
        x[i] = (real)between(-1, 1);
    output y = output_of(REAL, ys), index8 = output_of(U8, ys), index32 = output_of(I32, ys), mean = output_of(REAL, ys);
    output max_dx = gradient(xs, accumulate), mean_dx = gradient(xs, accumulate);
    for (ptrdiff_t at = 0; at < ys; at++) {
        ptrdiff_t c = at % C, j = at / C % OW, i = at / C / OW % OH, n = at / C / OW / OH, best = -1;
        double elements = 0, padded = 0;
        for (int pass = 0; pass < 2; pass++) /* counts, then adds */
            for (ptrdiff_t u = 0; u < KH; u++)
                for (ptrdiff_t v = 0; v < KW; v++) {
                    ptrdiff_t h = i * stride_h - top + u, q = j * stride_w - left + v;
                    padded += pass == 0 && h < H + bottom && q < W + right;
                    if (h < 0 || h >= H || q < 0 || q >= W)
                        continue;
                    ptrdiff_t in = ((n * H + h) * W + q) * C + c;
                    if (pass == 0) {
                        elements++;
                        if (best < 0 || x[in] > x[best]) {
                            best = in;
                            index32.expected[at] = index8.expected[at] = (double)(u * KW + v);
                        }
                    } else {
                        gather(&mean, at, x[in] / (count_pad ? padded : elements));
                        gather(&mean_dx, in, dy[at] / (count_pad ? padded : elements));
                    }
                }
        y.expected[at] = x[best];
        gather(&max_dx, best, dy[at]);
    }
    rounding(&mean, KH * KW + 1);
    rounding(&mean_dx, KH * KW + 1);
    rounding(&max_dx, KH * KW + 1);
    for (ptrdiff_t at = 0; at < ys; at++) { /* what the backward pass reads */
        ((int32_t *)index32.before)[at] = (int32_t)index32.expected[at];
        ((uint8_t *)index8.before)[at] = (uint8_t)index8.expected[at];
    }
#define POOL_SIZES N, H, W, C, OH, OW, KH, KW, stride_h, stride_w, top, left
    if (KH * KW <= 256) {
        CHECK(max_pool2d, ((ARGS(max_pool2d)){x, y.at, index8.at, NULL, POOL_SIZES}), &y, &index8);
        CHECK(max_pool2d_dx, ((ARGS(max_pool2d_dx)){dy, index8.before, NULL, max_dx.at, POOL_SIZES, accumulate}), &max_dx);
    }
    CHECK(max_pool2d, ((ARGS(max_pool2d)){x, y.at, NULL, index32.at, POOL_SIZES}), &y, &index32);
    CHECK(max_pool2d, ((ARGS(max_pool2d)){x, y.at, NULL, NULL, POOL_SIZES}), &y);
    CHECK(max_pool2d_dx, ((ARGS(max_pool2d_dx)){dy, NULL, index32.before, max_dx.at, POOL_SIZES, accumulate}), &max_dx);
    CHECK(avg_pool2d, ((ARGS(avg_pool2d)){x, mean.at, POOL_SIZES, bottom, right, count_pad}), &mean);
    CHECK(avg_pool2d_dx, ((ARGS(avg_pool2d_dx)){dy, mean_dx.at, POOL_SIZES, bottom, right, count_pad, accumulate}), &mean_dx);
    free_all();
}

static void test_pools(void)
{
    for (ptrdiff_t c = 1; c <= 34; c++)
        for (int i = 0; i < 3; i++)
            test_pool(c, i == 0 ? 2 : 5);
    for (int i = 0; i < 3; i++)
        test_pool(between(40, 80), 4);
    test_pool(3, 20);
}

/* --- activation ------------------------------------------------------------------------------------------------ */

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

/* --- loss --------------------------------------------------------------------------------------------------------- */

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

/* --- data and optim ------------------------------------------------------------------------------------------------ */

/* Word i of Philox4x32-10, as its paper writes it down. */
static uint32_t philox(uint64_t i, uint64_t step, uint32_t stream, uint64_t seed)
{
    uint32_t c[4] = {(uint32_t)(i / 4), (uint32_t)(i / 4 >> 32), (uint32_t)step, stream};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)c[0] * 0xD2511F53u, b = (uint64_t)c[2] * 0xCD9E8D57u;
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ key[0], (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ key[1],
                            (uint32_t)a};
        memcpy(c, next, sizeof c);
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return c[i % 4];
}

static void test_flat(ptrdiff_t length)
{
    int accumulate = random_bits() % 2;
    double scale = (real)0.37, shift = (real)-0.6, rate = uniform(0, 0.9), keep_scale = (real)(1 / (1 - rate));
    real *x = inputs(length), *z = inputs(length), *grad = inputs(length);
    uint8_t *bytes = exact(length, 1);
    uint64_t *rng = exact(2, 8);
    rng[0] = random_bits(), rng[1] = (uint64_t)between(0, 1000);
    output scaled = starting_as(x, length), pixels = output_of(REAL, length), dx = gradient(length, accumulate);
    output sum = gradient(length, accumulate), copy = gradient(length, accumulate), dropped = gradient(length, accumulate);
    for (ptrdiff_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)random_bits();
        gather(&scaled, i, x[i] * scale), gather(&scaled, i, shift);
        gather(&pixels, i, bytes[i] * scale), gather(&pixels, i, shift);
        gather(&dx, i, x[i] * scale);
        gather(&sum, i, x[i]), gather(&sum, i, z[i]);
        gather(&copy, i, x[i]);
        gather(&dropped, i, philox((uint64_t)i, rng[1], 3, rng[0]) >= (uint32_t)(rate * 0x1p32) ? x[i] * keep_scale : 0);
    }
    output *all[] = {&scaled, &pixels, &dx, &sum, &copy, &dropped};
    for (int i = 0; i < 6; i++)
        rounding(all[i], 1);
    CHECK(rescale, ((ARGS(rescale)){scaled.at, scaled.at, length, scale, shift}), &scaled);
    CHECK(rescale_u8, ((ARGS(rescale_u8)){bytes, pixels.at, length, scale, shift}), &pixels);
    CHECK(rescale_dx, ((ARGS(rescale_dx)){x, dx.at, length, scale, accumulate}), &dx);
    CHECK(add, ((ARGS(add)){x, z, sum.at, length, accumulate}), &sum);
    CHECK(add, ((ARGS(add)){x, NULL, copy.at, length, accumulate}), &copy);
    CHECK(dropout, ((ARGS(dropout)){x, rng, dropped.at, length, 3, rate, accumulate}), &dropped);

    double *lr = exact(1, 8), momentum = (real)0.9, decay = (real)0.01;
    lr[0] = (real)0.05;
    for (int kind = 0; kind < 3; kind++) { /* plain, momentum, nesterov */
        output param = starting_as(x, length), velocity = starting_as(z, length);
        for (ptrdiff_t i = 0; i < length; i++) {
            double g = grad[i] + decay * x[i];
            double v = momentum * z[i] + g, step = kind == 0 ? g : kind == 1 ? v : g + momentum * v;
            velocity.expected[i] = v, velocity.bound[i] = 4;
            param.expected[i] = x[i] - lr[0] * step, param.bound[i] = 4;
        }
        rounding(&param, 2);
        rounding(&velocity, 2);
        if (kind == 0)
            CHECK(sgd, ((ARGS(sgd)){grad, param.at, NULL, lr, length, 0, decay, 0}), &param);
        else
            CHECK(sgd, ((ARGS(sgd)){grad, param.at, velocity.at, lr, length, momentum, decay, kind == 2}), &param, &velocity);
    }
    free_all();
}

static void test_concat(ptrdiff_t M, ptrdiff_t C)
{
    ptrdiff_t offset = between(0, 9), K = offset + C + between(0, 9);
    int accumulate = random_bits() % 2;
    real *x = inputs(M * C), *whole = inputs(M * K);
    output y = starting_as(whole, M * K), dx = gradient(M * C, accumulate);
    for (ptrdiff_t m = 0; m < M; m++)
        for (ptrdiff_t k = 0; k < K; k++) {
            int inside = k >= offset && k < offset + C;
            y.expected[m * K + k] = inside ? x[m * C + k - offset] : whole[m * K + k];
            if (inside)
                gather(&dx, m * C + k - offset, whole[m * K + k]);
        }
    rounding(&dx, 1);
    CHECK(concat, ((ARGS(concat)){x, y.at, M, C, K, offset}), &y);
    CHECK(concat_dx, ((ARGS(concat_dx)){whole, dx.at, M, C, K, offset, accumulate}), &dx);
    free_all();
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* a sanitizer that ends the process loses no line */
    test_convs();
    test_denses();
    test_pools();
    for (ptrdiff_t n = 1; n <= 34; n++) {
        test_activations(n);
        test_flat(n);
        test_concat(between(1, 40), n);
        test_loss(between(1, 9), n, n % 2 ? 4 : 1e4);
    }
    for (int i = 0; i < 3; i++) { /* several chunks, so several threads */
        test_activations(between(8000, 60000));
        test_flat(between(20000, 60000));
        test_concat(between(3000, 5000), 9);
        test_loss(between(500, 900), between(10, 70), 4);
    }
    test_check_finite();
    for (int i = 0; i < cnnc_op_count; i++)
        if (!called[i]) {
            printf("FAIL %s: no test calls it\n", cnnc_ops[i].name);
            failed++;
        }
    printf("float%d, levels:", DOUBLE ? 64 : 32);
    for (int level = 0; level < (DOUBLE ? 1 : cnnc_isa_count()); level++)
        printf(" %s%s", cnnc_isa_name(level), cnnc_isa_supported(level) ? "" : " (not on this machine)");
    printf(", OpenMP: %s\n%d passed, %d failed\n", cnnc_has_openmp() ? "yes" : "no", passed, failed);
    return failed > 0;
}
