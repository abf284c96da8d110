/* local_response.c - threads over pixels. */
#include "local_response.h"

#include "../core/threads.h"

static ptrdiff_t chunk_pixels(ptrdiff_t C) { return ceil_div(CHUNK, C); }

/* What a thread needs: `buffers` buffers. */
static size_t room_bytes(ptrdiff_t C, ptrdiff_t window, int buffers)
{
    return cache_lines((size_t)(buffers * response_room(C, window)) * sizeof(real));
}

static T(response) response_of(ptrdiff_t C, ptrdiff_t window, double alpha, double power, double k)
{
    return (T(response)){C, window, (real)(alpha / (double)window), (real)power, (real)k};
}

int OP(local_response)(const ARGS(local_response) *a, void *scratch, int threads)
{
    const double work = (double)(a->M * a->C) * (double)(a->window + 10);
    const T(local_response_kernels) *kernels = KERNELS(local_response);
    const T(response) r = response_of(a->C, a->window, a->alpha, a->power, a->k);
    const ptrdiff_t chunk = chunk_pixels(a->C);
    const size_t bytes = room_bytes(a->C, a->window, 1);
    /* over chunks of pixels, which know nothing of each other */
    TEAM_FOR(static, team(threads, work), m, a->M, chunk, {
        kernels->forward(a->x + m * a->C, a->y + m * a->C, min_size(chunk, a->M - m), r,
                         (real *)((char *)scratch + (size_t)thread_number() * bytes));
    });
    return 0;
}

size_t OP_SCRATCH(local_response)(const ARGS(local_response) *a, int threads)
{
    return (size_t)threads * room_bytes(a->C, a->window, 1);
}

int OP(local_response_dx)(const ARGS(local_response_dx) *a, void *scratch, int threads)
{
    const double work = (double)(a->M * a->C) * (double)(a->window + 10);
    const T(local_response_kernels) *kernels = KERNELS(local_response);
    const T(response) r = response_of(a->C, a->window, a->alpha, a->power, a->k);
    const ptrdiff_t chunk = chunk_pixels(a->C);
    const size_t bytes = room_bytes(a->C, a->window, 3);
    /* over chunks of pixels, as above */
    TEAM_FOR(static, team(threads, 2 * work), m, a->M, chunk, {
        kernels->backward(a->dy + m * a->C, a->x + m * a->C, a->dx + m * a->C, min_size(chunk, a->M - m), r,
                          a->accumulate != 0, (real *)((char *)scratch + (size_t)thread_number() * bytes));
    });
    return 0;
}

size_t OP_SCRATCH(local_response_dx)(const ARGS(local_response_dx) *a, int threads)
{
    return (size_t)threads * room_bytes(a->C, a->window, 3);
}
