import Files
import Images
import SystemPackage
import TestScaffold
import Testing
import Training

@Suite struct CurvesTests {
  private let history = (1...4).map { epoch in
    EpochReport(
      epoch: epoch, epochs: 10, trainingLoss: 1 / Double(epoch), trainingAccuracy: 0.8,
      validationLoss: 0.9 / Double(epoch), validationAccuracy: 0.7, validationJaccard: 0.5,
      validationDice: 0.6, learningRate: 1e-4, seconds: 12.5)
  }

  @Test func theTableHasALinePerEpoch() {
    let lines = TrainingCurves(history).csv.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(
      lines[0]
        == "epoch,accuracy,val_accuracy,loss,val_loss,val_jaccard,val_dice,learning_rate,seconds")
    #expect(lines[2] == "2,0.8,0.7,0.5,0.45,0.5,0.6,0.0001,12.5")
  }

  @Test func everyFigureIsAPictureAndADrawing() throws {
    let files = try TrainingCurves(history).files()
    #expect(
      files.map(\.name) == [
        "epochs.csv", "loss.png", "loss.svg", "accuracy.png", "accuracy.svg", "overlap.png",
        "overlap.svg",
      ])
    for file in files where file.name.hasSuffix(".png") {
      let image = try ImageDecoder.decode(file.bytes)
      #expect(image.width == 900 && image.height == 560)
    }
    let svg = String(decoding: files[2].bytes, as: UTF8.self)
    #expect(svg.contains(">training, now 0.2500</text>"))
    #expect(svg.contains(">epoch</text>") && svg.contains(">Loss</text>"))
  }

  @Test func aRunBeforeItsFirstEpochHasCurvesToo() throws {
    #expect(try TrainingCurves([]).files().count == 7)
  }

  @Test func curvesFollowARunThatGoesOn() throws {
    let scratch = try ScratchDirectory()
    let folder = try RunFolder(scratch.path.appending("run"))
    let writer = CurveWriter(in: folder)
    try writer.follow(.resumed(Array(history[..<3])))
    try writer.follow(.epoch(history[3], isBest: true))
    let text = String(decoding: try scratch.read("run/epochs.csv"), as: UTF8.self)
    #expect(text == TrainingCurves(history).csv)
    #expect(throws: FileError.self) { try RunFolder(scratch.path.appending("run")) }
    withExtendedLifetime(folder) {}
  }
}

@Suite struct TensorBoardTests {
  private func report(_ epoch: Int) -> EpochReport {
    EpochReport(
      epoch: epoch, epochs: 9, trainingLoss: 0.5, trainingAccuracy: 0.8, validationLoss: 0.25,
      validationAccuracy: 0.75, validationJaccard: 0.625, validationDice: 0.7, learningRate: 1e-3,
      seconds: 3)
  }

  /// CRC-32C bit by bit, from its definition.
  private func maskedSum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    }
    sum = ~sum
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }

  private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// RFC 3720, appendix B.4: 32 bytes of zeros have the sum 0x8A9136AA.
  @Test func theTwinOfThisTestIsTheRFCs() {
    let masked = maskedSum([UInt8](repeating: 0, count: 32)) &- 0xA282_EAD8
    #expect((masked << 15 | masked >> 17) == 0x8A91_36AA)
  }

  @Test func recordsHaveLengthsAndSums() throws {
    let scratch = try ScratchDirectory()
    let log = try TensorBoardLog(in: scratch.path, time: 1_700_000_000.5)
    try log.add(report(1), time: 1_700_000_001)
    try log.add(report(2), time: 1_700_000_002)
    var rest = try scratch.read("events.out.tfevents.1700000000500.dermseg")[...]
    var records: [[UInt8]] = []
    while !rest.isEmpty {
      let length = Int(number(rest.prefix(8)))
      #expect(UInt32(number(rest.dropFirst(8).prefix(4))) == maskedSum(Array(rest.prefix(8))))
      let data = Array(rest.dropFirst(12).prefix(length))
      try #require(data.count == length)
      #expect(UInt32(number(rest.dropFirst(12 + length).prefix(4))) == maskedSum(data))
      records.append(data)
      rest = rest.dropFirst(16 + length)
    }
    #expect(records.count == 3)
    #expect(String(decoding: records[0], as: UTF8.self).contains("brain.Event:2"))
    // Field 1, a double: the time; field 2, an integer: the step.
    #expect(Array(records[2].prefix(1)) == [0x09] && Array(records[2][9..<11]) == [0x10, 2])
    let tags = ["loss/training", "overlap/jaccard", "accuracy/validation", "learning_rate"]
    let text = String(decoding: records[1], as: UTF8.self)
    #expect(tags.allSatisfy { text.contains($0) })
    #expect(throws: FileError.self) {
      try TensorBoardLog(in: scratch.path, time: 1_700_000_000.5)
    }
  }

  /// TensorBoard's own reader; skipped by name where it is not installed.
  @Test(.enabled("python3 with tensorboard is not installed") { hasTensorBoard })
  func tensorBoardReadsTheEvents() throws {
    let scratch = try ScratchDirectory()
    let log = try TensorBoardLog(in: scratch.path, time: 1_700_000_000)
    for epoch in 1...3 { try log.add(report(epoch), time: 1_700_000_000 + Double(epoch)) }
    try scratch.write(
      """
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator("."); events.Reload()
      values = events.Scalars("overlap/jaccard")
      assert [v.step for v in values] == [1, 2, 3], values
      assert all(v.value == 0.625 for v in values), values

      """, to: "check.py")
    #expect(scratch.shell("python3 check.py") == 0)
  }

  private static var hasTensorBoard: Bool {
    (try? ScratchDirectory().shell("python3 -c 'import tensorboard' 2>/dev/null")) == 0
  }
}
