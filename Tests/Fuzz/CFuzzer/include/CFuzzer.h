// The entry of libFuzzer for programs that have a `main` of their own: the library
// clang_rt.fuzzer_no_main, which comes with clang.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Runs `one` with one input after another until something happens or the time is over. Removes the
// options that it understood from the arguments.
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*one)(const uint8_t *data, size_t size));

// A file in memory, to be read by its name /proc/self/fd/N. -1 and errno.
int cfuzzer_memory_file(void);
