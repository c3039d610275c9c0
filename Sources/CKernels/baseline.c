// For the instructions that the whole package is compiled for: AVX2 and FMA on x86-64.
#define KERNEL_SET ck_baseline_kernels
#if defined(__x86_64__)
#define KERNEL_SET_NAME "AVX2"
#else
#define KERNEL_SET_NAME "generic"
#endif
#include "kernel_set.h"
