/* simd_math.h - exp, expm1, log, log1p, pow, sqrt, tanh, sigmoid and erf of a vector. For kernel sources only.
 *
 * float32: polynomials of our own, fitted for the smallest largest relative error. Right for +-0, denormals
 * (in and out), +-inf and NaN. Largest errors measured, in ulp: exp and expm1 1.1, log 0.9, log1p 2.0, sigmoid 2.4,
 * tanh 5.7 (near 1), erf 5.9, pow(x, y) 1.1 (2 + |y log x|); sqrt is the nearest number.
 * float64: the C library, lane by lane: that build is for checking, not for speed.
 */
#ifndef CNNC_SIMD_MATH_H
#define CNNC_SIMD_MATH_H

#include "simd.h"

/* The body of a function that is an expression of vectors, in which `zero` is one of zeros: it need not use that nor
 * its `setting`, a scalar. */
#define RETURN_VECTOR(setting, ...)        \
    {                                      \
        const vreal zero = {0};            \
        (void)(setting), (void)zero;       \
        return __VA_ARGS__;                \
    }

static inline vreal vabs(vreal x) { return (vreal)((vint)x & ~(vint)splat(-0.0f)); }

#ifdef CNNC_DOUBLE

#define LANE_BY_LANE(vname, name)      \
    static inline vreal vname(vreal x) \
    {                                  \
        for (int l = 0; l < VL; l++)   \
            x[l] = name(x[l]);         \
        return x;                      \
    }
LANE_BY_LANE(vexp, exp)
LANE_BY_LANE(vexpm1_negative, expm1)
LANE_BY_LANE(vlog1p_unit, log1p)
LANE_BY_LANE(vtanh, tanh)
LANE_BY_LANE(verf, erf)
LANE_BY_LANE(vlog, log)

#else

/* x = k ln 2 + r with |r| <= ln(2) / 2: returns exp(r) - 1 and k. |x| < 2^20; a NaN gives NaN and any k. */
static inline vreal expm1_reduced(vreal x, vint *k)
{
    const vreal shift = splat(0x1.8p23f); /* adding it rounds to an integer and leaves that in the low bits */
    vreal shifted = x * 1.44269504f + shift;
    vreal whole = shifted - shift;
    *k = (vint)shifted - (vint)shift;
    vreal r = x - whole * 0.693359375f; /* ln 2 in two parts: the first has 9 bits, so the product is exact */
    r = r + whole * 2.12194440e-4f;
    vreal q = r * 1.38825110e-3f + 8.36654744e-3f;
    q = q * r + 4.16672008e-2f;
    q = q * r + 1.66665434e-1f;
    q = q * r + 4.99999981e-1f;
    return r * r * q + r;
}

static inline vreal power_of_2(vint k) { return (vreal)((k + 127) << 23); } /* -127 < k < 128 */

static inline vreal vexp(vreal x)
{
    vint k;
    x = select(x > 89.0f, splat(89.0f), x);     /* exp(89) is inf, exp(-105) is 0 */
    x = select(x < -105.0f, splat(-105.0f), x);
    vreal y = expm1_reduced(x, &k) + 1.0f;
    vint half = k >> 1; /* 2^k in two factors: k reaches 128, and -151 where results are denormal */
    return y * power_of_2(half) * power_of_2(k - half);
}

/* exp(x) - 1 for x <= 0 or NaN; something for x > 0 */
static inline vreal vexpm1_negative(vreal x)
{
    vint k;
    x = select(x > 0.0f, splat(0.0f), x);
    x = select(x < -30.0f, splat(-30.0f), x); /* -1 from here on */
    vreal y = expm1_reduced(x, &k);
    vreal scale = power_of_2(k);
    return y * scale + (scale - 1.0f);
}

/* log(1 + x) for 0 <= x <= 1 or NaN: 2 artanh(s) with s = x / (2 + x) <= 1/3, an odd polynomial */
static inline vreal vlog1p_unit(vreal x)
{
    vreal s = x / (x + 2.0f), t = s * s;
    vreal p = t * 1.40059960e-1f + 1.40009021e-1f;
    p = p * t + 2.00107636e-1f;
    p = p * t + 3.33332081e-1f;
    s = s + s;
    return s * t * p + s;
}

