import Files

/// What is known of one row of the arrays: which files it was made from, and which bytes it has.
struct ArrayRow: Sendable, Equatable {
  /// The photograph's file name without its extension.
  var name: String
  /// The photograph's size as stored.
  var width: Int
  var height: Int
  /// Whether more than 2 % of the photograph's edge is lesion.
  var lesionMeetsEdge: Bool
  /// SHA-256 of the photograph's file.
  var imageDigest: String
  /// SHA-256 of the mask's file; empty where there is no mask.
  var maskDigest: String
  /// SHA-256 of the row's pixels, photograph and mask one after the other.
  var rowDigest: String
  /// What had to be interpreted; empty if nothing.
  var remark: String
  /// Which state of the photograph's file was read.
  var imageIdentity: FileIdentity
  /// Which state of the mask's file was read; nil where there is no mask.
  var maskIdentity: FileIdentity?

  /// The columns of the index, in their order.
  static let columns = [
    "name", "width", "height", "lesion_meets_edge", "image_sha256", "mask_sha256", "row_sha256",
    "remark", "image_file", "mask_file",
  ]

  var fields: [String] {
    [
      name, "\(width)", "\(height)", lesionMeetsEdge ? "1" : "0", imageDigest, maskDigest,
      rowDigest, remark, Self.text(imageIdentity), maskIdentity.map(Self.text) ?? "",
    ]
  }

  /// Reads what ``fields`` wrote.
  init?(fields: [String]) {
    guard fields.count == Self.columns.count, let width = Int(fields[1]),
      let height = Int(fields[2]), width > 0, height > 0, ["0", "1"].contains(fields[3]),
      let imageIdentity = Self.identity(fields[8])
    else { return nil }
    if !fields[9].isEmpty {
      guard let maskIdentity = Self.identity(fields[9]) else { return nil }
      self.maskIdentity = maskIdentity
    }
    name = fields[0]
    (self.width, self.height) = (width, height)
    lesionMeetsEdge = fields[3] == "1"
    imageDigest = fields[4]
    maskDigest = fields[5]
    rowDigest = fields[6]
    remark = fields[7]
    self.imageIdentity = imageIdentity
  }

  init(
    name: String, width: Int, height: Int, lesionMeetsEdge: Bool, imageDigest: String,
    maskDigest: String, rowDigest: String, remark: String, imageIdentity: FileIdentity,
    maskIdentity: FileIdentity?
  ) {
    self.name = name
    self.width = width
    self.height = height
    self.lesionMeetsEdge = lesionMeetsEdge
    self.imageDigest = imageDigest
    self.maskDigest = maskDigest
    self.rowDigest = rowDigest
    self.remark = remark
    self.imageIdentity = imageIdentity
    self.maskIdentity = maskIdentity
  }

  /// `SIZE MODIFIED INODE DEVICE`
  private static func text(_ identity: FileIdentity) -> String {
    "\(identity.sizeBytes) \(identity.modified) \(identity.inode) \(identity.device)"
  }

  private static func identity(_ text: String) -> FileIdentity? {
    let parts = text.split(separator: " ")
    guard parts.count == 4, let size = Int(parts[0]), let modified = FileTime(String(parts[1])),
      let inode = UInt64(parts[2]), let device = UInt64(parts[3])
    else { return nil }
    return FileIdentity(sizeBytes: size, modified: modified, inode: inode, device: device)
  }
}
