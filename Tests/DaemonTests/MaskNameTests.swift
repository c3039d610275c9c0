import Daemon
import Files
import TemporaryFolders
import Testing

@Suite struct MaskNameTests {
  @Test(arguments: [
    ("a.jpg", "a_segmentation.png"), ("ISIC_0000001.JPEG", "ISIC_0000001_segmentation.png"),
    ("x.y.png", "x.y_segmentation.png"), ("IMG_1", "IMG_1_segmentation.png"),
    ("a\nb.jpg", "a\nb_segmentation.png"), ("Läsion.png", "Läsion_segmentation.png"),
  ])
  func theFirstChoiceIsThatOfISIC(_ source: String, _ mask: String) {
    #expect(MaskName.candidates(for: name(source)).first == name(mask))
  }

  @Test func twoSourcesWithOneStemHaveOtherSecondChoices() {
    let jpg = MaskName.candidates(for: name("a.jpg"))
    let png = MaskName.candidates(for: name("a.png"))
    #expect(jpg[0] == png[0])
    #expect(jpg[1] == name("a.jpg_segmentation.png"))
    #expect(png[1] == name("a.png_segmentation.png"))
    #expect(Set(jpg + png).count == 5)
  }

  @Test(arguments: [230, 238, 239, 240, 250, 251, 255])
  func namesNeverGetTooLong(_ length: Int) {
    let long = name(String(repeating: "x", count: length - 4) + ".jpg")
    let other = name(String(repeating: "x", count: length - 5) + "y.jpg")
    for candidate in MaskName.candidates(for: long) + [MaskName.note(for: long)] {
      #expect(candidate.bytes.count <= 255)
    }
    #expect(Set(MaskName.candidates(for: long)).isDisjoint(with: MaskName.candidates(for: other)))
    #expect(MaskName.note(for: long) != MaskName.note(for: other))
    #expect(MaskName.candidates(for: long)[0].description.hasSuffix("_segmentation.png"))
  }

  @Test func aShortenedNameIsNotCutWithinACharacter() {
    for extra in 0..<4 {
      let long = name(
        String(repeating: "a", count: extra) + String(repeating: "皮", count: 83) + ".x")
      for candidate in MaskName.candidates(for: long) {
        #expect(!candidate.description.contains("\\x"), "\(candidate)")
      }
    }
  }

  @Test func notesKeepTheWholeName() {
    #expect(MaskName.note(for: name("a.jpg")) == name("a.jpg.txt"))
    #expect(MaskName.note(for: name("a.png")) == name("a.png.txt"))
  }
}
