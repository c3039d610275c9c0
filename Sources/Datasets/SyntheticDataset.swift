import Files
import Images
import SystemPackage

/// Why generated photographs were not written.
public enum SyntheticDatasetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A directory or file could not be made.
  case file(FileError)
  /// A picture could not be encoded.
  case image(ImageError)

  /// File, reason and remedy.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .image(let error): error.description
    }
  }
}

/// Generated photographs with masks as files, in the naming that training reads.
public struct SyntheticDataset: Sendable {
  /// Chooses the series of pictures.
  public var seed: UInt64
  /// Width of each photograph, at least 16 pixels.
  public var width: Int
  /// Height of each photograph, at least 16 pixels.
  public var height: Int

  /// Describes a series.
  public init(seed: UInt64, width: Int = 1024, height: Int = 768) {
    self.seed = seed
    self.width = width
    self.height = height
  }

  /// The common part of the file names of a picture, `synth_0001` for index 0.
  public static func stem(_ index: Int) -> String {
    let number = String(index + 1)
    return "synth_" + String(repeating: "0", count: max(4 - number.count, 0)) + number
  }

  /// Writes `images/synth_NNNN.jpg` and `masks/synth_NNNN_segmentation.png`, whole or not at all.
  ///
  /// Files of the same names are replaced. The directory is made if it is not there, with those
  /// above it.
  ///
  /// - Parameters:
  ///   - count: How many pictures, from index 0.
  ///   - directory: Where `images` and `masks` are made.
  ///   - progress: Called after each picture with how many are written.
  /// - Throws: ``SyntheticDatasetError``.
  public func write(
    count: Int, to directory: FilePath, progress: (_ written: Int) -> Void = { _ in }
  ) throws(SyntheticDatasetError) {
    let images: DirectoryHandle
    let masks: DirectoryHandle
    do throws(FileError) {
      images = try Self.directory(directory.appending("images"))
      masks = try Self.directory(directory.appending("masks"))
    } catch {
      throw .file(error)
    }
    for index in 0..<count {
      let picture = SyntheticDermoscopy.image(
        seed: seed, index: index, width: width, height: height)
      let photograph: [UInt8]
      let mask: [UInt8]
      do throws(ImageError) {
        photograph = try JPEGEncoder.encode(picture.image, quality: 92)
        mask = try PNGEncoder.encode(picture.mask)
      } catch {
        throw .image(error)
      }
      let stem = Self.stem(index)
      guard let imageName = FileName(stem + ".jpg"),
        let maskName = FileName(stem + "_segmentation.png")
      else { preconditionFailure("generated names are valid") }
      do throws(FileError) {
        try images.publish(photograph, as: imageName, permissions: 0o644)
        try masks.publish(mask, as: maskName, permissions: 0o644)
      } catch {
        throw .file(error)
      }
      progress(index + 1)
    }
  }

  /// Opens a directory, making it and those above it where they are missing.
  private static func directory(_ path: FilePath) throws(FileError) -> DirectoryHandle {
    do {
      return try DirectoryHandle(opening: path)
    } catch .system(_, _, .noSuchFileOrDirectory) {
      guard let name = FileName(lastComponentOf: path) else {
        return try DirectoryHandle(opening: path)
      }
      let above = path.removingLastComponent()
      return try directory(above.isEmpty ? "." : above).makeDirectory(name, permissions: 0o755)
    }
  }
}
