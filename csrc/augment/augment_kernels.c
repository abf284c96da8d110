/* augment_kernels.c - rows of pixels and blocks of them. Bodies are inlined where `bytes`, whether x and y hold bytes
 * or reals, and C, the usual 1 or 3 or any other, are constants; the compiler makes vectors of the loops. */
#include "augment.h"

#include "../core/simd.h"
#include "../core/threads.h"

/* CALL(C) with C a constant where it is one of the usual ones */
#define USUAL_CHANNELS(C, CALL) \
    do {                        \
        if ((C) == 3)           \
            CALL(3);            \
        else if ((C) == 1)      \
            CALL(1);            \
        else                    \
            CALL(C);            \
    } while (0)

INLINE real get(const void *x, ptrdiff_t i, int bytes)
{
    return bytes ? (real)((const uint8_t *)x)[i] : ((const real *)x)[i];
}

/* Limits are those of whole numbers: comparing reals, the compiler would make branches of them. */
INLINE void put(void *y, ptrdiff_t i, real value, int bytes)
{
    if (bytes) {
        int32_t nearest = (int32_t)(value + (real)0.5);
        nearest = nearest > 0 ? nearest : 0;
        ((uint8_t *)y)[i] = (uint8_t)(nearest < 255 ? nearest : 255);
    } else {
        ((real *)y)[i] = value;
    }
}

/* Pixels of 3 channels are moved as 4 numbers, of which the next pixel overwrites the last. */
typedef real four __attribute__((vector_size(4 * sizeof(real))));
typedef real four_anywhere __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
#define LOAD_FOUR(x) (*(const four_anywhere *)(x))
#define STORE_FOUR(y, v) (*(four_anywhere *)(y) = (v))

/* --- windows --------------------------------------------------------------------------------------------- */

/* y (count, C) = pixels x (count, C) from the last to the first */
INLINE void turn(const uint8_t *restrict x, uint8_t *restrict y, ptrdiff_t count, ptrdiff_t C)
{
    for (ptrdiff_t j = 0; j < count; j++)
        memcpy(y + j * C, x + (count - 1 - j) * C, (size_t)C);
}

/* y (count, C) = one pixel, again and again */
static void repeat(const uint8_t *pixel, uint8_t *y, ptrdiff_t count, ptrdiff_t C)
{
    const size_t bytes = (size_t)(count * C);
    if (count < 1)
        return;
    memcpy(y, pixel, (size_t)C);
    for (size_t done = (size_t)C; done < bytes; done *= 2)
        memcpy(y + done, y, done < bytes - done ? done : bytes - done);
}

static void window_row(const uint8_t *x, uint8_t *y, const T(frame) *f, ptrdiff_t left, ptrdiff_t OW, int mirror)
{
    const ptrdiff_t C = f->C, W = f->W;
    /* pixels [from, end) of the row are on the image */
    const ptrdiff_t from = min_size(max_size(-left, 0), OW), end = max_size(min_size(W - left, OW), from);
    uint8_t *const inside = y + (mirror ? OW - end : from) * C;
    if (end > from) {
        const uint8_t *const seen = x + (left + from) * C;
#define TURN(C) turn(seen, inside, end - from, C)
        if (!mirror)
            memcpy(inside, seen, (size_t)((end - from) * C));
        else if (C == 4 || C == 12) /* one or three channels of float32 */
            C == 4 ? TURN(4) : TURN(12);
        else
            USUAL_CHANNELS(C, TURN);
#undef TURN
    }
    if (!f->edge) {
        repeat(f->fill, y, mirror ? OW - end : from, C);
        repeat(f->fill, mirror ? y + (OW - from) * C : y + end * C, mirror ? from : OW - end, C);
        return;
    }
    for (ptrdiff_t j = from > 0 ? 0 : end; j < OW; j = j + 1 == from ? end : j + 1)
        memcpy(y + (mirror ? OW - 1 - j : j) * C, x + reflected(left + j, W) * C, (size_t)C);
}

