import Files

/// First in, first out within each folder, and one from each folder in turn: a folder with thousands of
/// sources keeps those of another one waiting for one source only.
struct FairQueue {
  private var front: [SourcePath] = []
  private var queues: [SubfolderPath: NameQueue<FileName>] = [:]
  /// The folders that have something, in the order of their turns.
  private var turns = NameQueue<SubfolderPath>()

  mutating func append(_ path: SourcePath) {
    if queues[path.folder] == nil { turns.append(path.folder) }
    queues[path.folder, default: NameQueue()].append(path.name)
  }

  /// Puts one that was taken back in front of all.
  mutating func prepend(_ path: SourcePath) { front.append(path) }

  mutating func pop() -> SourcePath? {
    if let path = front.popLast() { return path }
    guard let folder = turns.pop(), let name = queues[folder]?.pop() else { return nil }
    if queues[folder]?.isEmpty == false {
      turns.append(folder)
    } else {
      queues[folder] = nil
    }
    return SourcePath(name, in: folder)
  }

  /// First in, first out, at a constant cost per element.
  private struct NameQueue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func pop() -> Element? {
      guard head < elements.count else { return nil }
      let element = elements[head]
      head += 1
      if head > 1024, head > elements.count / 2 {
        elements.removeFirst(head)
        head = 0
      }
      return element
    }
  }
}
