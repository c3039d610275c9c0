import Diagnosis
import Files
import Glibc
import TemporaryFolders
import Testing

@Suite struct DoctorTests {
  private let scene: Scene

  init() throws { scene = try Scene() }

  /// Messages of one area that are not good, and what mends them.
  private func troubles(_ area: Finding.Area, _ findings: [Finding]) -> [String] {
    findings.filter { $0.area == area && $0.severity != .good }
      .map { "\($0.severity.rawValue): \($0.message) => \($0.remedy ?? "nothing")" }
  }

  @Test func soundFoldersAndModelAreGood() async throws {
    scene.folder.run(#"chown -R "$(id -u dermseg 2>/dev/null || id -u)" "$D" 2>/dev/null || :"#)
    let findings = await scene.doctor().findings()
    #expect(troubles(.configuration, findings) == [])
    #expect(troubles(.folders, findings).filter { !$0.contains("free") } == [])
    #expect(troubles(.model, findings) == [])
    #expect(findings.contains { $0.message.hasPrefix("Model tiny-") })
    #expect(findings.contains { $0.area == .processor && $0.message.hasPrefix("Instructions: ") })
  }

  @Test func everyFindingThatIsNotGoodCanBeMended() async throws {
    scene.folder.run(#"rm -r "$D/test" "$D/tiny.safetensors""#)
    let findings = await scene.doctor().findings()
    #expect(findings.contains { $0.severity == .bad })
    for finding in findings where finding.severity == .bad { #expect(finding.remedy != nil) }
  }

  @Test func aMissingTestFolderIsMadeByTheCommand() async throws {
    scene.folder.run(#"rm -r "$D/test""#)
    let findings = await scene.doctor().findings()
    let finding = try #require(findings.first { $0.area == .folders && $0.severity == .bad })
    #expect(finding.message.contains("The test folder cannot be read by "))
    #expect(finding.remedy?.hasPrefix("install -d -o ") == true)
    #expect(finding.remedy?.hasSuffix(" -m 2775 \(scene.folder.appending("test"))") == true)
  }

  @Test func aResultsFolderThatIsAFileIsNotWritable() async throws {
    scene.folder.run(#"rmdir "$D/Results"; : > "$D/Results""#)
    let found = troubles(.folders, await scene.doctor().findings())
    #expect(found.contains { $0.hasPrefix("bad: The Results folder cannot be written by ") })
  }

  @Test func resultsInsideTestIsRefused() async throws {
    let inside = scene.folder.appending("test").appending("Results").string
    scene.folder.run(#"mkdir "$D/test/Results""#)
    let found = troubles(.folders, await scene.doctor(["results-folder": inside]).findings())
    #expect(found.contains { $0.contains("is inside the test folder") })
  }

  @Test func aFolderThatOnlyItsOwnerCanDropIntoIsNoted() async throws {
    scene.folder.run(#"chmod 0755 "$D/test""#)
    let found = troubles(.folders, await scene.doctor().findings())
    #expect(found.contains { $0.contains("755") && $0.contains("=> chmod 2775 ") })
  }

  /// As root: the folders are met as the service's user, with that user's rights and nothing of root's.
  @Test(.enabled(if: getuid() == 0, "needs root, to be another user"))
  func rootLooksAsTheUserOfTheService() async throws {
    scene.folder.run(#"chmod 755 "$D"; chmod 700 "$D/Results"; chown -R root "$D""#)
    let units = systemd(["dermsegd.service": "LoadState=loaded\nActiveState=active\nUser=nobody\n"])
    let refused = troubles(.folders, await scene.doctor(systemd: units).findings())
    #expect(
      refused.contains { $0.hasPrefix("bad: The Results folder cannot be written by nobody: ") })
    #expect(refused.contains { $0.contains("=> chown nobody:") })
    scene.folder.run(#"chown nobody "$D/Results" "$D/state""#)
    let allowed = troubles(.folders, await scene.doctor(systemd: units).findings())
    #expect(!allowed.contains { $0.contains("cannot be written") })
    scene.folder.run(#"chmod 600 "$D/empty.yaml""#)
    let hidden = troubles(.configuration, await scene.doctor(systemd: units).findings())
    #expect(hidden.count == 1 && hidden[0].contains("cannot be read by nobody"))
    // And afterwards it is root again.
    #expect(scene.folder.run(#"chmod 700 "$D/Results""#) == 0)
    #expect(throws: Never.self) {
      try DirectoryHandle(opening: scene.folder.appending("Results")).tryWriting(bytes: 10)
    }
  }

  @Test func aModelThatIsMissingOrDamagedIsNamed() async throws {
    scene.folder.run(#"truncate -s 100 "$D/tiny.safetensors""#)
    let damaged = troubles(.model, await scene.doctor().findings())
    #expect(damaged.count == 1 && damaged[0].hasPrefix("bad: The model cannot be used: "))
    scene.folder.run(#"rm "$D/tiny.safetensors""#)
    #expect(troubles(.model, await scene.doctor().findings())[0].contains("no model found"))
  }

  @Test func aWrongConfigurationIsOneFindingAndTheMachineIsLookedAtAllTheSame() async throws {
    scene.folder.run(#"echo 'threads: many' > "$D/empty.yaml""#)
    let findings = await scene.doctor().findings()
    let found = troubles(.configuration, findings)
    #expect(found.count == 1 && found[0].contains("line 1: threads is \"many\""))
    #expect(found[0].contains("=> dermseg check-config "))
    #expect(!findings.contains { $0.area == .folders })
    #expect(findings.contains { $0.area == .processor })
  }

  /// The command is run: afterwards the key is the one that was meant.
  @Test func aKeyThatIsMisspeltIsCorrectedByTheCommand() async throws {
    scene.folder.run(#"printf '# mine\ntresholdd: 0.4\n' > "$D/empty.yaml""#)
    let finding = try #require(
      await scene.doctor().findings().first { $0.area == .configuration && $0.severity == .bad })
    let remedy = try #require(finding.remedy)
    #expect(remedy.hasPrefix("sed -i '2s/tresholdd/threshold/' "))
    #expect(scene.folder.run(remedy) == 0)
    #expect(troubles(.configuration, await scene.doctor().findings()) == [])
  }

  /// The commands are run: a link that leads nowhere, and a file where a folder should be.
  @Test func foldersOfTheWrongKindAreMendedByTheCommand() async throws {
    let kinds = [#"ln -s "$D/away/test" "$D/test""#, #": > "$D/test""#]
    for kind in kinds {
      scene.folder.run(#"rm -rf "$D/test"; "# + kind)
      let finding = try #require(
        await scene.doctor().findings().first { $0.area == .folders && $0.severity == .bad })
      let remedy = try #require(finding.remedy)
      // Only root may give a folder to somebody else.
      let own = remedy.replacing(#/ -o \S+ -g \S+/#, with: "")
      #expect(scene.folder.run(own) == 0, "\(remedy)")
      #expect(scene.folder.run(#"test -d "$D/test""#) == 0)
    }
  }

  /// Others than root and the service's user are told what they cannot see, not that it is wrong.
  @Test(.enabled(if: getuid() != 0, "root sees everything; Tests/System asks as nobody"))
  func whatOnlyTheServiceMaySeeIsNoFault() async throws {
    let units = systemd(["dermsegd.service": "LoadState=loaded\nActiveState=active\nUser=daemon\n"])
    scene.folder.run(#"mkdir "$D/models"; chmod 0 "$D/state" "$D/models""#)
    defer { scene.folder.run(#"chmod 700 "$D/state" "$D/models""#) }
    let found = troubles(.folders, await scene.doctor(systemd: units).findings())
    #expect(found.contains { $0.hasPrefix("warning: Whether the state directory ") })
    #expect(!found.contains { $0.hasPrefix("bad: ") })
  }

  @Test func aVariableThatMeansNothingIsNoted() async throws {
    let found = troubles(
      .configuration, await scene.doctor(environment: ["DERMSEG_TESTFOLDER": "/a"]).findings())
    #expect(found.count == 1 && found[0].contains("DERMSEG_TEST_FOLDER was probably meant"))
  }
}
