import Files
import Images
import Masks
import Settings

/// What a mask says about its own making: the only ledger there is.
package struct MaskRecord: Sendable, Equatable {
  package var sourceName: FileName
  package var sourceSHA256: String
  package var sourceSizeBytes: Int
  package var sourceModified: FileTime
  package var modelID: String
  package var modelSHA256: String
  /// How the mask was made; nil in masks of version 0.1.0, which is ``MaskSettings/plain``.
  package var settings: MaskSettings?
  /// Why somebody should look at the mask; nil in masks of versions that did not find out.
  package var pleaseLook: [PleaseLook]?

  package init(
    sourceName: FileName, sourceSHA256: String, sourceSizeBytes: Int, sourceModified: FileTime,
    modelID: String, modelSHA256: String, settings: MaskSettings?,
    pleaseLook: [PleaseLook]? = nil
  ) {
    (self.sourceName, self.sourceSHA256) = (sourceName, sourceSHA256)
    (self.sourceSizeBytes, self.sourceModified) = (sourceSizeBytes, sourceModified)
    (self.modelID, self.modelSHA256) = (modelID, modelSHA256)
    (self.settings, self.pleaseLook) = (settings, pleaseLook)
  }

  /// Whether the mask was made from this state of its source.
  package func describes(_ identity: FileIdentity) -> Bool {
    sourceSizeBytes == identity.sizeBytes && sourceModified == identity.modified
  }
}

extension MaskRecord {
  private enum Keyword {
    static let software = "Software"
    static let sourceName = "Source-Name"
    static let sourceSHA256 = "Source-SHA256"
    static let sourceSize = "Source-Size"
    static let sourceModified = "Source-Modified"
    static let model = "Model"
    static let modelSHA256 = "Model-SHA256"
    static let settings = "Mask-Settings"
    static let pleaseLook = "Please-Look"
  }

  /// The record as texts of a PNG file.
  package var texts: [PNGText] {
    var texts = [
      PNGText(keyword: Keyword.software, value: "dermseg \(dermsegVersion)"),
      PNGText(keyword: Keyword.sourceName, value: percentEncoded(sourceName)),
      PNGText(keyword: Keyword.sourceSHA256, value: sourceSHA256),
      PNGText(keyword: Keyword.sourceSize, value: String(sourceSizeBytes)),
      PNGText(keyword: Keyword.sourceModified, value: sourceModified.description),
      PNGText(keyword: Keyword.model, value: modelID),
      PNGText(keyword: Keyword.modelSHA256, value: modelSHA256),
    ]
    if let settings { texts.append(PNGText(keyword: Keyword.settings, value: "\(settings)")) }
    if let pleaseLook {
      texts.append(PNGText(keyword: Keyword.pleaseLook, value: pleaseLook.codes))
    }
    return texts
  }

  /// The record in the texts of a PNG file; nil unless all of it is there, save the settings and the reasons
  /// to look at the mask.
  package init?(_ texts: [PNGText]) {
    let values = Dictionary(texts.map { ($0.keyword, $0.value) }) { first, _ in first }
    guard values[Keyword.software]?.hasPrefix("dermseg ") == true,
      let name = values[Keyword.sourceName].flatMap(percentDecoded),
      let sha256 = values[Keyword.sourceSHA256],
      let size = values[Keyword.sourceSize].flatMap({ Int($0) }),
      let modified = values[Keyword.sourceModified].flatMap({ FileTime($0) }),
      let modelID = values[Keyword.model], let modelSHA256 = values[Keyword.modelSHA256]
    else { return nil }
    self.init(
      sourceName: name, sourceSHA256: sha256, sourceSizeBytes: size, sourceModified: modified,
      modelID: modelID, modelSHA256: modelSHA256,
      settings: values[Keyword.settings].flatMap { MaskSettings($0) },
      pleaseLook: values[Keyword.pleaseLook].flatMap { [PleaseLook](codes: $0) })
  }
}

/// A name in printable ASCII (RFC 3986, section 2.1): texts of PNG files hold no raw bytes.
package func percentEncoded(_ name: FileName) -> String { percentEncoded(name.bytes) }

/// The same of a path; the slashes between its names stay.
package func percentEncoded(_ path: SourcePath) -> String { percentEncoded(path.bytes) }

/// The name that ``percentEncoded(_:)`` wrote; nil for anything else.
package func percentDecoded(_ text: String) -> FileName? {
  percentDecodedBytes(text).flatMap { FileName(bytes: $0) }
}

/// The path that ``percentEncoded(_:)`` wrote; nil for anything else.
package func percentDecodedPath(_ text: String) -> SourcePath? {
  percentDecodedBytes(text).flatMap { SourcePath(bytes: $0) }
}

private func percentEncoded(_ bytes: [UInt8]) -> String {
  var text = ""
  for byte in bytes {
    if (0x21...0x7e).contains(byte), byte != UInt8(ascii: "%") {
      text.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
  }
  return text
}

private func percentDecodedBytes(_ text: String) -> [UInt8]? {
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let first = rest.popFirst() {
    if first == UInt8(ascii: "%") {
      guard rest.count >= 2,
        let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    } else {
      bytes.append(first)
    }
  }
  return bytes
}
