/* dropout.c - threads over chunks of elements. */
#include "dropout.h"

#include "../core/threads.h"

int OP(dropout)(const ARGS(dropout) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(dropout_kernels) *kernels = KERNELS(dropout);
    uint64_t seed = a->rng[0];
    uint32_t step = (uint32_t)a->rng[1], threshold = (uint32_t)(a->rate * 0x1p32);
    real scale = (real)(1 / (1 - a->rate));
    /* over chunks of the flat array, whole Philox blocks each; a random word costs about 10 additions */
    TEAM_FOR(static, team(threads, 10 * (double)a->LENGTH), i, a->LENGTH, CHUNK, {
        kernels->dropout(a->x + i, a->y + i, min_size(CHUNK, a->LENGTH - i), (uint64_t)i / 4, step,
                         (uint32_t)a->stream, seed, threshold, scale, a->accumulate != 0);
    });
    return 0;
}
NO_SCRATCH(dropout)
