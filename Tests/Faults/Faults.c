// See include/Faults.h for what this is and how it is told what to do.
#define _GNU_SOURCE
#include "Faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
// The function that would have been called without this library.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum { descriptor_count = 1024, path_size = 768, folder_count = 8, stream_count = 64 };

typedef enum { nothing, fail, fail_on, signal_before, signal_after, wait_for, delay, skip, cut } deed;

static struct {
  int is_on;
  char folders[folder_count][path_size];
  char calls[512];
  long at;
  deed deed;
  int number;          // error, signal or milliseconds
  char file[path_size]; // of `pause` and `shutdown`
  const char *lift;
  size_t shortest;
  long events;
  int trace;
} plan = {.trace = -1};

static atomic_long counted;
static atomic_long event_number;
// The path that each descriptor was opened by; "" for those that do not matter.
static char paths[descriptor_count][path_size];
// Streams of directories that nothing was read from yet: of a listing only the first read counts.
static _Atomic(DIR *) fresh[stream_count];

// MARK: - The plan

static void read_folders(const char *text) {
  for (int i = 0; i < folder_count && *text != 0; i++) {
    size_t length = strcspn(text, ":");
    if (length >= path_size) return;
    memcpy(plan.folders[i], text, length);
    text += length + (text[length] == ':');
  }
}

static void read_deed(const char *text) {
  static const struct { const char *name; deed deed; } deeds[] = {
      {"fail-on:", fail_on}, {"fail:", fail}, {"signal-before:", signal_before},
      {"signal-after:", signal_after}, {"pause:", wait_for}, {"delay:", delay}, {"skip", skip},
      {"shutdown:", cut}};
  for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
    size_t length = strlen(deeds[i].name);
    if (strncmp(text, deeds[i].name, length) != 0) continue;
    plan.deed = deeds[i].deed;
    plan.number = atoi(text + length);
    snprintf(plan.file, path_size, "%s", text + length);
    return;
  }
}

static long number(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : atol(text);
}

static void on_alarm(int signal) { (void)signal; }

static void start_timer(long microseconds) {
  struct sigaction action = {.sa_handler = on_alarm}; // without SA_RESTART
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

__attribute__((constructor)) static void read_plan(void) {
  const char *folders = getenv("DERMSEG_FAULT_FOLDERS");
  if (folders == NULL) return;
  read_folders(folders);
  const char *calls = getenv("DERMSEG_FAULT_CALLS");
  if (calls != NULL) snprintf(plan.calls, sizeof plan.calls, ",%s,", calls);
  const char *what = getenv("DERMSEG_FAULT_DO");
  if (what != NULL) read_deed(what);
  plan.at = number("DERMSEG_FAULT_AT");
  plan.lift = getenv("DERMSEG_FAULT_LIFT");
  plan.shortest = (size_t)number("DERMSEG_FAULT_SHORT");
  plan.events = number("DERMSEG_FAULT_EVENTS");
  const char *trace = getenv("DERMSEG_FAULT_TRACE");
  if (trace != NULL) {
    int low = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // Out of the way of numbers that the program could be given.
    plan.trace = (int)syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, low);
  }
  plan.is_on = 1;
  long microseconds = number("DERMSEG_FAULT_TIMER");
  if (microseconds > 0) start_timer(microseconds);
}

// MARK: - Which calls count

static int concerns(const char *path) {
  for (int i = 0; i < folder_count && plan.folders[i][0] != 0; i++) {
    size_t length = strlen(plan.folders[i]);
    if (strncmp(path, plan.folders[i], length) == 0 && (path[length] == 0 || path[length] == '/'))
      return 1;
  }
  return 0;
}

static const char *path_of(int descriptor) {
  if (!plan.is_on) return "";
  return descriptor >= 0 && descriptor < descriptor_count ? paths[descriptor] : "";
}

static void remember(int descriptor, const char *path) {
  // The test program itself is linked with this library, and has many threads.
  if (!plan.is_on || descriptor < 0 || descriptor >= descriptor_count) return;
  snprintf(paths[descriptor], path_size, "%s", path);
}

// The path of a name in a directory; "" if the directory is not known.
static const char *join(char *buffer, int directory, const char *name) {
  if (name[0] == '/') return name;
  const char *base = path_of(directory);
  if (base[0] == 0) return "";
  snprintf(buffer, path_size, "%s/%.200s", base, name);
  return buffer;
}

static void trace(const char *format, ...) {
  if (plan.trace < 0) return;
  char line[path_size + 64];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 1) length = (int)sizeof line - 1;
  for (int i = 0; i < length - 1; i++)
    if ((unsigned char)line[i] < ' ') line[i] = '?';
  line[length - 1] = '\n';
  syscall(SYS_write, plan.trace, line, (size_t)length);
}

