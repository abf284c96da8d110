/* choice.c - the choice between direct summation and Winograd's algorithm, by estimates. */
#include "choice.h"
#include "depthwise.h"
#include "../winograd/cost.h"
#include "../winograd/winograd.h"

#include <math.h>

static const ptrdiff_t tile_of[] = {[ALGORITHM_winograd_6x6] = 6, [ALGORITHM_winograd_4x4] = 4};

/* Direct summation takes a multiply-add for each tap, channel and vector of filters. */
static double direct_seconds(double pixels, ptrdiff_t groups, double taps, ptrdiff_t channels, ptrdiff_t filters,
                             double once)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const double vectors = (double)(groups * (panels_of(filters, kern).padded / kern->vl));
    return taps * (double)channels * vectors * (pixels * cost.direct + once);
}

/* What tiles of S x S take for a pass, if they can compute it. */
typedef double (*estimate)(const void *pass, ptrdiff_t S);

static double tiled(const void *pass, ptrdiff_t S)
{
    const T(correlation) *c = pass;
    return WINOGRAD_CAN(c, S) ? T(winograd_seconds)(c, S) : (double)INFINITY;
}

static double tiled_dw(const void *pass, ptrdiff_t S)
{
    const T(correlation_dw) *c = pass;
    return WINOGRAD_CAN(c, S) ? T(winograd_dw_seconds)(c, S) : (double)INFINITY;
}

static choice fastest(double direct, const void *pass, estimate seconds_of, ptrdiff_t wanted)
{
    choice best = {ALGORITHM_direct, 0, direct, 0};
    for (ptrdiff_t algorithm = ALGORITHM_winograd_6x6; algorithm <= ALGORITHM_winograd_4x4; algorithm++)
        if (wanted == ALGORITHM_auto || wanted == algorithm) {
            const double seconds = seconds_of(pass, tile_of[algorithm]);
            if (seconds < (wanted == algorithm ? (double)INFINITY : best.seconds))
                best = (choice){algorithm, tile_of[algorithm], seconds, 0};
        }
    return best;
}

choice T(choose)(const T(correlation) *c, ptrdiff_t wanted)
{
    const double direct = direct_seconds((double)(c->N * c->OH * c->OW), c->groups, (double)(c->KH * c->KW), c->CG,
                                         c->KG, c->packed ? 0 : cost.pack);
    if (is_depthwise(c->groups, c->CG, c->KG))
        return (choice){ALGORITHM_direct, 0, direct, 1};
    return fastest(direct, c, tiled, wanted);
}

choice T(choose_dw)(const T(correlation_dw) *c, ptrdiff_t wanted)
{
    const double direct = direct_seconds((double)(c->N * c->OH * c->OW), c->groups, (double)(c->KH * c->KW), c->CG,
                                         c->KG, 0.4 * cost.sum);
    if (is_depthwise(c->groups, c->CG, c->KG))
        return (choice){ALGORITHM_direct, 0, direct, 1};
    return fastest(direct, c, tiled_dw, wanted);
}

size_t T(chosen_scratch)(const T(correlation) *c, ptrdiff_t wanted, int threads)
{
    const choice by = T(choose)(c, wanted);
    return by.tile        ? T(winograd_scratch)(c, by.tile, threads)
           : by.depthwise ? T(depthwise_scratch)(c, threads)
                          : T(correlation_scratch)(c, threads);
}

void T(chosen_run)(const T(correlation) *c, ptrdiff_t wanted, void *scratch, int threads)
{
    const choice by = T(choose)(c, wanted);
    if (by.tile)
        T(winograd_run)(c, by.tile, scratch, threads);
    else if (by.depthwise)
        T(depthwise_run)(c, scratch, threads);
    else
        T(correlation_run)(c, scratch, threads);
}

size_t T(chosen_dw_scratch)(const T(correlation_dw) *c, ptrdiff_t wanted, int threads)
{
    const choice by = T(choose_dw)(c, wanted);
    return by.tile        ? T(winograd_dw_scratch)(c, by.tile, threads)
           : by.depthwise ? T(depthwise_dw_scratch)(c, threads)
                          : T(correlation_dw_scratch)(c, threads);
}

void T(chosen_dw_run)(const T(correlation_dw) *c, ptrdiff_t wanted, void *scratch, int threads)
{
    const choice by = T(choose_dw)(c, wanted);
    if (by.tile)
        T(winograd_dw_run)(c, by.tile, scratch, threads);
    else if (by.depthwise)
        T(depthwise_dw_run)(c, scratch, threads);
    else
        T(correlation_dw_run)(c, scratch, threads);
}

ptrdiff_t T(chosen_packed_length)(const T(correlation) *c, ptrdiff_t wanted)
{
    const choice by = T(choose)(c, wanted);
    return by.tile ? T(winograd_packed_length)(c, by.tile) : by.depthwise ? 0 : T(correlation_packed_length)(c);
}

void T(chosen_pack)(const T(correlation) *c, ptrdiff_t wanted, real *packed, int threads)
{
    const ptrdiff_t tile = T(choose)(c, wanted).tile;
    if (tile)
        T(winograd_pack)(c, tile, packed, threads);
    else
        T(correlation_pack)(c, packed, threads);
}
