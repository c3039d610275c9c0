import Evaluation
import Training

extension EvaluationReport {
  /// The scores as a table, a line for each.
  var table: [String] {
    let both = [model, noLearningRule]
    let head = line("", both.flatMap { _ in ["mean", "from", "to", "pooled"] })
    let names = line("", ["model", "95 %", "", "", "rule", "95 %"])
    let rows = ScoreKind.all.map { kind in
      line(
        kind.title,
        both.flatMap { scores in
          let interval = scores.intervals[kind.name]
          return [
            text(kind.value(scores.mean), kind), text(interval?.low, kind),
            text(interval?.high, kind),
            kind.isCounted ? "-" : text(kind.value(scores.pooled), kind),
          ]
        })
    }
    let gain = jaccardGain
    return ["\(imageCount) photographs, model \(modelID)", names, head] + rows + [
      "failures (Jaccard < 0.65): model \(percent(model.failureShare)), no-learning rule "
        + percent(noLearningRule.failureShare),
      "Jaccard, model minus rule: \(decimal(gain.mean)), 95 % from \(decimal(gain.low)) to "
        + decimal(gain.high),
    ] + (pleaseLook.map { [$0.line] } ?? [])
  }

  private func percent(_ share: Double) -> String { decimal(100 * share, places: 1) + " %" }
}

extension FlagCounts {
  /// For people.
  fileprivate var line: String {
    "please look: \(caught) of \(failures) failures are flagged, and \(flaggedOthers) of the \(others) "
      + "others"
  }
}

extension PairedComparison {
  /// The differences as a table, a line for each score.
  var table: [String] {
    ["", "Difference to the earlier one, \(imageCount) photographs"]
      + [["", "95 %"], ["mean", "from", "to", "higher", "lower"]].map { line("", $0, width: 8) }
      + ScoreKind.all.compactMap { kind in
        differences[kind.name].map { difference in
          line(
            kind.title,
            [difference.interval.mean, difference.interval.low, difference.interval.high].map {
              ($0 < 0 ? "" : "+") + text($0, kind)
            } + ["\(difference.higher)", "\(difference.lower)"], width: 8)
        }
      }
  }
}

/// A line of a table; both tables fit into a terminal of 80 columns.
private func line(_ name: String, _ cells: [String], width: Int = 7) -> String {
  let padded = cells.map { String(repeating: " ", count: max(1, width - $0.count)) + $0 }
  let text = name + String(repeating: " ", count: max(1, 23 - name.count)) + padded.joined()
  return String(text.reversed().drop { $0 == " " }.reversed())
}

private func text(_ value: Double?, _ kind: ScoreKind) -> String {
  value.map { decimal($0, places: kind.places) } ?? "-"
}
