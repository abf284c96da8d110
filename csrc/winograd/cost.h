/* cost.h - what the steps of a convolution take: nanoseconds of one core for one vector of channels or filters.
 *
 * Fitted by hand to single-threaded times of some thirty layers (16 to 512 channels, 4 to 800 tiles) on an AMD Zen 3 at
 * the AVX2 level, kernels and loops together, so that the traffic between the caches is in them. Estimates are within
 * 25 %; what matters is that direct summation and both sizes of tiles come out in the right order. */
#ifndef CNNC_COST_H
#define CNNC_COST_H

static const struct {
    double direct;       /* a multiply-add of direct summation */
    double pack;         /* packing filters, for all passes but that of packed ones */
    double product;      /* a multiply-add of M = V U where V is near, and where it is shared by all threads */
    double shared_product;
    double input;        /* a point of V, of M transformed back, of dM */
    double output;
    double spread;
    double filter;       /* a point of U made, in many planes by a task, of dU transformed back */
    double task_filter;
    double gradient;
    double sum;          /* adding to dw, or writing it */
} cost = {0.178e-9, 6e-9, 0.165e-9, 0.23e-9, 1.95e-9, 2.35e-9, 1.9e-9, 1.1e-9, 2.5e-9, 1.05e-9, 5e-9};

#endif
