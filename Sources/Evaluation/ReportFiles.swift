import FoundationEssentials

// A report as files: JSON with everything, CSV with one line per photograph.

extension EvaluationReport {
  /// All numbers as JSON, keys in alphabetical order.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [0x0A]
  }

  /// Reads what ``json()`` wrote.
  public init(json: [UInt8]) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json))
  }

  /// One line per photograph after a line of names (RFC 4180, but with line feeds alone): name, width,
  /// height, the model's scores, then the no-learning rule's with `rule_` before their names, then why somebody
  /// should look at the mask. What is undefined is empty.
  public func csv() -> [UInt8] {
    var lines = [
      (["name", "width", "height"] + ScoreKind.all.map(\.name)
        + ScoreKind.all.map { "rule_" + $0.name } + ["please_look"]).joined(separator: ",")
    ]
    for image in images {
      let scores = [image.model, image.noLearningRule].flatMap { scores in
        ScoreKind.all.map { kind in kind.value(scores).map { "\($0)" } ?? "" }
      }
      lines.append(
        ([quoted(image.name), "\(image.width)", "\(image.height)"] + scores
          + [image.pleaseLook?.codes ?? ""])
          .joined(separator: ","))
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
