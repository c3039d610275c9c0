#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

int clinux_datagram_socket(void) {
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return -1;
  }
  // As libsystemd does: as much as the kernel allows. Less is no reason to do without.
  int bytes = 8 << 20;
  (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  struct timeval longest = {.tv_sec = 1};
  (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  return descriptor;
}

int clinux_send_datagram(int descriptor, const char *path, const void *bytes, size_t count,
                          int waits) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  ssize_t sent = sendto(
      descriptor, bytes, count, (waits ? 0 : MSG_DONTWAIT) | MSG_NOSIGNAL, (struct sockaddr *)&address,
      sizeof address);
  return sent < 0 ? -1 : 0;
}