/* --- resizing ---------------------------------------------------------------------------------------------- */

INLINE void mix_rows(const void *x, real *restrict line, ptrdiff_t length, ptrdiff_t step, const real *weight,
                     ptrdiff_t count, int bytes)
{
    for (ptrdiff_t i = 0; i < length; i++)
        line[i] = weight[0] * get(x, i, bytes);
    for (ptrdiff_t t = 1; t < count; t++) {
        const void *row = at(x, t * step, bytes);
        for (ptrdiff_t i = 0; i < length; i++)
            line[i] += weight[t] * get(row, i, bytes);
    }
}

INLINE void mix_pixels(const real *restrict line, real *restrict row, ptrdiff_t OW, ptrdiff_t C, const T(taps) *taps)
{
    const real *weight = taps->weight;
    for (ptrdiff_t j = 0; j < OW; weight += taps->count[j++]) {
        const real *from = line + taps->first[j] * C;
        if (C == 3) {
            four sum = weight[0] * LOAD_FOUR(from);
            for (ptrdiff_t t = 1; t < taps->count[j]; t++)
                sum += weight[t] * LOAD_FOUR(from + t * C);
            STORE_FOUR(row + j * C, sum);
            continue;
        }
        for (ptrdiff_t c = 0; c < C; c++) {
            real sum = weight[0] * from[c];
            for (ptrdiff_t t = 1; t < taps->count[j]; t++)
                sum += weight[t] * from[t * C + c];
            row[j * C + c] = sum;
        }
    }
}

static void mix_columns(const real *line, real *row, ptrdiff_t OW, ptrdiff_t C, const T(taps) *taps)
{
#define MIX(C) mix_pixels(line, row, OW, C, taps)
    USUAL_CHANNELS(C, MIX);
#undef MIX
}

INLINE void finish(const real *restrict row, void *restrict y, ptrdiff_t length, int bytes)
{
    for (ptrdiff_t i = 0; i < length; i++)
        put(y, i, row[i], bytes);
}

/* --- warps ------------------------------------------------------------------------------------------------- */

/* x[u,v,c], also for (u, v) outside the image */
INLINE real corner(const void *x, const T(frame) *f, ptrdiff_t u, ptrdiff_t v, ptrdiff_t c, int bytes)
{
    if (u < 0 || u >= f->H || v < 0 || v >= f->W) {
        if (!f->edge)
            return get(f->fill, c, bytes);
        u = max_size(min_size(u, f->H - 1), 0), v = max_size(min_size(v, f->W - 1), 0);
    }
    return get(x, (u * f->W + v) * f->C + c, bytes);
}

/* What is further away than a pixel looks the same from there, and has indices that fit. */
INLINE double limited(double place, const T(frame) *f, ptrdiff_t length)
{
    const double least = f->edge ? 0 : -1, most = f->edge ? (double)(length - 1) : (double)length;
    place = place > least ? place : least;
    return place < most ? place : most;
}

/* The mean of two by two. Not a + (b - a) part: that is off by a rounding of a also where it is b that counts. */
#define BETWEEN(a, b, part) ((a) * (1 - (part)) + (b) * (part))
#define BILINEAR(a, b, c, d, down, right) BETWEEN(BETWEEN(a, b, right), BETWEEN(c, d, right), down)

/* Four neighbouring bytes are one number, whose first three parts, converted where they stand in it, are these bytes
 * times PLACE: exact, and divided out where it costs least. The fourth byte is not wanted. */
#define PLACE (four){1, 0x1p8, 0x1p16, 1}
INLINE void load_four(const void *x, ptrdiff_t i, int bytes, four *loaded)
{
    typedef int32_t four_ints __attribute__((vector_size(16)));
    int32_t together;
    if (bytes) {
        memcpy(&together, (const uint8_t *)x + i, sizeof together);
        *loaded = __builtin_convertvector(((four_ints){0} + together) & (four_ints){0xFF, 0xFF00, 0xFF0000, 0}, four);
    } else {
        *loaded = LOAD_FOUR((const real *)x + i);
    }
}

