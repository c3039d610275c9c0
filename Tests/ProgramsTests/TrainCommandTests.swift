import Files
import Images
import SystemPackage
import TestScaffold
import Testing
import UNets

@Suite struct TrainCommandTests {
  static let small = [
    "--width", "8", "--size", "32", "--batch-size", "4", "--learning-rate", "0.003", "--threads",
    "1",
  ]

  static func train(
    _ folder: ScratchDirectory, _ more: [String], prefix: String = "env"
  ) throws -> ProgramRun {
    try ProgramRun(
      "dermseg",
      ["train", "--images", "images", "--masks", "masks", "--output", "m.safetensors"] + small
        + more, in: folder, prefix: prefix)
  }

  @Test func aModelIsTrainedAndSaysSoLineByLine() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<10, to: folder)
    try folder.write("no picture", to: "images/lesion_03.png")
    let run = try Self.train(folder, ["--epochs", "3"])
    #expect(run.exitCode == 0)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(
      lines.first == "8 photographs to learn from, 1 held out, 2 steps per epoch.")
    for epoch in 1...3 {
      #expect(lines[epoch].hasPrefix("epoch \(epoch)/3  accuracy 0."))
      for word in ["val_accuracy", "loss", "val_loss", "val_jaccard", "val_dice", " s"] {
        #expect(lines[epoch].contains(word))
      }
    }
    #expect(lines.last?.hasPrefix("Wrote m.safetensors: epoch ") == true)
    // No bar where there is no terminal.
    #expect(!run.output.contains("\u{1B}") && !run.output.contains("\r"))
    #expect(run.errors.contains("Skipped: lesion_03: the image was not decoded"))
    let model = try UNetModel(safetensors: try folder.read("m.safetensors"))
    #expect(model.architecture.width == 8 && model.inputSize == 32)
    #expect(model.architecture.inputChannels == 3 && model.architecture.hasBatchNorm)
    #expect(model.summary["epochs"] == "3" && model.summary["trainingCount"] == "8")
    #expect(folder.shell("test ! -e m.safetensors.checkpoint") == 0)
  }

  @Test func thePaperPresetCanBeMadeSmall() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<6, to: folder)
    let run = try ProgramRun(
      "dermseg",
      [
        "train", "--preset", "paper", "--images", "images", "--masks", "masks", "--width", "4",
        "--size", "16", "--epochs", "1", "--limit", "5", "--upsampling", "nearest", "--output",
        "m.safetensors",
      ], in: folder)
    #expect(run.exitCode == 0)
    #expect(
      run.output.hasPrefix("4 photographs to learn from, 1 held out, 2 steps per epoch."))
    let model = try UNetModel(safetensors: try folder.read("m.safetensors"))
    #expect(model.architecture.inputChannels == 1 && !model.architecture.hasBatchNorm)
    #expect(model.architecture.upsampling == .nearest)
    #expect(model.normalization == .unit(channels: 1))
    #expect(model.summary["preset"] == "paper" && model.summary["augmentation"] == "none")
  }

  @Test func severalFoldersAndAListOfHeldOutNames() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<4, to: folder, under: "a")
    try DrawnPair.write(4..<8, to: folder, under: "b")
    try folder.write("# held out\nlesion_01.png\nlesion_06\nlesion_07\n", to: "held")
    let run = try ProgramRun(
      "dermseg",
      [
        "train", "--images", "a/images", "--masks", "a/masks", "--images", "b/images", "--masks",
        "b/masks", "--validation-list", "held", "--epochs", "1", "--output", "m.safetensors",
      ] + Self.small, in: folder)
    #expect(run.exitCode == 0)
    let summary = try UNetModel(safetensors: try folder.read("m.safetensors")).summary
    #expect(summary["validationNames"] == "lesion_01\nlesion_06\nlesion_07")
    #expect(
      summary["trainingNames"] == "lesion_00\nlesion_02\nlesion_03\nlesion_04\nlesion_05")
  }

  @Test func aStoppedRunGoesOnAndEndsWithTheSameModel() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<20, to: folder)
    let options = ["--epochs", "4"]
    #expect(try Self.train(folder, options).exitCode == 0)
    let whole = try UNetModel(safetensors: try folder.read("m.safetensors"))
    folder.shell("rm m.safetensors")
    // However quick or slow the machine is: a run is stopped somewhere (75), or before it can listen to
    // signals (143), or it finishes.
    func part(_ tenths: Int) throws -> ProgramRun {
      try Self.train(
        folder, options + ["--resume"],
        prefix: "timeout --preserve-status -s TERM \(tenths / 10).\(tenths % 10)")
    }
    var tenths = 3
    var run = try part(tenths)
    while run.exitCode == 75 || run.exitCode == 143 {
      #expect(folder.shell("test ! -e m.safetensors") == 0)
      if run.exitCode == 75 {
        #expect(run.errors.contains("Go on with --resume."))
        let refused = try Self.train(folder, options)
        #expect(refused.exitCode == 73)
        #expect(refused.errors.contains("m.safetensors.checkpoint: an unfinished run"))
      }
      tenths += 1
      run = try part(tenths)
    }
    #expect(run.exitCode == 0)
    let model = try UNetModel(safetensors: try folder.read("m.safetensors"))
    #expect(model.parameters == whole.parameters)
    #expect(folder.shell("test ! -e m.safetensors.checkpoint") == 0)
  }

  @Test(arguments: [
    (["--output", "m"], "--images"), (["--images", "i", "--output", "m"], "--masks"),
    (["--images", "i", "--masks", "m", "--masks", "n", "--output", "m"], "1 image folders and 2"),
    (["--images", "i", "--masks", "m"], "--output"),
    (["--images", "i", "--masks", "m", "--output", "m", "--preset", "best"], "paper, default"),
    (["--images", "i", "--masks", "m", "--output", "m", "--size", "100"], "multiple of 16"),
    (["--images", "i", "--masks", "m", "--output", "m", "--channels", "2"], "neither 1 nor 3"),
    (["--images", "i", "--masks", "m", "--output", "m", "--width", "12"], "multiple of 8"),
    (["--images", "i", "--masks", "m", "--output", "m", "--limit", "1"], "at least 2"),
    (["--images", "i", "--masks", "m", "--output", "m", "--epochs", "x"], "epochs"),
    (["--images", "i", "--masks", "m", "--output", "m", "--threads", "0"], "1...1024"),
    (["--images", "i", "--masks", "m", "--output", "m", "--upsampling", "x"], "transposed"),
    (["--images", "i", "--masks", "m", "--output", "m", "--nonsense"], "--nonsense"),
  ])
  func badArgumentsEndWithTwo(_ arguments: [String], _ word: String) throws {
    let run = try ProgramRun("dermseg", ["train"] + arguments, in: ScratchDirectory())
    #expect(run.exitCode == 2)
    #expect(run.errors.contains(word))
    #expect(run.output.isEmpty)
  }

  @Test func foldersOfNoUseAreNamed() throws {
    let folder = try ScratchDirectory()
    let missing = try Self.train(folder, [])
    #expect(missing.exitCode == 69)
    #expect(missing.errors.hasPrefix("Not trained: images: "))
    try DrawnPair.write(0..<1, to: folder)
    let one = try Self.train(folder, [])
    #expect(one.exitCode == 69)
    #expect(one.errors.contains("1 usable pair of image and mask, 2 needed"))
    try DrawnPair.write(1..<4, to: folder)
    let elsewhere = try Self.train(folder, ["--checkpoint", "nowhere/c"])
    #expect(elsewhere.exitCode == 73)
    #expect(elsewhere.errors.contains("nowhere"))
    try folder.write("x\n", to: "held")
    let list = try Self.train(folder, ["--validation-list", "held"])
    #expect(list.exitCode == 69)
    #expect(list.errors.contains("held: its 1 names hold out 0 of 4 pairs"))
    let start = try Self.train(folder, ["--start-from", "held"])
    #expect(start.exitCode == 78)
  }
}