/* y cut off at 1 and -1 */
static inline vreal at_most_1(vreal y)
{
    vint sign = (vint)y & (vint)splat(-0.0f);
    return select(vabs(y) > 1.0f, (vreal)((vint)splat(1.0f) | sign), y);
}

/* x P(x^2) / Q(x^2), all coefficients positive, so nothing cancels. Past |x| = 9.02, where tanh rounds to 1,
 * P / Q stays what it is there and x grows: the quotient passes 1 and is cut off. */
static inline vreal vtanh(vreal x)
{
    vreal t = x * x;
    t = select(t > 81.36f, splat(81.36f), t);
    vreal p = t * 1.33841821e-8f + 2.06357414e-5f;
    vreal q = t * 7.79020381e-7f + 3.28850924e-4f;
    p = p * t + 3.49745271e-3f;
    q = q * t + 2.58843420e-2f;
    p = p * t + 1.33826831e-1f;
    q = q * t + 4.67160043e-1f;
    p = p * t + 1.0f;
    q = q * t + 1.0f;
    return at_most_1(x * p / q);
}

/* As tanh; erf rounds to 1 past |x| = 3.92. */
static inline vreal verf(vreal x)
{
    vreal t = x * x;
    t = select(t > 15.37f, splat(15.37f), t);
    vreal p = t * 2.05009126e-6f + 2.84881258e-4f;
    vreal q = t * 3.80916811e-5f + 1.16252260e-3f;
    p = p * t + 3.76556579e-3f;
    q = q * t + 1.49691130e-2f;
    p = p * t + 5.27485604e-2f;
    q = q * t + 1.14108629e-1f;
    p = p * t + 1.90405322e-1f;
    q = q * t + 5.02075064e-1f;
    p = p * t + 1.12837915f;
    q = q * t + 1.0f;
    return at_most_1(x * p / q);
}

/* x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). With s = f / (2 + f), log(1 + f) = log((1 + s) / (1 - s))
 * = 2 s + s R(s^2), whose series needs four terms; written as f - f s + s R, which is exact where f is small. */
static inline vreal vlog(vreal x)
{
    vint small = x < 0x1p-126f; /* a denormal, or nothing that has a logarithm */
    vint bits = (vint)select(small, x * 0x1p24f, x);
    vint k = (bits - 0x3f3504f3) >> 23; /* the bits of sqrt(1/2) */
    vreal f = (vreal)(bits - (k << 23)) - 1.0f, s = f / (f + 2.0f), z = s * s;
    vreal r = z * 2.22222222e-1f + 2.85714286e-1f;
    r = r * z + 4.00000000e-1f;
    r = r * z + 6.66666667e-1f;
    r = r * z;
    vreal whole = __builtin_convertvector(k - (small & 24), vreal), half = f * f * 0.5f;
    vreal y = whole * 0.693359375f + (f - (half - (s * (half + r) - whole * 2.12194440e-4f)));
    y = select(x < (real)INFINITY, y, x); /* infinity and NaN */
    y = select(x > 0.0f, y, select(x == 0.0f, splat(-(real)INFINITY), splat((real)NAN)));
    return select(x == x, y, x);
}

#endif

/* x^y for x > 0 */
static inline vreal vpow(vreal x, real y) { return vexp(vlog(x) * y); }

static inline vreal vsqrt(vreal x)
{
    for (int l = 0; l < VL; l++) /* becomes one instruction */
        x[l] = (real)__builtin_sqrt(x[l]);
    return x;
}

/* 1 / (1 + exp(-x)); for x < 0 as exp(x) / (1 + exp(x)), which keeps all digits of small results */
static inline vreal vsigmoid(vreal x)
{
    vreal e = vexp(-vabs(x));
    return select(x < 0.0f, e, splat(1.0f)) / (1.0f + e);
}

#endif
