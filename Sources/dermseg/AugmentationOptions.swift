import ArgumentParser
import Datasets
import Training

/// What `dermseg train` is told about the variants of each photograph; what is not given stays as the
/// preset has it.
struct AugmentationOptions: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Whether each photograph is varied anew in every epoch.")
  var augmentation: Bool?

  @Flag(inversion: .prefixedNo, help: "Mirror half of the variants.")
  var flips: Bool?

  @Flag(inversion: .prefixedNo, help: "Turn by multiples of 90 degrees.")
  var quarterTurns: Bool?

  @Option(help: "Turn by up to so many degrees on top of that.")
  var rotation: Float?

  @Option(
    help:
      "Size of the lesion against the original, LOW:HIGH; below 1 it is seen from afar, above 1 cropped."
  )
  var scale: NumberRange?

  @Option(help: "Stretch one axis against the other by up to this factor.")
  var stretch: Float?

  @Option(help: "Move by up to this share of half the frame.")
  var shift: Float?

  @Option(help: "Change the brightness by up to this share of the whole range.")
  var brightness: Float?

  @Option(help: "Change the contrast by a factor in LOW:HIGH.")
  var contrast: NumberRange?

  @Option(help: "Change the saturation by a factor in LOW:HIGH.")
  var saturation: NumberRange?

  @Option(help: "Change each colour channel by a factor in LOW:HIGH.")
  var channelGain: NumberRange?

  @Option(help: "Blur a third of the variants by up to this share of the side.")
  var blur: Float?

  @Option(help: "Draw hair on this share of the variants.")
  var hair: Float?

  /// Puts what was given into the options of a preset; a value turns augmentation on.
  func apply(to options: inout TrainingOptions) throws {
    var changed = options.augmentation ?? Augmentation()
    if let flips { changed.flips = flips }
    if let quarterTurns { changed.quarterTurns = quarterTurns }
    if let rotation { changed.rotationDegrees = rotation }
    if let scale { changed.scale = scale.range }
    if let stretch { changed.stretch = stretch }
    if let shift { changed.shift = shift }
    if let brightness { changed.brightness = brightness }
    if let contrast { changed.contrast = contrast.range }
    if let saturation { changed.saturation = saturation.range }
    if let channelGain { changed.channelGain = channelGain.range }
    if let blur { changed.blur = blur }
    if let hair { changed.hair = hair }
    if let augmentation {
      guard augmentation || changed == options.augmentation ?? Augmentation() else {
        throw ValidationError("--no-augmentation leaves nothing for the options of variants.")
      }
      options.augmentation = augmentation ? changed : nil
    } else if options.augmentation != nil || changed != Augmentation() {
      options.augmentation = changed
    }
  }
}

/// `LOW:HIGH`, or one number for both.
struct NumberRange: ExpressibleByArgument {
  let range: ClosedRange<Float>

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
    guard let first = parts.first, let low = first, let last = parts.last, let high = last,
      parts.count <= 2, low.isFinite, high.isFinite, low <= high
    else { return nil }
    range = low...high
  }
}
