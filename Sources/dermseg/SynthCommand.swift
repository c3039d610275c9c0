import ArgumentParser
import Datasets
import SystemPackage

/// `dermseg synth`: generated photographs with masks.
struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Generates dermoscopy-like photographs with masks.",
    discussion: """
      Writes DIR/images/synth_NNNN.jpg and DIR/masks/synth_NNNN_segmentation.png, for tests and \
      demonstrations. The same seed gives the same pictures. They teach nothing about skin: a model \
      trained on them alone is of no medical use.

      EXAMPLES
        dermseg synth --count 20 --output try
        dermseg synth --count 1000 --seed 7 --width 640 --height 480 --output many --quiet
      """)

  @Option(help: ArgumentHelp("How many photographs.", valueName: "n"))
  var count: Int = 10

  @Option(help: ArgumentHelp("Chooses the series of photographs.", valueName: "k"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp("Where to write; made if missing.", valueName: "dir"), completion: .directory
  )
  var output: String

  @Option(help: ArgumentHelp("Width in pixels, 16 to 16384.", valueName: "w"))
  var width: Int = 1024

  @Option(help: ArgumentHelp("Height in pixels, 16 to 16384.", valueName: "h"))
  var height: Int = 768

  @OptionGroup var quiet: QuietOption

  func validate() throws {
    guard (1...1_000_000).contains(count) else {
      throw ValidationError("--count is \(count), not 1 to 1000000.")
    }
    for (name, side) in [("--width", width), ("--height", height)]
    where !(16...16_384).contains(side) {
      throw ValidationError("\(name) is \(side), not 16 to 16384.")
    }
    guard !output.isEmpty else { throw ValidationError("--output is empty.") }
  }

  func run() throws {
    let bar = quiet.bar
    defer { bar.clear() }
    do throws(SyntheticDatasetError) {
      try SyntheticDataset(seed: seed, width: width, height: height)
        .write(count: count, to: FilePath(output)) { written in
          bar.show("Drawing photographs", done: written, of: count)
        }
    } catch {
      throw CommandFailure(message: "Not written: \(error)", exitCode: .cannotCreate)
    }
    quiet.say("\(count) photographs in \(output)/images, their masks in \(output)/masks")
  }
}
