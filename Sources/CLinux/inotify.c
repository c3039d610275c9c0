#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

int clinux_inotify_open(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

// IN_CREATE comes for each file before it is written and doubles the events of a burst. Without it a new link is
// found by the next rescan, for which there is no other event.
int clinux_inotify_watch(int inotify, const char *path, int tell_of_creations) {
  return inotify_add_watch(
      inotify, path,
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
          IN_MOVE_SELF | IN_ONLYDIR | (tell_of_creations ? IN_CREATE : 0));
}

int clinux_inotify_unwatch(int inotify, int watch) { return inotify_rm_watch(inotify, watch); }

ptrdiff_t clinux_inotify_parse(
    const unsigned char *buffer, size_t length, size_t offset, struct clinux_event *result) {
  struct inotify_event event;
  if (offset == length) return 0;
  if (offset > length || length - offset < sizeof event) return -1;
  // The header is copied out: nothing promises that `offset` is aligned.
  memcpy(&event, buffer + offset, sizeof event);
  size_t rest = length - offset - sizeof event;
  if (event.len > rest) return -1;
  result->watch = event.wd;
  result->what = 0;
  if (event.mask & IN_Q_OVERFLOW) result->what |= CLINUX_EVENT_OVERFLOW;
  if (event.mask & IN_IGNORED) result->what |= CLINUX_EVENT_WATCH_ENDED;
  if (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
    result->what |= CLINUX_EVENT_DIRECTORY_GONE;
  if (event.mask &
      (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_CREATE))
    result->what |= CLINUX_EVENT_CHANGE;
  if (event.mask & IN_ISDIR) result->what |= CLINUX_EVENT_OF_DIRECTORY;
  result->name_offset = offset + sizeof event;
  result->name_length = strnlen((const char *)buffer + offset + sizeof event, event.len);
  return (ptrdiff_t)(offset + sizeof event + event.len);
}

int clinux_wake_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_wake(int descriptor) { return eventfd_write(descriptor, 1); }

int clinux_wait(int inotify, int mounts, int wake) {
  // A negative descriptor is left out by poll(2). The list of mounts can always be read: that it
  // changed is told as an urgent condition (proc(5)).
  struct pollfd waited[] = {{inotify, POLLIN, 0}, {mounts, POLLPRI, 0}, {wake, POLLIN, 0}};
  int count;
  do count = poll(waited, 3, -1);
  while (count < 0 && errno == EINTR);
  if (count < 0) return -1;
  return (waited[0].revents ? CLINUX_WAIT_INOTIFY : 0) |
         (waited[1].revents ? CLINUX_WAIT_MOUNTS : 0) |
         (waited[2].revents ? CLINUX_WAIT_WAKE : 0);
}
