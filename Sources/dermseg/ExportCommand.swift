import ArgumentParser
import Daemon
import Files
import Glibc
import Reports
import Settings
import SystemPackage

/// `dermseg export`
struct ExportCommand: AsyncParsableCommand {
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case coco, labelme, cvat
  }

  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes the masks as polygons for COCO, labelme or CVAT.",
    discussion: """
      coco: one JSON file; masks with holes as run lengths. labelme: a JSON file for each photograph in a \
      folder. cvat: one XML file ("CVAT for images 1.1"). In the last two a hole is joined to the border by a \
      cut, because they know no polygons with holes.

      EXAMPLES
        dermseg export coco --output lesions.json
        dermseg export labelme masks --photographs photographs --output photographs
        dermseg export cvat masks --output annotations.xml

      EXIT CODES
        0 done, 2 bad arguments, 69 the folder is not there, 73 a file cannot be written, 78 bad \
      configuration.
      """)

  @Argument(help: "coco, labelme or cvat.")
  var format: Format

  @OptionGroup var folders: ResultsOptions

  @Option(
    help: ArgumentHelp(
      "The file to write; for labelme the folder, made if it is missing.", valueName: "path"),
    completion: .file())
  var output: String

  @Option(
    help: ArgumentHelp(
      "How far a polygon may be from the mask's border; 0: exactly along the pixels.",
      valueName: "pixels"))
  var tolerance = 0.5

  @OptionGroup var quiet: QuietOption

  func validate() throws {
    guard (0...100).contains(tolerance) else {
      throw ValidationError("--tolerance \(tolerance) is not in 0...100.")
    }
  }

  func run() async throws {
    var (listing, settings) = try await folders.open("Not exported")
    let bar = quiet.bar
    defer { bar.clear() }
    listing.progress = { bar.show("Exporting", done: $0, of: $1) }
    do {
      let count = try write(listing, settings)
      quiet.say("\(output): \(count) photographs")
    } catch {
      throw CommandFailure(message: "Not exported: \(error)", exitCode: .cannotCreate)
    }
  }

  private func write(_ listing: ResultsListing, _ settings: Settings) throws -> Int {
    var images: [AnnotatedImage] = []
    var count = 0
    let folder = format == .labelme ? try DirectoryHandle.openOrMake(FilePath(output)) : nil
    // labelme finds the photograph by its path from the annotation.
    let isBeside =
      folder.map { RealPlace(of: $0.path) == RealPlace(of: settings.testFolder) } ?? false
    try listing.forEach { entry in
      count += 1
      let image = AnnotatedImage(file: entry.source.description, mask: entry.mask)
      guard let folder else { return images.append(image) }
      let name = entry.record.sourceName.description
      let path = isBeside ? name : Self.absolute(settings.testFolder, entry.place) + "/" + name
      let json = AnnotationFiles.labelme(image, path: path, tolerance: tolerance)
      try folder.makeDirectory(entry.place)
        .replace(json, as: CompanionKind.report.name(beside: entry.name), permissions: 0o644)
    }
    let software = "dermseg \(dermsegVersion)"
    switch format {
    case .coco:
      try publishFile(
        AnnotationFiles.coco(images, tolerance: tolerance, software: software), at: FilePath(output)
      )
    case .cvat:
      try publishFile(
        AnnotationFiles.cvat(images, tolerance: tolerance), at: FilePath(output))
    case .labelme: break
    }
    return count
  }

  private static func absolute(_ folder: FilePath, _ place: SubfolderPath) -> String {
    var path = folder
    if path.isRelative, let current = unsafe getcwd(nil, 0) {
      defer { unsafe free(current) }
      path = unsafe FilePath(platformString: current).pushing(path)
    }
    return place.names.reduce(path) { $0.appending($1) }.displayed
  }
}
