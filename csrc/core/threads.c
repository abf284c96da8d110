/* threads.c - what the binding asks and tells OpenMP. */
#include "../cnnc.h"

#ifdef _OPENMP
#include <omp.h>
int cnnc_has_openmp(void) { return 1; }
int cnnc_max_threads(void) { return omp_get_max_threads(); }
void cnnc_set_max_threads(int threads) { omp_set_num_threads(threads); }
#else
int cnnc_has_openmp(void) { return 0; }
int cnnc_max_threads(void) { return 1; }
void cnnc_set_max_threads(int threads) { (void)threads; }
#endif
