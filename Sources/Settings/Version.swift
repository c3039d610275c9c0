/// The version of all programs of the package, by https://semver.org.
public let dermsegVersion = "0.1.0"
