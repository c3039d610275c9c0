import ArgumentParser
import Diagnosis
import Files
import Glibc
import Progress
import Settings

/// `dermseg status`
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Shows how many photographs wait, are done or failed, and the last masks.",
    discussion: """
      Everything is read from the folders, so it is right also while no daemon runs. How long each \
      photograph took comes from the journal, for those who may read it. A photograph whose mask is of \
      another model than the one in service, or was made with other settings, waits: the daemon remakes it.

      EXAMPLES
        dermseg status
        watch -n 5 dermseg status
        dermseg status --json

      EXIT CODES
        0 done, 2 bad arguments, 69 the test folder cannot be listed, 78 bad configuration.
      """)

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var quiet: QuietOption

  func run() async throws {
    let settings = try await service.settings("No status")
    let bar = quiet.bar
    defer { bar.clear() }
    let status: ServiceStatus
    do {
      status = try ServiceStatus(settings, of: service.service, now: time(nil)) {
        bar.show("Looking at photographs", done: $0, of: $1)
      }
    } catch {
      throw CommandFailure(message: "No status: \(error)", exitCode: .unavailable)
    }
    if json { return try printJSON(status) }
    for line in status.lines { Console.print(line) }
  }
}

extension ServiceStatus {
  fileprivate var lines: [String] {
    var lines = [
      "\(testFolder) -> \(resultsFolder)", "",
      "waiting  \(padded(waiting))"
        + (toBeRemade > 0 ? "  \(toBeRemade) to be remade" : "")
        + (secondsLeft.map { "  about \(spelled(.seconds($0))) left" } ?? ""),
      "done     \(padded(done))",
      "failed   \(padded(failed))" + (failed > 0 ? "  dermseg failed says why" : ""),
      "rate     \(lastMinute) in the last minute, \(lastHour) in the last hour, \(lastDay) in the last day",
      "model    \(model ?? Console.styled("none: \(modelTrouble ?? "")", .bad))",
      "daemon   \(daemon)",
    ]
    lines += notLookedAt(unreadable).map { "not looked at: \($0)" }
    if !latest.isEmpty { lines += ["", "last masks"] + table }
    return lines
  }

  private var daemon: String {
    let number = process.map { ", process \($0)" } ?? ""
    if let unitState {
      return unitState + number + (unitStatus.map { ": \($0)" } ?? "")
    }
    return process.map { "process \($0)" } ?? "none seen at work here"
  }

  private func padded(_ number: Int) -> String {
    let widest = String(max(waiting, done, failed)).count
    let text = String(number)
    return String(repeating: " ", count: widest - text.count) + text
  }

  private var table: [String] {
    let rows =
      [["time", "lesion", "took", "photograph", "model"]]
      + latest.map { mask in
        [
          localTime(mask.published), mask.areaPercent.map { "\($0) %" } ?? "-",
          mask.seconds.map { "\($0) s" } ?? "-", mask.file, mask.model == model ? "" : mask.model,
        ]
      }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        // Numbers to the right.
        return column == 1 || column == 2 ? space + text : text + space
      }
      return "  " + trimmed(cells.joined(separator: "  "))
    }
  }

  private func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }
}

/// The first of what could not be looked at, and how many more there are: whoever may not read the Results
/// folder may read none of the masks.
func notLookedAt(_ texts: [String]) -> [String] {
  let shown = 3
  guard texts.count > shown + 1 else { return texts }
  return texts.prefix(shown) + ["and \(texts.count - shown) more"]
}

/// A time as `2026-11-25 01:02:03`, on the clock of this place.
func localTime(_ secondsSince1970: Int) -> String {
  var seconds = time_t(secondsSince1970)
  var parts = unsafe tm()
  unsafe localtime_r(&seconds, &parts)
  var buffer = [CChar](repeating: 0, count: 32)
  let count = unsafe strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
  return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
