import Files
import SystemPackage

/// A TensorBoard event file: one scalar of each kind per epoch.
///
/// Source: TensorFlow's `record_writer.h` (length, masked CRC-32C of the length, data, masked CRC-32C of
/// the data) and `event.proto` (wall time, step, summary of tagged values).
public final class TensorBoardLog {
  private let file: AppendedFile

  /// Begins an event file in a folder; each start of a run has one of its own, which TensorBoard joins.
  ///
  /// - Parameters:
  ///   - folder: what is given to TensorBoard as `--logdir`, or a folder below it.
  ///   - time: seconds since 1970, which names the file.
  /// - Throws: `FileError` when the file cannot be made.
  public init(in folder: FilePath, time: Double) throws(FileError) {
    file = try AppendedFile(folder.appending("events.out.tfevents.\(Int(time * 1000)).dermseg"))
    try file.append(
      Self.record(of: Self.event(time: time, step: 0) { $0.string("brain.Event:2", 3) }))
  }

  /// Adds the numbers of an epoch.
  ///
  /// - Parameter time: seconds since 1970.
  public func add(_ report: EpochReport, time: Double) throws(FileError) {
    let values: [(String, Double)] = [
      ("loss/training", report.trainingLoss), ("loss/validation", report.validationLoss),
      ("accuracy/training", report.trainingAccuracy),
      ("accuracy/validation", report.validationAccuracy),
      ("overlap/jaccard", report.validationJaccard), ("overlap/dice", report.validationDice),
      ("learning_rate", Double(report.learningRate)), ("seconds_per_epoch", report.seconds),
    ]
    let event = Self.event(time: time, step: report.epoch) { event in
      event.message(5) { summary in
        for (tag, value) in values {
          summary.message(1) { item in
            item.string(tag, 1)
            item.float(Float(value), 2)
          }
        }
      }
    }
    try file.append(Self.record(of: event))
  }

  private static func event(
    time: Double, step: Int, _ content: (inout ProtocolBuffer) -> Void
  ) -> [UInt8] {
    var event = ProtocolBuffer()
    event.double(time, 1)
    event.integer(UInt64(step), 2)
    content(&event)
    return event.bytes
  }

  private static func record(of data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count))
    return length + littleEndian(CRC32C.masked(length)) + data + littleEndian(CRC32C.masked(data))
  }
}

/// The little of the protocol buffers encoding that events need. Source: protobuf.dev, "Encoding".
private struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private mutating func variable(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func tag(_ field: Int, _ wireType: Int) {
    variable(UInt64(field << 3 | wireType))
  }

  mutating func integer(_ value: UInt64, _ field: Int) {
    tag(field, 0)
    variable(value)
  }

  mutating func double(_ value: Double, _ field: Int) {
    tag(field, 1)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func float(_ value: Float, _ field: Int) {
    tag(field, 5)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func string(_ text: String, _ field: Int) {
    tag(field, 2)
    variable(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func message(_ field: Int, _ content: (inout ProtocolBuffer) -> Void) {
    var inner = ProtocolBuffer()
    content(&inner)
    tag(field, 2)
    variable(UInt64(inner.bytes.count))
    bytes += inner.bytes
  }
}

private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  (0..<(Value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
}

/// CRC-32C (Castagnoli, RFC 3720, appendix B.4), and the form in which records carry it.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? 0x82F6_3B78 ^ value >> 1 : value >> 1
    }
  }

  /// The sum itself.
  static func sum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
  }

  /// Turned and shifted, so that the sum of data that holds sums is no trivial one.
  static func masked(_ bytes: [UInt8]) -> UInt32 {
    let sum = sum(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }
}
