import Daemon
import Files
import FolderWatching
import Glibc
import ModelStore
import Settings
import SystemPackage

/// Looks at everything that the daemon needs, and says what is wrong and how to mend it.
///
/// It changes nothing, but for a file that it makes and removes in each folder that the daemon writes
/// to: only that shows that writing, renaming and removing work there.
public struct Doctor {
  private let configFile: FilePath?
  private let options: [String: String]
  private let environment: [String: String]
  private let instance: ServiceInstance
  private let systemd: Systemd

  /// - Parameters:
  ///   - configFile: The configuration; nil: the default one, if it is there.
  ///   - options: What was given on the command line, as for `Settings.load`.
  public init(
    configFile: FilePath?, options: [String: String], environment: [String: String],
    systemd: Systemd = Systemd()
  ) {
    instance = ServiceInstance(configFile: configFile)
    (self.configFile, self.options) = (configFile, options)
    (self.environment, self.systemd) = (instance.environment(environment), systemd)
  }

  /// Looks at everything. Cost: the model is read once, and the processes of the machine are listed.
  public func findings() async -> [Finding] {
    let (settings, configuration) = await lookAtConfiguration()
    let unit = systemd.properties(of: "\(instance.unit).service")
    let user = ServiceUser(unitUser: unit["User"])
    var findings = configuration
    let path = configFile ?? Settings.defaultFile
    if settings != nil, let error = user.act({ unreadable(path) }) {
      findings.append(
        Finding(
          .configuration, .bad, "The configuration cannot be read by \(user.actor): \(error)",
          remedy: "chmod 0644 \(shellQuoted(path.string))"))
    }
    if let settings {
      findings += FolderFindings(settings, user, configFile: path).findings
      findings += modelFindings(settings, user)
    }
    findings +=
      MachineFindings(
        MachineFacts(user: user.name), settings: settings,
        folderCount: settings.map { folderCount($0) } ?? 1, configFile: path, unit: unit
      ).findings
    findings += UnitFindings(systemd, settings: settings, configFile: path).findings
    return findings
  }

  // MARK: - Configuration

  /// Why a file that is there cannot be read; nil if it can, or is not there.
  private func unreadable(_ path: FilePath) -> FileError? {
    do throws(FileError) {
      _ = try readRegularFile(at: path, limitBytes: 1 << 20, followingLinks: true)
      return nil
    } catch {
      return error.errno == .permissionDenied ? error : nil
    }
  }

  private func lookAtConfiguration() async -> (Settings?, [Finding]) {
    let path = configFile ?? Settings.defaultFile
    let isThere = (try? fileStatus(at: path)) ?? nil != nil
    var findings: [Finding] = []
    var settings: Settings?
    do throws(SettingsError) {
      settings = try await Settings.load(
        configFile: configFile, options: options, environment: environment)
      let text =
        isThere ? "Configuration \(path.displayed) is right." : "No \(path.displayed): defaults."
      findings.append(Finding(.configuration, .good, text))
    } catch {
      findings.append(
        Finding(
          .configuration, .bad, "The configuration is wrong: \(error)",
          remedy: corrected(error) ?? "dermseg check-config \(shellQuoted(path.string))"))
    }
    for name in environment.keys.sorted() {
      guard let meant = SettingKey.suggestion(forVariable: name) else { continue }
      findings.append(
        Finding(
          .configuration, .warning,
          "The environment variable \(name) means nothing. \(meant) was probably meant.",
          remedy: "unset \(name)"))
    }
    if let settings {
      for (path, key) in [
        (settings.testFolder, "testFolder"), (settings.resultsFolder, "resultsFolder"),
        (settings.modelStore, "modelStore"), (settings.stateDirectory, "stateDirectory"),
      ] where !path.isAbsolute {
        findings.append(
          Finding(
            .configuration, .warning,
            "\(key) is \(path.displayed), which is another folder for each working directory; the "
              + "service's is /.", remedy: edit(path, "\(key): with its whole path")))
      }
    }
    return (settings, findings)
  }

  private func isHidden(_ folder: FilePath) -> Bool {
    do throws(FileError) {
      _ = try DirectoryHandle(opening: folder)
      return false
    } catch {
      return error.errno == .permissionDenied
    }
  }

  /// The command that puts the key that was meant in the place of one that does not exist.
  private func corrected(_ error: SettingsError) -> String? {
    guard case .unknownKey(let key, .file(let path, let line?), let meant?) = error,
      key.utf8.allSatisfy({ $0 < 0x80 && ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A })
    else { return nil }
    return "sed -i '\(line)s/\(key)/\(meant)/' \(shellQuoted(path.string))"
  }

  private func folderCount(_ settings: Settings) -> Int {
    guard settings.recursive else { return 1 }
    var count = 0
    func visit(_ folder: DirectoryHandle, _ depth: Int) {
      count += 1
      guard depth < 32, let names = try? folder.names() else { return }
      for name in names where SourceName.isUsersFolder(name) {
        guard (try? folder.status(of: name))??.kind == .directory,
          let below = try? folder.openDirectory(name)
        else { continue }
        visit(below, depth + 1)
      }
    }
    if let top = try? DirectoryHandle(opening: settings.testFolder) { visit(top, 0) }
    return max(1, count)
  }

  // MARK: - Model

  private func modelFindings(_ settings: Settings, _ user: ServiceUser) -> [Finding] {
    let loaded = user.act { () -> Result<LoadedModel, ModelStoreError> in
      do throws(ModelStoreError) {
        return .success(
          try ModelLocator.load(explicitFile: settings.model, store: settings.modelStore))
      } catch {
        return .failure(error)
      }
    }
    switch loaded {
    case .success(let model):
      let input = "\(model.model.inputSize)x\(model.model.inputSize)"
      return [
        Finding(
          .model, .good,
          "Model \(model.id) (\(model.origin)): whole, its checksum is right; input \(input), "
            + "\(model.model.architecture.parameterCount) parameters.")
      ]
    case .failure where !user.canBeActed && isHidden(settings.modelStore):
      return [
        Finding(
          .model, .warning, "Which model is in service \(user.actor) may not see.",
          remedy: askAsRoot(configFile ?? Settings.defaultFile))
      ]
    case .failure(let error):
      let remedy: String
      switch error {
      case .noModel:
        remedy = "dermseg model list; " + edit(configFile ?? Settings.defaultFile, "model:")
      case .checksumDiffers, .unsound, .badCurrent, .unreadable:
        remedy =
          settings.model == nil
          ? "dermseg model verify; dermseg model rollback" : "dermseg model list"
      default: remedy = "dermseg model list"
      }
      return [
        Finding(.model, .bad, "The model cannot be used: \(error)", remedy: remedy)
      ]
    }
  }
}
