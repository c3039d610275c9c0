/// How the probabilities of a photograph become its mask.
///
/// Two masks of one photograph and one model are equal if and only if they were made with equal settings;
/// so a mask's record names them (``description``).
public struct MaskSettings: Sendable, Hashable {
  /// From which probability on a pixel is lesion, 0...1; nil: what the model says.
  public var threshold: Float?
  /// Which of several regions are kept.
  public var components: MaskComponents
  /// Whether background that the lesion encloses becomes lesion.
  public var fillHoles: Bool
  /// Regions smaller than this, in percent of the photograph's pixels, are removed; 0...100.
  public var smallestSpeck: Double
  /// Whether the photograph's own edges draw the lesion's border.
  public var edges: MaskEdges
  /// Whether hair is painted over before the network looks at the photograph.
  public var hairRemoval: Bool
  /// How often the network looks at the photograph.
  public var accuracy: MaskAccuracy

  /// The settings that the programs use unless told otherwise.
  public static let standard = MaskSettings()

  /// How version 0.1.0 made masks, which did not say so.
  public static let plain = MaskSettings(
    components: .all, fillHoles: false, smallestSpeck: 0, edges: .plain)

  /// Puts settings together.
  public init(
    threshold: Float? = nil, components: MaskComponents = .largest, fillHoles: Bool = true,
    smallestSpeck: Double = 0.02, edges: MaskEdges = .plain,
    hairRemoval: Bool = false, accuracy: MaskAccuracy = .normal
  ) {
    precondition(threshold.map { (0...1).contains($0) } ?? true, "a probability")
    precondition((0...100).contains(smallestSpeck), "percent of the photograph")
    self.threshold = threshold
    self.components = components
    self.fillHoles = fillHoles
    self.smallestSpeck = smallestSpeck
    self.edges = edges
    self.hairRemoval = hairRemoval
    self.accuracy = accuracy
  }
}

/// Which regions of a mask are kept.
public enum MaskComponents: String, Sendable, CaseIterable {
  /// The one with the largest sum of probabilities.
  case largest
  /// All that are no specks.
  case all
}

/// How probabilities are brought to a photograph's size.
public enum MaskEdges: String, Sendable, CaseIterable {
  /// With the photograph's edges as guide.
  case guided
  /// Linear between the network's pixels, whatever the photograph shows there.
  case plain
}

/// How often the network looks at a photograph.
public enum MaskAccuracy: String, Sendable, CaseIterable {
  /// Once.
  case normal
  /// Four times, mirrored at both axes, and the mean of the four is taken: four times the time.
  case high
}

extension MaskSettings: CustomStringConvertible {
  /// One line from which ``init(_:)`` makes the same settings:
  /// `threshold=model components=largest ...`.
  public var description: String {
    "threshold=\(threshold.map { "\($0)" } ?? "model") "
      + "components=\(components.rawValue) fillHoles=\(fillHoles) smallestSpeck=\(smallestSpeck) "
      + "edges=\(edges.rawValue) hairRemoval=\(hairRemoval) accuracy=\(accuracy.rawValue)"
  }

  /// The settings that a ``description`` tells; nil for any other text.
  public init?(_ text: String) {
    var values: [Substring: Substring] = [:]
    for pair in text.split(separator: " ", omittingEmptySubsequences: false) {
      guard let sign = pair.firstIndex(of: "=") else { return nil }
      values[pair[..<sign]] = pair[pair.index(after: sign)...]
    }
    guard let threshold = values["threshold"],
      let components = values["components"].flatMap({ MaskComponents(rawValue: String($0)) }),
      let fillHoles = values["fillHoles"].flatMap({ Bool(String($0)) }),
      let speck = values["smallestSpeck"].flatMap({ Double($0) }), (0...100).contains(speck),
      let edges = values["edges"].flatMap({ MaskEdges(rawValue: String($0)) }),
      let hairRemoval = values["hairRemoval"].flatMap({ Bool(String($0)) }),
      let accuracy = values["accuracy"].flatMap({ MaskAccuracy(rawValue: String($0)) })
    else { return nil }
    let value = threshold == "model" ? nil : Float(threshold)
    guard threshold == "model" || value.map({ (0...1).contains($0) }) == true else { return nil }
    self.init(
      threshold: value, components: components, fillHoles: fillHoles,
      smallestSpeck: speck, edges: edges, hairRemoval: hairRemoval, accuracy: accuracy)
    // What is written otherwise than we write it was not written by us.
    guard description == text else { return nil }
  }
}
