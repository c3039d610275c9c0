import ArgumentParser
import Daemon
import Files
import Images
import Reports
import SystemPackage

/// `dermseg gallery`
struct GalleryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gallery",
    abstract: "Writes a page with all photographs, their lesions' borders and measurements.",
    discussion: """
      One HTML file that needs no other and no network: to be opened in any browser, sent or kept. About \
      25 kB for each photograph. Masks that may be wrong ("please look") come first. Where a photograph is gone \
      its overlay is shown.

      EXAMPLES
        dermseg gallery
        dermseg gallery masks --photographs photographs --output gallery.html

      EXIT CODES
        0 done, 1 some photograph could not be shown, 2 bad arguments, 69 the folder is not there, 73 the \
      page cannot be written, 78 bad configuration.
      """)

  @OptionGroup var folders: ResultsOptions

  @Option(
    help: ArgumentHelp(
      "The page. Default: gallery.html in the folder of masks.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output: String?

  @Option(help: "What the page is called.")
  var title = "Skin lesions"

  @OptionGroup var scale: ScaleOption
  @OptionGroup var quiet: QuietOption

  func run() async throws {
    var (listing, settings) = try await folders.open("No gallery")
    let bar = quiet.bar
    defer { bar.clear() }
    listing.progress = { bar.show("Collecting", done: $0, of: $1) }
    let perPixel = scale.millimetersPerPixel ?? settings.companions.millimetersPerPixel
    var gallery = Gallery(title: title)
    var missing = 0
    let path = output.map { FilePath($0) } ?? settings.resultsFolder.appending("gallery.html")
    do {
      try listing.forEach { entry in
        let photograph = listing.photograph(of: entry)
        let subject = entry.record.subject(
          in: entry.place, mask: entry.name, millimetersPerPixel: perPixel)
        let known = listing.report(of: entry)
        let report =
          known.flatMap { scale.scale == nil ? $0 : nil }
          ?? ImageReport(
            subject, mask: entry.mask,
            Measurements(photograph: photograph, mask: entry.mask))
        if let photograph {
          try gallery.add(report, photograph: photograph, mask: entry.mask)
        } else if let overlay = listing.companion(.overlay, of: entry),
          let picture = try? ImageDecoder.decode(overlay)
        {
          try gallery.add(report, photograph: picture, mask: nil)
        } else {
          missing += 1
          Console.error(
            "Not shown: \(entry.source): neither the photograph nor its overlay is there. Name the "
              + "photographs' folder with --photographs.")
        }
      }
      try publishFile(gallery.html(), at: path)
    } catch {
      throw CommandFailure(message: "No gallery: \(error)", exitCode: .cannotCreate)
    }
    quiet.say("\(path): \(gallery.count) photographs")
    if missing > 0 { throw ExitCode(1) }
  }
}
