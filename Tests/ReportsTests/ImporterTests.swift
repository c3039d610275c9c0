import Files
import Images
import Reports
import TemporaryFolders
import Testing

/// Exports read by the programs that they are for, and drawn by those: the masks again.
@Suite struct ImporterTests {
  private let folder: TemporaryFolder

  /// A disc with a bay, and a ring with a part for itself, as large as photographs are.
  private static let masks = [
    drawn(width: 640, height: 480) { x, y in
      let (dx, dy) = (x - 300, y - 240)
      return dx * dx + dy * dy < 44_100 && !(x > 300 && abs(dy) < 60)
    },
    drawn(width: 640, height: 480) { x, y in
      let distance = (x - 260) * (x - 260) + (y - 240) * (y - 240)
      return (2500...48_400).contains(distance) || (x > 520 && y > 300)
    },
  ]

  /// Photographs and masks, of which a script sees `name`, `mask` (as Booleans) and `iou`.
  init() throws {
    folder = try TemporaryFolder()
    folder.run(#"mkdir "$D/images""#)
    let images = try DirectoryHandle(opening: folder.appending("images"))
    for (index, mask) in Self.masks.enumerated() {
      let photograph = Image(width: 640, height: 480, channels: 3, filledWith: 180)
      try images.publish(try PNGEncoder.encode(photograph), as: name("\(index).png"))
      try folder.handle.publish(mask.pixels, as: name("\(index).raw"))
    }
  }

  private static let head = """
    import sys, numpy as np
    folder = sys.argv[1]
    masks = {str(i): np.fromfile(f'{folder}/{i}.raw', np.uint8).reshape(480, 640) > 0 for i in (0, 1)}
    def iou(a, b): return (a & b).sum() / (a | b).sum()

    """

  private func python(_ script: String) throws -> Int32 {
    try folder.handle.publish(Array((Self.head + script).utf8), as: name("check.py"))
    return folder.run(#"python3 "$D/check.py" "$D" > "$D/out" 2>&1 || { cat "$D/out"; false; }"#)
  }

  private func annotated(_ index: Int) -> AnnotatedImage {
    AnnotatedImage(file: "\(index).png", mask: Self.masks[index])
  }

  static let hasLabelme = AnnotationTests.isThere("labelme")
  static let hasDatumaro = AnnotationTests.isThere("datumaro, pycocotools")

  /// labelme draws the polygon's line, too, which makes lesions half a pixel larger all around.
  @Test(.enabled(if: hasLabelme, "the Python package labelme is not there"))
  func labelmeReadsTheMasksBack() throws {
    for index in 0..<2 {
      try folder.handle.publish(
        AnnotationFiles.labelme(annotated(index), path: "images/\(index).png", tolerance: 0.5),
        as: name("\(index).json"))
    }
    let script = """
      try: from labelme.label_file import LabelFile
      except ImportError: from labelme._label_file import LabelFile
      from labelme.utils import shape_to_mask
      for name, mask in masks.items():
          file = LabelFile(f'{folder}/{name}.json')
          assert file.imageData
          drawn = np.zeros_like(mask)
          for shape in file.shapes:
              assert shape['label'] == 'lesion' and shape['shape_type'] == 'polygon'
              drawn |= shape_to_mask(mask.shape, shape['points'], shape['shape_type'])
          assert iou(drawn, mask) > 0.98, (name, iou(drawn, mask))
      """
    #expect(try python(script) == 0)
  }

  /// With points along the pixels the masks are the same pixel by pixel.
  @Test(
    .enabled(if: hasDatumaro, "the Python packages datumaro and pycocotools are not there"),
    arguments: [(0, 1), (0.5, 0.99)])
  func datumaroReadsTheMasksOfCVATBack(_ tolerance: Double, _ least: Double) throws {
    try folder.handle.publish(
      AnnotationFiles.cvat((0..<2).map(annotated), tolerance: tolerance),
      as: name("annotations.xml"))
    let script = """
      from datumaro.components.dataset import Dataset
      from pycocotools import mask as coco
      items = list(Dataset.import_from(folder, 'cvat'))
      assert len(items) == 2
      for item in items:
          mask = masks[item.id.split('/')[-1]]
          drawn = np.zeros_like(mask)
          for polygon in item.annotations:
              runs = coco.frPyObjects([list(polygon.points)], *mask.shape)
              drawn |= coco.decode(coco.merge(runs)).astype(bool)
          assert iou(drawn, mask) >= \(least), (item.id, iou(drawn, mask))
      """
    #expect(try python(script) == 0)
  }
}
