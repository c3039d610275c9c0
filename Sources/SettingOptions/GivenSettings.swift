import ArgumentParser
import Settings

extension ParsableArguments {
  /// What was given of the options that are settings, those of option groups included, by the names that
  /// `Settings.load` knows.
  ///
  /// An option is a setting if its property is called as the setting's key: none can be declared and then
  /// forgotten. Looks at the properties by reflection; meant for once per run.
  public var givenSettings: [String: String] {
    var given: [String: String] = [:]
    for property in Mirror(reflecting: self).children {
      if let group = property.value as? any Group {
        given.merge(group.givenSettings) { first, _ in first }
      } else if let option = property.value as? Option<String?>, let value = option.wrappedValue,
        let key = SettingKey.all.first(where: { "_\($0.name)" == property.label })
      {
        given[key.hyphenated] = value
      }
    }
    return given
  }
}

/// An option group, whatever its options.
private protocol Group {
  var givenSettings: [String: String] { get }
}

extension OptionGroup: Group {
  fileprivate var givenSettings: [String: String] { wrappedValue.givenSettings }
}

/// The help of the option for a setting, from the table of keys.
public func help(_ name: String) -> ArgumentHelp {
  guard let key = SettingKey.all.first(where: { $0.name == name }) else {
    preconditionFailure("\(name) is not in the table of keys")
  }
  let fallback = key.defaultText.isEmpty ? "" : " (default: \(key.defaultText))"
  return ArgumentHelp("\(key.summary)\(fallback)", valueName: key.valueName)
}

extension SettingKey {
  /// What stands for the option's value in its help.
  fileprivate var valueName: String {
    switch allowed {
    case "a folder": "dir"
    case "a file": "file"
    case _ where allowed.hasPrefix("a time"): "time"
    case _ where allowed.hasPrefix("a number"): "number"
    default: "value"
    }
  }
}
