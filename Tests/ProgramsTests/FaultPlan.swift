import Files
import Glibc
import SystemPackage
import TemporaryFolders
import Testing

/// What the preloaded library of `Tests/Faults` does to a program; its header explains each part.
struct FaultPlan {
  enum Deed {
    case fail(Errno)
    case failOn(Errno)
    case signalBefore(Int32)
    case signalAfter(Int32)
    /// Waits until the file `reached` in the test's folder, which it makes, is removed.
    case pause
    case skip
    case shutDown(FilePath)
  }

  /// Names in the test's folder; "" is all of it.
  var folders = ["test", "Results", "state"]
  var calls: [String] = []
  var at = 0
  var deed: Deed?
  var shortest = 0
  var droppedEvents = 0
  var timerMicroseconds = 0

  /// Variables for the program; what it calls is listed in the file `trace` of the test's folder.
  func environment(in folder: TemporaryFolder) throws -> [String] {
    let library = try DaemonProcess.programs.appending("libDermsegFaults.so")
    var variables = [
      "LD_PRELOAD=\(library)",
      "DERMSEG_FAULT_FOLDERS=" + folders.map { "\(folder.appending($0))" }.joined(separator: ":"),
      "DERMSEG_FAULT_TRACE=\(folder.appending("trace"))",
      "DERMSEG_FAULT_LIFT=\(folder.appending("lift"))", "DERMSEG_FAULT_AT=\(at)",
      "DERMSEG_FAULT_SHORT=\(shortest)", "DERMSEG_FAULT_EVENTS=\(droppedEvents)",
      "DERMSEG_FAULT_TIMER=\(timerMicroseconds)",
    ]
    if !calls.isEmpty { variables.append("DERMSEG_FAULT_CALLS=" + calls.joined(separator: ",")) }
    if let deed { variables.append("DERMSEG_FAULT_DO=" + text(deed, folder)) }
    return variables
  }

  private func text(_ deed: Deed, _ folder: TemporaryFolder) -> String {
    switch deed {
    case .fail(let error): "fail:\(error.rawValue)"
    case .failOn(let error): "fail-on:\(error.rawValue)"
    case .signalBefore(let signal): "signal-before:\(signal)"
    case .signalAfter(let signal): "signal-after:\(signal)"
    case .pause: "pause:\(folder.appending("reached"))"
    case .skip: "skip"
    case .shutDown(let path): "shutdown:\(path)"
    }
  }
}

/// Runs something for each item, a few at a time: daemons wait more than they compute.
func forEach<Item: Sendable>(
  _ items: [Item], atOnce: Int = 8, _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for (index, item) in items.enumerated() {
      if index >= atOnce { try await group.next() }
      group.addTask { try await body(item) }
    }
    try await group.waitForAll()
  }
}
