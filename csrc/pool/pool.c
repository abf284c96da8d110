/* pool.c - threads over bands of output rows: y's forward, dx's backward. */
#include "pool.h"

#include "../activation/activation.h"
#include "../core/threads.h"

/* A band is what one task computes: rows of one image, about CHUNK elements. Cut by shape alone, evenly. */
typedef struct {
    ptrdiff_t rows, per_band, bands; /* of one image */
} banding;

static banding cut_rows(ptrdiff_t rows, ptrdiff_t row_elements)
{
    ptrdiff_t per_band = ceil_div(rows, ceil_div(rows * row_elements, CHUNK));
    return (banding){rows, per_band, ceil_div(rows, per_band)};
}

static ptrdiff_t first_row(banding b, ptrdiff_t band) { return band % b.bands * b.per_band; }
static ptrdiff_t last_row(banding b, ptrdiff_t band) { return min_size(b.rows, first_row(b, band) + b.per_band); }

int OP(max_pool2d)(const ARGS(max_pool2d) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(pool_kernels) *kernels = KERNELS(pool);
    banding b = cut_rows(a->OH, a->OW * a->C);
    double work = 2.0 * (double)(a->N * a->OH * a->OW) * (double)(a->C * a->KH * a->KW);
    /* over bands of y's rows in all images: each is computed from x alone */
    TEAM_FOR(static, team(threads, work), band, a->N * b.bands, 1, {
        kernels->max_rows(a, band / b.bands, first_row(b, band), last_row(b, band));
    });
    return 0;
}
NO_SCRATCH(max_pool2d)

int OP(max_pool2d_dx)(const ARGS(max_pool2d_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(pool_kernels) *kernels = KERNELS(pool);
    banding b = cut_rows(a->H, a->W * a->C);
    double work = 2.0 * (double)(a->N * a->OH * a->OW) * (double)(a->C * a->KH * a->KW);
    /* over bands of dx's rows in all images: each collects from the windows that cover it */
    TEAM_FOR(static, team(threads, work), band, a->N * b.bands, 1, {
        kernels->max_dx_rows(a, band / b.bands, first_row(b, band), last_row(b, band));
    });
    return 0;
}
NO_SCRATCH(max_pool2d_dx)

int OP(avg_pool2d)(const ARGS(avg_pool2d) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(pool_kernels) *kernels = KERNELS(pool);
    banding b = cut_rows(a->OH, a->OW * a->C);
    double work = (double)(a->N * a->OH * a->OW) * (double)(a->C * a->KH * a->KW);
    /* over bands of y's rows in all images, as for the maximum */
    TEAM_FOR(static, team(threads, work), band, a->N * b.bands, 1, {
        kernels->avg_rows(a, band / b.bands, first_row(b, band), last_row(b, band));
    });
    return 0;
}
NO_SCRATCH(avg_pool2d)

int OP(avg_pool2d_dx)(const ARGS(avg_pool2d_dx) *a, void *scratch, int threads)
{
    (void)scratch;
    const T(pool_kernels) *kernels = KERNELS(pool);
    banding b = cut_rows(a->H, a->W * a->C);
    double work = (double)(a->N * a->OH * a->OW) * (double)(a->C * a->KH * a->KW);
    /* over bands of dx's rows in all images, as for the maximum; a band is still in the cache when it is multiplied */
    TEAM_FOR(static, team(threads, work), band, a->N * b.bands, 1, {
        const ptrdiff_t image = band / b.bands, first = first_row(b, band), last = last_row(b, band);
        const ptrdiff_t row = a->W * a->C, at = (image * a->H + first) * row;
        kernels->avg_dx_rows(a, image, first, last);
        T(activate_dx)(a->act, (real)a->alpha, a->dx + at, a->from + at, (last - first) * row);
    });
    return 0;
}
NO_SCRATCH(avg_pool2d_dx)
