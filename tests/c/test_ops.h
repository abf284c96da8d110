/* test_ops.h - what the tests of the C library share: random numbers, arrays of exact size, and `check`, which
 * runs one call at every instruction set level and several thread counts and compares it with what was expected. */
#ifndef CNNC_TEST_OPS_H
#define CNNC_TEST_OPS_H

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cnnc.h"

#ifdef CNNC_DOUBLE
typedef double real;
#define ARGS(op) struct cnnc_##op##_f64
enum { DOUBLE = 1 };
static const double EPS = DBL_EPSILON;
#else
typedef float real;
#define ARGS(op) struct cnnc_##op##_f32
enum { DOUBLE = 0 };
static const double EPS = FLT_EPSILON;
#endif

static int passed, failed;

/* --- random numbers ------------------------------------------------------------------------------------ */

static uint64_t random_state = 1;

static uint64_t random_bits(void) /* splitmix64 */
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static ptrdiff_t between(ptrdiff_t least, ptrdiff_t most)
{
    return least + (ptrdiff_t)(random_bits() % (uint64_t)(most - least + 1));
}

static double uniform(double least, double most)
{
    return least + (most - least) * (double)(random_bits() >> 11) * 0x1p-53;
}

/* --- memory --------------------------------------------------------------------------------------------- */

static void *blocks[256];
static int block_count;

static void *keep(void *block)
{
    if (!block || block_count == (int)(sizeof blocks / sizeof blocks[0]))
        abort();
    return blocks[block_count++] = block;
}

static void free_all(void)
{
    while (block_count > 0)
        free(blocks[--block_count]);
}

/* An array that ends exactly where its memory ends, so that a sanitizer sees any step past it. Half of them start
 * one element after an aligned address: element alignment must be enough. */
static void *exact(ptrdiff_t count, size_t size)
{
    size_t shift = random_bits() % 2 * size, bytes = (size_t)count * size;
    char *block = keep(malloc(shift + bytes));
    memset(block, 0xFF, shift + bytes); /* bytes of NaN */
    return block + shift;
}

static double *zeros(ptrdiff_t count) { return keep(calloc((size_t)count + 1, sizeof(double))); }

static real *random_array(ptrdiff_t count, double least, double most)
{
    real *a = exact(count, sizeof(real));
    for (ptrdiff_t i = 0; i < count; i++)
        a[i] = (real)uniform(least, most);
    return a;
}
static real *inputs(ptrdiff_t count) { return random_array(count, -1, 1); }

/* --- outputs ---------------------------------------------------------------------------------------------- */

typedef enum { REAL, U8, I32, I64, F64 } type;
static const size_t type_size[] = {sizeof(real), 1, 4, 8, 8};

/* What an operation writes: what it must hold afterwards, within `bound`. */
typedef struct {
    void *at, *before; /* exact; before: its bytes when the operation starts */
    type type;
    ptrdiff_t count;
    double *expected, *bound;
} output;

static output output_of(type type, ptrdiff_t count)
{
    output o = {exact(count, type_size[type]), exact(count, type_size[type]), type, count, zeros(count), zeros(count)};
    return o;
}

/* An output that holds something: because it is also an input, or because it is added to. */
static output starting_as(const real *values, ptrdiff_t count)
{
    output o = output_of(REAL, count);
    memcpy(o.before, values, (size_t)count * sizeof(real));
    return o;
}

/* A gradient. To accumulate, it holds numbers before, which are added to expected and bound; else it holds NaN. */
static output gradient(ptrdiff_t count, int accumulate)
{
    output o = output_of(REAL, count);
    for (ptrdiff_t i = 0; accumulate && i < count; i++) {
        double value = ((real *)o.before)[i] = (real)uniform(-1, 1);
        o.expected[i] = value;
        o.bound[i] = fabs(value);
    }
    return o;
}

/* Adds a product to element i; bounds gather the sum of absolute values ... */
static void gather(output *o, ptrdiff_t i, double product)
{
    o->expected[i] += product;
    o->bound[i] += fabs(product);
}

/* ... which `rounding` turns into the error of summing so many terms in any order. */
static void rounding(output *o, ptrdiff_t terms)
{
    for (ptrdiff_t i = 0; i < o->count; i++)
        o->bound[i] *= (double)(terms + 4) * EPS;
}

static double value_of(const output *o, ptrdiff_t i)
{
    switch (o->type) {
    case REAL: return (double)((real *)o->at)[i];
    case U8: return ((uint8_t *)o->at)[i];
    case I32: return ((int32_t *)o->at)[i];
    case I64: return (double)((int64_t *)o->at)[i];
    default: return ((double *)o->at)[i];
    }
}

static size_t bytes_of(const output *o) { return (size_t)o->count * type_size[o->type]; }

/* --- check ------------------------------------------------------------------------------------------------ */

