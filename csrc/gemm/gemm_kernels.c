/* gemm_kernels.c - the register tiles of gemm.h, and the copies that feed them.
 *
 * A tile keeps M places x V vectors of sums in registers. Each step of the reduction loads V vectors of B and
 * multiplies them by M broadcast scalars of A. Every M from 1 to the most that fits is compiled, because
 * places are cut evenly: 32 rows are 11 + 11 + 10, not 14 + 14 + 4.
 */
#include "../activation/activate.h"
#include "gemm.h"
#include "tiles.h"

INLINE void tile(const int M, const int V, const reduction *red, const place *places, const real *a, const real *b,
                 real *y, const real *start, ptrdiff_t n)
{
    const real *row[MR1];
    vreal sum[MR1][2];
    const ptrdiff_t last = n - (V - 1) * VL; /* lanes of the last vector */
    UNROLL for (int m = 0; m < M; m++) {
        row[m] = a + places[m].a;
        UNROLL for (int v = 0; v < V; v++)
            sum[m][v] = start ? load(start + v * VL) : (vreal){0};
    }
    const T(ending) *end = red->end;
    const real *residual = end && end->residual ? end->residual + (y - end->y) : NULL;
    /* y and residual are asked for now and needed in the end: a tile does not wait for them */
    UNROLL for (int m = 0; m < M; m++)
        __builtin_prefetch(y + places[m].y, 1);
    if (residual)
        UNROLL for (int m = 0; m < M; m++)
            __builtin_prefetch(residual + places[m].y);
    const ptrdiff_t a_k = red->a_k, b_k = red->b_k, run = red->run;
    for (ptrdiff_t s = 0; s < red->segs; s++) {
        ptrdiff_t at = red->seg[s];
        STEPS for (ptrdiff_t k = 0; k < run; k++, at += a_k, b += b_k) {
            vreal bv[2];
            UNROLL for (int v = 0; v < V; v++)
                bv[v] = load(b + v * VL);
            UNROLL for (int m = 0; m < M; m++)
                UNROLL for (int v = 0; v < V; v++)
                    sum[m][v] += row[m][at] * bv[v];
        }
    }
    /* A ragged vector may be stored whole where the next place lies right behind and overwrites the rest. */
    const int covers = 2 * n >= V * VL;
    UNROLL for (int m = 0; m < M; m++) {
        real *to = y + places[m].y;
        if (!start)
            UNROLL for (int v = 0; v < V; v++)
                sum[m][v] += v < V - 1 || last == VL ? load(to + v * VL) : load_part(to + v * VL, last);
    }
    if (residual)
        UNROLL for (int m = 0; m < M; m++) {
            const real *from = residual + places[m].y;
            UNROLL for (int v = 0; v < V; v++)
                sum[m][v] += v < V - 1 || last == VL ? load(from + v * VL) : load_part(from + v * VL, last);
        }
    if (end)
        FOR_LIGHT_ACTIVATION(act, end->act, {
            UNROLL for (int m = 0; m < M; m++)
                UNROLL for (int v = 0; v < V; v++)
                    sum[m][v] = vactivate(act, sum[m][v], end->alpha);
        });
    UNROLL for (int m = 0; m < M; m++) {
        real *to = y + places[m].y;
        UNROLL for (int v = 0; v < V; v++) {
            if (v < V - 1 || last == VL || (m < M - 1 && covers && places[m + 1].y == places[m].y + n))
                store(to + v * VL, sum[m][v]);
            else
                store_part(to + v * VL, sum[m][v], last);
        }
    }
}

typedef void tile_fn(const reduction *, const place *, const real *, const real *, real *, const real *, ptrdiff_t);

#define DEFINE_TILE(V, M)                                                                                    \
    static void tile_##V##_##M(const reduction *red, const place *places, const real *a, const real *b, real *y, \
                               const real *start, ptrdiff_t n)                                               \
    {                                                                                                        \
        tile(M, V, red, places, a, b, y, start, n);                                                          \
    }
#define DEFINE_TILE1(M) DEFINE_TILE(1, M)
#define DEFINE_TILE2(M) DEFINE_TILE(2, M)
EVERY_TILE1(DEFINE_TILE1)
EVERY_TILE2(DEFINE_TILE2)

