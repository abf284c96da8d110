/* dropout_kernels.c - Philox for one vector of blocks at a time. */
#include "dropout.h"

#include <string.h>

#include "../core/threads.h"

/* A block's 32-bit words live in 64-bit lanes: the product of two of them needs 64 bits. */
typedef uint64_t vword __attribute__((vector_size(CNNC_VBYTES)));
enum { BLOCKS = CNNC_VBYTES / sizeof(uint64_t), WORDS = 4 * BLOCKS };

/* words[4 b + w] = word w of the block after `block` by b */
static inline void philox4x32(uint64_t block, uint32_t step, uint32_t stream, uint64_t seed, uint32_t *words)
{
    const uint64_t low = 0xFFFFFFFFu;
    vword number;
    for (int b = 0; b < BLOCKS; b++)
        number[b] = block + (uint64_t)b;
    vword c0 = number & low, c1 = number >> 32, c2 = (vword){0} + step, c3 = (vword){0} + stream;
    uint64_t key0 = seed & low, key1 = seed >> 32;
    for (int round = 0; round < 10; round++) {
        vword product0 = c0 * UINT64_C(0xD2511F53), product2 = c2 * UINT64_C(0xCD9E8D57);
        c0 = (product2 >> 32) ^ c1 ^ key0;
        c1 = product2 & low;
        c2 = (product0 >> 32) ^ c3 ^ key1;
        c3 = product0 & low;
        key0 = (key0 + 0x9E3779B9u) & low;
        key1 = (key1 + 0xBB67AE85u) & low;
    }
    for (int b = 0; b < BLOCKS; b++) {
        words[4 * b] = (uint32_t)c0[b];
        words[4 * b + 1] = (uint32_t)c1[b];
        words[4 * b + 2] = (uint32_t)c2[b];
        words[4 * b + 3] = (uint32_t)c3[b];
    }
}

/* Always inlined with constants for `accumulate`, and for n where it is WORDS: plain loops that become vectors. */
static inline __attribute__((always_inline)) void apply(const uint32_t *words, const real *x, real *y, ptrdiff_t n,
                                                        uint32_t threshold, real scale, int accumulate)
{
    real value[WORDS]; /* x is read before y is written, for they may be one array */
    for (ptrdiff_t i = 0; i < n; i++) {
        real scaled = x[i] * scale;
        value[i] = words[i] >= threshold ? scaled : 0;
    }
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] = accumulate ? y[i] + value[i] : value[i];
}

static void dropout(const real *x, real *y, ptrdiff_t length, uint64_t block, uint32_t step, uint32_t stream,
                    uint64_t seed, uint32_t threshold, real scale, int accumulate)
{
    for (ptrdiff_t i = 0; i < length; i += WORDS, block += BLOCKS) {
        uint32_t words[WORDS];
        philox4x32(block, step, stream, seed, words);
        ptrdiff_t n = min_size(WORDS, length - i);
        if (n < WORDS)
            apply(words, x + i, y + i, n, threshold, scale, accumulate);
        else if (accumulate)
            apply(words, x + i, y + i, WORDS, threshold, scale, 1);
        else
            apply(words, x + i, y + i, WORDS, threshold, scale, 0);
    }
}

const T(dropout_kernels) KERNEL_TABLE(dropout) = {.dropout = dropout};
