/* conv.h - what the convolution's three passes share.
 *
 * The forward pass is a cross-correlation of x with w. The gradient of x is a true convolution of dy: the
 * filter is flipped both ways and its two channel axes trade places. The gradient of w is a correlation of x
 * with dy. All three are calls of gemm/correlation.h; depthwise filters (CG = 1, K = C) have kernels of their
 * own. Images are (N, H, W, C), filters (KH, KW, C / groups, K), groups contiguous along C and along K.
 */
#ifndef CNNC_CONV_H
#define CNNC_CONV_H

#include "../gemm/correlation.h"

/* What `algorithm` means in the conv rows. */
enum { ALGORITHM_auto, ALGORITHM_direct, ALGORITHM_winograd_6x6, ALGORITHM_winograd_4x4 };

/* The sizes of ops.h's conv rows, which the argument structs have in common. */
typedef struct {
    CNNC_CONV_SIZES(CNNC_SIZE)
} conv_sizes;

#define CONV_COPY_FIELD(name) .name = a->name,
#define CONV_FIELD_OF(name) .name = s.name,
#define CONV_SIZES_OF(a) ((conv_sizes){CNNC_CONV_SIZES(CONV_COPY_FIELD)})

/* a kernel of one pixel that visits every pixel once: a matrix product */
static inline int conv_is_product(const conv_sizes *s)
{
    return s->KH == 1 && s->KW == 1 && s->stride_h == 1 && s->stride_w == 1 && s->pad_top == 0 && s->pad_left == 0 &&
           s->OH == s->H && s->OW == s->W;
}

/* ... whose rows are then all pixels of all images */
static inline conv_sizes conv_as_product(conv_sizes s)
{
    if (conv_is_product(&s)) {
        s.H = s.OH = s.N * s.H * s.W;
        s.N = s.W = s.OW = 1;
    }
    return s;
}

#endif
