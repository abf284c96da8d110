/* program.c - replay of recorded steps. */
#include <time.h>

#include "../cnnc.h"

double cnnc_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

ptrdiff_t cnnc_run_timed(const cnnc_step *steps, ptrdiff_t count, void *scratch, int threads, double *times)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const double start = cnnc_seconds();
        if (steps[i].run(steps[i].args, scratch, threads))
            return i;
        times[i] = cnnc_seconds() - start;
    }
    return count;
}

ptrdiff_t cnnc_run(const cnnc_step *steps, ptrdiff_t count, void *scratch, int threads, int (*interrupted)(void))
{
    double asked = cnnc_seconds();
    for (ptrdiff_t i = 0; i < count; i++) {
        if (steps[i].run(steps[i].args, scratch, threads))
            return i;
        if (interrupted && i + 1 < count && cnnc_seconds() - asked > 0.05) {
            if (interrupted())
                return i + 1;
            asked = cnnc_seconds();
        }
    }
    return count;
}