INLINE void warp_pixels(const void *restrict x, real *restrict row, const T(frame) *f, const double *matrix,
                        ptrdiff_t i, ptrdiff_t OW, ptrdiff_t C, int bytes)
{
    const double first_u = matrix[0] * (double)i + matrix[2], first_v = matrix[3] * (double)i + matrix[5];
    const ptrdiff_t below = f->W * C;
    for (ptrdiff_t j = 0; j < OW; j++, row += C) {
        const double place_u = limited(first_u + matrix[1] * (double)j, f, f->H);
        const double place_v = limited(first_v + matrix[4] * (double)j, f, f->W);
        const ptrdiff_t u = (ptrdiff_t)(place_u + 1) - 1, v = (ptrdiff_t)(place_v + 1) - 1; /* floors of at least -1 */
        const real down = (real)(place_u - (double)u), right = (real)(place_v - (double)v);
        const ptrdiff_t near = u * below + v * C, under = near + below;
        const int inside = u >= 0 && v >= 0 && u + 1 < f->H && v + 1 < f->W;
        if (inside && C == 3 && (u + 2 < f->H || v + 2 < f->W)) { /* with another pixel behind the last of the four */
            four a, b, c, d;
            load_four(x, near, bytes, &a), load_four(x, near + C, bytes, &b);
            load_four(x, under, bytes, &c), load_four(x, under + C, bytes, &d);
            const four made = BILINEAR(a, b, c, d, down, right);
            STORE_FOUR(row, bytes ? made * (1 / PLACE) : made);
            continue;
        }
        if (inside) {
            for (ptrdiff_t c = 0; c < C; c++)
                row[c] = BILINEAR(get(x, near + c, bytes), get(x, near + C + c, bytes), get(x, under + c, bytes),
                                  get(x, under + C + c, bytes), down, right);
            continue;
        }
        for (ptrdiff_t c = 0; c < C; c++)
            row[c] = BILINEAR(corner(x, f, u, v, c, bytes), corner(x, f, u, v + 1, c, bytes),
                              corner(x, f, u + 1, v, c, bytes), corner(x, f, u + 1, v + 1, c, bytes), down, right);
    }
}

INLINE void warp_row(const void *x, real *row, const T(frame) *f, const double *matrix, ptrdiff_t i, ptrdiff_t OW,
                     int bytes)
{
#define WARP(C) warp_pixels(x, row, f, matrix, i, OW, C, bytes)
    USUAL_CHANNELS(f->C, WARP);
#undef WARP
}

/* --- colours ------------------------------------------------------------------------------------------------ */

INLINE void recolour_pixels(const void *restrict x, void *restrict y, ptrdiff_t pixels, ptrdiff_t C,
                            const real *restrict matrix, const real *restrict offset, int bytes)
{
    for (ptrdiff_t p = 0; p < pixels; p++)
        for (ptrdiff_t k = 0; k < C; k++) {
            real sum = offset[k];
            for (ptrdiff_t c = 0; c < C; c++)
                sum += matrix[k * C + c] * get(x, p * C + c, bytes);
            put(y, p * C + k, sum, bytes);
        }
}

INLINE void recolour(const void *x, void *y, ptrdiff_t pixels, ptrdiff_t C, const real *matrix, const real *offset,
                     int bytes)
{
#define RECOLOUR(C) recolour_pixels(x, y, pixels, C, matrix, offset, bytes)
    USUAL_CHANNELS(C, RECOLOUR);
#undef RECOLOUR
}

/* Bytes are added up in 32 bits and reals in doubles, 48 neighbours apart, so that 1, 2, 3, 4 ... channels make the
 * same vectors; after so many rows of these that 32 bits are nearly full, they join the sums. */
