import Files
import Images

/// Reading a pair as it is stored, for measuring.
public enum FullSizePair {
  /// Decodes both files.
  ///
  /// - Returns: the photograph, and its mask as 0 and 255 in one channel, of the same size.
  /// - Throws: `LostPair` when one of them is unusable or their sizes differ.
  public static func read(_ pair: TrainingPair) throws(LostPair) -> (image: Image, truth: Image) {
    do {
      let imageBytes = try PairFiles.read(pair.imagePath)
      let maskBytes = try PairFiles.read(pair.maskPath)
      let decoded = try PairFiles.decode(imageBytes: imageBytes, maskBytes: maskBytes)
      return (decoded.image, decoded.mask)
    } catch {
      throw LostPair(name: pair.name, reason: error.reason)
    }
  }
}
