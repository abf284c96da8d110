/* pool_kernels.c - windows over vectors of channels. Maximum and mean, with and without index, share their loops:
 * `kind` is a constant wherever it is asked often. */
#include "pool.h"

#include "../core/simd.h"
#include "../core/threads.h"

enum { MAX, MAX_INDEX8, MAX_INDEX32, MEAN };
enum { TOGETHER = 8 }; /* vectors of a pixel that are summed together */

typedef uint8_t vuint8 __attribute__((vector_size(VL)));
typedef int16_t vint16 __attribute__((vector_size(VL * 2)));
typedef int32_t vint32 __attribute__((vector_size(VL * 4)));

/* What the four operations have in common. */
typedef struct {
    ptrdiff_t N, H, W, C, OH, OW, KH, KW, stride_h, stride_w, pad_top, pad_left;
    ptrdiff_t pad_bottom, pad_right, count_pad; /* mean only */
} shape;
#define SHAPE(a, ...)                                                                                             \
    (shape){.N = (a)->N, .H = (a)->H, .W = (a)->W, .C = (a)->C, .OH = (a)->OH, .OW = (a)->OW, .KH = (a)->KH,     \
            .KW = (a)->KW, .stride_h = (a)->stride_h, .stride_w = (a)->stride_w, .pad_top = (a)->pad_top,        \
            .pad_left = (a)->pad_left, __VA_ARGS__}
#define MEAN_SHAPE(a) \
    SHAPE(a, .pad_bottom = (a)->pad_bottom, .pad_right = (a)->pad_right, .count_pad = (a)->count_pad)

/* Elements that the vectors of one pixel touch. */
static ptrdiff_t vector_width(ptrdiff_t C) { return ceil_div(C, VL) * VL; }

/* One axis of a window: its tap 0 is at `start`, taps [first, end) are inside the image, a mean counts `counted`. */
typedef struct {
    ptrdiff_t start, first, end, counted;
} taps;

INLINE taps axis_taps(ptrdiff_t start, ptrdiff_t K, ptrdiff_t size, ptrdiff_t pad_end, ptrdiff_t count_pad)
{
    taps t = {.start = start, .first = max_size(0, -start), .end = min_size(K, size - start)};
    t.counted = count_pad ? min_size(K, size + pad_end - start) : t.end - t.first;
    return t;
}

INLINE taps row_taps(const shape *s, ptrdiff_t i)
{
    return axis_taps(i * s->stride_h - s->pad_top, s->KH, s->H, s->pad_bottom, s->count_pad);
}

INLINE taps column_taps(const shape *s, ptrdiff_t j)
{
    return axis_taps(j * s->stride_w - s->pad_left, s->KW, s->W, s->pad_right, s->count_pad);
}

/* Windows [inside, outside) of a row have all their columns inside the image. */
INLINE void columns_inside(const shape *s, ptrdiff_t *inside, ptrdiff_t *outside)
{
    ptrdiff_t fit = s->W + s->pad_left - s->KW;
    *inside = min_size(s->OW, ceil_div(s->pad_left, s->stride_w));
    *outside = max_size(*inside, fit < 0 ? 0 : min_size(s->OW, fit / s->stride_w + 1));
}

/* --- forward ----------------------------------------------------------------------------------------- */

typedef struct {
    real *y;
    uint8_t *index8;
    int32_t *index32;
} outputs;

/* One window: x is its first tap inside the image, number `tap`; rows x cols taps are inside; outputs start at `at`.
 * With `spill` vectors are whole, else cut to the channels. */