#define TILE1_ENTRY(M) [M] = tile_1_##M,
#define TILE2_ENTRY(M) [M] = tile_2_##M,
static tile_fn *const tiles1[MR1 + 1] = {EVERY_TILE1(TILE1_ENTRY)};
static tile_fn *const tiles2[MR2 + 1] = {EVERY_TILE2(TILE2_ENTRY)};

/* Cuts the places evenly, the larger tiles first so that they stay aligned with blocks of MR places. */
static void block(const reduction *red, const place *places, ptrdiff_t count, const real *a, const real *b, real *y,
                  const real *start, ptrdiff_t n)
{
    const int wide = n > VL;
    tile_fn *const *tiles = wide ? tiles2 : tiles1;
    const ptrdiff_t most = wide ? MR2 : MR1, cuts = ceil_div(count, most);
    ptrdiff_t size = ceil_div(count, max_size(cuts, 1)), larger = count - cuts * (size - 1);
    const ptrdiff_t length = red->b_next ? red->segs * red->run * red->b_k : 0;
    for (ptrdiff_t i = 0; i < cuts; i++) {
        const ptrdiff_t here = i < larger ? size : size - 1;
        for (ptrdiff_t at = length / cuts * i; at < length / cuts * (i + 1); at += 64 / sizeof(real))
            __builtin_prefetch(b + red->b_next + at, 0, 2);
        tiles[here](red, places, a, b, y, start, n);
        places += here;
    }
}

static void pack(real *dst, const real *src, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n)
{
    const ptrdiff_t vectors = n > VL ? 2 : 1, last = n - (vectors - 1) * VL;
    /* rows whose last vector can be read whole: what lies behind the lanes is the same array, but at its end */
    ptrdiff_t whole = rows;
    if (last < VL)
        whole = max_size(0, rows - ceil_div(VL - last, max_size(stride, 1)));
    const vint mask = first_lanes(last);
    for (ptrdiff_t r = 0; r < rows; r++, dst += vectors * VL, src += stride) {
        const real *tail = src + (vectors - 1) * VL;
        if (vectors == 2)
            store(dst, load(src));
        store(dst + (vectors - 1) * VL, r < whole ? select(mask, load(tail), (vreal){0}) : load_n(tail, last));
    }
}

#ifdef __clang__
static inline vreal shuffle(vreal a, vreal b, vint from)
{
    vreal out;
    for (int l = 0; l < VL; l++)
        out[l] = from[l] < VL ? a[from[l]] : b[from[l] - VL];
    return out;
}
#else
static inline vreal shuffle(vreal a, vreal b, vint from) { return __builtin_shuffle(a, b, from); }
#endif

/* VL rows become columns: for s = 1, 2, 4 ... rows i and i + s trade their off-diagonal blocks of s x s. */
INLINE void transpose(vreal *row)
{
    vint lane;
    for (int l = 0; l < VL; l++)
        lane[l] = l;
    UNROLL for (int s = 1; s < VL; s *= 2)
        UNROLL for (int i = 0; i < VL; i++)
            if (!(i & s)) {
                const vint low = lane + (lane & s) / s * (VL - s);
                const vreal a = row[i], b = row[i + s];
                row[i] = shuffle(a, b, low);
                row[i + s] = shuffle(a, b, low + s);
            }
}

/* `count` columns of `rows` elements become rows of one vector, zeros behind. */
INLINE void transpose_block(real *dst, ptrdiff_t width, const real *src, ptrdiff_t stride, ptrdiff_t rows,
                            ptrdiff_t count)
{
    vreal row[VL];
    UNROLL for (int i = 0; i < VL; i++)
        row[i] = i < count ? load_n(src + i * stride, rows) : (vreal){0};
    transpose(row);
    UNROLL for (int i = 0; i < VL; i++)
        if (i < rows)
            store(dst + i * width, row[i]);
}

/* A cache line of each column at a time: columns may be so far apart that they share sets of the first-level
 * cache, so a line that was read may be gone when the next row asks for it. */
