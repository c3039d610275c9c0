import Datasets
import Testing

@Suite struct SeededGeneratorTests {
  /// The published first numbers of SplitMix64 for the seed 1234567.
  @Test func numbersAreThoseOfSplitMix64() {
    var generator = SeededGenerator(seed: 1_234_567)
    let numbers = (0..<5).map { _ in generator.next() }
    #expect(
      numbers == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func positionsGiveStreamsOfTheirOwn() {
    var firsts: Set<UInt64> = []
    for seed in [0, 1] as [UInt64] {
      for epoch in 0..<10 {
        for index in 0..<10 {
          var generator = SeededGenerator(seed: seed, epoch, index)
          firsts.insert(generator.next())
        }
      }
    }
    #expect(firsts.count == 200)
  }

  @Test func uniformNumbersFillTheirRange() {
    var generator = SeededGenerator(seed: 5)
    let numbers = (0..<10_000).map { _ in generator.uniform(in: -2...6) }
    #expect(numbers.allSatisfy { (-2...6).contains($0) })
    let mean = numbers.reduce(0, +) / 10_000
    #expect(abs(mean - 2) < 0.1)
    #expect((numbers.min() ?? 0) < -1.99)
    #expect((numbers.max() ?? 0) > 5.99)
  }

  @Test func permutationHasEachIndexOnceAndMoves() {
    var generator = SeededGenerator(seed: 9)
    let order = generator.permutation(of: 100)
    #expect(order.sorted() == Array(0..<100))
    #expect(order != Array(0..<100))
    // A shuffle leaves about one element of a hundred in its place.
    #expect(order.indices.filter { order[$0] == $0 }.count < 8)
    #expect(generator.permutation(of: 0).isEmpty)
    #expect(generator.permutation(of: 1) == [0])
  }
}