INLINE void window(const real *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t row_stride, ptrdiff_t C, lane_int tap,
                   ptrdiff_t KW, real count, outputs out, ptrdiff_t at, int kind, int spill)
{
    ptrdiff_t c = 0;
    if (kind == MEAN) /* several sums at a time: pixels of many channels are far apart, and lines are read whole */
        for (; c + TOGETHER * VL <= C; c += TOGETHER * VL) {
            vreal sum[TOGETHER];
            UNROLL for (int k = 0; k < TOGETHER; k++)
                sum[k] = load(x + c + k * VL);
            for (ptrdiff_t u = 0; u < rows; u++)
                for (ptrdiff_t v = u == 0; v < cols; v++)
                    UNROLL for (int k = 0; k < TOGETHER; k++)
                        sum[k] += load(x + u * row_stride + v * C + c + k * VL);
            UNROLL for (int k = 0; k < TOGETHER; k++)
                store(out.y + at + c + k * VL, sum[k] / count);
        }
    for (; c < C; c += VL) {
        ptrdiff_t n = spill ? VL : min_size(VL, C - c);
        vreal y = load_n(x + c, n);
        vint where = (vint){0} + tap;
        for (ptrdiff_t u = 0; u < rows; u++)
            for (ptrdiff_t v = u == 0; v < cols; v++) {
                vreal value = load_n(x + u * row_stride + v * C + c, n);
                if (kind == MEAN) {
                    y += value;
                } else {
                    vint wins = ~(value <= y) & (y == y); /* larger, or the first NaN */
                    y = select(wins, value, y);
                    if (kind != MAX)
                        where = (wins & (tap + (lane_int)(u * KW + v))) | (~wins & where);
                }
            }
        store_n(out.y + at + c, kind == MEAN ? y / count : y, n);
        if (kind == MAX_INDEX8) {
            /* by way of 16 bits: in one step GCC takes the vector apart */
            vuint8 narrow = __builtin_convertvector(__builtin_convertvector(where, vint16), vuint8);
            memcpy(out.index8 + at + c, &narrow, (size_t)n);
        }
        if (kind == MAX_INDEX32) {
            vint32 narrow = __builtin_convertvector(where, vint32);
            memcpy(out.index32 + at + c, &narrow, (size_t)n * sizeof(int32_t));
        }
    }
}

/* The same for any window anywhere: the few at the edges of images, and the last ones of the array. */
static __attribute__((noinline)) void any_window(const real *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t row_stride,
                                                 ptrdiff_t C, lane_int tap, ptrdiff_t KW, real count, outputs out,
                                                 ptrdiff_t at, int kind)
{
    window(x, rows, cols, row_stride, C, tap, KW, count, out, at, kind, 0);
}

/* A run of windows along a row, `step` elements apart, whose columns are all inside the image. */
INLINE void window_run(const real *x, const real *x_end, ptrdiff_t windows, ptrdiff_t step, ptrdiff_t rows,
                       ptrdiff_t cols, ptrdiff_t row_stride, ptrdiff_t C, lane_int tap, real count, outputs out,
                       ptrdiff_t at, ptrdiff_t end, int kind)
{
    const ptrdiff_t width = vector_width(C), reach = (rows - 1) * row_stride + (cols - 1) * C + width;
    /* where the last window has room for whole vectors, all have: a loop without a question */
    if (x_end - (x + (windows - 1) * step) >= reach && end - (at + (windows - 1) * C) >= width) {
        for (; windows > 0; windows--, x += step, at += C)
            window(x, rows, cols, row_stride, C, tap, cols, count, out, at, kind, 1);
        return;
    }
    for (; windows > 0; windows--, x += step, at += C)
        if (x_end - x >= reach && end - at >= width)
            window(x, rows, cols, row_stride, C, tap, cols, count, out, at, kind, 1);
        else
            any_window(x, rows, cols, row_stride, C, tap, cols, count, out, at, kind);
}

