/* choice.c - the choice between direct summation and Winograd's algorithm, by estimates. */
#include "choice.h"
#include "depthwise.h"
#include "../winograd/cost.h"
#include "../winograd/winograd.h"

static const ptrdiff_t tile_of[] = {[ALGORITHM_winograd_6x6] = 6, [ALGORITHM_winograd_4x4] = 4};

/* Direct summation takes a multiply-add for each tap, channel and vector of filters. */
static double direct_seconds(double pixels, ptrdiff_t groups, double taps, ptrdiff_t channels, ptrdiff_t filters,
                             double once)
{
    const T(gemm_kernels) *kern = KERNELS(gemm);
    const double vectors = (double)(groups * (panels_of(filters, kern).padded / kern->vl));
    return taps * (double)channels * vectors * (pixels * cost.direct + once);
}

choice T(choose)(const T(correlation) *c, ptrdiff_t wanted)
{
    choice best = {ALGORITHM_direct, 0,
                   direct_seconds((double)(c->N * c->OH * c->OW), c->groups, (double)(c->KH * c->KW), c->CG, c->KG,
                                  c->packed ? 0 : cost.pack)};
    for (ptrdiff_t algorithm = ALGORITHM_winograd_6x6; algorithm <= ALGORITHM_winograd_4x4; algorithm++)
        if ((wanted == ALGORITHM_auto || wanted == algorithm) && T(winograd_can)(c, tile_of[algorithm])) {
            const double seconds = T(winograd_seconds)(c, tile_of[algorithm]);
            if (seconds < best.seconds || wanted == algorithm)
                best = (choice){algorithm, tile_of[algorithm], seconds};
        }
    return best;
}

choice T(choose_dw)(const T(correlation_dw) *c, ptrdiff_t wanted)
{
    choice best = {ALGORITHM_direct, 0,
                   direct_seconds((double)(c->N * c->OH * c->OW), c->groups, (double)(c->KH * c->KW), c->CG, c->KG,
                                  0.4 * cost.sum)};
    for (ptrdiff_t algorithm = ALGORITHM_winograd_6x6; algorithm <= ALGORITHM_winograd_4x4; algorithm++)
        if ((wanted == ALGORITHM_auto || wanted == algorithm) && T(winograd_dw_can)(c, tile_of[algorithm])) {
            const double seconds = T(winograd_dw_seconds)(c, tile_of[algorithm]);
            if (seconds < best.seconds || wanted == algorithm)
                best = (choice){algorithm, tile_of[algorithm], seconds};
        }
    return best;
}

size_t T(chosen_scratch)(const T(correlation) *c, ptrdiff_t wanted, int threads)
{
    const ptrdiff_t tile = T(choose)(c, wanted).tile;
    if (tile)
        return T(winograd_scratch)(c, tile, threads);
    return is_depthwise(c->groups, c->CG, c->KG) ? T(depthwise_scratch)(c, threads)
                                                 : T(correlation_scratch)(c, threads);
}

void T(chosen_run)(const T(correlation) *c, ptrdiff_t wanted, void *scratch, int threads)
{
    const ptrdiff_t tile = T(choose)(c, wanted).tile;
    if (tile)
        T(winograd_run)(c, tile, scratch, threads);
    else if (is_depthwise(c->groups, c->CG, c->KG))
        T(depthwise_run)(c, scratch, threads);
    else
        T(correlation_run)(c, scratch, threads);
}

ptrdiff_t T(chosen_packed_length)(const T(correlation) *c, ptrdiff_t wanted)
{
    const ptrdiff_t tile = T(choose)(c, wanted).tile;
    if (is_depthwise(c->groups, c->CG, c->KG))
        return 0;
    return tile ? T(winograd_packed_length)(c, tile) : T(correlation_packed_length)(c);
}

void T(chosen_pack)(const T(correlation) *c, ptrdiff_t wanted, real *packed, int threads)
{
    const ptrdiff_t tile = T(choose)(c, wanted).tile;
    if (tile)
        T(winograd_pack)(c, tile, packed, threads);
    else
        T(correlation_pack)(c, packed, threads);
}
