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

static inline ptrdiff_t min_size(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t max_size(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static inline ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }

/* What is left of one thread's part of a loop; a cache line of its own. */
typedef struct {
    _Alignas(64) ptrdiff_t next;
    ptrdiff_t past;
} part_left;

static inline void cut_evenly(part_left *parts, int crew, ptrdiff_t end, ptrdiff_t step)
{
    const ptrdiff_t turns = ceil_div(end, step);
    for (int t = 0; t < crew; t++)
        parts[t] = (part_left){turns * t / crew * step, min_size(turns * (t + 1) / crew * step, end)};
}

static inline ptrdiff_t take_turn(part_left *of, ptrdiff_t step)
{
    return __atomic_fetch_add(&of->next, step, __ATOMIC_RELAXED);
}

/* for (i = 0; i < end; i += step) { ... } by `crew` threads. One thread enters no parallel region, which would cost it
 * a third of a microsecond: more than some steps for one image.
 *
 * The range is cut evenly, and a thread begins with the part that is its own: it finds in its caches what it left there
 * in the loop before. TEAM_FOR(static, ...) leaves it at that. In TEAM_FOR(dynamic, ...), for uneven work, who is done
 * goes on with what is left of the others' parts. (OpenMP's dynamic schedule hands out turns to whoever comes first:
 * where threads do not share a cache, as on processors made of several dies, half of what they touch is then
 * another's, and two threads were seen to be slower than one.) */
#define CNNC_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define TEAM_FOR(how, crew, i, end, step, ...)                                      \
    do {                                                                            \
        const ptrdiff_t end_##i = (end), step_##i = (step);                         \
        const int crew_##i = (crew);                                                \
        if (crew_##i <= 1 || end_##i <= step_##i) {                                 \
            for (ptrdiff_t i = 0; i < end_##i; i += step_##i)                       \
                __VA_ARGS__                                                         \
        } else {                                                                    \
            CNNC_TEAM_##how(crew_##i, i, end_##i, step_##i, __VA_ARGS__)            \
        }                                                                           \
    } while (0)
#define CNNC_TEAM_static(crew, i, end, step, ...)                                   \
    CNNC_PRAGMA(omp parallel for num_threads(crew) schedule(static))                \
    for (ptrdiff_t i = 0; i < end; i += step)                                       \
        __VA_ARGS__
#define CNNC_TEAM_dynamic(crew, i, end, step, ...)                                  \
    part_left left_##i[crew];                                                       \
    cut_evenly(left_##i, crew, end, step);                                          \
    CNNC_PRAGMA(omp parallel num_threads(crew))                                     \
    for (int turn_##i = 0; turn_##i < crew; turn_##i++) {                           \
        part_left *of_##i = &left_##i[(thread_number() + turn_##i) % crew];         \
        for (ptrdiff_t i; (i = take_turn(of_##i, step)) < of_##i->past;)            \
            __VA_ARGS__                                                             \
    }

/* Waking the team costs a few microseconds: `work`, in vector-friendly element operations, must be worth it. */
enum { SERIAL_WORK = 32768 };
static inline int team(int threads, double work) { return work < SERIAL_WORK ? 1 : threads; }

/* Element-wise work is cut into chunks of this many elements: a multiple of every vector and of a cache line. */
enum { CHUNK = 4096 };

/* Scratch is carved into parts of whole cache lines, so that no two threads share one. */
static inline size_t cache_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

#endif
