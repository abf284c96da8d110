/* pool_kernels.c - windows over vectors of channels. */
#include "pool.h"

#include "../core/simd.h"
#include "../core/threads.h"

#define INLINE static inline __attribute__((always_inline))

typedef uint8_t vuint8 __attribute__((vector_size(VL)));
typedef int32_t vint32 __attribute__((vector_size(VL * 4)));

/* Elements that the vectors of one pixel touch. */
static ptrdiff_t vector_width(ptrdiff_t C) { return ceil_div(C, VL) * VL; }

/* What a window covers along one axis: taps [first, end) are inside the image, tap 0 is at `start`. */
typedef struct {
    ptrdiff_t start, first, end;
} clipped;

static clipped clip(ptrdiff_t output, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t taps, ptrdiff_t size)
{
    ptrdiff_t start = output * stride - pad;
    return (clipped){start, max_size(0, -start), min_size(taps, size - start)};
}

/* --- forward ----------------------------------------------------------------------------------------- */

/* Which of the indices a maximum leaves. */
enum { NO_INDEX, INDEX8, INDEX32 };

/* One window's maxima: x at its first tap inside, `rows` x `cols` taps inside, tap numbers from `tap` on. */
INLINE void max_window(const real *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t row_stride, ptrdiff_t C, real *y,
                       uint8_t *index8, int32_t *index32, int kind, lane_int tap, ptrdiff_t KW, int spill)
{
    for (ptrdiff_t c = 0; c < C; c += VL) {
        ptrdiff_t n = spill ? VL : min_size(VL, C - c);
        vreal best = load_n(x + c, n);
        vint where = (vint){0} + tap;
        for (ptrdiff_t u = 0; u < rows; u++)
            for (ptrdiff_t v = u == 0; v < cols; v++) {
                vreal value = load_n(x + u * row_stride + v * C + c, n);
                vint wins = ~(value <= best) & (best == best); /* larger, or the first NaN */
                best = select(wins, value, best);
                if (kind != NO_INDEX)
                    where = (wins & (lane_int)(tap + u * KW + v)) | (~wins & where);
            }
        store_n(y + c, best, n);
        if (kind == INDEX8) {
            vuint8 narrow = __builtin_convertvector(where, vuint8);
            memcpy(index8 + c, &narrow, (size_t)n);
        }
        if (kind == INDEX32) {
            vint32 narrow = __builtin_convertvector(where, vint32);
            memcpy(index32 + c, &narrow, (size_t)n * 4);
        }
    }
}

