/* test_augment.h - changed images, against plain loops that ask for one pixel at a time. */

typedef struct {
    const void *x, *fill;
    ptrdiff_t H, W, C;
    int bytes, edge; /* edge: 0 fill, 1 replicated, 2 reflected */
} picture;

static double pixel(const void *x, ptrdiff_t i, int bytes)
{
    return bytes ? ((const uint8_t *)x)[i] : (double)((const real *)x)[i];
}

static ptrdiff_t into(ptrdiff_t i, ptrdiff_t n, int edge)
{
    if (edge == 1 || n == 1)
        return i < 0 ? 0 : i < n ? i : n - 1;
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static double seen(const picture *p, ptrdiff_t n, ptrdiff_t u, ptrdiff_t v, ptrdiff_t c)
{
    if (p->edge)
        u = into(u, p->H, p->edge), v = into(v, p->W, p->edge);
    else if (u < 0 || u >= p->H || v < 0 || v >= p->W)
        return pixel(p->fill, c, p->bytes);
    return pixel(p->x, ((n * p->H + u) * p->W + v) * p->C + c, p->bytes);
}

static void *pixels(ptrdiff_t count, int bytes)
{
    if (!bytes)
        return inputs(count);
    uint8_t *x = exact(count, 1);
    for (ptrdiff_t i = 0; i < count; i++)
        x[i] = (uint8_t)random_bits();
    return x;
}

/* What results from bytes is rounded, and between 0 and 255. */
static void finish(output *y, ptrdiff_t terms, int bytes)
{
    rounding(y, terms);
    for (ptrdiff_t i = 0; bytes && i < y->count; i++) {
        y->expected[i] = fmin(fmax(y->expected[i], 0), 255);
        y->bound[i] += 0.51;
    }
}

#define BOTH_KINDS(op, bytes, fields, y)                \
    do {                                                \
        if (bytes)                                      \
            CHECK(op##_u8, ((ARGS(op##_u8))fields), y); \
        else                                            \
            CHECK(op, ((ARGS(op))fields), y);           \
    } while (0)
#define FIELDS(...) {__VA_ARGS__}

static void test_windows(ptrdiff_t C, ptrdiff_t longest)
{
    ptrdiff_t N = between(1, 3), H = between(1, longest), W = between(1, longest), OH = between(1, longest);
    ptrdiff_t OW = between(1, longest);
    picture p = {pixels(N * H * W * C, 1), pixels(C, 1), H, W, C, 1, random_bits() % 2 ? 2 : 0};
    int64_t *origin = exact(2 * N, 8), *partner = exact(N, 8), *box = exact(4 * N, 8);
    uint8_t *mirror = exact(N, 1);
    output y = output_of(U8, N * OH * OW * C), z = output_of(U8, N * H * W * C);
    for (ptrdiff_t n = 0; n < N; n++) {
        origin[2 * n] = between(-2 * longest, 2 * longest), origin[2 * n + 1] = between(-2 * longest, 2 * longest);
        mirror[n] = random_bits() % 2, partner[n] = between(-1, N - 1);
        box[4 * n] = between(-longest, longest), box[4 * n + 1] = between(-longest, longest);
        box[4 * n + 2] = between(0, 2 * longest), box[4 * n + 3] = between(0, 2 * longest);
    }
    for (ptrdiff_t at = 0; at < y.count; at++) {
        ptrdiff_t c = at % C, j = at / C % OW, i = at / C / OW % OH, n = at / C / OW / OH;
        y.expected[at] = seen(&p, n, origin[2 * n] + i, origin[2 * n + 1] + (mirror[n] ? OW - 1 - j : j), c);
    }
    for (ptrdiff_t at = 0; at < z.count; at++) {
        ptrdiff_t c = at % C, j = at / C % W, i = at / C / W % H, n = at / C / W / H;
        int64_t *b = box + 4 * n;
        int in = i >= b[0] && i < b[0] + b[2] && j >= b[1] && j < b[1] + b[3];
        z.expected[at] = !in ? seen(&p, n, i, j, c)
                         : partner[n] < 0 ? pixel(p.fill, c, 1) : seen(&p, partner[n], i, j, c);
    }
    CHECK(windows, ((ARGS(windows)){p.x, origin, mirror, p.fill, y.at, N, H, W, C, OH, OW, p.edge > 0}), &y);
    CHECK(paste, ((ARGS(paste)){p.x, partner, box, p.fill, z.at, N, H, W, C}), &z);
    free_all();
}

/* How much pixel u of `length` counts for pixel i of `out` that share an extent; all of them count 1. */
static double triangle_weight(ptrdiff_t u, ptrdiff_t i, double start, double extent, ptrdiff_t length, ptrdiff_t out)
{
    double scale = extent / (double)out, centre = start + ((double)i + 0.5) * scale, sum = 0, own = 0;
    for (ptrdiff_t v = 0; v < length; v++) {
        double weight = fmax(0, 1 - fabs((double)v + 0.5 - centre) / fmax(1, scale));
        sum += weight;
        own = v == u ? weight : own;
    }
    if (sum > 0)
        return own / sum;
    return u == (centre < 0 ? 0 : centre < (double)length ? (ptrdiff_t)centre : length - 1);
}

static void test_resize(ptrdiff_t C, ptrdiff_t longest, int bytes)
{
    ptrdiff_t N = between(1, 3), H = between(1, longest), W = between(1, longest), OH = between(1, longest);
    ptrdiff_t OW = between(1, longest);
    void *x = pixels(N * H * W * C, bytes);
    double *box = exact(4 * N, 8);
    output y = output_of(bytes ? U8 : REAL, N * OH * OW * C);
    for (ptrdiff_t n = 0; n < N; n++) {
        box[4 * n] = uniform(-3, (double)H), box[4 * n + 1] = (double)between(-3, W);
        box[4 * n + 2] = (double)between(1, 3 * H), box[4 * n + 3] = uniform(1e-3, 2 * (double)W);
    }
    for (ptrdiff_t at = 0; at < y.count; at++) {
        ptrdiff_t c = at % C, j = at / C % OW, i = at / C / OW % OH, n = at / C / OW / OH;
        for (ptrdiff_t u = 0; u < H; u++) {
            double row = triangle_weight(u, i, box[4 * n], box[4 * n + 2], H, OH);
            for (ptrdiff_t v = 0; v < W && row > 0; v++)
                gather(&y, at, row * triangle_weight(v, j, box[4 * n + 1], box[4 * n + 3], W, OW) *
                                   pixel(x, ((n * H + u) * W + v) * C + c, bytes));
        }
    }
    finish(&y, H + W, bytes);
    BOTH_KINDS(resize_boxes, bytes, FIELDS(x, box, y.at, N, H, W, C, OH, OW), &y);
    free_all();
}

static void test_warp(ptrdiff_t C, ptrdiff_t longest, int bytes)
{
    ptrdiff_t N = between(1, 3), H = between(1, longest), W = between(1, longest), OH = between(1, longest);
    ptrdiff_t OW = between(1, longest);
    picture p = {pixels(N * H * W * C, bytes), pixels(C, bytes), H, W, C, bytes, random_bits() % 2};
    double *matrix = exact(6 * N, 8);
    output y = output_of(bytes ? U8 : REAL, N * OH * OW * C);
    for (ptrdiff_t k = 0; k < 6 * N; k++) /* 64ths, so that places are exact */
        matrix[k] = (double)between(-128, 128) / 64 * (k % 3 == 2 ? 4 : 1);
    if (random_bits() % 4 == 0)
        matrix[1] = 1e9, matrix[5] = -1e9;
    for (ptrdiff_t at = 0; at < y.count; at++) {
        ptrdiff_t c = at % C, j = at / C % OW, i = at / C / OW % OH, n = at / C / OW / OH;
        const double *m = matrix + 6 * n;
        double row = m[0] * (double)i + m[1] * (double)j + m[2], column = m[3] * (double)i + m[4] * (double)j + m[5];
        double u = floor(row), v = floor(column);
        for (int corner = 0; corner < 4; corner++) {
            double down = corner / 2, right = corner % 2;
            double weight = fabs(1 - down - (row - u)) * fabs(1 - right - (column - v));
            gather(&y, at, weight * seen(&p, n, (ptrdiff_t)(u + down), (ptrdiff_t)(v + right), c));
        }
    }
    finish(&y, 8, bytes);
    BOTH_KINDS(warp, bytes, FIELDS(p.x, matrix, p.fill, y.at, N, H, W, C, OH, OW, p.edge), &y);
    free_all();
}

static void test_colours(ptrdiff_t C, ptrdiff_t P, int bytes)
{
    ptrdiff_t N = between(1, 3), LENGTH = P * C;
    void *x = pixels(N * LENGTH, bytes);
    real *matrix = inputs(N * C * C), *offset = inputs(N * C);
    int64_t *partner = exact(N, 8);
    double *share = exact(N, 8);
    type type = bytes ? U8 : REAL;
    output y = output_of(type, N * LENGTH), z = output_of(type, N * LENGTH), mean = output_of(F64, N * C);
    for (ptrdiff_t n = 0; n < N; n++)
        partner[n] = between(0, N - 1), share[n] = (double)between(0, 16) / 16;
    for (ptrdiff_t at = 0; at < N * LENGTH; at++) {
        ptrdiff_t k = at % C, n = at / LENGTH;
        for (ptrdiff_t c = 0; c < C; c++)
            gather(&y, at, matrix[(n * C + k) * C + c] * pixel(x, at - k + c, bytes));
        gather(&y, at, offset[n * C + k]);
        gather(&z, at, share[n] * pixel(x, at, bytes));
        gather(&z, at, (1 - share[n]) * pixel(x, partner[n] * LENGTH + at % LENGTH, bytes));
        gather(&mean, n * C + k, pixel(x, at, bytes) / (double)P);
    }
    finish(&y, C, bytes), finish(&z, 2, bytes);
    for (ptrdiff_t i = 0; i < mean.count; i++)
        mean.bound[i] *= (double)(P + 4) * DBL_EPSILON;
    BOTH_KINDS(recolour, bytes, FIELDS(x, matrix, offset, y.at, N, P, C), &y);
    BOTH_KINDS(channel_means, bytes, FIELDS(x, mean.at, N, P, C), &mean);
    BOTH_KINDS(blend, bytes, FIELDS(x, partner, share, z.at, N, LENGTH), &z);
    free_all();
}

static void test_augmentation(void)
{
    for (ptrdiff_t c = 1; c <= 34; c++)
        for (int bytes = 0; bytes < 2; bytes++) {
            test_windows(c <= 17 ? c : between(1, 12), 17);
            test_resize(between(1, 4), 2 + c / 2, bytes);
            test_warp(between(1, 4), 17, bytes);
            test_colours(between(1, 5), c, bytes);
            test_colours(c, between(1, 60), bytes);
        }
    for (int bytes = 0; bytes < 2; bytes++) {
        test_windows(3, 200);
        test_warp(3, 90, bytes);
        test_resize(3, 40, bytes);
        test_colours(3, 7000, bytes);
    }
}
