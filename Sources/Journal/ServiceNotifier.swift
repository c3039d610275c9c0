import CSystemd
import Glibc

/// Tells the service manager about this process (sd_notify(3)); without one, does nothing.
public struct ServiceNotifier: Sendable {
  /// Creates a notifier, which finds the manager by `NOTIFY_SOCKET` in the environment.
  public init() {}

  /// Start-up is finished.
  public func ready(status: String) { notify("READY=1\nSTATUS=\(singleLine(status))") }

  /// The line that `systemctl status` shows.
  public func status(_ status: String) { notify("STATUS=\(singleLine(status))") }

  /// Configuration and model are being read again; ``ready(status:)`` ends it.
  public func reloading() {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    notify("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
  }

  /// The process is about to end.
  public func stopping(status: String) { notify("STOPPING=1\nSTATUS=\(singleLine(status))") }

  /// The process has proved that it works; the manager's watchdog starts anew.
  public func watchdog() { notify("WATCHDOG=1") }

  /// How long the manager waits for ``watchdog()`` before it ends this process; nil: for ever.
  public var watchdogInterval: Duration? {
    var microseconds: UInt64 = 0
    guard unsafe sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
    return .microseconds(Int64(clamping: microseconds))
  }

  private func notify(_ state: String) { _ = unsafe sd_notify(0, state) }

  /// A line feed would begin another assignment.
  private func singleLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }
}