INLINE void max_rows_of(const ARGS(max_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last, int kind)
{
    const ptrdiff_t C = a->C, row_stride = a->W * C, width = vector_width(C);
    const real *x = a->x + image * a->H * row_stride, *x_end = a->x + a->N * a->H * row_stride;
    ptrdiff_t at = (image * a->OH + first) * a->OW * C, end = (image * a->OH + last) * a->OW * C;

    for (ptrdiff_t i = first; i < last; i++) {
        clipped h = clip(i, a->stride_h, a->pad_top, a->KH, a->H);
        for (ptrdiff_t j = 0; j < a->OW; j++, at += C) {
            clipped w = clip(j, a->stride_w, a->pad_left, a->KW, a->W);
            const real *tap = x + (h.start + h.first) * row_stride + (w.start + w.first) * C;
            ptrdiff_t rows = h.end - h.first, cols = w.end - w.first;
            const real *last_tap = tap + (rows - 1) * row_stride + (cols - 1) * C;
            uint8_t *index8 = kind == INDEX8 ? a->index8 + at : NULL;
            int32_t *index32 = kind == INDEX32 ? a->index32 + at : NULL;
            lane_int number = (lane_int)(h.first * a->KW + w.first);
            int spill = x_end - last_tap >= width && end - at >= width;

            if (!spill)
                max_window(tap, rows, cols, row_stride, C, a->y + at, index8, index32, kind, number, a->KW, 0);
            else if (a->KW == 2 && rows == 2 && cols == 2)
                max_window(tap, 2, 2, row_stride, C, a->y + at, index8, index32, kind, 0, 2, 1);
            else if (a->KW == 3 && rows == 3 && cols == 3)
                max_window(tap, 3, 3, row_stride, C, a->y + at, index8, index32, kind, 0, 3, 1);
            else
                max_window(tap, rows, cols, row_stride, C, a->y + at, index8, index32, kind, number, a->KW, 1);
        }
    }
}

static void max_rows(const ARGS(max_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    if (a->index8)
        max_rows_of(a, image, first, last, INDEX8);
    else if (a->index32)
        max_rows_of(a, image, first, last, INDEX32);
    else
        max_rows_of(a, image, first, last, NO_INDEX);
}

/* One window's means: as max_window, `count` is what the sum is divided by. */
INLINE void avg_window(const real *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t row_stride, ptrdiff_t C, real *y,
                       real count, int spill)
{
    for (ptrdiff_t c = 0; c < C; c += VL) {
        ptrdiff_t n = spill ? VL : min_size(VL, C - c);
        vreal sum = load_n(x + c, n);
        for (ptrdiff_t u = 0; u < rows; u++)
            for (ptrdiff_t v = u == 0; v < cols; v++)
                sum += load_n(x + u * row_stride + v * C + c, n);
        store_n(y + c, sum / count, n);
    }
}

/* Elements along one axis that a mean counts: those inside the image, or inside the padded image. */
static ptrdiff_t counted(clipped taps, ptrdiff_t K, ptrdiff_t size, ptrdiff_t pad_end, ptrdiff_t count_pad)
{
    return count_pad ? min_size(K, size + pad_end - taps.start) : taps.end - taps.first;
}

static void avg_rows(const ARGS(avg_pool2d) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const ptrdiff_t C = a->C, row_stride = a->W * C, width = vector_width(C);
    const real *x = a->x + image * a->H * row_stride, *x_end = a->x + a->N * a->H * row_stride;
    real *y = a->y + (image * a->OH + first) * a->OW * C, *y_end = a->y + (image * a->OH + last) * a->OW * C;

    for (ptrdiff_t i = first; i < last; i++) {
        clipped h = clip(i, a->stride_h, a->pad_top, a->KH, a->H);
        ptrdiff_t count_h = counted(h, a->KH, a->H, a->pad_bottom, a->count_pad);
        for (ptrdiff_t j = 0; j < a->OW; j++, y += C) {
            clipped w = clip(j, a->stride_w, a->pad_left, a->KW, a->W);
            const real *tap = x + (h.start + h.first) * row_stride + (w.start + w.first) * C;
            ptrdiff_t rows = h.end - h.first, cols = w.end - w.first;
            const real *last_tap = tap + (rows - 1) * row_stride + (cols - 1) * C;
            real count = (real)(count_h * counted(w, a->KW, a->W, a->pad_right, a->count_pad));
            int spill = x_end - last_tap >= width && y_end - y >= width;

            if (!spill)
                avg_window(tap, rows, cols, row_stride, C, y, count, 0);
            else if (rows == 2 && cols == 2)
                avg_window(tap, 2, 2, row_stride, C, y, count, 1);
            else
                avg_window(tap, rows, cols, row_stride, C, y, count, 1);
        }
    }
}

/* --- backward ---------------------------------------------------------------------------------------- */

/* The windows that cover position p of one axis: outputs newest, newest - 1, ... > oldest, with p at their taps
 * tap, tap + stride, ... */
typedef struct {
    ptrdiff_t newest, oldest, tap;
} covering;

static covering windows_over(ptrdiff_t p, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t taps, ptrdiff_t outputs)
{
    ptrdiff_t newest = (p + pad) / stride, tap = (p + pad) % stride;
    if (newest >= outputs) {
        tap += (newest - (outputs - 1)) * stride;
        newest = outputs - 1;
    }
    ptrdiff_t windows = tap < taps ? (taps - 1 - tap) / stride + 1 : 0;
    return (covering){newest, max_size(-1, newest - windows), tap};
}

/* Writes a pixel's gradient. n lanes count; spilled lanes keep what is there when accumulating. */
INLINE void put(real *dx, vreal sum, ptrdiff_t count, ptrdiff_t n, int accumulate)
{
    if (accumulate) {
        vreal old = load_n(dx, n);
        sum = select(first_lanes(count), old + sum, old);
    }
    store_n(dx, sum, n);
}

INLINE vint load_index8(const uint8_t *p, ptrdiff_t n)
{
    vuint8 narrow = {0};
    memcpy(&narrow, p, (size_t)n);
    return __builtin_convertvector(narrow, vint);
}

INLINE vint load_index32(const int32_t *p, ptrdiff_t n)
{
    vint32 narrow = {0};
    memcpy(&narrow, p, (size_t)n * 4);
    return __builtin_convertvector(narrow, vint);
}

/* dy and index are those of the image. */
INLINE void max_dx_pixel(const ARGS(max_pool2d_dx) *a, ptrdiff_t image, covering h, covering w, real *dx, int spill)
{
    for (ptrdiff_t c = 0; c < a->C; c += VL) {
        ptrdiff_t count = min_size(VL, a->C - c), n = spill ? VL : count;
        vreal sum = {0};
        for (ptrdiff_t i = h.newest, u = h.tap; i > h.oldest; i--, u += a->stride_h)
            for (ptrdiff_t j = w.newest, v = w.tap; j > w.oldest; j--, v += a->stride_w) {
                ptrdiff_t at = ((image * a->OH + i) * a->OW + j) * a->C + c;
                vint index = a->index8 ? load_index8(a->index8 + at, n) : load_index32(a->index32 + at, n);
                vint here = index == (lane_int)(u * a->KW + v);
                sum += select(here, load_n(a->dy + at, n), (vreal){0});
            }
        put(dx + c, sum, count, n, a->accumulate != 0);
    }
}

static void max_dx_rows(const ARGS(max_pool2d_dx) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const ptrdiff_t C = a->C, width = vector_width(C), outputs = a->N * a->OH * a->OW;
    real *dx = a->dx + (image * a->H + first) * a->W * C, *dx_end = a->dx + (image * a->H + last) * a->W * C;

    for (ptrdiff_t p = first; p < last; p++) {
        covering h = windows_over(p, a->stride_h, a->pad_top, a->KH, a->OH);
        ptrdiff_t row = (image * a->OH + h.newest) * a->OW;
        for (ptrdiff_t q = 0; q < a->W; q++, dx += C) {
            covering w = windows_over(q, a->stride_w, a->pad_left, a->KW, a->OW);
            int spill = dx_end - dx >= width && (outputs - (row + w.newest)) * C >= width;
            if (spill)
                max_dx_pixel(a, image, h, w, dx, 1);
            else
                max_dx_pixel(a, image, h, w, dx, 0);
        }
    }
}

static void avg_dx_rows(const ARGS(avg_pool2d_dx) *a, ptrdiff_t image, ptrdiff_t first, ptrdiff_t last)
{
    const ptrdiff_t C = a->C, width = vector_width(C), outputs = a->N * a->OH * a->OW;
    real *dx = a->dx + (image * a->H + first) * a->W * C, *dx_end = a->dx + (image * a->H + last) * a->W * C;

    for (ptrdiff_t p = first; p < last; p++) {
        covering h = windows_over(p, a->stride_h, a->pad_top, a->KH, a->OH);
        ptrdiff_t row = (image * a->OH + h.newest) * a->OW;
        for (ptrdiff_t q = 0; q < a->W; q++, dx += C) {
            covering w = windows_over(q, a->stride_w, a->pad_left, a->KW, a->OW);
            int spill = dx_end - dx >= width && (outputs - (row + w.newest)) * C >= width;
            for (ptrdiff_t c = 0; c < C; c += VL) {
                ptrdiff_t lanes = min_size(VL, C - c), n = spill ? VL : lanes;
                vreal sum = {0};
                for (ptrdiff_t i = h.newest; i > h.oldest; i--) {
                    ptrdiff_t count_h = counted(clip(i, a->stride_h, a->pad_top, a->KH, a->H), a->KH, a->H,
                                                a->pad_bottom, a->count_pad);
                    for (ptrdiff_t j = w.newest; j > w.oldest; j--) {
                        ptrdiff_t count_w = counted(clip(j, a->stride_w, a->pad_left, a->KW, a->W), a->KW, a->W,
                                                    a->pad_right, a->count_pad);
                        real count = (real)(count_h * count_w);
                        sum += load_n(a->dy + ((image * a->OH + i) * a->OW + j) * C + c, n) / count;
                    }
                }
                put(dx + c, sum, lanes, n, a->accumulate != 0);
            }
        }
    }
}

const T(pool_kernels) KERNEL_TABLE(pool) = {
    .max_rows = max_rows,
    .max_dx_rows = max_dx_rows,
    .avg_rows = avg_rows,
    .avg_dx_rows = avg_dx_rows,
};
