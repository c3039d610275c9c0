/// Why somebody should look at a mask before it is used.
///
/// A mask has no such reason, or one or several. docs/results.md says how often they are right.
public enum PleaseLook: String, Sendable, CaseIterable, Codable {
  /// Nothing was taken for a lesion.
  case noLesion = "no-lesion"
  /// The lesion covers most of the photograph's outermost pixels.
  case touchesBorder = "touches-border"
  /// Beside the region that was kept there is another that could be the lesion.
  case severalRegions = "several-regions"
  /// The network is unsure where the lesion ends.
  case unsureBorder = "unsure-border"
  /// Mirrored looks at the photograph (`accuracy: high`) find different lesions.
  case looksDisagree = "looks-disagree"

  /// A few words for people.
  public var text: String {
    switch self {
    case .noLesion: "no lesion was found"
    case .touchesBorder: "the lesion fills the edge of the photograph"
    case .severalRegions: "another region could be the lesion"
    case .unsureBorder: "unsure where the lesion ends"
    case .looksDisagree: "mirrored looks disagree"
    }
  }
}

extension [PleaseLook] {
  /// All of them for people; empty if there is none.
  public var text: String { map(\.text).joined(separator: ", ") }

  /// All of them for programs: "no-lesion", "touches-border unsure-border"; empty if there is none.
  public var codes: String { map(\.rawValue).joined(separator: " ") }

  /// What ``codes`` wrote; nil for anything else.
  public init?(codes text: String) {
    self = []
    for code in text.split(separator: " ", omittingEmptySubsequences: false) where !text.isEmpty {
      guard let reason = PleaseLook(rawValue: String(code)), !contains(reason) else { return nil }
      append(reason)
    }
  }
}
