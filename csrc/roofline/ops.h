/* ops.h - what measures the machine: a row per operation, as ../ops.h explains. */
#ifndef CNNC_ROOFLINE_OPS_H
#define CNNC_ROOFLINE_OPS_H

/* y = x scale + offset, then y = y scale + offset, `times` times in all */
#define CNNC_MULTIPLY_ADD(IN, OUT, SIZE, NUM)                                            \
    IN(real, x, "LENGTH*") OUT(real, y, "LENGTH*") SIZE(LENGTH) SIZE(times) NUM(scale) NUM(offset)

#define CNNC_ROOFLINE_OPS(OP)             \
    OP(multiply_add, CNNC_MULTIPLY_ADD)

#endif
