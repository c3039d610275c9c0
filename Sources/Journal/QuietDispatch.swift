import Glibc

/// Keeps libdispatch's own remarks out of the journal; to be called before there is a second thread.
///
/// Its thread for timers and signals asks for a priority that an ordinary user may not have, does without when
/// it is refused, and says so each time by syslog(3). Nothing else that it has to say goes that way: a
/// misuse ends the process.
public func silenceDispatch() { unsafe setenv("LIBDISPATCH_LOG", "NO", 0) }
