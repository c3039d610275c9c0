// The parts of Linux that Swift cannot see: calls hidden behind _GNU_SOURCE, structures that end in
// a flexible array, and questions to the processor. Nothing here allocates, prints or exits, except
// `clinux_refuse_old_processor` in processor.c, whose comment says why.
#pragma once

#include <stddef.h>
#include <stdint.h>

// renameat2(2). `no_replace` != 0: fails with EEXIST where the new name exists. 0 or -1 and errno.
int clinux_renameat2(
    int old_directory, const char *old_name, int new_directory, const char *new_name,
    int no_replace);

// Asks that written bytes begin their way to the disk, without waiting for them; a hint.
void clinux_begin_writing(int descriptor, int64_t offset, int64_t count);

// The file system's magic number of statfs(2), 0 for "could not be asked".
uint64_t clinux_file_system_magic(int descriptor);

// makedev(3), a macro that Swift cannot see.
uint64_t clinux_device_number(uint32_t major, uint32_t minor);

// The name of an errno value ("ENOSPC"), or NULL.
const char *clinux_errno_name(int error);

// A fresh inotify instance: close-on-exec, non-blocking. -1 and errno.
int clinux_inotify_open(void);

// Adds a watch on a directory: files closed after writing, moved in or out, deleted, attributes, and
// the directory itself deleted, moved or unmounted. The watch's number, or -1 and errno.
//
// `tell_of_creations` != 0: also names made, without which a new sub-folder is not heard of. Not
// where it can be avoided: with it a burst of 100,000 files fills the queue after 8,192.
int clinux_inotify_watch(int inotify, const char *path, int tell_of_creations);

// Ends a watch. 0 or -1 and errno.
int clinux_inotify_unwatch(int inotify, int watch);

// What one event said.
enum {
  CLINUX_EVENT_CHANGE = 1,         // a name in the directory changed
  CLINUX_EVENT_OVERFLOW = 2,       // events were lost
  CLINUX_EVENT_DIRECTORY_GONE = 4, // the watched directory was deleted, moved or unmounted
  CLINUX_EVENT_WATCH_ENDED = 8,    // nothing more comes from this watch
  CLINUX_EVENT_OF_DIRECTORY = 16   // the name is that of a directory
};

struct clinux_event {
  int watch;     // which watch it comes from, -1 for none
  uint32_t what; // CLINUX_EVENT_...
  size_t name_offset, name_length;
};

// Reads the event at `offset` of a buffer that read(2) filled with `length` bytes.
// Returns the offset of the next event, 0 at the end, -1 for a malformed buffer.
ptrdiff_t clinux_inotify_parse(
    const unsigned char *buffer, size_t length, size_t offset, struct clinux_event *event);

// A descriptor to end `clinux_wait` from another thread, with `clinux_wake`. -1 and errno.
int clinux_wake_open(void);
int clinux_wake(int descriptor);

enum { CLINUX_WAIT_INOTIFY = 1, CLINUX_WAIT_MOUNTS = 2, CLINUX_WAIT_WAKE = 4 };

// Waits, without using the processor, for inotify events, for a change of the mounts (an open
// /proc/self/mountinfo) or for `clinux_wake`; a negative descriptor is left out. Says which it was;
// -1 and errno.
int clinux_wait(int inotify, int mounts, int wake);

// Number of processors in this thread's affinity mask, at least 1.
int clinux_affinity_count(void);

// 1 where the processor and kernel can run code compiled for x86-64-v3 (AVX2, FMA, BMI); always 1
// on other architectures.
int clinux_processor_is_supported(void);

// From now on this thread, and no other, meets files as a user would who logs in: with that user's
// and its groups' rights and without root's. -1 and errno, ENOENT for a user that is not known.
// Needs root.
int clinux_act_as(const char *user);

// Ends that. 0 or -1 and errno.
int clinux_act_as_oneself(void);

// From now on, when the process is killed by a fault of its own (SIGSEGV, SIGBUS, SIGILL, SIGFPE,
// SIGTRAP, SIGABRT, SIGSYS), one byte is written to `descriptor` first. Not for SIGKILL and the
// like, which say nothing about the code. 0 or -1 and errno.
int clinux_mark_crashes(int descriptor);

// A socket to send datagrams from. -1 and errno.
int clinux_datagram_socket(void);

// Sends one datagram to the socket at `path`. EAGAIN where its queue is full, and stays full for a second
// if `waits`. 0 or -1 and errno.
int clinux_send_datagram(int descriptor, const char *path, const void *bytes, size_t count,
                         int waits);
