import Glibc

/// How often something is tried: more often in `make test-long` than in `make test`.
///
/// - Parameters:
///   - variable: of the environment.
///   - otherwise: the number where it is not set.
public func numberFromEnvironment(_ variable: String, otherwise: Int) -> Int {
  guard let text = unsafe getenv(variable) else { return otherwise }
  return unsafe Int(String(cString: text)) ?? otherwise
}
