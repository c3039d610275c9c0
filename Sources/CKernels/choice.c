#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

extern const ck_kernels ck_baseline_kernels;
#if defined(__x86_64__)
extern const ck_kernels ck_avx512_kernels;

static int has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#else
static int has_avx512(void) { return 0; }
#endif

const ck_kernels *ck_kernels_at(long index) {
#if defined(__x86_64__)
  if (has_avx512() && index-- == 0) return &ck_avx512_kernels;
#else
  (void)has_avx512;
#endif
  return index == 0 ? &ck_baseline_kernels : NULL;
}

const ck_kernels *ck_kernels_for_processor(void) {
  const char *wanted = getenv("DERMSEG_INSTRUCTIONS");
  const ck_kernels *set = NULL;
  for (long i = 0; wanted && (set = ck_kernels_at(i)); i++)
    if (strcmp(set->name, wanted) == 0) return set;
  return ck_kernels_at(0);
}
