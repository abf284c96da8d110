/* activate.h - the rows of activations.h as functions of vectors: for kernels, also of other families, whose passes end
 * in an activation or begin with the gradient of one.
 *
 *     relu_value(x, alpha), relu_dx_value(dy, y or x, alpha), ...     row by row
 *     vactivate(act, x, alpha), vactivate_dx(act, dy, from, alpha)   by number
 *
 * `from` is what the row's derivative is written in terms of; of ReLU and leaky ReLU only the sign counts, which x and
 * y share, so it may be either. Where `act` is a constant, as inside of FOR_ACTIVATION, no choice is left at run time.
 */
#ifndef CNNC_ACTIVATE_H
#define CNNC_ACTIVATE_H

#include "../core/simd_math.h"
#include "activation.h"

#define DEFINE_VALUES(to, forward, backward, cost, cost_dx, from, value, derivative)                  \
    static inline vreal forward##_value(vreal x, real alpha) RETURN_VECTOR(alpha, value)              \
    static inline vreal backward##_value(vreal dy, vreal from, real alpha) RETURN_VECTOR(alpha, derivative)
CNNC_ACTIVATIONS(DEFINE_VALUES, )
#undef DEFINE_VALUES

/* Any of them, as calls: one copy in each kernel source. */
static __attribute__((noinline, unused)) vreal activate_by_call(ptrdiff_t act, vreal x, real alpha)
{
    switch (act) {
#define VALUE_CASE(to, forward, ...) \
    case ACTIVATION_##forward: return forward##_value(x, alpha);
        CNNC_ACTIVATIONS(VALUE_CASE, )
#undef VALUE_CASE
    default: return x;
    }
}

static __attribute__((noinline, unused)) vreal activate_dx_by_call(ptrdiff_t act, vreal dy, vreal from, real alpha)
{
    switch (act) {
#define DERIVATIVE_CASE(to, forward, backward, ...) \
    case ACTIVATION_##forward: return backward##_value(dy, from, alpha);
        CNNC_ACTIVATIONS(DERIVATIVE_CASE, )
#undef DERIVATIVE_CASE
    default: return dy;
    }
}

/* ReLU and its leaky form in place, as they cost no more than the memory that is passed over; the others by a call. */
INLINE vreal vactivate(ptrdiff_t act, vreal x, real alpha)
{
    switch (act) {
    case ACTIVATION_none: return x;
    case ACTIVATION_relu: return relu_value(x, alpha);
    case ACTIVATION_leaky_relu: return leaky_relu_value(x, alpha);
    default: return activate_by_call(act, x, alpha);
    }
}

INLINE vreal vactivate_dx(ptrdiff_t act, vreal dy, vreal from, real alpha)
{
    switch (act) {
    case ACTIVATION_none: return dy;
    case ACTIVATION_relu: return relu_dx_value(dy, from, alpha);
    case ACTIVATION_leaky_relu: return leaky_relu_dx_value(dy, from, alpha);
    default: return activate_dx_by_call(act, dy, from, alpha);
    }
}

/* Runs the statement with `act`, a name of it, as a constant where `vactivate` needs no call. */
#define FOR_ACTIVATION(act, number, ...)                                                                  \
    do {                                                                                                  \
        switch (number) {                                                                                 \
        case ACTIVATION_none: { const ptrdiff_t act = ACTIVATION_none; __VA_ARGS__ } break;                      \
        case ACTIVATION_relu: { const ptrdiff_t act = ACTIVATION_relu; __VA_ARGS__ } break;                      \
        case ACTIVATION_leaky_relu: { const ptrdiff_t act = ACTIVATION_leaky_relu; __VA_ARGS__ } break;          \
        default: { const ptrdiff_t act = (number); __VA_ARGS__ }                                          \
        }                                                                                                 \
    } while (0)

/* The same for numbers of which it is known that they are light. */
#define FOR_LIGHT_ACTIVATION(act, number, ...)                                                             \
    do {                                                                                                  \
        switch (number) {                                                                                 \
        case ACTIVATION_relu: { const ptrdiff_t act = ACTIVATION_relu; __VA_ARGS__ } break;                      \
        case ACTIVATION_leaky_relu: { const ptrdiff_t act = ACTIVATION_leaky_relu; __VA_ARGS__ } break;          \
        default: { const ptrdiff_t act = ACTIVATION_none; __VA_ARGS__ }                                          \
        }                                                                                                 \
    } while (0)

#endif