static void send_signal(int signal) {
  syscall(SYS_kill, getpid(), signal);
  while (signal == SIGKILL) pause();
}

static void sleep_milliseconds(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0) {}
}

static int exists(const char *path) { return syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

static void wait_for_removal(const char *path) {
  syscall(SYS_close, (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  while (exists(path)) sleep_milliseconds(2);
}

static void shut_down(const char *path) {
  // FS_IOC_SHUTDOWN of linux/fs.h since 6.9; 2: FS_SHUTDOWN_FLAGS_NOLOGFLUSH.
  unsigned flags = 2;
  int folder = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
  if (syscall(SYS_ioctl, folder, 0x8004587DUL, &flags) != 0) {
    static const char message[] = "FS_IOC_SHUTDOWN failed\n";
    syscall(SYS_write, 2, message, sizeof message - 1);
  }
  send_signal(SIGKILL);
}

// What is to be done with one call.
typedef struct {
  int fails;
  int is_skipped;
  int signal;
} verdict;

static verdict judge(const char *name, const char *path) {
  verdict verdict = {0, 0, 0};
  if (!plan.is_on || !concerns(path)) return verdict;
  if (plan.calls[0] != 0) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, ",%s,", name);
    if (strstr(plan.calls, wanted) == NULL) return verdict;
  }
  long k = atomic_fetch_add(&counted, 1) + 1;
  trace("%ld %s %s\n", k, name, path);
  if (plan.at == 0 || k < plan.at) return verdict;
  if (plan.deed == fail_on) verdict.fails = plan.lift == NULL || !exists(plan.lift);
  if (plan.deed == skip) verdict.is_skipped = 1;
  if (k > plan.at) return verdict;
  switch (plan.deed) {
  case fail: verdict.fails = 1; break;
  case signal_before: send_signal(plan.number); break;
  case signal_after: verdict.signal = plan.number; break;
  case wait_for: wait_for_removal(plan.file); break;
  case delay: sleep_milliseconds(plan.number); break;
  case cut: shut_down(plan.file); break;
  default: break;
  }
  return verdict;
}

// Lets the call of the function around it be judged; returns from it with `failure` if it must fail.
#define JUDGE(name, path, failure)                                                                 \
  verdict verdict = judge(name, path);                                                             \
  if (verdict.fails) {                                                                             \
    errno = plan.number;                                                                           \
    return failure;                                                                                \
  }

#define FINISH(result)                                                                             \
  if (verdict.signal != 0) {                                                                       \
    int error = errno;                                                                             \
    send_signal(verdict.signal);                                                                   \
    errno = error;                                                                                 \
  }                                                                                                \
  return result

// MARK: - Opening and closing

static int opened(int descriptor, const char *path) {
  if (plan.is_on) remember(descriptor, path);
  return descriptor;
}

EXPORT int openat(int directory, const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  char buffer[path_size];
  const char *path = join(buffer, directory, name);
  JUDGE("open", path, -1)
  int result = opened(NEXT(openat)(directory, name, flags, mode), path);
  FINISH(result);
}

EXPORT int open(const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  JUDGE("open", name, -1)
  int result = opened(NEXT(open)(name, flags, mode), name);
  FINISH(result);
}

EXPORT int close(int descriptor) {
  char path[path_size];
  snprintf(path, sizeof path, "%s", path_of(descriptor));
  verdict verdict = judge("close", path);
  remember(descriptor, "");
  // Linux closes the descriptor also when it reports an error.
  int result = NEXT(close)(descriptor);
  if (verdict.fails) {
    errno = plan.number;
    return -1;
  }
  FINISH(result);
}

EXPORT int fcntl(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  int result = NEXT(fcntl)(descriptor, command, argument);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) opened(result, path_of(descriptor));
  return result;
}

EXPORT DIR *fdopendir(int descriptor) {
  JUDGE("fdopendir", path_of(descriptor), NULL)
  DIR *stream = NEXT(fdopendir)(descriptor);
  for (int i = 0; plan.is_on && stream != NULL && i < stream_count; i++) {
    DIR *none = NULL;
    if (atomic_compare_exchange_strong(&fresh[i], &none, stream)) break;
  }
  FINISH(stream);
}

EXPORT struct dirent *readdir(DIR *stream) {
  for (int i = 0; i < stream_count; i++) {
    DIR *expected = stream;
    if (!atomic_compare_exchange_strong(&fresh[i], &expected, NULL)) continue;
    JUDGE("readdir", path_of(dirfd(stream)), NULL)
    struct dirent *result = NEXT(readdir)(stream);
    FINISH(result);
  }
  return NEXT(readdir)(stream);
}

EXPORT int closedir(DIR *stream) {
  remember(dirfd(stream), "");
  return NEXT(closedir)(stream);
}

