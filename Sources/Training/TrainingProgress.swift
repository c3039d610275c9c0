import Progress

extension ProgressBar {
  /// Draws what an event tells, or clears the bar when the event ends something.
  public func show(_ event: TrainingEvent) {
    switch event {
    case .prepared(let done, let count): show("Reading photographs", done: done, of: count)
    case .step(let report): draw(report.barLine)
    case .started, .epoch, .leftOut, .note: clear()
    case .resumed, .checkpoint: break
    }
  }
}
