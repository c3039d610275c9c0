import Images
import Testing

@Suite struct ResizedRowsTests {
  @Test(arguments: [(7, 5, 20, 31), (20, 31, 7, 5), (9, 9, 9, 9), (4, 30, 50, 3), (1, 1, 6, 4)])
  func areThoseOfTheWholePlane(_ sizes: (Int, Int, Int, Int)) {
    let (width, height, newWidth, newHeight) = sizes
    let plane = FloatPlane(
      width: width, height: height,
      values: (0..<(width * height)).map { Float(($0 * 37) % 101) / 101 })
    let whole = plane.resized(width: newWidth, height: newHeight)
    var rows = ResizedRows(of: plane, width: newWidth, height: newHeight)
    for y in Array(0..<newHeight) + [newHeight / 2, 0] {
      rows.move(to: y)
      for x in 0..<newWidth {
        #expect(abs(rows.row[x] - whole.values[y * newWidth + x]) < 1e-5)
      }
    }
  }
}
