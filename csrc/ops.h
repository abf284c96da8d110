/* ops.h - every operation, once: a row in its family's ops.h, in a list that is concatenated here. A row lists
 * the fields of the operation's argument struct in order:
 *
 *   IN(type, name, shape)   array that is read       OUT(type, name, shape)   array that is written
 *   SIZE(name)              ptrdiff_t: the size of an axis if a shape names it, else a parameter
 *   NUM(name)               double
 *
 * `real` is float in the f32 build and double in the f64 build. A shape lists axes; "M* K" means that M is
 * the product of all axes but the last; a trailing "?" marks an array that may be NULL. The alphabet:
 * N images, H x W rows and columns, C channels, KH x KW filter, CG = C / groups, K filters, OH x OW output.
 */
#ifndef CNNC_OPS_H
#define CNNC_OPS_H

#include "conv/ops.h"
#include "dense/ops.h"
#include "pool/ops.h"
#include "norm/ops.h"
#include "activation/ops.h"
#include "prelu/ops.h"
#include "maxout/ops.h"
#include "loss/ops.h"
#include "elementwise/ops.h"
#include "dropout/ops.h"
#include "optim/ops.h"
#include "multiply/ops.h"
#include "resample/ops.h"
#include "frames/ops.h"
#include "augment/ops.h"
#include "roofline/ops.h"

#define CNNC_OPS(OP)         \
    CNNC_CONV_OPS(OP)        \
    CNNC_DENSE_OPS(OP)       \
    CNNC_POOL_OPS(OP)        \
    CNNC_NORM_OPS(OP)        \
    CNNC_ACTIVATION_OPS(OP)  \
    CNNC_PRELU_OPS(OP)       \
    CNNC_MAXOUT_OPS(OP)      \
    CNNC_LOSS_OPS(OP)        \
    CNNC_ELEMENTWISE_OPS(OP) \
    CNNC_DROPOUT_OPS(OP)     \
    CNNC_OPTIM_OPS(OP)       \
    CNNC_MULTIPLY_OPS(OP)    \
    CNNC_RESAMPLE_OPS(OP)    \
    CNNC_FRAMES_OPS(OP)      \
    CNNC_AUGMENT_OPS(OP)     \
    CNNC_ROOFLINE_OPS(OP)

#endif
