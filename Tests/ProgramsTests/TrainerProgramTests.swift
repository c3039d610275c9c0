import Files
import Glibc
import Images
import SystemPackage
import TestScaffold
import Testing
import UNets

@Suite struct TrainerProgramTests {
  private func run(
    _ folder: ScratchDirectory, _ more: [String] = [], prefix: String = "env"
  ) throws -> ProgramRun {
    try ProgramRun(
      "dermseg-trainer",
      [
        "--training-folder", "training", "--model-store", "models", "--state-directory", "state",
        "--training-width", "8", "--training-size", "16", "--training-epochs", "40",
        "--training-batch-size", "4", "--training-least-steps", "1", "--threads", "1",
        "--log-format", "text",
      ] + more, in: folder, prefix: prefix)
  }

  /// Photographs on which a network learns something that the rule without learning cannot see.
  private func folder(_ pairs: Int = 20) throws -> ScratchDirectory {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<pairs, to: folder, under: "training", hiddenInBlue: true)
    return folder
  }

  private func current(_ folder: ScratchDirectory) throws -> UNetModel {
    try UNetModel(safetensors: try folder.read("models/current/model.safetensors"))
  }

  @Test func aGoodModelIsPublishedAndNothingIsDoneTwice() throws {
    let folder = try folder()
    let sums = "find training -type f -exec sha256sum {} + | sort"
    folder.shell("\(sums) > before")
    let first = try run(folder)
    #expect(first.exitCode == 0)
    #expect(first.errors.contains("epoch 40/40"))
    #expect(first.errors.contains("is in service: it is better than"))
    let model = try current(folder)
    #expect(model.summary["trainingCount"] == "16" && model.architecture.width == 8)
    #expect(folder.shell("cd models/current/ && sha256sum -c --quiet model.sha256") == 0)
    // What there is to judge it by.
    let notes = "rebuild.json split.json metrics.json metrics.csv model.safetensors"
    #expect(
      folder.shell("cd models/current/ && for f in \(notes); do test -s $f || exit 1; done") == 0)
    #expect(folder.shell("test $(ls models/current/worst/*.png | wc -l) = 4") == 0)
    #expect(folder.shell("test $(wc -l < models/current/metrics.csv) = 5") == 0)
    #expect(folder.shell("grep -q \"$(readlink models/current)\" models/current/metrics.json") == 0)
    #expect(folder.shell("cd models/current/curves && test -s loss.png -a -s epochs.csv") == 0)
    #expect(
      folder.shell(
        "cd models/current/ && grep -q '\"promoted\" : true' rebuild.json "
          + "&& grep -q '\"data_sha256\" : \"[0-9a-f]*\"' rebuild.json "
          + "&& grep -q '\"lesion_' split.json") == 0)
    let link = folder.shell("readlink models/current > link")
    let again = try run(folder)
    #expect(again.exitCode == 0)
    #expect(again.errors.contains("Nothing changed"))
    #expect(!again.errors.contains("epoch"))
    #expect(link == 0 && folder.shell("test \"$(readlink models/current)\" = \"$(cat link)\"") == 0)
    // The training folder is as it was.
    #expect(folder.shell("\(sums) | cmp - before") == 0)
    // A store that lost its model is filled again.
    folder.shell("rm -r models")
    #expect(try run(folder).errors.contains("is in service"))
  }

  @Test func aChangedFolderIsLearntFromAgain() throws {
    let folder = try folder(12)
    #expect(try run(folder, ["--training-epochs", "1"]).exitCode == 0)
    #expect(try run(folder, ["--training-epochs", "1"]).errors.contains("Nothing changed"))
    try DrawnPair.write(30..<31, to: folder, under: "training", hiddenInBlue: true)
    let added = try run(folder, ["--training-epochs", "1"])
    #expect(added.errors.contains("epoch 1/1"))
    // Other options are a change, too.
    #expect(try run(folder, ["--training-epochs", "2"]).errors.contains("epoch 2/2"))
  }

  @Test func aWorseModelDoesNotReplaceABetterOne() throws {
    let folder = try folder()
    #expect(try run(folder).errors.contains("is in service"))
    let good = try folder.read("models/current/model.safetensors")
    let worse = try run(folder, ["--training-epochs", "1"])
    #expect(worse.exitCode == 0)
    #expect(worse.errors.contains("Model not replaced: unet-"))
    #expect(worse.errors.contains(" is worse than the model in service"))
    #expect(worse.errors.contains("unet-"))
    #expect(try folder.read("models/current/model.safetensors") == good)
  }

  @Test func badPairsAreNamed() throws {
    let folder = try folder(12)
    try folder.write("text", to: "training/images/lesion_02.png")
    folder.shell("rm training/masks/lesion_05_segmentation.png")
    let run = try run(folder, ["--training-epochs", "1"])
    #expect(run.exitCode == 0)
    #expect(run.errors.contains("Skipped: lesion_02: the image was not decoded"))
    #expect(run.errors.contains("Skipped: lesion_05.png: no mask."))
    #expect(run.errors.contains("8 photographs to learn from, 2 held out"))
  }

  @Test func everyKindOfBadPairIsNamed() throws {
    let folder = try folder(18)
    func image(_ index: Int) -> String { "training/images/\(DrawnPair.name(index)).png" }
    func mask(_ index: Int) -> String {
      "training/masks/\(DrawnPair.name(index))_segmentation.png"
    }
    let pair = DrawnPair(index: 3)
    try folder.write(
      try PNGEncoder.encode(pair.mask.resized(width: 24, height: 18)), to: mask(1))
    folder.shell(": > \(image(2)); : > \(mask(3)); rm \(image(4)); ln -s /dev/null \(image(5)).png")
    try folder.write(
      Array(try PNGEncoder.encode(pair.image).dropLast(900)), to: image(6))
    var grey = DrawnPair(index: 7).mask
    grey.pixels = grey.pixels.map { $0 == 0 ? 60 : 200 }
    try folder.write(try PNGEncoder.encode(grey), to: mask(7))
    try folder.write(
      try PNGEncoder.encode(Image(width: 48, height: 36, channels: 1)), to: mask(8))
    let run = try run(folder, ["--training-epochs", "1"])
    #expect(run.exitCode == 0)
    for line in [
      "Skipped: lesion_01: the image is 48x36, its mask 24x18.",
      "Skipped: lesion_02: training/images/lesion_02.png: the file is empty (0 bytes).",
      "Skipped: lesion_03: training/masks/lesion_03_segmentation.png: the file is empty (0 bytes).",
      "Skipped: lesion_04_segmentation.png: a mask without its image",
      "Skipped: lesion_05.png.png: ",
      "Skipped: lesion_06: the image was not decoded",
      "lesion_07: 1728 of 1728 mask pixels are neither 0 nor 255: cut at 128.",
      "lesion_08: the mask shows no lesion",
    ] {
      #expect(run.errors.contains(line), "\(line)")
    }
  }

  /// Going back is the user's decision: the trainer does not undo it by training the same again.
  @Test func aRollbackStays() throws {
    let folder = try folder()
    #expect(try run(folder).errors.contains("is in service"))
    let back = try ProgramRun(
      "dermseg", ["model", "rollback", "--model-store", "models"], in: folder)
    #expect(back.exitCode == 0 && back.output.hasPrefix("built-in is in service now.\n"))
    #expect(try run(folder).errors.contains("Nothing changed"))
    #expect(folder.shell("test ! -e models/current") == 0)
  }

  @Test func aStoreThatCannotBeWrittenIsSaid() throws {
    let folder = try folder(12)
    try folder.write("x", to: "models")
    let run = try run(folder, ["--training-epochs", "1"])
    #expect(run.exitCode == 73)
    #expect(run.errors.contains("Model not replaced: unet-") && run.errors.contains("models"))
    // What was learnt is not lost: the next start need not train again.
    folder.shell("rm models")
    let again = try self.run(folder, ["--training-epochs", "1"])
    #expect(again.exitCode == 0 && !again.errors.contains("epoch 1/1"))
    #expect(folder.shell("test -d models/unet-*") == 0)
  }

  @Test func oldModelsLeaveTheStore() throws {
    let folder = try folder(12)
    for epochs in 1...4 {
      let run = try run(
        folder, ["--training-epochs", "\(epochs)", "--training-models-kept", "2"])
      #expect(run.exitCode == 0)
    }
    // Two of the newest, and at most the current one and the one before it.
    #expect(folder.shell("n=$(ls -d models/unet-* | wc -l); test $n -ge 2 -a $n -le 4") == 0)
    let list = try ProgramRun("dermseg", ["model", "list", "--model-store", "models"], in: folder)
    #expect(list.exitCode == 0 && list.output.contains("Jaccard 0."))
  }

  @Test func aSecondTrainerIsRefused() throws {
    let folder = try folder(12)
    _ = folder.directory("state/trainer")
    let lock = try DirectoryLock(
      DirectoryHandle(opening: folder.path.appending("state/trainer")))
    let refused = try run(folder)
    #expect(refused.exitCode == 75)
    #expect(refused.errors.contains("process \(getpid()) is training already"))
    #expect(folder.shell("test ! -e models") == 0)
    withExtendedLifetime(lock) {}
  }

  @Test func aStoppedRebuildGoesOn() throws {
    let folder = try folder(15)
    let options = ["--training-epochs", "60"]
    func part(_ tenths: Int) throws -> ProgramRun {
      try run(
        folder, options,
        prefix: "timeout --preserve-status -s TERM \(tenths / 10).\(tenths % 10)")
    }
    // Stopped somewhere, or before it can listen to signals (143), or finished.
    var (stops, tenths) = (0, 4)
    var last = try part(tenths)
    while last.exitCode == 143 || last.errors.contains("Stopped as told") {
      if last.exitCode != 143 {
        stops += 1
        #expect(last.exitCode == 0)
      }
      tenths += 1
      last = try part(tenths)
    }
    #expect(last.exitCode == 0)
    #expect(last.errors.contains("epoch 60/60"))
    if stops > 0 { #expect(last.errors.contains("Going on in epoch")) }
  }

  @Test(arguments: [0, 1, 5])
  func tooFewPhotographsLeaveTheModelAlone(_ count: Int) throws {
    let folder = try folder(count)
    let run = try run(folder)
    #expect(run.exitCode == 0)
    #expect(run.errors.contains("Not trained: training/images: \(count) "))
    #expect(run.errors.contains("10 needed"))
    #expect(folder.shell("test ! -e models") == 0)
  }

  @Test func damagedStateDoesNotStopARebuild() throws {
    let folder = try folder(12)
    try folder.write("rubbish", to: "state/trainer/checkpoint")
    try folder.write("rubbish", to: "state/trainer/last-rebuild.txt")
    let run = try run(folder, ["--training-epochs", "1"])
    #expect(run.exitCode == 0)
    #expect(run.errors.contains("epoch 1/1"))
  }

  @Test func badConfigurationIsSaidAndEndsWith78() throws {
    let folder = try ScratchDirectory()
    let missing = try run(folder)
    #expect(missing.exitCode == 78)
    #expect(missing.errors.contains("Not trained: training/images: "))
    try folder.write("trainingFolder: training\nepochs: 3\n", to: "bad.yaml")
    let key = try run(folder, ["--config", "bad.yaml"])
    #expect(key.exitCode == 78 && key.errors.contains("epochs"))
    #expect(try run(folder, ["--config", "none.yaml"]).exitCode == 78)
    #expect(try run(folder, ["--training-size", "20"]).exitCode == 78)
    #expect(try run(folder, ["--training-epochs", "none"]).exitCode == 2)
    #expect(try run(folder, ["--nonsense"]).exitCode == 2)
    folder.shell("rm -rf state; echo x > state")
    #expect(try run(folder).exitCode == 73)
  }
}
