import Progress
import Synchronization
import Testing

@Suite struct ProgressBarTests {
  /// A terminal that keeps what was written, and a clock that is set by hand.
  private final class Terminal: Sendable {
    private let state = Mutex((texts: [String](), now: ContinuousClock().now))

    var texts: [String] { state.withLock { $0.texts } }

    func pass(_ duration: Duration) { state.withLock { $0.now += duration } }

    func bar(isTerminal: Bool = true, columns: Int = 80) -> ProgressBar {
      ProgressBar(
        isTerminal: isTerminal, now: { self.state.withLock { $0.now } }, columns: { columns },
        write: { text in self.state.withLock { $0.texts.append(text) } })
    }
  }

  private let terminal = Terminal()
  private let line = BarLine("x", done: 1, of: 1)

  @Test func whatIsOverWithinASecondIsNotDrawn() {
    let bar = terminal.bar()
    for done in 0...10 {
      bar.show("Reading", done: done, of: 10)
      terminal.pass(.milliseconds(90))
    }
    #expect(terminal.texts.isEmpty)
  }

  @Test func whatTakesLongerShowsHowMuchIsLeft() {
    let bar = terminal.bar()
    bar.show("Reading", done: 0, of: 12)
    terminal.pass(.seconds(4))
    bar.show("Reading", done: 3, of: 12)
    #expect(
      terminal.texts == ["\r\u{1B}[KReading [######..................] 3/12  12 s left"])
  }

  @Test func itIsClearedAtItsEndAndTheNextWorkIsPatientAgain() {
    let bar = terminal.bar()
    bar.show("Reading", done: 0, of: 2)
    terminal.pass(.seconds(2))
    bar.show("Reading", done: 1, of: 2)
    bar.show("Reading", done: 2, of: 2)
    #expect(terminal.texts.last == "\r\u{1B}[K")
    let count = terminal.texts.count
    bar.show("Reading", done: 0, of: 2)
    bar.show("Writing", done: 1, of: 2)
    #expect(terminal.texts.count == count)
  }

  @Test func itIsNotDrawnTenTimesASecond() {
    let bar = terminal.bar()
    for _ in 0..<100 {
      bar.draw(line)
      terminal.pass(.milliseconds(1))
    }
    #expect(terminal.texts.count == 1)
    // After a line of somebody else's it is there again at once.
    bar.clear()
    bar.draw(line)
    #expect(terminal.texts.count == 3)
  }

  /// Numbers are whole or not there: `22/60` cut to `2` would say something else.
  @Test(arguments: [
    (200, "Training [############............] 10/20  loss 0.5000  ETA 4 min 10 s"),
    (62, "Training [########........] 10/20  loss 0.5000  ETA 4 min 10 s"),
    (52, "Training [###...] 10/20  loss 0.5000  ETA 4 min 10 s"),
    (51, "Training 10/20  loss 0.5000  ETA 4 min 10 s"),
    (42, "Training 10/20  ETA 4 min 10 s"), (20, "Training 10/20"), (5, "Train"), (0, ""),
  ])
  func aNarrowTerminalGetsWhatFits(_ columns: Int, _ text: String) {
    let line = BarLine(
      "Training", done: 10, of: 20, details: ["loss 0.5000", "ETA 4 min 10 s"])
    #expect(line.text(columns: columns) == text)
    #expect(text.count <= columns)
  }

  @Test func theLastColumnStaysEmptySoThatNothingWraps() {
    terminal.bar(columns: 15).draw(BarLine("Training", done: 10, of: 20))
    terminal.bar(columns: 14).draw(BarLine("Training", done: 10, of: 20))
    #expect(terminal.texts == ["\r\u{1B}[KTraining 10/20", "\r\u{1B}[KTraining 10/2"])
  }

  @Test func withoutATerminalOrHiddenNothingIsWritten() {
    let pipe = terminal.bar(isTerminal: false)
    pipe.draw(line)
    pipe.clear()
    #expect(terminal.texts.isEmpty)
    let bar = terminal.bar()
    bar.draw(line)
    bar.hide()
    bar.draw(line)
    #expect(terminal.texts == ["\r\u{1B}[Kx [########################] 1/1", "\r\u{1B}[K"])
  }

  @Test(arguments: [
    (0, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (605, "10 min 05 s"), (3600, "1 h 00 min"),
    (9000, "2 h 30 min"), (-5, "0 s"),
  ])
  func timesReadLikeTimes(_ seconds: Int, _ text: String) {
    #expect(spelled(.seconds(seconds)) == text)
  }
}
