import SystemPackage
import TestScaffold
import Testing

/// What `make install` lays and `make uninstall` takes away, in a folder of the test's own.
@Suite struct InstallTests {
  private static let scripts = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("scripts")

  /// Runs a script of the folder `scripts` with everything below `root` in the test's folder; what it says
  /// is in `said`.
  private func run(_ script: String, prefix: String, in folder: ScratchDirectory) -> Bool {
    let command = "DESTDIR=$PWD/root PREFIX=\(prefix) '\(Self.scripts)/'\(script)"
    return folder.shell("\(command) > said") == 0
  }

  private var install: String { "install '\(ProgramRun.directory)'" }

  @Test(arguments: ["/usr", "/usr/local", "/opt/dermseg"])
  func whatIsListedIsLaidAndTakenAway(prefix: String) throws {
    let folder = try ScratchDirectory()
    #expect(run(install, prefix: prefix, in: folder))
    let found = "find root ! -type d | sed s/^root// | grep -v ^/etc/ | sort > found"
    #expect(folder.shell(found) == 0)
    #expect(run("install --list", prefix: prefix, in: folder))
    #expect(folder.shell("sort said | cmp - found && test $(wc -l < found) -gt 30") == 0)
    #expect(folder.shell("find root/etc -type f | grep -qx root/etc/dermseg/dermseg.yaml") == 0)
    // Nothing in the units names a program that is elsewhere.
    let others = "grep -rhoE '[-a-z/]*/bin/derm[-a-z]*' root\(prefix)/lib/systemd/system | sort -u"
    #expect(folder.shell("\(others) > programs") == 0)
    #expect(
      folder.shell(
        "printf '%s\\n' \(prefix)/bin/dermseg-trainer \(prefix)/bin/dermsegd | cmp - programs")
        == 0)
    #expect(folder.shell("root\(prefix)/bin/dermsegd --version | grep -q '^dermsegd '") == 0)

    // What the user has, and what other packages have in the same folders.
    #expect(
      folder.shell(
        """
        echo 'threads: 1' >> root/etc/dermseg/dermseg.yaml
        mkdir -p root/srv/dermseg/Results root/srv/dermseg/training/masks root/var/lib/dermseg/models/unet-1
        for file in srv/dermseg/Results/a_segmentation.png srv/dermseg/training/masks/a.png \
          var/lib/dermseg/models/unet-1/model.safetensors etc/dermseg/ward.yaml \
          .\(prefix)/share/doc/dermseg/notes .\(prefix)/bin/other; do echo mine > root/$file; done
        sed s/^/root/ found > laid
        find root ! -type d | grep -vxFf laid | sort > kept
        test $(wc -l < kept) = 7
        """) == 0)
    #expect(run("uninstall", prefix: prefix, in: folder))
    #expect(folder.shell("find root ! -type d | sort | cmp - kept") == 0)
    #expect(folder.shell("grep -qx 'threads: 1' root/etc/dermseg/dermseg.yaml") == 0)
    #expect(folder.shell("test ! -e root\(prefix)/share/dermseg") == 0)
  }

  @Test func aSecondInstallKeepsTheSettings() throws {
    let folder = try ScratchDirectory()
    #expect(run(install, prefix: "/usr", in: folder))
    #expect(folder.shell("echo 'threads: 1' > root/etc/dermseg/dermseg.yaml") == 0)
    #expect(run(install, prefix: "/usr", in: folder))
    #expect(folder.shell("echo 'threads: 1' | cmp - root/etc/dermseg/dermseg.yaml") == 0)
  }
}
