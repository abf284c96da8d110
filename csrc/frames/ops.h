/* ops.h - frames of volumes: a row per operation, as ../ops.h explains. */
#ifndef CNNC_FRAMES_OPS_H
#define CNNC_FRAMES_OPS_H

#define CNNC_FRAMES_SIZES(SIZE)                                                             \
    SIZE(N) SIZE(D) SIZE(F) SIZE(C) SIZE(OD) SIZE(KC)                                       \
    SIZE(KD) SIZE(stride_d) SIZE(pad_front) SIZE(dilation_d) SIZE(groups)
/* y[n, i, f, g KD CG + t CG + c] = x[n, i stride_d - pad_front + t dilation_d, f, g CG + c], 0 outside: the KD frames
 * that a window in depth sees, side by side along the channels of each group. D frames of F pixels, CG = C / groups
 * and KC = KD C channels. With N = OD = groups = 1 and D = KD it exchanges D and F: filters become those of the stack. */
#define CNNC_STACK_FRAMES(IN, OUT, SIZE, NUM)                                               \
    IN(real, x, "N D F* C") OUT(real, y, "N OD F* KC") CNNC_FRAMES_SIZES(SIZE)
/* dx: the gradient of x, each frame's from all its places in the stacks */
#define CNNC_STACK_FRAMES_DX(IN, OUT, SIZE, NUM)                                            \
    IN(real, dy, "N OD F* KC") OUT(real, dx, "N D F* C") CNNC_FRAMES_SIZES(SIZE) SIZE(accumulate)

#define CNNC_FRAMES_OPS(OP)              \
    OP(stack_frames, CNNC_STACK_FRAMES)  \
    OP(stack_frames_dx, CNNC_STACK_FRAMES_DX)

#endif
