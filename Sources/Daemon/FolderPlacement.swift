import Files
import Settings

/// Which folders must not be in which.
package enum FolderPlacement {
  /// Masks must never be taken for photographs, nor a photograph be overwritten by a mask.
  package static func check(_ settings: Settings) throws(DaemonError) {
    let test = RealPlace(of: settings.testFolder)
    let mounted = settings.recursive ? RealPlace.mounts(below: settings.testFolder) : []
    let written = [
      (settings.resultsFolder, "Results folder"), (settings.stateDirectory, "state directory"),
    ]
    for (path, role) in written {
      let own = RealPlace(of: path)
      if own.isInside(test) || mounted.contains(where: { own.overlaps($0.place) }) {
        throw .foldersOverlap(
          inner: path, innerRole: role, outer: settings.testFolder, outerRole: "test folder")
      }
      if test.isInside(own), role == "Results folder" {
        throw .foldersOverlap(
          inner: settings.testFolder, innerRole: "test folder", outer: path, outerRole: role)
      }
    }
  }
}
