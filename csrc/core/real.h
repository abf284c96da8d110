/* real.h - the element type of this translation unit. Every family is compiled once with real = float and
 * once with real = double (CNNC_DOUBLE); T(name) names this build's variant of a symbol, ARGS(op) and
 * OP(op) the argument struct and the function of an operation declared in cnnc.h. */
#ifndef CNNC_REAL_H
#define CNNC_REAL_H

#include "../cnnc.h"

#ifdef CNNC_DOUBLE
typedef double real;
#define T(name) name##_f64
#define ARGS(op) struct cnnc_##op##_f64
#define OP(op) cnnc_##op##_f64
#define OP_SCRATCH(op) cnnc_##op##_f64_scratch
#else
typedef float real;
#define T(name) name##_f32
#define ARGS(op) struct cnnc_##op##_f32
#define OP(op) cnnc_##op##_f32
#define OP_SCRATCH(op) cnnc_##op##_f32_scratch
#endif

/* An operation that needs no scratch says so in one line. */
#define NO_SCRATCH(op)                                       \
    size_t OP_SCRATCH(op)(const ARGS(op) *a, int threads)    \
    {                                                        \
        (void)a, (void)threads;                              \
        return 0;                                            \
    }

#endif
