import Files
import Images
import TestScaffold
import Testing

@Suite struct DataCommandTests {
  private func data(_ folder: ScratchDirectory, _ more: [String] = []) throws -> ProgramRun {
    try ProgramRun(
      "dermseg",
      ["data", "--images", "images", "--masks", "masks", "--output", "arrays", "--size", "16"]
        + more, in: folder)
  }

  @Test func theArraysAreWrittenAndBadPairsNamed() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<5, to: folder)
    try folder.write("no picture", to: "images/lesion_01.png")
    let run = try data(folder, ["--test", "images"])
    #expect(run.exitCode == 0)
    #expect(
      run.output == """
        arrays: imgs_train.npy and imgs_mask_train.npy, 4 photographs of 16 x 16 x 1, 0 of them unchanged.
        arrays: imgs_test.npy, 4 photographs of 16 x 16 x 1, 0 of them unchanged.

        """)
    #expect(run.errors.contains("Skipped: lesion_01: the image was not decoded"))
    let bytes = try folder.read("arrays/imgs_train.npy")
    #expect(bytes.count == 192 + 4 * 256)
    let expected = DrawnPair(index: 2).image.converted(toChannels: 1).resized(width: 16, height: 16)
    // Rows are in the order of the names: 00, 02, 03, 04.
    #expect(Array(bytes[(192 + 256)..<(192 + 512)]) == expected.pixels)
    let again = try data(folder)
    #expect(again.output.contains("4 photographs of 16 x 16 x 1, 4 of them unchanged."))
  }

  /// What NumPy itself says about the files; skipped by name where there is no NumPy.
  @Test(.enabled("python3 with numpy is not installed") { hasNumPy })
  func numpyLoadsTheArrays() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<3, to: folder)
    #expect(try data(folder, ["--channels", "3", "--test", "images"]).exitCode == 0)
    try folder.write(
      """
      import numpy
      images = numpy.load("arrays/imgs_train.npy")
      masks = numpy.load("arrays/imgs_mask_train.npy", mmap_mode="r")
      test = numpy.load("arrays/imgs_test.npy")
      assert images.shape == (3, 16, 16, 3) and images.dtype == numpy.uint8
      assert masks.shape == (3, 16, 16, 1) and masks.max() == 255 and masks.min() == 0
      assert (images == test).all()

      """, to: "check.py")
    #expect(folder.shell("python3 check.py") == 0)
  }

  private static var hasNumPy: Bool {
    (try? ScratchDirectory().shell("python3 -c 'import numpy' 2>/dev/null")) == 0
  }

  @Test(arguments: [
    ([], "--images"), (["--images", "i", "--masks", "m"], "--output"),
    (["--images", "i", "--masks", "m", "--output", "o", "--size", "4"], "8...4096"),
    (["--images", "i", "--masks", "m", "--output", "o", "--channels", "2"], "neither 1 nor 3"),
  ])
  func badArgumentsEndWithTwo(_ arguments: [String], _ word: String) throws {
    let run = try ProgramRun("dermseg", ["data"] + arguments, in: ScratchDirectory())
    #expect(run.exitCode == 2)
    #expect(run.errors.contains(word))
  }

  @Test func anEmptyFolderIsSaidToBeOne() throws {
    let folder = try ScratchDirectory()
    folder.shell("mkdir images masks")
    let run = try data(folder)
    #expect(run.exitCode == 69)
    #expect(run.errors.contains("images: no usable pair"))
    let missing = try ProgramRun(
      "dermseg", ["data", "--images", "x", "--masks", "x", "--output", "o"], in: folder)
    #expect(missing.exitCode == 69)
    #expect(missing.errors.hasPrefix("Not read: x: "))
  }
}
