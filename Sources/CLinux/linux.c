#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

int clinux_renameat2(
    int old_directory, const char *old_name, int new_directory, const char *new_name,
    int no_replace) {
  return renameat2(
      old_directory, old_name, new_directory, new_name, no_replace ? RENAME_NOREPLACE : 0);
}

void clinux_begin_writing(int descriptor, int64_t offset, int64_t count) {
  (void)sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

uint64_t clinux_file_system_magic(int descriptor) {
  struct statfs information;
  if (fstatfs(descriptor, &information) != 0) return 0;
  // f_type is signed on some architectures, and magic numbers such as CIFS's have the top bit set.
  return (uint64_t)(uint32_t)information.f_type;
}

uint64_t clinux_device_number(uint32_t major, uint32_t minor) { return makedev(major, minor); }

const char *clinux_errno_name(int error) { return strerrorname_np(error); }

int clinux_affinity_count(void) {
  // 8,192 processors: the largest machine Linux supports; a smaller set makes the call fail there.
  static const size_t maximum = 8192;
  cpu_set_t *set = CPU_ALLOC(maximum);
  if (set == NULL) return 1;
  size_t size = CPU_ALLOC_SIZE(maximum);
  CPU_ZERO_S(size, set);
  int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 1;
  CPU_FREE(set);
  return count > 0 ? count : 1;
}
