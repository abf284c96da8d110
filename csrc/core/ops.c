/* ops.c - the operations as a table: ops.h expanded into names, signatures and function pointers. */
#include "../cnnc.h"

#define SIG_IN(type, name, shape) "in " #type " " #name " " shape ";"
#define SIG_OUT(type, name, shape) "out " #type " " #name " " shape ";"
#define SIG_SIZE(name) "size " #name ";"
#define SIG_NUM(name) "num " #name ";"

/* The binding fills argument structs by field number, so every field must be 8 bytes. */
#define COUNT_FIELD3(type, name, shape) +1
#define COUNT_FIELD1(name) +1
#define CHECK(op, ROW)                                                                                  \
    _Static_assert(sizeof(struct cnnc_##op##_f32) ==                                                    \
                   8 * (0 ROW(COUNT_FIELD3, COUNT_FIELD3, COUNT_FIELD1, COUNT_FIELD1)), "8-byte fields"); \
    _Static_assert(sizeof(struct cnnc_##op##_f32) == sizeof(struct cnnc_##op##_f64), "one layout");
CNNC_OPS(CHECK)

#define TABLE_ROW(op, ROW)                                                                              \
    {#op, ROW(SIG_IN, SIG_OUT, SIG_SIZE, SIG_NUM) "", sizeof(struct cnnc_##op##_f32),                   \
     {(cnnc_fn)cnnc_##op##_f32, (cnnc_fn)cnnc_##op##_f64},                                              \
     {(cnnc_scratch_fn)cnnc_##op##_f32_scratch, (cnnc_scratch_fn)cnnc_##op##_f64_scratch}},
const cnnc_op cnnc_ops[] = {CNNC_OPS(TABLE_ROW)};
const int cnnc_op_count = sizeof cnnc_ops / sizeof cnnc_ops[0];
