import Masks
import Testing

@Suite struct MaskSettingsTests {
  static let others = [
    MaskSettings.standard, .plain,
    MaskSettings(threshold: 0), MaskSettings(threshold: 0.3),
    MaskSettings(components: .all), MaskSettings(fillHoles: false), MaskSettings(smallestSpeck: 0),
    MaskSettings(smallestSpeck: 1e-7), MaskSettings(edges: .guided),
    MaskSettings(hairRemoval: true), MaskSettings(accuracy: .high),
  ]

  @Test(arguments: others) func areReadAsTheyAreWritten(_ settings: MaskSettings) {
    #expect(MaskSettings(settings.description) == settings)
  }

  @Test func differIfAndOnlyIfTheirTextsDo() {
    #expect(Set(Self.others.map(\.description)).count == Set(Self.others).count)
  }

  @Test(arguments: [
    "", "components=all", "x",
    "threshold=2 components=largest fillHoles=true "
      + "smallestSpeck=0.02 edges=plain hairRemoval=false accuracy=normal",
    "threshold=nan components=largest fillHoles=true smallestSpeck=0.02 "
      + "edges=plain hairRemoval=false accuracy=normal",
    "threshold=model components=largest fillHoles=true smallestSpeck=101.0 "
      + "edges=plain hairRemoval=false accuracy=normal",
    "threshold=model components=largest fillHoles=true smallestSpeck=-1.0 "
      + "edges=plain hairRemoval=false accuracy=normal",
    "threshold=model components=largest fillHoles=true smallestSpeck=0.02 "
      + "edges=plain hairRemoval=false accuracy=normal more=1",
  ])
  func otherTextsAreNone(_ text: String) { #expect(MaskSettings(text) == nil) }
}
