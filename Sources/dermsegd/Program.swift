import DaemonProgram

/// The daemon as a program of its own; what is installed is `dermseg` under this name.
@main
enum Program {
  static func main() { Dermsegd.main() }
}
