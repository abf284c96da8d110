/* dropout_kernels.c - Philox for many blocks at a time. The loops over blocks and elements are plain C that compilers
 * turn into vectors: 32 x 32 -> 64 bit products are the one thing that vector extensions cannot say well. */
#include "dropout.h"

#include "../core/threads.h"

enum { BLOCKS = 16, WORDS = 4 * BLOCKS }; /* per turn: enough for whole vectors, few enough for registers */

/* words[4 b + w] = word w of block + b */
static void philox4x32(uint64_t block, uint32_t step, uint32_t stream, uint64_t seed, uint32_t *words)
{
    uint32_t c0[BLOCKS], c1[BLOCKS], c2[BLOCKS], c3[BLOCKS];
    for (int b = 0; b < BLOCKS; b++) {
        c0[b] = (uint32_t)(block + (uint64_t)b);
        c1[b] = (uint32_t)((block + (uint64_t)b) >> 32);
        c2[b] = step;
        c3[b] = stream;
    }
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        for (int b = 0; b < BLOCKS; b++) {
            uint64_t product0 = (uint64_t)c0[b] * 0xD2511F53u, product2 = (uint64_t)c2[b] * 0xCD9E8D57u;
            c0[b] = (uint32_t)(product2 >> 32) ^ c1[b] ^ key0;
            c1[b] = (uint32_t)product2;
            c2[b] = (uint32_t)(product0 >> 32) ^ c3[b] ^ key1;
            c3[b] = (uint32_t)product0;
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    for (int b = 0; b < BLOCKS; b++) {
        words[4 * b] = c0[b];
        words[4 * b + 1] = c1[b];
        words[4 * b + 2] = c2[b];
        words[4 * b + 3] = c3[b];
    }
}

static void dropout(const real *x, real *y, ptrdiff_t length, uint64_t block, uint32_t step, uint32_t stream,
                    uint64_t seed, uint32_t threshold, real scale, int accumulate)
{
    for (ptrdiff_t start = 0; start < length; start += WORDS, block += BLOCKS) {
        uint32_t words[WORDS];
        philox4x32(block, step, stream, seed, words);
        ptrdiff_t n = min_size(WORDS, length - start);
        for (ptrdiff_t i = 0; i < n; i++) {
            real value = words[i] >= threshold ? x[start + i] * scale : 0;
            y[start + i] = accumulate ? y[start + i] + value : value;
        }
    }
}

const T(dropout_kernels) KERNEL_TABLE(dropout) = {.dropout = dropout};
