/* simd.h - a thin vector of reals on GNU C vector extensions (GCC, Clang). The compiler lowers it to the
 * level's registers: CNNC_VBYTES is 16 (SSE2, NEON), 32 (AVX2) or 64 (AVX-512). No intrinsics: +, *, <
 * work on vectors and on a vector with a scalar (which is broadcast), a * b + c becomes one FMA where there
 * is one. For kernel sources only. */
#ifndef CNNC_SIMD_H
#define CNNC_SIMD_H

#include <math.h>
#include <string.h>

#include "isa.h"

#define INLINE static inline __attribute__((always_inline)) /* so that sizes of tiles are constants */
#define UNROLL _Pragma("GCC unroll 16")                     /* loops over what registers hold */

enum { VL = CNNC_VBYTES / sizeof(real) }; /* lanes */

#ifdef CNNC_DOUBLE
typedef int64_t lane_int;
#else
typedef int32_t lane_int;
#endif

typedef real vreal __attribute__((vector_size(CNNC_VBYTES)));
typedef lane_int vint __attribute__((vector_size(CNNC_VBYTES)));
/* the same vector at any element address; it may alias the array it is read from */
typedef real vreal_u __attribute__((vector_size(CNNC_VBYTES), aligned(sizeof(real)), may_alias));

static inline vreal load(const real *p) { return *(const vreal_u *)p; }
static inline void store(real *p, vreal v) { *(vreal_u *)p = v; }
static inline vreal splat(real s) { return s - (vreal){0}; }

/* The first n < VL lanes; the others read as 0 and are not written. Moved in powers of two: a memcpy of a
 * length that is not constant would be a call. */
#define CNNC_PART(n, MOVE)                \
    do {                                  \
        if (VL > 8 && (n) & 8) { MOVE(8) } \
        if (VL > 4 && (n) & 4) { MOVE(4) } \
        if (VL > 2 && (n) & 2) { MOVE(2) } \
        if ((n) & 1) { MOVE(1) }           \
    } while (0)
static inline vreal load_part(const real *p, ptrdiff_t n)
{
    real lanes[VL] = {0}, *to = lanes;
#define CNNC_MOVE(count) memcpy(to, p, (count) * sizeof(real)), to += (count), p += (count);
    CNNC_PART(n, CNNC_MOVE);
#undef CNNC_MOVE
    return load(lanes);
}
static inline void store_part(real *p, vreal v, ptrdiff_t n)
{
    real lanes[VL], *from = lanes;
    store(lanes, v);
#define CNNC_MOVE(count) memcpy(p, from, (count) * sizeof(real)), from += (count), p += (count);
    CNNC_PART(n, CNNC_MOVE);
#undef CNNC_MOVE
}

/* the first n lanes, 1 <= n <= VL: where the compiler knows n = VL, a plain load or store */
static inline vreal load_n(const real *p, ptrdiff_t n) { return n == VL ? load(p) : load_part(p, n); }
static inline void store_n(real *p, vreal v, ptrdiff_t n)
{
    if (n == VL)
        store(p, v);
    else
        store_part(p, v, n);
}

/* Runs the statements for i = 0, VL, 2 VL ... < length, with n = the number of lanes that are there: VL, and
 * once in the end what is left. The same vector code computes both, so that no element's bits depend on its place. */
#define EACH_VECTOR(i, n, length, ...)                     \
    do {                                                   \
        ptrdiff_t i = 0, n = VL;                           \
        for (; i + VL <= (length); i += VL) { __VA_ARGS__ } \
        n = (length) - i;                                  \
        if (n > 0) { __VA_ARGS__ }                         \
    } while (0)

/* mask lanes are all ones (yes) or all zeros, as comparisons give them */
static inline vreal select(vint mask, vreal yes, vreal no) { return (vreal)((mask & (vint)yes) | (~mask & (vint)no)); }

/* yes in lanes 0 .. n-1 */
static inline vint first_lanes(ptrdiff_t n)
{
    vint lane;
    for (int l = 0; l < VL; l++)
        lane[l] = l;
    return lane < (lane_int)n;
}

/* lanes added up in a fixed order: the vector's 16-byte parts first, which takes fewer steps than lane by lane */
typedef real vpart __attribute__((vector_size(16)));
static inline real sum_lanes(vreal v)
{
    vpart parts[CNNC_VBYTES / 16];
    memcpy(parts, &v, sizeof v);
    for (int i = 1; i < CNNC_VBYTES / 16; i++)
        parts[0] += parts[i];
    real sum = parts[0][0];
    for (int l = 1; l < (int)(16 / sizeof(real)); l++)
        sum += parts[0][l];
    return sum;
}

#endif
