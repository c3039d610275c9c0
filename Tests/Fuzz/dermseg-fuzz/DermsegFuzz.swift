import CFuzzer
import Glibc
import SystemPackage

/// Coverage-guided fuzzing (libFuzzer) of what reads bytes that others wrote.
///
/// `dermseg-fuzz TARGET [LIBFUZZER-OPTION ...] CORPUS` fuzzes; `dermseg-fuzz seeds DIR` writes the first
/// inputs of every target to `DIR/TARGET`. `Tests/Fuzz/fuzz` builds and runs it.
@main
enum DermsegFuzz {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else {
      end("Say: dermseg-fuzz TARGET|seeds ... (see Tests/Fuzz/fuzz)")
    }
    if arguments[1] == "seeds" {
      do {
        for target in Target.allCases { try target.writeSeeds(to: arguments[2]) }
      } catch {
        end("The seeds cannot be written: \(error)")
      }
      return
    }
    guard let target = Target(rawValue: arguments[1]) else {
      end("Targets: \(Target.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    fuzz(target, Array(arguments[..<1] + arguments[2...]))
  }

  private static func fuzz(_ target: Target, _ arguments: [String]) {
    var pointers: [UnsafeMutablePointer<CChar>?] =
      unsafe arguments.map { unsafe strdup($0) } + [nil]
    var count = Int32(arguments.count)
    let status = unsafe pointers.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return unsafe LLVMFuzzerRunDriver(&count, &start, target.function)
    }
    exit(status)
  }

  private static func end(_ message: String) -> Never {
    _ = try? FileDescriptor.standardError.writeAll((message + "\n").utf8)
    exit(2)
  }
}
