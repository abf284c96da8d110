/* dropout_kernels.c - Philox for one vector of blocks at a time. */
#include "dropout.h"

#include "../core/simd.h"
#include "../core/threads.h"

/* A block's 32-bit words live in 64-bit lanes: the product of two of them needs 64 bits. */
typedef uint64_t vword __attribute__((vector_size(CNNC_VBYTES)));
enum { BLOCKS = CNNC_VBYTES / sizeof(uint64_t), WORDS = 4 * BLOCKS };
typedef uint32_t vuint32 __attribute__((vector_size(VL * sizeof(uint32_t))));

/* Volatile, so that the compiler does not see them: it would write each product as a long chain of shifts and sums. */
static const volatile uint64_t MULTIPLIERS[2] = {0xD2511F53, 0xCD9E8D57};

/* words[4 b + w] = word w of the block after `block` by b */
static inline void philox4x32(vword multiplier0, vword multiplier2, uint64_t block, uint32_t step,
                              uint32_t stream, uint64_t seed, uint32_t *words)
{
    const uint64_t low = 0xFFFFFFFFu;
    vword number;
    for (int b = 0; b < BLOCKS; b++)
        number[b] = block + (uint64_t)b;
    vword c0 = number & low, c1 = number >> 32, c2 = (vword){0} + step, c3 = (vword){0} + stream;
    uint64_t key0 = seed & low, key1 = seed >> 32;
    for (int round = 0; round < 10; round++) {
        vword product0 = c0 * multiplier0, product2 = c2 * multiplier2;
        c0 = (product2 >> 32) ^ c1 ^ key0;
        c1 = product2 & low;
        c2 = (product0 >> 32) ^ c3 ^ key1;
        c3 = product0 & low;
        key0 = (key0 + 0x9E3779B9u) & low;
        key1 = (key1 + 0xBB67AE85u) & low;
    }
    const vword first = c0 | c1 << 32, second = c2 | c3 << 32; /* two words each, as little-endian memory has them */
    for (int b = 0; b < BLOCKS; b++) {
        uint64_t halves[2] = {first[b], second[b]};
        memcpy(words + 4 * b, halves, sizeof halves);
    }
}

static void dropout(const real *x, real *y, ptrdiff_t length, uint64_t block, uint32_t step, uint32_t stream,
                    uint64_t seed, uint32_t threshold, real scale, int accumulate)
{
    const vword multiplier0 = (vword){0} + MULTIPLIERS[0], multiplier2 = (vword){0} + MULTIPLIERS[1];
    for (ptrdiff_t start = 0; start < length; start += WORDS, block += BLOCKS, x += WORDS, y += WORDS) {
        uint32_t words[WORDS];
        philox4x32(multiplier0, multiplier2, block, step, stream, seed, words);
        EACH_VECTOR(i, n, min_size(WORDS, length - start),
                    vuint32 word;
                    memcpy(&word, words + i, sizeof word);
                    vint keep = __builtin_convertvector(word >= threshold, vint);
                    vreal value = select(keep, load_n(x + i, n) * scale, (vreal){0});
                    store_n(y + i, accumulate ? load_n(y + i, n) + value : value, n););
    }
}

const T(dropout_kernels) KERNEL_TABLE(dropout) = {.dropout = dropout};