enum { MOST_OPS = 256 };
static int called[MOST_OPS];

static int find_op(const char *name)
{
    for (int i = 0; i < cnnc_op_count; i++)
        if (strcmp(cnnc_ops[i].name, name) == 0)
            return i;
    fprintf(stderr, "no operation %s\n", name);
    abort();
}

/* Prints the sizes and numbers of a call, by its signature. */
static void describe(const cnnc_op *op, const void *args)
{
    const char *at = op->signature;
    char kind[8], name[32];
    for (int field = 0; sscanf(at, "%7s %31[^; ]", kind, name) == 2; field++, at = strchr(at, ';') + 1) {
        const char *word = (const char *)args + 8 * field;
        if (strcmp(kind, "size") == 0)
            printf(" %s=%td", name, *(const ptrdiff_t *)(const void *)word);
        else if (strcmp(kind, "num") == 0)
            printf(" %s=%g", name, *(const double *)(const void *)word);
    }
    printf("\n");
}

/* The first element of an output that is wrong, or -1. */
static ptrdiff_t first_wrong(const output *o)
{
    for (ptrdiff_t i = 0; i < o->count; i++) {
        double value = value_of(o, i), expected = o->expected[i];
        int right = isnan(expected) ? isnan(value) : value == expected || fabs(value - expected) <= o->bound[i];
        if (!right)
            return i;
    }
    return -1;
}

/* One call, all levels and thread counts. Every run starts from the same `before` with scratch of exactly the size
 * asked for, full of NaN; the bits must not depend on the number of threads. */
static int runs_right(const cnnc_op *op, const void *args, output *const *outs, int count, int answer)
{
    static const int teams[] = {1, 2, 3, 7};
    for (int level = 0; level < (DOUBLE ? 1 : cnnc_isa_count()); level++) {
        if (cnnc_isa_set(level) != 0)
            continue;
        void *serial[4];
        for (int t = 0; t < 4; t++) {
            size_t bytes = op->scratch[DOUBLE](args, teams[t]);
            void *scratch;
            if (posix_memalign(&scratch, 64, bytes) != 0)
                abort();
            memset(scratch, 0xFF, bytes);
            for (int o = 0; o < count; o++)
                memcpy(outs[o]->at, outs[o]->before, bytes_of(outs[o]));
            int stopped = op->run[DOUBLE](args, scratch, teams[t]);
            free(scratch);
            if (stopped != answer) {
                printf("FAIL %s %s, %d threads: returned %d, expected %d;", op->name, cnnc_isa_name(level), teams[t],
                       stopped, answer);
                return 0;
            }
            for (int o = 0; o < count; o++) {
                ptrdiff_t i = first_wrong(outs[o]);
                if (i >= 0) {
                    printf("FAIL %s %s, %d threads: output %d [%td] is %.9g, expected %.9g within %.3g;", op->name,
                           cnnc_isa_name(level), teams[t], o, i, value_of(outs[o], i), outs[o]->expected[i],
                           outs[o]->bound[i]);
                    return 0;
                }
                if (t == 0)
                    memcpy(serial[o] = keep(malloc(bytes_of(outs[o]))), outs[o]->at, bytes_of(outs[o]));
                else if (memcmp(serial[o], outs[o]->at, bytes_of(outs[o])) != 0) {
                    printf("FAIL %s %s: output %d has other bits with %d threads than with 1;", op->name,
                           cnnc_isa_name(level), o, teams[t]);
                    return 0;
                }
            }
        }
    }
    return 1;
}

static void check(const char *name, const void *args, output *const *outs, int count, int answer)
{
    int index = find_op(name);
    called[index] = 1;
    if (runs_right(&cnnc_ops[index], args, outs, count, answer)) {
        passed++;
    } else {
        failed++;
        describe(&cnnc_ops[index], args);
    }
}

/* One call at the level in force, with scratch of exactly the size asked for. */
static void call(const char *name, const void *args, int threads)
{
    int index = find_op(name);
    size_t bytes = cnnc_ops[index].scratch[DOUBLE](args, threads);
    void *scratch;
    if (posix_memalign(&scratch, 64, bytes) != 0)
        abort();
    memset(scratch, 0xFF, bytes);
    cnnc_ops[index].run[DOUBLE](args, scratch, threads);
    free(scratch);
    called[index] = 1;
}

/* CHECK(op, args, &output, ...); `before` of an output is what its memory holds when the operation starts. */
#define CHECK(op, args, ...)                                                            \
    do {                                                                                \
        const ARGS(op) typed = args;                                                    \
        output *const outs[] = {__VA_ARGS__};                                           \
        check(#op, &typed, outs, (int)(sizeof outs / sizeof outs[0]), 0);               \
    } while (0)

enum { PROBLEMS = 60, LONGEST_TAIL = 66 }; /* 66: two panels of two 16-lane vectors, and two more */

#endif