enum { APART = 48, ROWS = 1 << 24 };
#define CHANNEL_SUMS(name, type, wide)                                              \
    static void name(const void *values, double *sum, ptrdiff_t pixels, ptrdiff_t C) \
    {                                                                               \
        const type *x = values;                                                     \
        ptrdiff_t length = pixels * C, i = 0;                                       \
        memset(sum, 0, (size_t)C * sizeof(double));                                 \
        while (APART % C == 0 && length - i >= APART) {                             \
            const ptrdiff_t end = i + min_size(length - i, (ptrdiff_t)ROWS * APART) / APART * APART; \
            wide part[APART] = {0};                                                 \
            for (; i < end; i += APART)                                             \
                for (int l = 0; l < APART; l++)                                     \
                    part[l] += x[i + l];                                            \
            for (int l = 0; l < APART; l++)                                         \
                sum[l % C] += (double)part[l];                                      \
        }                                                                           \
        for (; i < length; i += C)                                                  \
            for (ptrdiff_t c = 0; c < C; c++)                                       \
                sum[c] += (double)x[i + c];                                         \
    }
CHANNEL_SUMS(sum_reals, real, double)
CHANNEL_SUMS(sum_bytes, uint8_t, uint32_t)

/* --- blending ----------------------------------------------------------------------------------------------- */

static void blend_reals(const void *first, const void *second, void *result, ptrdiff_t length, double share)
{
    const real *restrict a = first, *restrict b = second, s = (real)share, rest = (real)(1 - share);
    real *restrict y = result;
    for (ptrdiff_t i = 0; i < length; i++)
        y[i] = s * a[i] + rest * b[i];
}

/* In 16 bits, where a vector holds most: bytes with 8 bits behind the point times shares in 65536ths, of which the
 * upper halves of the products are taken. Both together are 1/256 too small on average, which the rounding pays back.
 * The largest 16 bit number stands for a share of 1, and gives the bytes themselves. */
static void blend_bytes(const void *first, const void *second, void *result, ptrdiff_t length, double share)
{
    const uint8_t *restrict a = first, *restrict b = second;
    uint8_t *restrict y = result;
    const ptrdiff_t parts = (ptrdiff_t)(share * 65536 + 0.5);
    const uint16_t s = (uint16_t)min_size(parts, 65535), rest = (uint16_t)min_size(65536 - parts, 65535);
    for (ptrdiff_t i = 0; i < length; i++) {
        const uint16_t left = (uint16_t)((uint32_t)(uint16_t)(a[i] << 8) * s >> 16);
        const uint16_t right = (uint16_t)((uint32_t)(uint16_t)(b[i] << 8) * rest >> 16);
        y[i] = (uint8_t)((uint16_t)(left + right + 129) >> 8);
    }
}

/* --- the table ------------------------------------------------------------------------------------------------ */

/* name_reals and name_bytes */
#define BOTH(name, parameters, ...)                                    \
    static void name##_reals parameters { name(__VA_ARGS__, 0); }      \
    static void name##_bytes parameters { name(__VA_ARGS__, 1); }

BOTH(mix_rows,
     (const void *x, real *line, ptrdiff_t length, ptrdiff_t step, const real *weight, ptrdiff_t count),
     x, line, length, step, weight, count)
BOTH(finish, (const real *row, void *y, ptrdiff_t length), row, y, length)
BOTH(warp_row,
     (const void *x, real *row, const T(frame) *f, const double *matrix, ptrdiff_t i, ptrdiff_t OW),
     x, row, f, matrix, i, OW)
BOTH(recolour,
     (const void *x, void *y, ptrdiff_t pixels, ptrdiff_t C, const real *matrix, const real *offset),
     x, y, pixels, C, matrix, offset)

const T(augment_kernels) KERNEL_TABLE(augment) = {
    .window_row = window_row,
    .mix_rows = {mix_rows_reals, mix_rows_bytes},
    .mix_columns = mix_columns,
    .finish = {finish_reals, finish_bytes},
    .warp_row = {warp_row_reals, warp_row_bytes},
    .recolour = {recolour_reals, recolour_bytes},
    .channel_sums = {sum_reals, sum_bytes},
    .blend = {blend_reals, blend_bytes},
};
