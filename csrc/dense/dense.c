/* dense.c - y = x w + b and its gradients: a convolution whose M pixels are rows and whose filter is one pixel. */
#include "../gemm/correlation.h"

#define ONE_PIXEL .N = 1, .W = 1, .groups = 1, .KH = 1, .KW = 1, .step_h = 1, .step_w = 1, .tap_h = 1, .tap_w = 1, .OW = 1

static T(correlation) forward(const ARGS(dense) *a)
{
    return (T(correlation)){.x = a->x, .w = a->w, .b = a->b, .y = a->y, ONE_PIXEL, .H = a->M, .OH = a->M,
                            .C = a->C, .CG = a->C, .KG = a->K, .y_row = a->K, .y_col = a->K, .w_row = a->K};
}

static T(correlation) gradient_x(const ARGS(dense_dx) *a)
{
    return (T(correlation)){.x = a->dy, .w = a->w, .y = a->dx, ONE_PIXEL, .H = a->M, .OH = a->M,
                            .C = a->K, .CG = a->K, .KG = a->C, .y_row = a->C, .y_col = a->C, .w_row = a->K,
                            .transposed = 1, .accumulate = a->accumulate != 0};
}

static T(correlation_dw) gradient_w(const ARGS(dense_dw) *a)
{
    return (T(correlation_dw)){.x = a->x, .dy = a->dy, .dw = a->dw, .db = a->db, ONE_PIXEL, .H = a->M, .OH = a->M,
                               .C = a->C, .CG = a->C, .KG = a->K, .accumulate = a->accumulate != 0};
}

#define DENSE_OP(op, args_to_problem, engine)                                      \
    size_t OP_SCRATCH(op)(const ARGS(op) *a, int threads)                          \
    {                                                                              \
        const T(engine) c = args_to_problem(a);                                    \
        return T(engine##_scratch)(&c, threads);                                   \
    }                                                                              \
    int OP(op)(const ARGS(op) *a, void *scratch, int threads)                      \
    {                                                                              \
        const T(engine) c = args_to_problem(a);                                    \
        T(engine##_run)(&c, scratch, threads);                                     \
        return 0;                                                                  \
    }
DENSE_OP(dense, forward, correlation)
DENSE_OP(dense_dx, gradient_x, correlation)
DENSE_OP(dense_dw, gradient_w, correlation_dw)
