/* isa.c - which instruction set levels this CPU and operating system support. */
#include "isa.h"

int cnnc_isa_current = -1; /* set by the constructor below, before anything can call in */

static const char *const names[] = {
#define LEVEL_NAME(level, unused) #level,
    CNNC_LEVELS(LEVEL_NAME, )
};

/* __builtin_cpu_supports asks cpuid and xgetbv: it says yes only if the operating system saves the registers. */
int cnnc_isa_supported(int level)
{
    if (level == ISA_baseline)
        return 1;
#if defined(__x86_64__) && !defined(CNNC_BASELINE_ONLY)
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (level == ISA_avx2)
        return avx2;
    if (level == ISA_avx512)
#ifdef CNNC_EMULATE_AVX512 /* this level was compiled to AVX2 code in the shape of AVX-512, for tests */
        return avx2;
#else
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
#endif
    return 0;
}

__attribute__((constructor)) static void choose_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    int level = ISA_COUNT - 1;
    while (!cnnc_isa_supported(level))
        level--;
    cnnc_isa_current = level;
}

int cnnc_isa_count(void) { return ISA_COUNT; }

const char *cnnc_isa_name(int level) { return level >= 0 && level < ISA_COUNT ? names[level] : "unknown"; }

int cnnc_isa_level(void) { return cnnc_isa_current; }

int cnnc_isa_set(int level)
{
    if (level < 0 || level >= ISA_COUNT || !cnnc_isa_supported(level))
        return -1;
    cnnc_isa_current = level;
    return 0;
}
