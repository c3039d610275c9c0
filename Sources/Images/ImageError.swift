/// Why an image was not decoded or encoded. The description says why, with numbers, and what to do.
public enum ImageError: Error, Equatable, Sendable {
  /// The file has no bytes.
  case empty
  /// The first bytes are not those of a JPEG or PNG file. `looksLike` names the kind, where known.
  case notAnImage(looksLike: String?)
  /// The file has more bytes than allowed.
  case fileTooLarge(bytes: Int, limit: Int)
  /// The bytes end before the image does. The file may still be in the making.
  case truncated(bytes: Int, detail: String)
  /// The bytes contradict the format or their own check sums.
  case damaged(detail: String)
  /// A valid file of a kind that is not decoded here.
  case unsupported(detail: String)
  /// A side is shorter than allowed.
  case sideTooSmall(width: Int, height: Int, limit: Int)
  /// A side is longer than allowed.
  case sideTooLarge(width: Int, height: Int, limit: Int)
  /// Width times height is more than allowed.
  case tooManyPixels(width: Int, height: Int, limit: Int)
  /// A progressive JPEG walks over the image more often than allowed.
  case tooManyScans(count: Int, limit: Int)
  /// The file has more oddities than allowed.
  case tooManyWarnings(limit: Int, last: String)
  /// Decoding needs more working memory than allowed.
  case tooMuchMemory(limitBytes: Int)
  /// Decoding takes more processor time than allowed.
  case tooSlow(limit: Duration)
  /// The pixels cannot be written in this format.
  case notEncoded(detail: String)

  /// Whether the bytes simply end too early, so that the file may still be in the making.
  public var isTruncated: Bool {
    switch self {
    case .empty, .truncated: true
    default: false
    }
  }
}

extension ImageError: CustomStringConvertible {
  /// "Why, with numbers. What to do."
  public var description: String {
    switch self {
    case .empty:
      "the file is empty. Copy it again."
    case .notAnImage(let looksLike):
      if let looksLike {
        "not a JPEG or PNG image but \(looksLike). Save it as JPEG or PNG."
      } else {
        "not a JPEG or PNG image, whatever its name says. Save it as JPEG or PNG."
      }
    case .fileTooLarge(let bytes, let limit):
      "\(grouped(bytes)) bytes, limit \(grouped(limit)). Save it smaller."
    case .truncated(let bytes, let detail):
      "the file ends too early, after \(grouped(bytes)) bytes (\(detail)). Copy it again, whole."
    case .damaged(let detail):
      "the file is damaged (\(detail)). Copy it again from its source."
    case .unsupported(let detail):
      "this kind of file is not read (\(detail)). Save the image again as baseline JPEG or as PNG."
    default:
      limitDescription
    }
  }

  private var limitDescription: String {
    switch self {
    case .sideTooSmall(let width, let height, let limit):
      "\(grouped(width)) x \(grouped(height)) pixels, the shortest accepted side is "
        + "\(grouped(limit)). Use the original photograph."
    case .sideTooLarge(let width, let height, let limit):
      "\(grouped(width)) x \(grouped(height)) pixels, the longest accepted side is "
        + "\(grouped(limit)). Save the image smaller."
    case .tooManyPixels(let width, let height, let limit):
      "\(grouped(width)) x \(grouped(height)) = \(grouped(width * height)) pixels, limit "
        + "\(grouped(limit)). Save the image smaller."
    case .tooManyScans(let count, let limit):
      "\(grouped(count)) progressive scans, limit \(grouped(limit)). "
        + "Save the image again as baseline JPEG."
    case .tooManyWarnings(let limit, let last):
      "more than \(grouped(limit)) faults in the file (the last: \(last)). "
        + "Save the image again with an image editor."
    case .tooMuchMemory(let limitBytes):
      "decoding needs more working memory than the \(grouped(limitBytes)) bytes allowed. "
        + "Save the image again as baseline JPEG, or smaller."
    case .tooSlow(let limit):
      "decoding took more than \(grouped(Int(limit.components.seconds))) s of processor time. "
        + "Save the image again as baseline JPEG, or smaller."
    case .notEncoded(let detail):
      "the image could not be written (\(detail)). Report this as a fault of the program."
    default:
      "the image was not read."
    }
  }
}

/// Digits in groups of three, "1,204", the same in every locale.
func grouped(_ number: Int) -> String {
  var text = ""
  let digits = Array(String(number.magnitude))
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return number < 0 ? "-" + text : text
}