// MARK: - Reading and writing

static size_t shortened(const char *path, size_t count) {
  return plan.shortest > 0 && count > plan.shortest && concerns(path) ? plan.shortest : count;
}

// Removes events from a buffer that inotify filled; returns what is left of it.
static ssize_t drop_events(char *buffer, ssize_t count) {
  ssize_t kept = 0;
  for (ssize_t offset = 0; offset < count;) {
    struct inotify_event event;
    memcpy(&event, buffer + offset, sizeof event);
    ssize_t size = (ssize_t)(sizeof event + event.len);
    if ((atomic_fetch_add(&event_number, 1) + 1) % plan.events != 0) {
      memmove(buffer + kept, buffer + offset, (size_t)size);
      kept += size;
    }
    offset += size;
  }
  return kept;
}

EXPORT ssize_t read(int descriptor, void *buffer, size_t count) {
  const char *path = path_of(descriptor);
  int is_inotify = strcmp(path, "inotify") == 0;
  JUDGE("read", path, -1)
  ssize_t result = NEXT(read)(descriptor, buffer, is_inotify ? count : shortened(path, count));
  if (is_inotify && plan.events > 0 && result > 0) {
    result = drop_events(buffer, result);
    if (result == 0) {
      errno = EAGAIN;
      result = -1;
    }
  }
  FINISH(result);
}

EXPORT ssize_t write(int descriptor, const void *buffer, size_t count) {
  if (descriptor == 2) trace("- log %.*s\n", (int)(count < 200 ? count : 200), (const char *)buffer);
  const char *path = path_of(descriptor);
  JUDGE("write", path, -1)
  ssize_t result = NEXT(write)(descriptor, buffer, shortened(path, count));
  FINISH(result);
}

#define ON_DESCRIPTOR(name, parameters, arguments)                                                 \
  EXPORT int name parameters {                                                                     \
    JUDGE(#name, path_of(descriptor), -1)                                                          \
    int result = verdict.is_skipped ? 0 : NEXT(name) arguments;                                    \
    FINISH(result);                                                                                \
  }

ON_DESCRIPTOR(fsync, (int descriptor), (descriptor))
ON_DESCRIPTOR(fdatasync, (int descriptor), (descriptor))
ON_DESCRIPTOR(ftruncate, (int descriptor, off_t length), (descriptor, length))
ON_DESCRIPTOR(flock, (int descriptor, int operation), (descriptor, operation))
ON_DESCRIPTOR(fstat, (int descriptor, struct stat *status), (descriptor, status))

EXPORT off_t lseek(int descriptor, off_t offset, int whence) {
  JUDGE("lseek", path_of(descriptor), -1)
  off_t result = NEXT(lseek)(descriptor, offset, whence);
  FINISH(result);
}

// MARK: - Names

#define ON_NAME(name, parameters, arguments, directory, entry)                                     \
  EXPORT int name parameters {                                                                     \
    char buffer[path_size];                                                                        \
    JUDGE(#name, join(buffer, directory, entry), -1)                                               \
    int result = verdict.is_skipped ? 0 : NEXT(name) arguments;                                    \
    FINISH(result);                                                                                \
  }

ON_NAME(stat, (const char *path, struct stat *status), (path, status), AT_FDCWD, path)
ON_NAME(lstat, (const char *path, struct stat *status), (path, status), AT_FDCWD, path)
ON_NAME(fstatat, (int folder, const char *path, struct stat *status, int flags),
        (folder, path, status, flags), folder, path)
ON_NAME(mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), folder, path)
ON_NAME(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), folder, path)
ON_NAME(symlinkat, (const char *target, int folder, const char *path), (target, folder, path),
        folder, path)
ON_NAME(renameat, (int folder, const char *old, int other, const char *path),
        (folder, old, other, path), other, path)
ON_NAME(renameat2, (int folder, const char *old, int other, const char *path, unsigned flags),
        (folder, old, other, path, flags), other, path)

EXPORT ssize_t readlinkat(int folder, const char *path, char *target, size_t size) {
  char buffer[path_size];
  JUDGE("readlinkat", join(buffer, folder, path), -1)
  ssize_t result = NEXT(readlinkat)(folder, path, target, size);
  FINISH(result);
}

// MARK: - inotify

EXPORT int inotify_init1(int flags) {
  // It has no path; there is one user of it in the programs.
  JUDGE("inotify_init1", plan.folders[0], -1)
  int result = opened(NEXT(inotify_init1)(flags), "inotify");
  FINISH(result);
}

EXPORT int inotify_add_watch(int descriptor, const char *path, uint32_t mask) {
  JUDGE("inotify_add_watch", path, -1)
  int result = NEXT(inotify_add_watch)(descriptor, path, mask);
  FINISH(result);
}
