#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GROUP_LIMIT = 256 };

static __thread gid_t own_groups[GROUP_LIMIT];
static __thread int own_group_count = -1;

// setgroups(2) itself: glibc's function would change all threads.
static int set_groups_of_thread(int count, const gid_t *groups) {
  return (int)syscall(SYS_setgroups, (size_t)count, groups);
}

// setfsuid(2) tells no errors; asking for an impossible user says who one is.
static int set_file_user(uid_t user, gid_t group) {
  setfsgid(group);
  setfsuid(user);
  if ((gid_t)setfsgid((gid_t)-1) == group && (uid_t)setfsuid((uid_t)-1) == user) return 0;
  errno = EPERM;
  return -1;
}

int clinux_act_as(const char *user) {
  errno = 0;
  const struct passwd *entry = getpwnam(user);
  if (entry == NULL) {
    if (errno == 0) errno = ENOENT;
    return -1;
  }
  uid_t const uid = entry->pw_uid;
  gid_t const gid = entry->pw_gid;
  gid_t groups[GROUP_LIMIT];
  int count = GROUP_LIMIT;
  if (getgrouplist(user, gid, groups, &count) < 0) count = GROUP_LIMIT;
  if (own_group_count < 0) {
    own_group_count = getgroups(GROUP_LIMIT, own_groups);
    if (own_group_count < 0) return -1;
  }
  if (set_groups_of_thread(count, groups) != 0) return -1;
  if (set_file_user(uid, gid) != 0) {
    int const error = errno;
    clinux_act_as_oneself();
    errno = error;
    return -1;
  }
  return 0;
}

int clinux_act_as_oneself(void) {
  int const result = set_file_user(geteuid(), getegid());
  if (own_group_count < 0) return result;
  return set_groups_of_thread(own_group_count, own_groups) != 0 ? -1 : result;
}
