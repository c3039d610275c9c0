/// Which of Winograd's algorithms computes a layer, and how it is cut into blocks.
///
/// K channels in, N channels out, T tiles. A product for each position multiplies transformed tiles
/// `[T, K]` by transformed filters `[K, N]`. One of the two is transformed once and read by all
/// threads, the other a block at a time by the thread that needs it, while it is in its caches:
/// - many tiles: the filters of a chunk of outputs are shared, each thread takes blocks of tiles;
/// - few tiles (deep layers): the tiles are shared, each thread takes chunks of outputs.
struct WinogradPlan {
  enum Shared { case filters, tiles }

  /// Side of an output tile, 4 or 6.
  let tile: Int
  /// Multiplications of a tile and a pair of channels, 36 or 64.
  var positions: Int { (tile + 2) * (tile + 2) }
  /// Tiles of the batch.
  let tileCount: Int
  /// What is transformed once.
  let shared: Shared
  /// Output channels at once, a multiple of 32 unless it is all.
  let chunk: Int
  /// Tiles of a block, or of those that are shared at a time.
  let capacity: Int
  /// Blocks of input channels.
  let inputBlocks: Int
  /// Blocks of input channels whose filters are transformed at once.
  let filterBlocks: Int

  /// Floats of one chunk's shared filters: 16 MB, what the last-level cache holds.
  private static let filterLimit = 1 << 22
  /// Floats of the shared tiles of one image: 12 MB, so that filters and products of all threads
  /// fit beside them.
  private static let tileLimit = 3 << 20
  /// Floats of a thread's transformed tiles, both sides: they stay in its second-level cache.
  private static let blockLimit = 3 << 16
  private static let largestCapacity = 96
  /// Rows of the largest register block, so that few blocks end in smaller ones.
  private static let rowUnit = 12

  init(inputChannels: Int, outputChannels: Int, batch: Int, height: Int, width: Int, threads: Int) {
    func tiles(_ side: Int) -> Int {
      batch * ((height + side - 1) / side) * ((width + side - 1) / side)
    }
    // F(6x6) where its fewer products are not lost to tiles that reach over the edge.
    tile = 100 * tiles(6) * 64 < 95 * tiles(4) * 36 ? 6 : 4
    tileCount = tiles(tile)
    let positions = (tile + 2) * (tile + 2)
    inputBlocks = blockCount(inputChannels)
    let padded = blockCount(outputChannels) * blockChannels
    let filters = positions * inputBlocks * blockChannels * padded
    shared = tileCount < outputChannels || filters > Self.filterLimit ? .tiles : .filters
    switch shared {
    case .tiles:
      chunk = min(padded, 32)
      let most = batch * Self.tileLimit / (positions * inputBlocks * blockChannels)
      let groups = (tileCount + most - 1) / most
      capacity = ((tileCount + groups - 1) / groups + 3) / 4 * 4
      filterBlocks = min(12, inputBlocks)
    case .filters:
      let fitting = Self.filterLimit / (positions * inputBlocks * blockChannels)
      chunk = min(padded, max(32, fitting / 32 * 32))
      let most = Self.blockLimit / (positions * (inputBlocks * blockChannels + chunk))
      // Equal shares for the threads where there are few tiles.
      let share = (tileCount + threads - 1) / threads
      let wanted = min(
        Self.largestCapacity, max(Self.rowUnit, most / Self.rowUnit * Self.rowUnit))
      capacity = min(wanted, (share + 3) / 4 * 4)
      filterBlocks = inputBlocks
    }
  }

  var inputStride: Int { matrixStride(inputBlocks * capacity * blockChannels) }
  var outputStride: Int { matrixStride(chunk * capacity) }
  var filterStride: Int { matrixStride(filterBlocks * blockChannels * chunk) }

  var need: Workspace.Need {
    switch shared {
    case .tiles:
      Workspace.Need(
        shared: positions * inputStride, perThread: positions * (filterStride + outputStride))
    case .filters:
      Workspace.Need(
        shared: positions * filterStride, perThread: positions * (inputStride + outputStride))
    }
  }
}
