/* test_ops.c - every operation of the C library against plain loops in double: without Python, for sanitizers.
 *
 * run.py compiles it for float32 and, with CNNC_DOUBLE, for float64. Problems are drawn from a fixed seed, and sizes
 * run through every tail of the widest tiles. An operation that no test calls is a failure. Each family has a header here.
 */
#include "test_ops.h"
#include "test_conv.h"
#include "test_dense.h"
#include "test_pool.h"
#include "test_norm.h"
#include "test_activation.h"
#include "test_prelu.h"
#include "test_maxout.h"
#include "test_loss.h"
#include "test_elementwise.h"
#include "test_multiply.h"
#include "test_resample.h"
#include "test_frames.h"
#include "test_augment.h"
#include "test_optim.h"
#include "test_roofline.h"

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* a sanitizer that ends the process loses no line */
    test_convs();
    test_denses();
    test_pools();
    test_norms();
    test_activation_family();
    test_prelus();
    test_maxouts();
    test_losses();
    test_elementwise();
    test_products();
    test_resamplings();
    test_stacks();
    test_augmentation();
    test_optimizers();
    test_rooflines();
    for (int i = 0; i < cnnc_op_count; i++)
        if (!called[i]) {
            printf("FAIL %s: no test calls it\n", cnnc_ops[i].name);
            failed++;
        }
    printf("float%d, levels:", DOUBLE ? 64 : 32);
    for (int level = 0; level < (DOUBLE ? 1 : cnnc_isa_count()); level++)
        printf(" %s%s", cnnc_isa_name(level), cnnc_isa_supported(level) ? "" : " (not on this machine)");
    printf(", OpenMP: %s\n%d passed, %d failed\n", cnnc_has_openmp() ? "yes" : "no", passed, failed);
    return failed > 0;
}
