/* tiles.h - the sizes of register tiles, for kernels that compute products.
 *
 * Two vectors x 6 need 12 sums + 2 of B + 1 of A: 16 registers. With 32 there is room for 12. One vector wide, 10
 * sums keep both multipliers of a core busy through their latency, and 10 addresses still fit into registers. */
#ifndef CNNC_TILES_H
#define CNNC_TILES_H

#if defined(__AVX512F__) || defined(__aarch64__) || CNNC_VBYTES == 64
enum { MR1 = 12, MR2 = 12 };
#define EVERY_TILE1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#define EVERY_TILE2(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
enum { MR1 = 10, MR2 = 6 };
#define EVERY_TILE1(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10)
#define EVERY_TILE2(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

/* Some steps of a reduction at a time: a core that shares its decoder with another thread is held up by every
 * instruction that is not a product. Not where code is only checked, which compiles in half the time. */
#if defined(__SANITIZE_ADDRESS__) || defined(CNNC_EMULATE_AVX512)
#define STEPS
#else
#define STEPS _Pragma("GCC unroll 8")
#endif

#endif
