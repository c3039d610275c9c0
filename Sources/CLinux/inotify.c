#include "CLinux.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

int clinux_inotify_open(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

int clinux_inotify_watch(int inotify, const char *path) {
  return inotify_add_watch(
      inotify, path,
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
          IN_MOVE_SELF | IN_ONLYDIR);
}

ptrdiff_t clinux_inotify_parse(
    const unsigned char *buffer, size_t length, size_t offset, uint32_t *what) {
  struct inotify_event event;
  if (offset == length) return 0;
  if (offset > length || length - offset < sizeof event) return -1;
  // The header is copied out: nothing promises that `offset` is aligned.
  memcpy(&event, buffer + offset, sizeof event);
  size_t rest = length - offset - sizeof event;
  if (event.len > rest) return -1;
  *what = 0;
  if (event.mask & IN_Q_OVERFLOW) *what |= CLINUX_EVENT_OVERFLOW;
  if (event.mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
    *what |= CLINUX_EVENT_DIRECTORY_GONE;
  if (event.mask &
      (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB))
    *what |= CLINUX_EVENT_CHANGE;
  return (ptrdiff_t)(offset + sizeof event + event.len);
}
