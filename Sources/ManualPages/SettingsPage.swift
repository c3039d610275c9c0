import Settings

/// The manual page of the configuration file, made of the table of keys.
public struct SettingsPage {
  private var roff = Roff()
  /// The page's source, for `man`.
  public var text: String { roff.text }

  /// Makes the page.
  ///
  /// - Parameters:
  ///   - version: `dermseg 1.2.3`.
  ///   - date: `2026-11-25`.
  public init(version: String, date: String) {
    roff.title("DERMSEG.YAML", section: 5, date: date, version: version)
    roff.macro("SH", "NAME")
    roff.line("dermseg.yaml \\- settings of dermsegd and dermseg\\-trainer")
    roff.macro("SH", "SYNOPSIS")
    roff.line(Roff.italic("\(Settings.defaultFile)"))
    roff.macro("SH", "DESCRIPTION")
    roff.prose(
      "One `key: value` per line; a line that begins with # is a comment. A key that is not given, or has "
        + "no value, has its default. Every key is also an option of the programs (`testFolder`: "
        + "`--test-folder`) and a variable of the environment (`DERMSEG_TEST_FOLDER`). An option comes "
        + "before a variable, that before the file, that before the default.")
    roff.macro("PP")
    roff.prose(
      "A key that does not exist, and a value that is not allowed, is an error that names the line; "
        + "`dermseg check-config` finds all of them.")
    roff.macro("SH", "KEYS")
    for key in SettingKey.all { add(key) }
    addExample()
    roff.macro("SH", "SEE ALSO")
    roff.line(
      ["dermseg(1)", "dermsegd(8)", "dermseg-trainer(8)"].map { page in
        Roff.bold(String(page.dropLast(3))) + String(page.suffix(3))
      }.joined(separator: ", "))
  }

  private mutating func add(_ key: SettingKey) {
    roff.macro("TP")
    roff.line("\(Roff.bold("\(key.name):")) \(Roff.italic(key.defaultText))")
    roff.prose(
      "\(key.summary) Allowed: \(key.allowed). `\(key.option)`, `\(key.environmentVariable)`.")
  }

  private mutating func addExample() {
    roff.macro("SH", "EXAMPLES")
    roff.verbatim([
      "testFolder: /mnt/clinic/in", "resultsFolder: /mnt/clinic/masks", "recursive: true",
      "settle: 3s",
    ])
    roff.macro("PP")
    roff.prose("After a change:")
    roff.verbatim(["dermseg check-config && systemctl reload dermsegd"])
  }
}
