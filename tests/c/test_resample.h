/* test_resample.h - resampling by random sparse matrices, against the sum over all of their entries. */

typedef struct {
    int32_t *end, *index;
    double *weight, *dense; /* dense: (rows, columns) */
    ptrdiff_t terms;
} sparse;

/* Empty rows, copies of single entries (as they are, or in a run) and mixtures of several. */
static sparse random_sparse(ptrdiff_t rows, ptrdiff_t columns)
{
    ptrdiff_t most = rows * columns;
    int32_t *index = keep(malloc((size_t)most * sizeof(int32_t)));
    sparse m = {.end = exact(rows, sizeof(int32_t)), .dense = zeros(most)};
    double *weight = zeros(most);
    for (ptrdiff_t i = 0; i < rows; i++) {
        int kind = (int)between(0, 4);
        ptrdiff_t single = kind == 1 ? between(0, columns - 1) : i % columns; /* anywhere, or the next one */
        for (ptrdiff_t u = 0; u < columns; u++) {
            if ((kind == 0 && rows > 1 && i > 0) || (kind <= 2 && u != single) || (kind > 2 && random_bits() % 2))
                continue;
            weight[m.terms] = m.dense[i * columns + u] = kind <= 2 ? 1 : uniform(-1, 1);
            index[m.terms++] = (int32_t)u;
        }
        m.end[i] = (int32_t)m.terms;
    }
    m.index = exact(m.terms, sizeof(int32_t));
    m.weight = exact(m.terms, sizeof(double));
    memcpy(m.index, index, (size_t)m.terms * sizeof(int32_t));
    memcpy(m.weight, weight, (size_t)m.terms * sizeof(double));
    return m;
}

static void test_resampling(ptrdiff_t C, ptrdiff_t longest)
{
    ptrdiff_t N = between(1, 3), H = between(1, longest), W = between(1, longest);
    ptrdiff_t OH = between(1, longest), OW = between(1, longest), xs = N * H * W * C, ys = N * OH * OW * C;
    int accumulate = random_bits() % 2;
    sparse rows = random_sparse(OH, H), columns = random_sparse(OW, W);
    real *x = inputs(xs), *dy = inputs(ys);
    output y = output_of(REAL, ys), dx = gradient(xs, accumulate);
    for (ptrdiff_t at = 0; at < ys; at++) {
        ptrdiff_t c = at % C, j = at / C % OW, i = at / C / OW % OH, n = at / C / OW / OH;
        for (ptrdiff_t u = 0; u < H; u++)
            for (ptrdiff_t v = 0; v < W; v++) {
                double weight = rows.dense[i * H + u] * columns.dense[j * W + v];
                ptrdiff_t in = ((n * H + u) * W + v) * C + c;
                gather(&y, at, weight * x[in]);
                gather(&dx, in, weight * dy[at]);
            }
    }
    rounding(&y, H + W);
    rounding(&dx, OH + OW);
#define RESAMPLE_FIELDS                                                                                               \
    rows.end, rows.index, rows.weight, columns.end, columns.index, columns.weight, N, H, W, C, OH, OW, rows.terms,     \
        columns.terms
    CHECK(resample2d, ((ARGS(resample2d)){x, y.at, RESAMPLE_FIELDS}), &y);
    CHECK(resample2d_dx, ((ARGS(resample2d_dx)){dy, dx.at, RESAMPLE_FIELDS, accumulate}), &dx);
    free_all();
}

static void test_resamplings(void)
{
    for (ptrdiff_t c = 1; c <= 34; c++)
        for (int i = 0; i < 3; i++)
            test_resampling(c, 6);
    test_resampling(3, 20);
    test_resampling(40, 12);
}
