import Dispatch
import Glibc

/// Runs a program to its end; to be called on the main thread, before there is a second one.
///
/// Not on the main thread: libdispatch hands its priority on to others' threads, which are then to be
/// preferred to ordinary ones; that is refused to an ordinary user. Signals that would end a program because
/// of a reader that went away or a file size limit are ignored: they are errors of calls.
public func runProgram(_ main: @escaping @Sendable () async -> Never) -> Never {
  silenceDispatch()
  signal(SIGPIPE, SIG_IGN)
  signal(SIGXFSZ, SIG_IGN)
  Task.detached(priority: .medium) { await main() }
  dispatchMain()
}

/// Keeps libdispatch's own remarks out of the journal.
///
/// Its thread for timers and signals asks for a priority that an ordinary user may not have, does without when
/// it is refused, and says so each time by syslog(3). Nothing else that it has to say goes that way: a
/// misuse ends the process.
private func silenceDispatch() { unsafe setenv("LIBDISPATCH_LOG", "NO", 0) }
