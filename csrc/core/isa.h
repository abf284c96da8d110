/* isa.h - instruction set levels, and how a family finds its kernels for the level in force.
 *
 * A <family>_kernels.c is compiled once per level (float32; float64 at the baseline only) and exports one
 * const table of function pointers and tile sizes:
 *
 *     const T(pool_kernels) KERNEL_TABLE(pool) = { .max_row = max_row, ... };
 *
 * and the family's loops fetch it with KERNELS(pool)->max_row(...), after DECLARE_KERNELS(pool) in the
 * family's header. To add a level: a line in LEVELS here, its detection in isa.c, its compiler flags in build.py.
 */
#ifndef CNNC_ISA_H
#define CNNC_ISA_H

#include "real.h"

#if defined(__x86_64__) && !defined(CNNC_BASELINE_ONLY)
#define CNNC_LEVELS(X, ...) X(baseline, __VA_ARGS__) X(avx2, __VA_ARGS__) X(avx512, __VA_ARGS__)
#else
#define CNNC_LEVELS(X, ...) X(baseline, __VA_ARGS__)
#endif

enum {
#define CNNC_LEVEL_ENUM(level, unused) ISA_##level,
    CNNC_LEVELS(CNNC_LEVEL_ENUM, )
#undef CNNC_LEVEL_ENUM
    ISA_COUNT
};

extern int cnnc_isa_current; /* read by KERNELS; written by cnnc_isa_set only */

#define CNNC_PASTE(a, b) a##_##b
#define CNNC_PASTE2(a, b) CNNC_PASTE(a, b)

/* Inside a kernel source: the name of its table at the level being compiled. */
#define KERNEL_TABLE(family) CNNC_PASTE2(T(family##_kernels), CNNC_LEVEL)

#ifdef CNNC_DOUBLE
#define DECLARE_KERNELS(family)                                             \
    extern const T(family##_kernels) CNNC_PASTE2(T(family##_kernels), baseline);  \
    static inline const T(family##_kernels) *family##_kernels_now(void)     \
    {                                                                       \
        return &CNNC_PASTE2(T(family##_kernels), baseline);                 \
    }
#else
#define CNNC_EXTERN_TABLE(level, family) extern const T(family##_kernels) CNNC_PASTE2(T(family##_kernels), level);
#define CNNC_TABLE_ADDRESS(level, family) &CNNC_PASTE2(T(family##_kernels), level),
#define DECLARE_KERNELS(family)                                             \
    CNNC_LEVELS(CNNC_EXTERN_TABLE, family)                                  \
    static inline const T(family##_kernels) *family##_kernels_now(void)     \
    {                                                                       \
        static const T(family##_kernels) *const tables[] = {CNNC_LEVELS(CNNC_TABLE_ADDRESS, family)}; \
        return tables[cnnc_isa_current];                                    \
    }
#endif
#define KERNELS(family) family##_kernels_now()

#endif
