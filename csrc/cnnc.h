/* cnnc.h - the C library's one public header. It needs no Python.
 *
 * Every operation has an argument struct and a function. The operations are the rows of ops.h; this
 * header expands them into `struct cnnc_<operation>_f32`, `struct cnnc_<operation>_f64` and the functions
 * `cnnc_<operation>_f32/f64`. Each field is 8 bytes (pointer, ptrdiff_t or double), so a caller that knows
 * only the signature text can fill the struct by field number: the Python binding does exactly that.
 *
 *     int    cnnc_relu_f32(const struct cnnc_relu_f32 *args, void *scratch, int threads);
 *     size_t cnnc_relu_f32_scratch(const struct cnnc_relu_f32 *args, int threads);      bytes, may be 0
 *
 * Contract of every operation
 *   - sizes and strides count elements, never bytes; arrays are C-contiguous; element-aligned is enough
 *   - arguments were checked by the caller: an operation never fails and never allocates. It returns 0, or
 *     nonzero to stop the program it runs in (check_finite does)
 *   - `scratch` is 64-byte aligned, at least as large as the _scratch function answered for the same args
 *     and threads, and holds nothing between calls
 *   - `accumulate` = 0 overwrites a gradient, 1 adds to it. Outputs may hold anything before, NaN included
 *   - the bits of the result do not depend on `threads`
 *   - outputs do not overlap inputs, but for the operations whose row says "may run in place"
 */
#ifndef CNNC_H
#define CNNC_H

#include <stddef.h>
#include <stdint.h>

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CNNC_F32_real float
#define CNNC_F64_real double
#define CNNC_TYPE_u8 uint8_t
#define CNNC_TYPE_i32 int32_t
#define CNNC_TYPE_i64 int64_t
#define CNNC_TYPE_u64 uint64_t
#define CNNC_TYPE_f64 double
#define CNNC_F32_u8 CNNC_TYPE_u8
#define CNNC_F64_u8 CNNC_TYPE_u8
#define CNNC_F32_i32 CNNC_TYPE_i32
#define CNNC_F64_i32 CNNC_TYPE_i32
#define CNNC_F32_i64 CNNC_TYPE_i64
#define CNNC_F64_i64 CNNC_TYPE_i64
#define CNNC_F32_u64 CNNC_TYPE_u64
#define CNNC_F64_u64 CNNC_TYPE_u64
#define CNNC_F32_f64 CNNC_TYPE_f64
#define CNNC_F64_f64 CNNC_TYPE_f64

#define CNNC_IN_F32(type, name, shape) const CNNC_F32_##type *name;
#define CNNC_IN_F64(type, name, shape) const CNNC_F64_##type *name;
#define CNNC_OUT_F32(type, name, shape) CNNC_F32_##type *name;
#define CNNC_OUT_F64(type, name, shape) CNNC_F64_##type *name;
#define CNNC_SIZE(name) ptrdiff_t name;
#define CNNC_NUM(name) double name;

#define CNNC_DECLARE(op, ROW)                                                               \
    struct cnnc_##op##_f32 { ROW(CNNC_IN_F32, CNNC_OUT_F32, CNNC_SIZE, CNNC_NUM) };         \
    struct cnnc_##op##_f64 { ROW(CNNC_IN_F64, CNNC_OUT_F64, CNNC_SIZE, CNNC_NUM) };         \
    int cnnc_##op##_f32(const struct cnnc_##op##_f32 *args, void *scratch, int threads);    \
    int cnnc_##op##_f64(const struct cnnc_##op##_f64 *args, void *scratch, int threads);    \
    size_t cnnc_##op##_f32_scratch(const struct cnnc_##op##_f32 *args, int threads);        \
    size_t cnnc_##op##_f64_scratch(const struct cnnc_##op##_f64 *args, int threads);
CNNC_OPS(CNNC_DECLARE)

/* The same operations as a table, for callers that look them up by name. */
typedef int (*cnnc_fn)(const void *args, void *scratch, int threads);
typedef size_t (*cnnc_scratch_fn)(const void *args, int threads);

typedef struct {
    const char *name;
    const char *signature;            /* "in real x N H W C;out real y N OH OW K;size N;num alpha;..." */
    size_t args_size;                 /* bytes, 8 per field */
    cnnc_fn run[2];                   /* float32, float64 */
    cnnc_scratch_fn scratch[2];
} cnnc_op;

extern const cnnc_op cnnc_ops[];
extern const int cnnc_op_count;

/* A recorded program: what to call, with what. cnnc_run returns the number of steps done: `count`, or the
 * index of the step that returned nonzero, or the number done when `interrupted` (may be NULL) answered
 * nonzero; it is asked between steps, at most once in 50 milliseconds. */
typedef struct {
    cnnc_fn run;
    const void *args;
} cnnc_step;

ptrdiff_t cnnc_run(const cnnc_step *steps, ptrdiff_t count, void *scratch, int threads, int (*interrupted)(void));

/* The same, asking nobody; the seconds that each step took go into `times`. */
ptrdiff_t cnnc_run_timed(const cnnc_step *steps, ptrdiff_t count, void *scratch, int threads, double *times);

double cnnc_seconds(void); /* of a clock that never goes back */

/* Instruction sets, from the lowest: 0 is always there. The level starts at the best one this CPU and
 * operating system support; cnnc_isa_set lowers or restores it and returns 0, or -1 if it cannot run here. */
int cnnc_isa_count(void);
const char *cnnc_isa_name(int level);
int cnnc_isa_supported(int level);
int cnnc_isa_level(void);
int cnnc_isa_set(int level);

/* Threads: 1 if the library was built without OpenMP. */
int cnnc_has_openmp(void);
int cnnc_max_threads(void);             /* what OpenMP would use now in this thread */
void cnnc_set_max_threads(int threads);

#ifdef __cplusplus
}
#endif
#endif
