#define _GNU_SOURCE
#include "CLinux.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

// The signals that end a process because of its own code, not because somebody wanted it to end.
static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
enum { crash_signal_count = sizeof crash_signals / sizeof crash_signals[0] };

static struct sigaction previous_actions[crash_signal_count];
static volatile sig_atomic_t mark_descriptor = -1;

// Only async-signal-safe calls (signal-safety(7)).
static void mark_crash(int signal) {
  if (mark_descriptor >= 0) {
    ssize_t ignored = write(mark_descriptor, "x", 1);
    (void)ignored;
  }
  // What would have happened without this handler happens now: the signal is blocked until it
  // returns, and a faulting instruction is run again.
  for (int i = 0; i < crash_signal_count; i++)
    if (crash_signals[i] == signal) sigaction(signal, &previous_actions[i], NULL);
  raise(signal);
}

int clinux_mark_crashes(int descriptor) {
  mark_descriptor = descriptor;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = mark_crash;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < crash_signal_count; i++) {
    struct sigaction previous;
    if (sigaction(crash_signals[i], &action, &previous) != 0) return -1;
    if (previous.sa_handler != mark_crash) previous_actions[i] = previous;
  }
  return 0;
}
