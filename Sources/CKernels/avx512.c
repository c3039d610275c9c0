#include "CKernels.h"

#if defined(__x86_64__)
#pragma clang attribute push(                                                                   \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw"))), apply_to = function)
#define WIDE_REGISTERS
#define KERNEL_SET ck_avx512_kernels
#define KERNEL_SET_NAME "AVX-512"
#include "kernel_set.h"
#pragma clang attribute pop
#endif
