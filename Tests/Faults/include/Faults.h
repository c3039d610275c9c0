// A library to be preloaded (LD_PRELOAD) into a program under test. It counts the program's calls
// that concern some folders, and does something at one of them: lets it fail, ends the process
// before or after it, waits, leaves it out, shuts the file system down. For the tests only; it has no
// function to be called. One atomic counter serves all threads, so that call k is call k.
//
// It is told what to do by environment variables:
//
//   DERMSEG_FAULT_FOLDERS  Absolute paths, separated by `:`; calls on them and on what is in them
//                          count. Without this variable nothing is done at all.
//   DERMSEG_FAULT_CALLS    Names of calls, separated by `,`: only these count. Default: all.
//   DERMSEG_FAULT_AT       The number of the call at which it happens, from 1. Default: none.
//   DERMSEG_FAULT_DO       What happens there:
//     fail:ERRNO             that call fails with the error number
//     fail-on:ERRNO          that call and all later ones fail, until DERMSEG_FAULT_LIFT exists
//     signal-before:SIGNAL   the signal is sent to the process before the call
//     signal-after:SIGNAL    ... after the call
//     pause:FILE             FILE is made, and the call waits until somebody removes it
//     delay:MILLISECONDS     the call waits
//     skip                   that call and all later ones do nothing and report success
//     shutdown:FOLDER        the file system that FOLDER is on loses what it has not written
//                            (FS_IOC_SHUTDOWN without log flush), and the process is killed
//   DERMSEG_FAULT_LIFT     A file; when it exists `fail-on` ends.
//   DERMSEG_FAULT_SHORT    Reads and writes transfer at most so many bytes.
//   DERMSEG_FAULT_EVENTS   Every n-th inotify event is dropped; 1: all.
//   DERMSEG_FAULT_TIMER    Microseconds between two SIGALRM, which interrupt slow calls.
//   DERMSEG_FAULT_TRACE    A file that gets one line per counted call, `NUMBER NAME PATH`, and one
//                          per write to standard error, `- log TEXT`.
#pragma once
