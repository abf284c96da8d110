/* optim.c - threads over chunks of the parameters. */
#include "optim.h"

#include "../core/threads.h"

int OP(sgd)(const ARGS(sgd) *a, void *scratch, int threads)
{
    (void)scratch, (void)threads;
    const T(optim_kernels) *kernels = KERNELS(optim);
    /* over chunks of the flat arrays: parameters know nothing of each other */
    #pragma omp parallel for num_threads(team(threads, 3 * (double)a->LENGTH)) schedule(static)
    for (ptrdiff_t i = 0; i < a->LENGTH; i += CHUNK)
        kernels->sgd(a->grad + i, a->param + i, a->velocity ? a->velocity + i : NULL, min_size(CHUNK, a->LENGTH - i),
                     (real)a->lr[0], (real)a->momentum, (real)a->weight_decay, a->nesterov != 0);
    return 0;
}
NO_SCRATCH(sgd)
