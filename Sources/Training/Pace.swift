/// What this part of a run, since the process began, knows of itself.
struct Pace {
  var lastCheckpoint: ContinuousClock.Instant
  /// Which of the two checkpoint files is written next.
  var nextSlot: Int
  /// Photographs that are gone and were named.
  var lostNames: Set<String> = []
  private var steps = 0
  private var stepTime = Duration.zero
  private var validations = 0
  private var validationTime = Duration.zero

  init(start: ContinuousClock.Instant, nextSlot: Int) {
    lastCheckpoint = start
    self.nextSlot = nextSlot
  }

  /// What a step took until now; nil before the first.
  var meanStep: Duration? { steps == 0 ? nil : stepTime / steps }

  mutating func addStep(_ time: Duration, to state: inout RunState) {
    steps += 1
    stepTime += time
    state.add(time)
  }

  mutating func addValidation(_ time: Duration, to state: inout RunState) {
    validations += 1
    validationTime += time
    state.add(time)
  }

  /// What so many steps and validations will take; nil before the first step.
  func remaining(steps stepsLeft: Int, validations validationsLeft: Int) -> Duration? {
    guard steps > 0 else { return nil }
    let validation = validations == 0 ? .zero : validationTime / validations * validationsLeft
    return stepTime / steps * stepsLeft + validation
  }
}

extension RunState {
  fileprivate mutating func add(_ time: Duration) {
    let seconds = time / .seconds(1)
    self.seconds += seconds
    epochSeconds += seconds
  }
}
