/* test_pool.h - pooling, against plain loops. */

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
    CHECK(avg_pool2d_dx,
          ((ARGS(avg_pool2d_dx)){dy, NULL, mean_dx.at, POOL_SIZES, bottom, right, count_pad, 0, 0, accumulate}), &mean_dx);
    if (!accumulate) { /* and through a leaky ReLU, whose slopes are 1 and -2 */
        for (ptrdiff_t in = 0; in < xs; in++)
            mean_dx.expected[in] *= x[in] > 0 ? 1 : -2;
        CHECK(avg_pool2d_dx, ((ARGS(avg_pool2d_dx)){dy, x, mean_dx.at, POOL_SIZES, bottom, right, count_pad, 2 /* leaky ReLU */, -2, 0}), &mean_dx);
    }
    free_all();
}

static void test_pools(void)
{
    for (ptrdiff_t c = 1; c <= 34; c++)
        for (int i = 0; i < 3; i++)
            test_pool(c, i == 0 ? 2 : 5);
    for (int i = 0; i < 3; i++)
        test_pool(between(40, 80), 4), test_pool(between(128, 300), 3);
    test_pool(3, 20);
}
