#include "CLinux.h"

#include <string.h>
#include <unistd.h>

int clinux_processor_is_supported(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
  return 1;
#endif
}

#if defined(__x86_64__)
// Runs before main, because everything written in Swift, main included, is compiled for
// x86-64-v3: by the time Swift code could ask, the processor has met its first unknown instruction
// and the user has read "Illegal instruction". This is the one place where a library prints and
// exits (69: EX_UNAVAILABLE).
__attribute__((constructor)) static void clinux_refuse_old_processor(void) {
  if (clinux_processor_is_supported()) return;
  static const char message[] =
      "Not started: this processor has no AVX2 and FMA, which dermseg is built for (x86-64-v3: "
      "Intel since Haswell 2013, AMD since Excavator 2015). Run it on a newer machine.\n";
  ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
  (void)ignored;
  _exit(69);
}
#endif
