import Images

/// A photograph with the outlines of two masks drawn on it.
public enum OutlinePicture {
  /// The expert's outline.
  public static let truthColor = Color(0x00E5FF)
  /// The model's outline.
  public static let maskColor = Color(0xFF9100)
  private static let sideLimit = 1024

  /// Draws both outlines onto the photograph, which is made smaller if a side is longer than 1,024 pixels.
  ///
  /// - Parameters:
  ///   - image: the photograph.
  ///   - truth: the expert's mask, of the same size; drawn first, in cyan.
  ///   - mask: the model's, likewise, in orange.
  ///   - caption: a line below the picture.
  public static func drawn(_ image: Image, truth: Image, mask: Image, caption: String) -> Image {
    let small = image.fitting(width: sideLimit, height: sideLimit)
    let lineHeight = Canvas.size(of: caption).height + 8
    var canvas = Canvas(
      width: max(small.width, Canvas.size(of: caption).width + 16),
      height: small.height + 2 * lineHeight)
    canvas.draw(small, x: 0, y: 0)
    for (plane, color) in [(truth, truthColor), (mask, maskColor)] {
      let outline = plane.resized(width: small.width, height: small.height)
      for (x, y) in outline.outlinePixels {
        canvas.fill(x: x, y: y, width: 2, height: 2, color: color)
      }
    }
    canvas.draw(caption, x: 8, y: small.height + 6, color: .black)
    let legend = small.height + lineHeight
    canvas.fill(x: 8, y: legend + 6, width: 24, height: 4, color: truthColor)
    canvas.draw("expert", x: 38, y: legend, color: .black)
    canvas.fill(x: 118, y: legend + 6, width: 24, height: 4, color: maskColor)
    canvas.draw("dermseg", x: 148, y: legend, color: .black)
    return canvas.image
  }
}

extension Image {
  /// Pixels of a grey image at 128 or above that have a neighbour below, or lie at the edge.
  fileprivate var outlinePixels: [(x: Int, y: Int)] {
    var found: [(x: Int, y: Int)] = []
    func isLesion(_ x: Int, _ y: Int) -> Bool {
      x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] >= 128
    }
    for y in 0..<height {
      for x in 0..<width where isLesion(x, y) {
        let isInner =
          isLesion(x - 1, y) && isLesion(x + 1, y) && isLesion(x, y - 1) && isLesion(x, y + 1)
        if !isInner { found.append((x, y)) }
      }
    }
    return found
  }
}
