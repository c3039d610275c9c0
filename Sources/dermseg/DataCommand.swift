import ArgumentParser
import Datasets
import Files
import Kernels
import Progress
import SystemPackage

/// `dermseg data`: the paper's dataset step.
struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Makes NumPy arrays of photographs and their masks.",
    discussion: """
      Writes DIR/imgs_train.npy [N, SIZE, SIZE, CHANNELS] and DIR/imgs_mask_train.npy [N, SIZE, SIZE, 1], and \
      with --test DIR/imgs_test.npy: bytes of 0...255 that numpy.load opens, every photograph resized by area \
      whatever its size and format. imgs_train.csv and imgs_test.csv say which photograph each row is. Masks \
      are 255 in the lesion and in between along its edge. What has not changed since the last time is not \
      read again; a pair that cannot be used is named and left out.

      EXAMPLES
        dermseg data --images training/images --masks training/masks --output arrays
        dermseg data --images I --masks M --test T --output arrays --size 256 --channels 3

      EXIT CODES
        0 done, 2 bad arguments, 69 no pair can be used, 73 an array cannot be written, 75 another process \
      is writing there.
      """)

  @Option(help: "Folder of photographs. May be given several times.", completion: .directory)
  var images: [String]

  @Option(help: "Folder of their masks, one for each --images.", completion: .directory)
  var masks: [String]

  @Option(help: "Folder of photographs without masks.", completion: .directory)
  var test: String?

  @Option(help: "Where to write; made if missing.", completion: .directory)
  var output: String

  @Option(help: "Side of the square copies, in pixels.")
  var size = 512

  @Option(help: "1 for grey, 3 for colour.")
  var channels = 1

  @Option(help: "Take the first pairs by name only.")
  var limit: Int?

  @Option(help: "Photographs read at once. Default: every processor the process may use.")
  var threads: Int?

  @OptionGroup var quiet: QuietOption

  func validate() throws {
    guard !images.isEmpty, images.count == masks.count else {
      throw ValidationError(
        "\(images.count) image folders and \(masks.count) mask folders. "
          + "Give --images and --masks in pairs.")
    }
    guard (8...4096).contains(size) else {
      throw ValidationError("--size \(size) is not in 8...4096.")
    }
    guard channels == 1 || channels == 3 else {
      throw ValidationError("--channels \(channels) is neither 1 nor 3.")
    }
    if let limit, limit < 1 { throw ValidationError("--limit \(limit): at least 1 is needed.") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not in 1...1024.")
    }
  }

  func run() async throws {
    let folder = ArrayFolder(
      FilePath(output), side: size, channels: channels,
      concurrency: threads ?? usableProcessorCount())
    do {
      let listing = try listPairs()
      for pair in listing.skipped { Console.error("Skipped: \(pair)") }
      let training = try await prepare(count: listing.pairs.count) { progress in
        try await folder.prepareTraining(listing.pairs, progress: progress)
      }
      report(training, "imgs_train.npy and imgs_mask_train.npy")
      if let test {
        let photographs = try photographFiles(in: FilePath(test))
        let made = try await prepare(count: photographs.count) { progress in
          try await folder.prepareTest(photographs, progress: progress)
        }
        report(made, "imgs_test.npy")
      }
      guard training.shape.first != 0 else {
        throw CommandFailure(
          message: "\(images.joined(separator: ", ")): no usable pair of image and mask. Put X.jpg "
            + "into the image folder and X_segmentation.png into the mask folder.",
          exitCode: .unavailable)
      }
    } catch let error as DatasetError {
      throw CommandFailure(message: "Not read: \(error)", exitCode: .unavailable)
    } catch FileError.locked(let path, let holder) {
      let who = holder.map { "process \($0)" } ?? "another process"
      throw CommandFailure(
        message: "Not written: \(path): \(who) is writing there.", exitCode: .tryLater)
    } catch let error as FileError {
      throw CommandFailure(message: "Not written: \(error)", exitCode: .cannotCreate)
    }
  }

  private func listPairs() throws -> PairListing {
    var listing = try PairListing(
      folders: zip(images, masks).map { (images: FilePath($0), masks: FilePath($1)) })
    if let limit { listing.pairs = Array(listing.pairs.prefix(limit)) }
    return listing
  }

  private func prepare(
    count: Int,
    _ body: (@escaping @Sendable (Int) -> Void) async throws -> PreparedArrays
  ) async throws -> PreparedArrays {
    let bar = quiet.bar
    defer { bar.clear() }
    return try await body { bar.show("Reading photographs", done: $0, of: count) }
  }

  private func report(_ made: PreparedArrays, _ names: String) {
    for pair in made.skipped { Console.error("Skipped: \(pair)") }
    for pair in made.remarks { Console.error("Note: \(pair)") }
    quiet.say(
      "\(output): \(names), \(made.shape.first ?? 0) photographs of "
        + "\(size) x \(size) x \(channels), \(made.reusedCount) of them unchanged.")
  }
}