INLINE void window_rows(const shape *s, const real *x, outputs out, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last,
                        int kind)
{
    const ptrdiff_t C = s->C, row_stride = s->W * C, step = s->stride_w * C;
    const real *x_end = x + s->N * s->H * row_stride;
    const ptrdiff_t end = (image * s->OH + last) * s->OW * C;
    ptrdiff_t inside, outside;
    columns_inside(s, &inside, &outside);

    for (ptrdiff_t i = first; i < last; i++) {
        taps h = row_taps(s, i);
        const real *row = x + (image * s->H + h.start + h.first) * row_stride;
        ptrdiff_t rows = h.end - h.first, at = (image * s->OH + i) * s->OW * C, run = outside - inside;
        for (ptrdiff_t j = 0; j < s->OW; j++) {
            if (j == inside && run > 0) {
                const real *tap = row + (j * s->stride_w - s->pad_left) * C;
                real count = (real)(h.counted * s->KW);
                lane_int number = (lane_int)(h.first * s->KW);
                if (rows == 2 && s->KW == 2 && C < VL) /* the constant says: one vector a pixel */
                    window_run(tap, x_end, run, step, 2, 2, row_stride, min_size(C, VL - 1), number, count, out,
                               at + j * C, end, kind);
                else if (rows == 2 && s->KW == 2)
                    window_run(tap, x_end, run, step, 2, 2, row_stride, C, number, count, out, at + j * C, end, kind);
                else if (rows == 3 && s->KW == 3)
                    window_run(tap, x_end, run, step, 3, 3, row_stride, C, number, count, out, at + j * C, end, kind);
                else
                    window_run(tap, x_end, run, step, rows, s->KW, row_stride, C, number, count, out, at + j * C, end,
                               kind);
                j = outside - 1;
                continue;
            }
            taps w = column_taps(s, j);
            any_window(row + (w.start + w.first) * C, rows, w.end - w.first, row_stride, C,
                       (lane_int)(h.first * s->KW + w.first), s->KW, (real)(h.counted * w.counted), out, at + j * C,
                       kind);
        }
    }
}

