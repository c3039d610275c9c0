import ArgumentParser

/// How masks are made.
package struct MaskOptions: ParsableArguments {
  @Option(help: help("threshold")) package var threshold: String?
  @Option(help: help("components")) package var components: String?
  @Option(help: help("fillHoles")) package var fillHoles: String?
  @Option(help: help("smallestSpeck")) package var smallestSpeck: String?
  @Option(help: help("edges")) package var edges: String?
  @Option(help: help("hairRemoval")) package var hairRemoval: String?
  @Option(help: help("accuracy")) package var accuracy: String?

  /// None given.
  package init() {}
}
