/* threads.h - the one place that knows about OpenMP. Loops over threads stand in <family>.c only, written as
 *
 *     TEAM_FOR(static, team(threads, flops), i, end, step, {
 *         ...
 *     });
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

/* for (i = 0; i < end; i += step) { ... } by `crew` threads, `how` being OpenMP's schedule: static, so that the same
 * thread finds in its cache what it left there in the step before, or dynamic, for uneven parts. One thread enters no
 * parallel region, which would cost it a third of a microsecond: more than some steps for one image. */
#define CNNC_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define TEAM_FOR(how, crew, i, end, step, ...)                                     \
    do {                                                                           \
        const ptrdiff_t end_##i = (end);                                           \
        const int crew_##i = (crew);                                               \
        if (crew_##i <= 1 || end_##i <= (step)) {                                  \
            for (ptrdiff_t i = 0; i < end_##i; i += (step))                        \
                __VA_ARGS__                                                        \
        } else {                                                                   \
            CNNC_PRAGMA(omp parallel for num_threads(crew_##i) schedule(how))      \
            for (ptrdiff_t i = 0; i < end_##i; i += (step))                        \
                __VA_ARGS__                                                        \
        }                                                                          \
    } while (0)

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
