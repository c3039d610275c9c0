import ArgumentParser
import Reports
import Settings

/// What is wanted beside the masks.
struct CompanionFlags: ParsableArguments {
  @Flag(help: "Write overlays/NAME_overlay.jpg: the photograph with the lesion's border.")
  var overlays = false

  @Flag(help: "Write reports/NAME.json: measurements, colours, model.")
  var reports = false

  @Flag(help: "Write a line for each photograph into results.csv.")
  var table = false

  @Flag(help: "Write probabilities/NAME_probability.png, 16 bits.")
  var probabilities = false

  @OptionGroup var scale: ScaleOption

  var choice: CompanionChoice {
    var kinds: Set<CompanionKind> = []
    if overlays { kinds.insert(.overlay) }
    if reports { kinds.insert(.report) }
    if probabilities { kinds.insert(.probabilities) }
    return CompanionChoice(
      kinds: kinds, table: table, millimetersPerPixel: scale.millimetersPerPixel)
  }
}

/// `--scale`
struct ScaleOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The size of a pixel, 0.02mm, or the pixels between two marks of a ruler, 50px/mm.",
      valueName: "length"))
  var scale: String?

  var millimetersPerPixel: Double? { scale.flatMap(parseScale) }

  func validate() throws {
    if let scale, parseScale(scale) == nil {
      throw ValidationError("--scale \(scale) is no size of a pixel, such as 0.02mm or 50px/mm.")
    }
  }
}
