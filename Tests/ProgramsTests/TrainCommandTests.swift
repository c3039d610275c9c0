import Files
import Images
import SystemPackage
import TestScaffold
import Testing
import UNets

@Suite struct TrainCommandTests {
  static let small = [
    "--width", "8", "--size", "32", "--batch-size", "4", "--learning-rate", "0.003",
    "--least-steps", "1",
    "--threads", "1",
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
    #expect(lines.count == 7)
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
    #expect(lines[4].contains("validation accuracy") && lines[4].contains("seconds per epoch"))
    // The run folder keeps what a person looks at, and nothing of the run itself.
    #expect(
      folder.shell(
        "test \"$(ls -A m.run | tr '\\n' ' ')\" = 'accuracy.png accuracy.svg epochs.csv loss.png "
          + "loss.svg overlap.png overlap.svg split.json '") == 0)
    #expect(try ImageDecoder.decode(folder.read("m.run/loss.png")).width == 900)
    let csv = String(decoding: try folder.read("m.run/epochs.csv"), as: UTF8.self)
    #expect(csv.split(separator: "\n").count == 4)
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
    #expect(model.normalization.standardizes)
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
        folder, options,
        prefix: "timeout --preserve-status -s TERM \(tenths / 10).\(tenths % 10)")
    }
    var tenths = 3
    var run = try part(tenths)
    while run.exitCode == 75 || run.exitCode == 143 {
      #expect(folder.shell("test ! -e m.safetensors") == 0)
      if run.exitCode == 75 {
        #expect(run.errors.contains("The same command goes on from there."))
        let refused = try Self.train(folder, ["--epochs", "5"])
        #expect(refused.exitCode == 73)
        #expect(refused.errors.contains("m.run: an unfinished run with other options"))
      }
      tenths += 1
      run = try part(tenths)
    }
    #expect(run.exitCode == 0)
    let model = try UNetModel(safetensors: try folder.read("m.safetensors"))
    #expect(model.parameters == whole.parameters)
    #expect(folder.shell("test ! -e m.run/checkpoint && test ! -e m.run/checkpoint.2") == 0)
    let curve = String(decoding: try folder.read("m.run/epochs.csv"), as: UTF8.self)
    #expect(curve.split(separator: "\n").count == 5, "the epochs before the stop too")
  }

  @Test func aKilledRunGoesOnAndLeavesNothingBehind() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<20, to: folder)
    let options = ["--epochs", "6"]
    #expect(try Self.train(folder, options).exitCode == 0)
    let whole = try UNetModel(safetensors: try folder.read("m.safetensors"))
    folder.shell("rm m.safetensors; touch m.run/.dermseg-0123456789abcdef.part")
    for tenths in 1...9 {
      _ = try Self.train(folder, options, prefix: "timeout -s KILL 0.\(tenths)")
    }
    // The one killed last may take a moment to be gone; until then it holds the folder.
    var run = try Self.train(folder, options)
    while run.exitCode == 75 { run = try Self.train(folder, options) }
    #expect(run.exitCode == 0)
    let model = try UNetModel(safetensors: try folder.read("m.safetensors"))
    #expect(model.parameters == whole.parameters)
    #expect(folder.shell("test -z \"$(find . -name '.dermseg-*')\"") == 0)
  }

  @Test func anotherRunCanBeForgotten() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<6, to: folder)
    try folder.write("no checkpoint", to: "m.run/checkpoint")
    let refused = try Self.train(folder, ["--epochs", "1"])
    #expect(refused.exitCode == 73)
    #expect(refused.errors.contains("m.run/checkpoint"))
    #expect(try Self.train(folder, ["--epochs", "1", "--restart"]).exitCode == 0)
  }

  @Test func everyChoiceOfTheRecipeIsAnOption() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<6, to: folder)
    let run = try Self.train(
      folder,
      [
        "--epochs", "1", "--no-batch-norm", "--pixel-scaling", "unit", "--dice-weight", "0.5",
        "--schedule", "cosine", "--warm-up", "0.1", "--averaging", "0.9", "--patience", "3",
        "--no-keep-best", "--split", "2", "--seed", "9", "--no-flips", "--no-quarter-turns",
        "--rotation", "10", "--scale", "0.5:1.2", "--stretch", "1.1", "--shift", "0.1",
        "--brightness", "0.1", "--contrast", "0.9:1.1", "--saturation", "0.9:1.1",
        "--channel-gain", "1", "--blur", "0.01", "--hair", "1", "--cache", "cache",
        "--tensorboard",
      ])
    #expect(run.exitCode == 0)
    let model = try UNetModel(safetensors: try folder.read("m.safetensors"))
    #expect(!model.architecture.hasBatchNorm && model.normalization == .unit(channels: 3))
    #expect(model.summary["trainingCount"] == "4" && model.summary["seed"] == "9")
    let variants = model.summary["augmentation"] ?? ""
    for text in ["flips: false", "hair: 1.0", "0.5...1.2", "rotationDegrees: 10.0"] {
      #expect(variants.contains(text))
    }
    #expect(folder.shell("test -e cache/40x40x3/imgs_train.npy") == 0)
    #expect(folder.shell("test -s m.run/events.out.tfevents.*.dermseg") == 0)
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
    (["--images", "i", "--masks", "m", "--output", "m", "--scale", "2:1"], "--scale"),
    (["--images", "i", "--masks", "m", "--output", "m", "--hair", "2"], "hair"),
    (["--images", "i", "--masks", "m", "--output", "m", "--schedule", "x"], "cosine"),
    (
      ["--images", "i", "--masks", "m", "--output", "m", "--no-augmentation", "--hair", "0.5"],
      "--no-augmentation"
    ),
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
    let elsewhere = try Self.train(folder, ["--output", "nowhere/m"])
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
