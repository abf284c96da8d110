/* ops.h - normalisation: a row per operation, as ../ops.h explains.
 *
 * x is N images of P = M / N pixels and C channels, which are cut into G groups of C / G neighbours.
 */
#ifndef CNNC_NORM_OPS_H
#define CNNC_NORM_OPS_H

/* y = act(z gamma[c] + beta[c] + residual) with z = (x - mean) / sqrt(var + eps), where mean and (biased) var are those
 * of a group of channels of one image over all its pixels. The exact mean is mean + low: low is what rounding cut off.
 * With centred = 0 nothing is subtracted: mean = 0, and var is the mean of x^2. gamma NULL is 1, beta and residual NULL
 * are 0. y may also be residual. */
#define CNNC_NORMALISE(IN, OUT, SIZE, NUM) /* may run in place */                           \
    IN(real, x, "M* C") IN(real, gamma, "C?") IN(real, beta, "C?") IN(real, residual, "M* C?") \
    OUT(real, y, "M* C?") OUT(real, mean, "N G?") OUT(real, low, "N G?") OUT(real, var, "N G?") \
    SIZE(N) SIZE(M) SIZE(C) SIZE(G) SIZE(centred) NUM(eps) SIZE(act) NUM(alpha)
/* The gradients of residual, dt = dy act'(.) (accumulate_dresidual), of x (accumulate_dx), and of gamma and beta
 * (accumulate), through the statistics as well. What act' reads is y; or, if y is NULL, it is computed again, bit by
 * bit, which is right if there was no residual and act is none, relu, leaky_relu or one whose derivative is written in
 * terms of x. The others without y, and those in terms of x after a residual, the caller must not ask for. dresidual
 * may be dy, but not dx. */
#define CNNC_NORMALISE_DX(IN, OUT, SIZE, NUM) /* dx may be dy */                            \
    IN(real, dy, "M* C") IN(real, x, "M* C") IN(real, y, "M* C?") IN(real, gamma, "C?") IN(real, beta, "C?") \
    IN(real, mean, "N G") IN(real, low, "N G") IN(real, var, "N G")                         \
    OUT(real, dx, "M* C?") OUT(real, dgamma, "C?") OUT(real, dbeta, "C?") OUT(real, dresidual, "M* C?") \
    SIZE(N) SIZE(M) SIZE(C) SIZE(G) SIZE(centred) NUM(eps) SIZE(act) NUM(alpha)             \
    SIZE(accumulate_dx) SIZE(accumulate) SIZE(accumulate_dresidual)

/* The same with statistics that are given: z = (x - mean[c]) / sqrt(var[c] + eps) */
#define CNNC_NORMALISE_BY(IN, OUT, SIZE, NUM) /* may run in place */                        \
    IN(real, x, "M* C") IN(real, mean, "C") IN(real, var, "C") IN(real, gamma, "C?") IN(real, beta, "C?") \
    IN(real, residual, "M* C?") OUT(real, y, "M* C") SIZE(M) SIZE(C) NUM(eps) SIZE(act) NUM(alpha)
/* Its gradients, mean and var being constants. x may be NULL if dgamma is, and act is none or y is given. */
#define CNNC_NORMALISE_BY_DX(IN, OUT, SIZE, NUM) /* dx may be dy */                         \
    IN(real, dy, "M* C") IN(real, x, "M* C?") IN(real, y, "M* C?") IN(real, mean, "C") IN(real, var, "C") \
    IN(real, gamma, "C?") IN(real, beta, "C?")                                              \
    OUT(real, dx, "M* C?") OUT(real, dgamma, "C?") OUT(real, dbeta, "C?") OUT(real, dresidual, "M* C?") \
    SIZE(M) SIZE(C) NUM(eps) SIZE(act) NUM(alpha)                                           \
    SIZE(accumulate_dx) SIZE(accumulate) SIZE(accumulate_dresidual)

/* y = x s^-power with s[c] = k + alpha / window sum of x[j]^2 over c - window / 2 <= j <= c + (window - 1) / 2 */
#define CNNC_LOCAL_RESPONSE(IN, OUT, SIZE, NUM) /* may run in place */                      \
    IN(real, x, "M* C") OUT(real, y, "M* C") SIZE(M) SIZE(C) SIZE(window) NUM(alpha) NUM(power) NUM(k)
#define CNNC_LOCAL_RESPONSE_DX(IN, OUT, SIZE, NUM) /* dx may be dy */                       \
    IN(real, dy, "M* C") IN(real, x, "M* C") OUT(real, dx, "M* C")                          \
    SIZE(M) SIZE(C) SIZE(window) NUM(alpha) NUM(power) NUM(k) SIZE(accumulate)

#define CNNC_NORM_OPS(OP)                       \
    OP(normalise, CNNC_NORMALISE)               \
    OP(normalise_dx, CNNC_NORMALISE_DX)         \
    OP(normalise_by, CNNC_NORMALISE_BY)         \
    OP(normalise_by_dx, CNNC_NORMALISE_BY_DX)   \
    OP(local_response, CNNC_LOCAL_RESPONSE)     \
    OP(local_response_dx, CNNC_LOCAL_RESPONSE_DX)

#endif
