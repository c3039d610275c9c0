import CLinux
import Files
import Glibc

/// The user that the daemon runs as, as far as this process can stand in for it.
struct ServiceUser {
  /// The user's name.
  let name: String
  /// Whether files are met as that user; else as the one who asked.
  let canBeActed: Bool
  /// Who is really meant when files are met.
  var actor: String { canBeActed ? name : userName(of: geteuid()) }

  /// - Parameter name: the unit's `User=`; empty where there is no unit.
  init(unitUser: String?) {
    let wanted = unitUser.flatMap { $0.isEmpty ? nil : $0 } ?? "dermseg"
    guard let uid = userNumber(of: wanted) else {
      (name, canBeActed) = (userName(of: geteuid()), true)
      return
    }
    name = wanted
    canBeActed = geteuid() == 0 || geteuid() == uid
  }

  /// Does something with files as that user.
  ///
  /// Everything happens on this thread, which the kernel then takes for the user's.
  func act<Result>(_ body: () -> Result) -> Result {
    guard canBeActed, geteuid() == 0, userNumber(of: name) != 0,
      unsafe clinux_act_as(name) == 0
    else { return body() }
    defer { _ = clinux_act_as_oneself() }
    return body()
  }
}

/// The name of a user, or its number where it has none.
func userName(of uid: uid_t) -> String {
  guard let entry = unsafe getpwuid(uid), let name = unsafe entry.pointee.pw_name else {
    return "\(uid)"
  }
  return unsafe String(cString: name)
}

/// The name of a group, or its number where it has none.
func groupName(of gid: gid_t) -> String {
  guard let entry = unsafe getgrgid(gid), let name = unsafe entry.pointee.gr_name else {
    return "\(gid)"
  }
  return unsafe String(cString: name)
}

func userNumber(of name: String) -> uid_t? {
  guard let entry = unsafe getpwnam(name) else { return nil }
  return unsafe entry.pointee.pw_uid
}