static void pack_transposed(real *dst, const real *src, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n)
{
    enum { LINE = 64 / sizeof(real) };
    const ptrdiff_t width = n > VL ? 2 * VL : VL;
    ptrdiff_t r = 0;
    for (; r + LINE <= rows; r += LINE, dst += LINE * width)
        for (ptrdiff_t j = 0; j < width; j += VL)
            for (ptrdiff_t k = 0; k < LINE; k += VL)
                transpose_block(dst + k * width + j, width, src + j * stride + r + k, stride, VL, n - j);
    for (; r < rows; r += VL, dst += VL * width)
        for (ptrdiff_t j = 0; j < width; j += VL)
            transpose_block(dst + j, width, src + j * stride + r, stride, min_size(VL, rows - r), n - j);
}

static void column_sums(real *dst, const real *panel, ptrdiff_t rows, ptrdiff_t n)
{
    const ptrdiff_t vectors = n > VL ? 2 : 1;
    for (ptrdiff_t v = 0; v < vectors; v++) {
        vreal sum[4] = {{0}, {0}, {0}, {0}};
        const real *p = panel + v * VL;
        const ptrdiff_t step = vectors * VL;
        ptrdiff_t r = 0;
        for (; r + 4 <= rows; r += 4)
            UNROLL for (int i = 0; i < 4; i++)
                sum[i] += load(p + (r + i) * step);
        for (; r < rows; r++)
            sum[0] += load(p + r * step);
        vreal total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        const ptrdiff_t lanes = min_size(VL, n - v * VL);
        store_n(dst + v * VL, load_n(dst + v * VL, lanes) + total, lanes);
    }
}

/* Whole vectors: what they write too much is a part of the next pixel, which comes after. */
INLINE void split_pixels(real *dst, ptrdiff_t plane, const ptrdiff_t depth, const real *src, ptrdiff_t count,
                         ptrdiff_t step, ptrdiff_t channels)
{
    for (ptrdiff_t i = 0; i < count; i++, dst += depth, src += step) {
        real *to = dst;
        for (ptrdiff_t c = 0; c < channels; c += depth, to += plane)
            UNROLL for (ptrdiff_t v = 0; v < depth; v += VL)
                store(to + v, load(src + c + v));
    }
}

static void split_channels(real *dst, ptrdiff_t plane, ptrdiff_t depth, const real *src, ptrdiff_t count,
                           ptrdiff_t step, ptrdiff_t channels)
{
    if (step == channels && depth == channels) {
        memcpy(dst, src, (size_t)(count * depth) * sizeof(real));
        return;
    }
    /* the last pixels one by one: vectors would read behind them or write into what is there already */
    const ptrdiff_t most = depth == MR1 || depth == MR2 ? max_size(0, count - 1 - 2 * VL / step) : 0;
    if (depth == MR2)
        split_pixels(dst, plane, MR2, src, most, step, channels);
    else
        split_pixels(dst, plane, MR1, src, most, step, channels);
    for (ptrdiff_t i = most; i < count; i++)
        for (ptrdiff_t c = 0, p = 0; c < channels; c += depth, p += plane)
            for (ptrdiff_t d = 0; d < min_size(depth, channels - c); d++)
                dst[p + i * depth + d] = src[i * step + c + d];
}

static void sum_slots(real *dst, const real *slots, ptrdiff_t slot_stride, ptrdiff_t count, ptrdiff_t length,
                      int accumulate)
{
    EACH_VECTOR(i, n, length, {
        vreal sum = load_n(slots + i, n);
        for (ptrdiff_t s = 1; s < count; s++)
            sum += load_n(slots + s * slot_stride + i, n);
        store_n(dst + i, accumulate ? load_n(dst + i, n) + sum : sum, n);
    });
}

const T(gemm_kernels) KERNEL_TABLE(gemm) = {
    .vl = VL,
    .nr = 2 * VL,
    .mr1 = MR1,
    .mr2 = MR2,
    .block = block,
    .pack = pack,
    .pack_transposed = pack_transposed,
    .column_sums = column_sums,
    .split_channels = split_channels,
    .sum_slots = sum_slots,
};
