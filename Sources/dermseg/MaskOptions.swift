import Masks
import SettingOptions
import Settings

extension MaskOptions {
  /// The settings as the daemon would read them, with these options before them.
  func settings() async throws -> MaskSettings {
    try await loadSettings(givenSettings, "Not begun").masks
  }
}
