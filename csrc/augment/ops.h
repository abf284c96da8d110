/* ops.h - changing images before a network sees them: a row per operation, as ../ops.h explains. Nothing is drawn at
 * random here: every image comes with its numbers. */
#ifndef CNNC_AUGMENT_OPS_H
#define CNNC_AUGMENT_OPS_H

/* y[n,i,j] = x[n, top + i, left + j] for (top, left) = origin[n]; outside the image fill, or with reflect the pixel
 * that is as far from the edge pixel on its other side; windows with mirror[n] are turned left to right. C counts the
 * bytes of a pixel, of whatever type its channels are. */
#define CNNC_WINDOWS(IN, OUT, SIZE, NUM)                                                    \
    IN(u8, x, "N H W C") IN(i64, origin, "N 2") IN(u8, mirror, "N") IN(u8, fill, "C")       \
    OUT(u8, y, "N OH OW C") SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW) SIZE(reflect)
/* y[n] = the part box[n] = (top, left, height, width) of x[n], enlarged or reduced: means weighted by a triangle that
 * reaches one pixel of y or of x far, whichever is larger */
#define CNNC_RESIZE_BOXES(IN, OUT, SIZE, NUM)                                               \
    IN(real, x, "N H W C") IN(f64, box, "N 4") OUT(real, y, "N OH OW C")                    \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW)
#define CNNC_RESIZE_BOXES_U8(IN, OUT, SIZE, NUM)                                            \
    IN(u8, x, "N H W C") IN(f64, box, "N 4") OUT(u8, y, "N OH OW C")                        \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW)
/* y[n,i,j] = x[n] between the four pixels around (row, column) = matrix[n] (i, j, 1); pixels outside the image are
 * fill, or with replicate the nearest one inside */
#define CNNC_WARP(IN, OUT, SIZE, NUM)                                                       \
    IN(real, x, "N H W C") IN(f64, matrix, "N 2 3") IN(real, fill, "C") OUT(real, y, "N OH OW C") \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW) SIZE(replicate)
#define CNNC_WARP_U8(IN, OUT, SIZE, NUM)                                                    \
    IN(u8, x, "N H W C") IN(f64, matrix, "N 2 3") IN(u8, fill, "C") OUT(u8, y, "N OH OW C") \
    SIZE(N) SIZE(H) SIZE(W) SIZE(C) SIZE(OH) SIZE(OW) SIZE(replicate)
/* y[n,p,k] = sum over c of matrix[n,k,c] x[n,p,c] + offset[n,k] */
#define CNNC_RECOLOUR(IN, OUT, SIZE, NUM)                                                   \
    IN(real, x, "N P* C") IN(real, matrix, "N C C") IN(real, offset, "N C") OUT(real, y, "N P* C") \
    SIZE(N) SIZE(P) SIZE(C)
#define CNNC_RECOLOUR_U8(IN, OUT, SIZE, NUM)                                                \
    IN(u8, x, "N P* C") IN(real, matrix, "N C C") IN(real, offset, "N C") OUT(u8, y, "N P* C") \
    SIZE(N) SIZE(P) SIZE(C)
/* mean[n,c] of x[n,:,c] */
#define CNNC_CHANNEL_MEANS(IN, OUT, SIZE, NUM)                                              \
    IN(real, x, "N P* C") OUT(f64, mean, "N C") SIZE(N) SIZE(P) SIZE(C)
#define CNNC_CHANNEL_MEANS_U8(IN, OUT, SIZE, NUM)                                           \
    IN(u8, x, "N P* C") OUT(f64, mean, "N C") SIZE(N) SIZE(P) SIZE(C)
/* y[n] = x[n], but in box[n] = (top, left, height, width) x[partner[n]], or fill where partner[n] < 0. The part of a
 * box that is not on the image is left away; C as in windows. */
#define CNNC_PASTE_BOXES(IN, OUT, SIZE, NUM)                                                \
    IN(u8, x, "N H W C") IN(i64, partner, "N") IN(i64, box, "N 4") IN(u8, fill, "C")        \
    OUT(u8, y, "N H W C") SIZE(N) SIZE(H) SIZE(W) SIZE(C)
/* y[n] = share[n] x[n] + (1 - share[n]) x[partner[n]], shares from 0 to 1 */
#define CNNC_BLEND(IN, OUT, SIZE, NUM)                                                      \
    IN(real, x, "N LENGTH*") IN(i64, partner, "N") IN(f64, share, "N") OUT(real, y, "N LENGTH*") \
    SIZE(N) SIZE(LENGTH)
#define CNNC_BLEND_U8(IN, OUT, SIZE, NUM)                                                   \
    IN(u8, x, "N LENGTH*") IN(i64, partner, "N") IN(f64, share, "N") OUT(u8, y, "N LENGTH*") \
    SIZE(N) SIZE(LENGTH)

#define CNNC_AUGMENT_OPS(OP)                    \
    OP(windows, CNNC_WINDOWS)                   \
    OP(resize_boxes, CNNC_RESIZE_BOXES)         \
    OP(resize_boxes_u8, CNNC_RESIZE_BOXES_U8)   \
    OP(warp, CNNC_WARP)                         \
    OP(warp_u8, CNNC_WARP_U8)                   \
    OP(recolour, CNNC_RECOLOUR)                 \
    OP(recolour_u8, CNNC_RECOLOUR_U8)           \
    OP(channel_means, CNNC_CHANNEL_MEANS)       \
    OP(channel_means_u8, CNNC_CHANNEL_MEANS_U8) \
    OP(paste, CNNC_PASTE_BOXES)                 \
    OP(blend, CNNC_BLEND)                       \
    OP(blend_u8, CNNC_BLEND_U8)

#endif