static void max_rows(const ARGS(max_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const shape s = SHAPE(a);
    const outputs out = {a->y, a->index8, a->index32};
    if (a->index8)
        window_rows(&s, a->x, out, image, first, last, MAX_INDEX8);
    else if (a->index32)
        window_rows(&s, a->x, out, image, first, last, MAX_INDEX32);
    else
        window_rows(&s, a->x, out, image, first, last, MAX);
}

static void avg_rows(const ARGS(avg_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const shape s = MEAN_SHAPE(a);
    window_rows(&s, a->x, (outputs){.y = a->y}, image, first, last, MEAN);
}

/* --- backward ---------------------------------------------------------------------------------------- */

typedef struct {
    const real *dy;
    const uint8_t *index8;
    const int32_t *index32;
} inputs;

/* n lanes of what the windows at dy[at...] give to the pixel at their tap number `tap`; `share` is 1 / elements. */
INLINE vreal given(inputs in, ptrdiff_t at, lane_int tap, real share, ptrdiff_t n, int kind)
{
    vreal dy = load_n(in.dy + at, n);
    if (kind == MEAN)
        return dy * share;
    vint index = {0};
    for (ptrdiff_t l = 0; l < n; l++) /* lane by lane: GCC takes convertvector apart, and makes this one instruction */
        index[l] = kind == MAX_INDEX8 ? in.index8[at + l] : in.index32[at + l];
    return select(index == tap, dy, (vreal){0});
}

/* dx of one pixel = or, with `add`, += what one window gives. */
INLINE void give(inputs in, ptrdiff_t at, lane_int tap, real share, real *dx, ptrdiff_t C, int add, int spill, int kind)
{
    ptrdiff_t c = 0;
    for (; c + VL <= C; c += VL) {
        vreal d = given(in, at + c, tap, share, VL, kind);
        store(dx + c, add ? load(dx + c) + d : d);
    }
    if (c < C) {
        ptrdiff_t n = spill ? VL : C - c;
        vreal d = given(in, at + c, tap, share, n, kind);
        if (add) {
            vreal old = load_n(dx + c, n);
            d = select(first_lanes(C - c), old + d, old);
        }
        store_n(dx + c, d, n);
    }
}

/* The same without spilling, for the last pixels of a call or an array. */
static __attribute__((noinline)) void give_cut(inputs in, ptrdiff_t at, lane_int tap, real share, real *dx,
                                               ptrdiff_t C, int add, int kind)
{
    give(in, at, tap, share, dx, C, add, 0, kind);
}

static void clear(real *from, const real *to)
{
    if (from < to)
        memset(from, 0, (size_t)((const char *)to - (const char *)from));
}

/* Deals a run of whole windows out to their KW pixels each, from dx on, with `gap` elements between windows. */
INLINE void deal_run(inputs in, ptrdiff_t at, ptrdiff_t dy_end, lane_int tap, real share, real *dx, const real *dx_end,
                     ptrdiff_t windows, ptrdiff_t KW, ptrdiff_t gap, ptrdiff_t C, int accumulate, int kind)
{
    const ptrdiff_t width = vector_width(C), to_last_pixel = (KW - 1) * C, last = windows - 1;
    if (!(gap > 0 && !accumulate) && dx_end - (dx + last * (KW * C + gap)) >= to_last_pixel + width &&
        dy_end - (at + last * C) >= width) {
        for (; windows > 0; windows--, at += C, dx += gap)
            for (lane_int v = 0; v < KW; v++, dx += C)
                give(in, at, tap + v, share, dx, C, accumulate, 1, kind);
        return;
    }
    for (; windows > 0; windows--, at += C) {
        if (dx_end - dx >= to_last_pixel + width && dy_end - at >= width)
            for (lane_int v = 0; v < KW; v++, dx += C)
                give(in, at, tap + v, share, dx, C, accumulate, 1, kind);
        else
            for (lane_int v = 0; v < KW; v++, dx += C)
                give_cut(in, at, tap + v, share, dx, C, accumulate, kind);
        if (gap > 0 && windows > 1 && !accumulate)
            clear(dx, dx + gap);
        dx += gap;
    }
}

/* Row p of dx where windows do not overlap: at most one row of windows covers it, and each window in it is dealt out
 * to its pixels from left to right. */
INLINE void deal_row(const shape *s, inputs in, ptrdiff_t image, ptrdiff_t p, real *row, const real *dx_end,
                     int accumulate, int kind)
{
    const ptrdiff_t C = s->C, dy_end = s->N * s->OH * s->OW * C, gap = (s->stride_w - s->KW) * C;
    const ptrdiff_t i = (p + s->pad_top) / s->stride_h, u = (p + s->pad_top) % s->stride_h;
    real *done = row; /* pixels before it are finished */
    if (i < s->OH && u < s->KH) {
        ptrdiff_t inside, outside, counted = row_taps(s, i).counted;
        columns_inside(s, &inside, &outside);
        for (ptrdiff_t j = 0; j < s->OW; j++) {
            taps w = column_taps(s, j);
            real *dx = row + (w.start + w.first) * C;
            ptrdiff_t at = ((image * s->OH + i) * s->OW + j) * C;
            lane_int tap = (lane_int)(u * s->KW + w.first);
            real share = 1 / (real)(counted * w.counted);
            if (!accumulate)
                clear(done, dx);
            if (j == inside && outside > inside) {
                ptrdiff_t windows = outside - inside;
                if (s->KW == 2 && C < VL) /* the constant says: one vector a pixel */
                    deal_run(in, at, dy_end, tap, share, dx, dx_end, windows, 2, gap, min_size(C, VL - 1), accumulate,
                             kind);
                else
                    deal_run(in, at, dy_end, tap, share, dx, dx_end, windows, s->KW, gap, C, accumulate, kind);
                j = outside - 1;
                done = dx + ((windows - 1) * s->stride_w + s->KW) * C;
                continue;
            }
            for (ptrdiff_t v = w.first; v < w.end; v++, dx += C, tap++)
                give_cut(in, at, tap, share, dx, C, accumulate, kind);
            done = dx;
        }
    }
    if (!accumulate)
        clear(done, row + s->W * C);
}

/* Row p of dx where windows overlap: each pixel collects from the windows that cover it, the last one first. */
INLINE void collect_row(const shape *s, inputs in, ptrdiff_t image, ptrdiff_t p, real *dx, const real *dx_end,
                        int accumulate, int kind)
{
    const ptrdiff_t C = s->C, width = vector_width(C), dy_end = s->N * s->OH * s->OW * C;
    const ptrdiff_t last_i = (p + s->pad_top) / s->stride_h, first_u = (p + s->pad_top) % s->stride_h;
    ptrdiff_t last_j = s->pad_left / s->stride_w, first_v = s->pad_left % s->stride_w; /* of the pixel at dx */
    for (ptrdiff_t q = 0; q < s->W; q++, dx += C) {
        int add = accumulate;
        for (ptrdiff_t i = last_i, u = first_u; i >= 0 && u < s->KH; i--, u += s->stride_h) {
            if (i >= s->OH)
                continue;
            ptrdiff_t counted = kind == MEAN ? row_taps(s, i).counted : 1;
            for (ptrdiff_t j = last_j, v = first_v; j >= 0 && v < s->KW; j--, v += s->stride_w) {
                if (j >= s->OW)
                    continue;
                ptrdiff_t at = ((image * s->OH + i) * s->OW + j) * C;
                lane_int tap = (lane_int)(u * s->KW + v);
                real share = kind == MEAN ? 1 / (real)(counted * column_taps(s, j).counted) : 1;
                if (dx_end - dx >= width && dy_end - at >= width)
                    give(in, at, tap, share, dx, C, add, 1, kind);
                else
                    give_cut(in, at, tap, share, dx, C, add, kind);
                add = 1;
            }
        }
        if (!add)
            clear(dx, dx + C);
        if (++first_v == s->stride_w) {
            first_v = 0;
            last_j++;
        }
    }
}

/* Do the windows that cover row p of dx cover the row above it, too? They do not overlap. */
INLINE int same_windows(const shape *s, ptrdiff_t p)
{
    const ptrdiff_t u = (p + s->pad_top) % s->stride_h;
    return u > 0 && u < s->KH;
}

INLINE void gradient_rows(const shape *s, inputs in, real *dx, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last,
                          int accumulate, int kind)
{
    const ptrdiff_t row_stride = s->W * s->C;
    const int apart = s->KH <= s->stride_h && s->KW <= s->stride_w, copied = apart && kind == MEAN && !accumulate;
    real *row = dx + (image * s->H + first) * row_stride, *end = dx + (image * s->H + last) * row_stride;
    for (ptrdiff_t p = first; p < last; p++, row += row_stride)
        if (copied && p > first && same_windows(s, p)) /* means give all rows of a window the same */
            memcpy(row, row - row_stride, (size_t)row_stride * sizeof(real));
        else if (!apart)
            collect_row(s, in, image, p, row, end, accumulate, kind);
        else if (accumulate)
            deal_row(s, in, image, p, row, end, 1, kind);
        else
            deal_row(s, in, image, p, row, end, 0, kind);
}

static void max_dx_rows(const ARGS(max_pool2d_dx) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const shape s = SHAPE(a);
    const inputs in = {a->dy, a->index8, a->index32};
    if (a->index8)
        gradient_rows(&s, in, a->dx, image, first, last, a->accumulate != 0, MAX_INDEX8);
    else
        gradient_rows(&s, in, a->dx, image, first, last, a->accumulate != 0, MAX_INDEX32);
}

static void avg_dx_rows(const ARGS(avg_pool2d_dx) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const shape s = MEAN_SHAPE(a);
    gradient_rows(&s, (inputs){.dy = a->dy}, a->dx, image, first, last, a->accumulate != 0, MEAN);
}

const T(pool_kernels) KERNEL_TABLE(pool) = {
    .max_rows = max_rows,
    .max_dx_rows = max_dx_rows,
    .avg_rows = avg_rows,
    .avg_dx_rows = avg_dx_rows,
};
