/* test_conv.h - convolutions, against plain loops. */

typedef struct {
    CNNC_CONV_SIZES(CNNC_SIZE)
} conv_sizes;
#define FIELD(name) .name = s.name,
#define CONV_FIELDS CNNC_CONV_SIZES(FIELD)

/* Packed filters, and an activation at the end, give the bits of correlate2d followed by the activation. */
static void test_variants(const ARGS(correlate2d) *plain, conv_sizes s, ptrdiff_t length)
{
    int64_t *chosen = exact(5, sizeof(int64_t));
    real *seconds = exact(4, sizeof(real)), *expected = exact(length, sizeof(real));
    for (int level = 0; level < (DOUBLE ? 1 : cnnc_isa_count()); level++) {
        if (cnnc_isa_set(level) != 0)
            continue;
        call("correlate2d_plan", &(ARGS(correlate2d_plan)){chosen, seconds, CONV_FIELDS}, 1);
        ARGS(correlate2d) variant = *plain;
        real *packed = exact(chosen[4], sizeof(real));
        if (chosen[4] > 0) {
            call("correlate2d_pack", &(ARGS(correlate2d_pack)){plain->w, packed, CONV_FIELDS}, 3);
            variant.w = NULL;
            variant.packed = packed;
        }
        variant.act = 1;
        ARGS(correlate2d) reference = *plain;
        reference.y = expected;
        call("correlate2d", &reference, 1);
        call("relu", &(ARGS(relu)){expected, expected, length, 0}, 1);
        call("correlate2d", &variant, 2);
        if (memcmp(expected, variant.y, (size_t)length * sizeof(real)) == 0) {
            passed++;
        } else {
            failed++;
            printf("FAIL packed filters or activation, %s;", cnnc_isa_name(level));
            describe(&cnnc_ops[find_op("correlate2d")], plain);
        }
    }
}

/* Winograd's algorithm lets the numbers of a tile share their errors, and makes them larger on the way. What
 * exactly it may do is for the comparison with the reference to find out; here, memory and threads. */
static void widen(output *o)
{
    double most = 0;
    for (ptrdiff_t i = 0; i < o->count; i++)
        most = fmax(most, o->bound[i]);
    for (ptrdiff_t i = 0; i < o->count; i++)
        o->bound[i] = 100 * most;
}

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
    if (s.algorithm > 1) {
        widen(&y);
        widen(&dx);
        widen(&dw);
    }
    rounding(&y, s.KH * s.KW * s.CG + 1);
    rounding(&dx, s.KH * s.KW * KG + 1);
    rounding(&dw, s.N * s.OH * s.OW + 1);
    rounding(&db, s.N * s.OH * s.OW + 1);
    const ARGS(correlate2d) forward = {x, w, biased ? b : NULL, NULL, NULL, y.at, CONV_FIELDS .Y = s.K};
    CHECK(correlate2d, forward, &y);
    test_variants(&forward, s, ys);
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

static void test_winograd(ptrdiff_t taps, ptrdiff_t C, ptrdiff_t K, ptrdiff_t most_outputs, ptrdiff_t algorithm)
{
    conv_sizes s = {.N = between(1, 3), .C = C, .CG = C, .K = K, .KH = taps, .KW = taps, .OH = between(1, most_outputs),
                    .OW = between(1, most_outputs), .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1,
                    .flip = between(0, 1), .algorithm = algorithm};
    s.pad_top = draw_axis(s.OH, taps, 1, 1, &s.H);
    s.pad_left = draw_axis(s.OW, taps, 1, 1, &s.W);
    test_conv(s);
}

static void test_convs(void)
{
    for (int i = 0; i < PROBLEMS / 3; i++) {
        test_winograd(3, between(1, 20), between(1, 20), 9, 2);
        test_winograd(5, between(1, 20), between(1, 20), 7, 2);
        test_winograd(3, between(1, 20), between(1, 20), 9, 3);
    }
    test_winograd(3, 150, 160, 9, 2); /* so many that all threads work together */
    test_winograd(3, 190, 170, 7, 3);
    test_winograd(5, 140, 150, 5, 2);
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
