/* threads.h - the one place that knows about OpenMP. Pragmas stand in <family>.c only, written as
 *
 *     #pragma omp parallel for num_threads(team(threads, flops)) schedule(static)
 *
 * Work is cut by shape, never by the number of threads: a loop body must compute the same numbers whoever
 * runs it. Sums over the parallel axis go into a fixed number of slots, added up in a fixed order.
 */
#ifndef CNNC_THREADS_H
#define CNNC_THREADS_H

#include <stddef.h>

#ifdef _OPENMP
int omp_get_thread_num(void); /* not omp.h: Clang's includes all of stdlib.h, whose select() is not simd.h's */
static inline int thread_number(void) { return omp_get_thread_num(); }
#else
static inline int thread_number(void) { return 0; }
#endif

/* Waking the team costs a few microseconds: `work`, in vector-friendly element operations, must be worth it. */
enum { SERIAL_WORK = 32768 };
static inline int team(int threads, double work) { return work < SERIAL_WORK ? 1 : threads; }

/* Element-wise work is cut into chunks of this many elements: a multiple of every vector and of a cache line. */
enum { CHUNK = 4096 };

/* Scratch is carved into parts of whole cache lines, so that no two threads share one. */
static inline size_t cache_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

static inline ptrdiff_t min_size(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t max_size(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static inline ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }

#endif
