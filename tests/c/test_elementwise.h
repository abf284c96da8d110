/* test_elementwise.h - element-wise work and copying, against plain loops. */

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
    ptrdiff_t S = between(0, 2) ? between(1, length < 5 ? length : 5) : length < 300 ? length : 300;
    double *scales = exact(S, 8), *shifts = exact(S, 8);
    for (ptrdiff_t s = 0; s < S; s++)
        scales[s] = (real)uniform(-1, 1), shifts[s] = (real)uniform(-1, 1);
    double scale = (real)0.37, rate = uniform(0, 0.9), keep_scale = (real)(1 / (1 - rate));
    real *x = inputs(length), *z = inputs(length);
    uint8_t *bytes = exact(length, 1);
    uint64_t *rng = exact(2, 8);
    rng[0] = random_bits(), rng[1] = (uint64_t)between(0, 1000);
    output scaled = starting_as(x, length), pixels = output_of(REAL, length), dx = gradient(length, accumulate);
    output sum = gradient(length, accumulate), copy = gradient(length, accumulate), dropped = gradient(length, accumulate);
    for (ptrdiff_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)random_bits();
        gather(&scaled, i, x[i] * scales[i % S]), gather(&scaled, i, shifts[i % S]);
        gather(&pixels, i, bytes[i] * scales[i % S]), gather(&pixels, i, shifts[i % S]);
        gather(&dx, i, x[i] * scales[i % S]);
        gather(&sum, i, x[i]), gather(&sum, i, z[i]);
        gather(&copy, i, x[i]);
        gather(&dropped, i, philox((uint64_t)i, rng[1], 3, rng[0]) >= (uint32_t)(rate * 0x1p32) ? x[i] * keep_scale : 0);
    }
    output *all[] = {&scaled, &pixels, &dx, &sum, &copy, &dropped};
    for (int i = 0; i < 6; i++)
        rounding(all[i], 1);
    CHECK(rescale, ((ARGS(rescale)){scaled.at, scales, shifts, scaled.at, length, S}), &scaled);
    CHECK(rescale_u8, ((ARGS(rescale_u8)){bytes, scales, shifts, pixels.at, length, S}), &pixels);
    CHECK(rescale_dx, ((ARGS(rescale_dx)){x, scales, dx.at, length, S, accumulate}), &dx);
    CHECK(add, ((ARGS(add)){x, z, sum.at, length, accumulate, 0, 0}), &sum);
    CHECK(add, ((ARGS(add)){x, NULL, copy.at, length, accumulate, 0, 0}), &copy);
    output ended = starting_as(x, length);
    for (ptrdiff_t i = 0; i < length; i++) {
        double sum = (double)x[i] + (double)z[i];
        gather(&ended, i, sum < 0 ? 0.25 * sum : sum);
    }
    rounding(&ended, 1);
    CHECK(add, ((ARGS(add)){ended.at, z, ended.at, length, 0, 2, 0.25}), &ended); /* leaky ReLU */
    CHECK(dropout, ((ARGS(dropout)){x, rng, dropped.at, length, 3, rate, accumulate}), &dropped);

    output moved = starting_as(z, length);
    for (ptrdiff_t i = 0; i < length; i++)
        gather(&moved, i, z[i]), gather(&moved, i, x[i] * scale * rate), gather(&moved, i, -z[i] * rate);
    rounding(&moved, 3);
    CHECK(lerp, ((ARGS(lerp)){x, moved.at, length, scale, rate}), &moved);
    free_all();
}

static void test_concat(ptrdiff_t M, ptrdiff_t C)
{
    ptrdiff_t offset = between(0, 9), K = offset + C + between(0, 9);
    int accumulate = random_bits() % 2;
    real *x = inputs(M * C), *whole = inputs(M * K);
    output y = starting_as(whole, M * K), dx = gradient(M * C, accumulate), padded = output_of(REAL, M * K);
    for (ptrdiff_t m = 0; m < M; m++)
        for (ptrdiff_t k = 0; k < K; k++) {
            int inside = k >= offset && k < offset + C;
            y.expected[m * K + k] = inside ? x[m * C + k - offset] : whole[m * K + k];
            padded.expected[m * K + k] = inside ? x[m * C + k - offset] : 0;
            if (inside)
                gather(&dx, m * C + k - offset, whole[m * K + k]);
        }
    rounding(&dx, 1);
    CHECK(concat, ((ARGS(concat)){x, y.at, M, C, K, offset}), &y);
    CHECK(pad_channels, ((ARGS(pad_channels)){x, padded.at, M, C, K, offset}), &padded);
    CHECK(concat_dx, ((ARGS(concat_dx)){whole, dx.at, M, C, K, offset, accumulate}), &dx);
    free_all();
}

static void test_elementwise(void)
{
    for (ptrdiff_t n = 1; n <= 34; n++) {
        test_flat(n);
        test_concat(between(1, 40), n);
    }
    for (int i = 0; i < 3; i++) {
        test_flat(between(20000, 60000));
        test_concat(between(3000, 5000), 9);
    }
}
