import NeuralNetworks
import UNets

/// What the weights of another framework are called, how they lie, and what network they belong to.
///
/// A JSON object; docs/model-format.md describes it with examples. Keys that do not exist are errors, so that
/// a slip of the pen does not become a default.
public struct NameMap: Sendable, Equatable {
  /// The network.
  public var architecture = UNetArchitecture()
  /// Side of the square input in pixels.
  public var inputSize = 512
  /// How pixels become the network's numbers; nil: divided by 255.
  public var normalization: Normalization?
  /// Whether each photograph is then brought to mean 0 and standard deviation 1.
  public var standardizes = false
  /// Probability from which on a pixel is lesion.
  public var threshold: Float = 0.5
  /// Axes of convolution weights, four letters of O (output channels), I (input channels), H and W.
  public var conv2dLayout = "OIHW"
  /// Axes of transposed convolution weights.
  public var convTranspose2dLayout = "IOHW"
  /// ε of the batch normalisations there.
  public var batchNormEpsilon = BatchNorm2d.epsilon
  /// Our names of parameters or layers with theirs; nil stands for zeros.
  public var names: [String: String?] = [:]

  /// A map for the seed network in PyTorch's layouts, names as here.
  public init() {}

  /// Reads a map.
  ///
  /// - Throws: `WeightsError.badMap`.
  public init(parsing bytes: [UInt8]) throws(WeightsError) {
    let value: JSONValue
    do throws(JSONValue.Failure) {
      value = try JSONValue(parsing: bytes[...])
    } catch {
      throw .badMap("it is no JSON: \(error.reason) at byte \(error.offset)")
    }
    for (key, value) in try Self.members(value, "it") {
      switch (key, value) {
      case ("architecture", _): try readArchitecture(try Self.members(value, key))
      case ("input", _): try readInput(try Self.members(value, key))
      case ("layouts", _): try readLayouts(try Self.members(value, key))
      case ("batchNormEpsilon", .number(let number)) where number > 0 && number < 1:
        batchNormEpsilon = Float(number)
      case ("names", _):
        for (ours, theirs) in try Self.members(value, key) {
          switch theirs {
          case .string(let name): names[ours] = .some(name)
          case .null: names[ours] = .some(nil)
          default: throw .badMap("names.\(ours) is neither a string nor null")
          }
        }
      default: throw .badMap("\(key) is not known, or has a value that does not suit it")
      }
    }
  }

  private mutating func readArchitecture(_ members: [(String, JSONValue)]) throws(WeightsError) {
    for (key, value) in members {
      switch (key, value) {
      case ("inputChannels", .number(let number)) where number == 1 || number == 3:
        architecture.inputChannels = Int(number)
      case ("width", .number(let number))
      where (1...1024).contains(number) && number == number.rounded():
        architecture.width = Int(number)
      case ("depth", .number(let number))
      where (1...8).contains(number) && number == number.rounded():
        architecture.depth = Int(number)
      case ("batchNorm", .bool(let flag)): architecture.hasBatchNorm = flag
      case ("upsampling", .string(let text)):
        guard let upsampling = UNetArchitecture.Upsampling(rawValue: text) else {
          throw .badMap("architecture.upsampling is \(text), transposed or nearest are known")
        }
        architecture.upsampling = upsampling
      default:
        throw .badMap("architecture.\(key) is not known, or has a value that does not suit it")
      }
    }
  }

  private mutating func readInput(_ members: [(String, JSONValue)]) throws(WeightsError) {
    var (mean, deviation): ([Float]?, [Float]?)
    for (key, value) in members {
      switch (key, value) {
      case ("size", .number(let number))
      where (1...4096).contains(number) && number == number.rounded():
        inputSize = Int(number)
      case ("threshold", .number(let number)) where number > 0 && number < 1:
        threshold = Float(number)
      case ("mean", .array(let items)): mean = try Self.numbers(items, key)
      case ("standardDeviation", .array(let items)): deviation = try Self.numbers(items, key)
      case ("standardizes", .bool(let flag)): standardizes = flag
      default: throw .badMap("input.\(key) is not known, or has a value that does not suit it")
      }
    }
    guard (mean == nil) == (deviation == nil) else {
      throw .badMap("input.mean and input.standardDeviation belong together")
    }
    if let mean, let deviation {
      normalization = Normalization(mean: mean, standardDeviation: deviation)
    }
  }

  private mutating func readLayouts(_ members: [(String, JSONValue)]) throws(WeightsError) {
    for (key, value) in members {
      guard case .string(let layout) = value, layout.sorted() == ["H", "I", "O", "W"] else {
        throw .badMap("layouts.\(key) is not made of the letters O, I, H and W")
      }
      switch key {
      case "conv2d": conv2dLayout = layout
      case "convTranspose2d": convTranspose2dLayout = layout
      default: throw .badMap("layouts.\(key) is not known")
      }
    }
  }

  private static func members(
    _ value: JSONValue, _ name: String
  ) throws(WeightsError) -> [(String, JSONValue)] {
    guard case .object(let members) = value else { throw .badMap("\(name) is not an object") }
    return members
  }

  private static func numbers(_ items: [JSONValue], _ key: String) throws(WeightsError) -> [Float] {
    var numbers: [Float] = []
    for item in items {
      guard case .number(let number) = item else { throw .badMap("input.\(key) is not of numbers") }
      numbers.append(Float(number))
    }
    return numbers
  }
}
