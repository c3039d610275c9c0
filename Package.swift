// swift-tools-version: 6.2
import PackageDescription

// Arrows point downwards only: programs -> level 5 -> ... -> level 0. `Daemon` and `Training`
// never import each other; the model store is their only contract.

#if arch(x86_64)
  // AVX2 + FMA. The programs check for them at start (`CLinux`), so that an older processor gets a
  // sentence instead of SIGILL.
  let processorFlags = ["-Xcc", "-march=x86-64-v3"]
  let cProcessorFlags = ["-march=x86-64-v3"]
#else
  let processorFlags: [String] = []
  let cProcessorFlags: [String] = []
#endif

// Set by Tests/Fuzz/fuzz: everything of ours is compiled so that the fuzzer sees which branches an
// input takes, and there is a program to be fuzzed.
let isFuzzing = Context.environment["DERMSEG_FUZZ"] != nil
let swiftFuzzingFlags = isFuzzing ? ["-sanitize=fuzzer"] : []
let cFuzzingFlags = isFuzzing ? ["-fsanitize=fuzzer-no-link"] : []

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .unsafeFlags(processorFlags + swiftFuzzingFlags),
]

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let configuration: Target.Dependency = .product(
  name: "Configuration", package: "swift-configuration")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [],
  exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: strict)
}

let package = Package(
  name: "dermseg",
  products: [
    .executable(name: "dermsegd", targets: ["dermsegd"]),
    .executable(name: "dermseg-trainer", targets: ["dermseg-trainer"]),
    .executable(name: "dermseg", targets: ["dermseg"]),
    // For the tests, which preload it into the programs.
    .library(name: "DermsegFaults", type: .dynamic, targets: ["Faults"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(
      url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    // Level 0: C.
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .target(
      name: "CImageCodecs",
      cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"] + cFuzzingFlags)],
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    // The default model, in the programs themselves: found without configuration, and never missing.
    .target(
      name: "CDefaultModel", exclude: ["default.safetensors"],
      cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-Wno-c23-extensions"])]),
    .target(
      name: "CInflate", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
      linkerSettings: [.linkedLibrary("z")]),
    // The innermost loops, once for each instruction set; `baseline.c` is for the flags below.
    .target(
      name: "CKernels",
      cSettings: [.unsafeFlags(cProcessorFlags + ["-O3", "-Wall", "-Wextra", "-Werror"])]),
    .target(
      name: "CLinux", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"] + cFuzzingFlags)]),
    // Level 1.
    library("Kernels", ["CBLAS", "CKernels", "CLinux"]),
    library("Files", ["CLinux", system, crypto]),
    library("Journal", ["CLinux", "CSystemd", logging]),
    library("Progress", []),
    // Level 2.
    library("NeuralNetworks", ["Kernels"]),
    // Level 3.
    library("UNets", ["NeuralNetworks", "Files"]),
    library("Images", ["CImageCodecs"]),
    library("Masks", ["Images"]),
    // Level 4.
    library("FolderWatching", ["Files", "CLinux", logging, system]),
    library("Segmentation", ["Masks", "UNets", "NeuralNetworks", "Kernels", "Images"]),
    library("Datasets", ["Images", "UNets", "NeuralNetworks", "Files", system]),
    library("ModelExchange", ["CInflate", "UNets", "NeuralNetworks"]),
    library("ModelStore", ["CDefaultModel", "UNets", "NeuralNetworks", "Files", system]),
    library("Settings", ["Masks", "Files", "Journal", configuration, logging, system]),
    // Level 5.
    library(
      "Daemon",
      [
        "FolderWatching", "Reports", "Segmentation", "Masks", "ModelStore", "Settings", "Images",
        "Files", "Journal", "UNets", logging, lifecycle, system,
      ]),
    library(
      "Training",
      [
        "Evaluation", "Datasets", "ModelStore", "Segmentation", "Masks", "UNets", "NeuralNetworks",
        "Kernels", "Images", "Files", "Journal", "Progress", "Settings", logging, system,
      ]),
    library(
      "Evaluation",
      ["Datasets", "Segmentation", "Masks", "UNets", "Images", "Files", logging, system]),
    library(
      "Diagnosis",
      [
        "Daemon", "FolderWatching", "ModelStore", "UNets", "Settings", "Images", "Kernels", "Files",
        "Journal", "CLinux", "CSystemd", system,
      ]),
    library("ManualPages", ["Settings"]),
    library("SettingOptions", ["Settings", argumentParser]),
    library("Reports", ["Masks", "Segmentation", "Images", "Files", system]),
    library("Benchmarks", ["UNets", "NeuralNetworks", "Kernels"]),
    // Programs.
    library(
      "DaemonProgram",
      [
        "Daemon", "SettingOptions", "Settings", "Journal", argumentParser, logging, lifecycle,
        unixSignals, system,
      ]),
    library(
      "TrainerProgram",
      [
        "Training", "SettingOptions", "Settings", "Journal", "Progress", argumentParser, logging,
        system,
      ]),
    program("dermsegd", ["DaemonProgram"]),
    program("dermseg-trainer", ["TrainerProgram"]),
    // The other two as well, when it is called by their names: this one is installed.
    program(
      "dermseg",
      [
        "DaemonProgram", "TrainerProgram",
        "Benchmarks", "Diagnosis", "ManualPages", "Daemon", "Training", "Evaluation", "Reports",
        "Segmentation", "Masks", "Datasets",
        "ModelExchange",
        "ModelStore",
        "SettingOptions", "Settings", "Images",
        "UNets", "NeuralNetworks", "Kernels", "Files", "Journal", "Progress", argumentParser,
        logging,
        system,
      ]),
    // Tests.
    .target(
      name: "Faults", path: "Tests/Faults",
      cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
      linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "TemporaryFolders", dependencies: ["Files", system], path: "Tests/TemporaryFolders",
      swiftSettings: strict),
    tests("KernelsTests", ["Kernels"]),
    tests("NeuralNetworksTests", ["NeuralNetworks", "Kernels"]),
    tests("UNetsTests", ["UNets", "NeuralNetworks", "Kernels"], exclude: ["Reference"]),
    tests("ImagesTests", ["TestScaffold", "Images", "CImageCodecs"]),
    tests("FilesTests", ["Files", "CLinux", "TemporaryFolders", system]),
    tests("JournalTests", ["TestScaffold", "Journal", logging]),
    tests("ProgressTests", ["Progress"]),
    tests("FolderWatchingTests", ["FolderWatching", "Files", "TemporaryFolders", logging, system]),
    tests("MasksTests", ["Masks", "Images"]),
    tests("SegmentationTests", ["Segmentation", "Masks", "UNets", "Images", "Datasets"]),
    .target(
      name: "TestScaffold", dependencies: ["Datasets", "Images", "Files", system],
      path: "Tests/TestScaffold", swiftSettings: strict),
    tests("DatasetsTests", ["TestScaffold", "Datasets", "Images", "UNets", "Files", system]),
    tests("ModelStoreTests", ["TestScaffold", "Datasets", "ModelStore", "UNets", "Files", system]),
    tests(
      "ModelExchangeTests",
      ["TestScaffold", "ModelExchange", "UNets", "NeuralNetworks", "Kernels", "Files", system],
      exclude: ["Python"]),
    tests("SettingOptionsTests", ["SettingOptions", argumentParser]),
    tests("SettingsTests", ["Settings", "Masks", "Files", system]),
    tests(
      "TrainingTests",
      [
        "TestScaffold", "Training", "Evaluation", "Datasets", "UNets", "NeuralNetworks", "Kernels",
        "ModelStore", "Settings", "Images", "Files", logging, system,
      ]),
    tests(
      "EvaluationTests",
      [
        "TestScaffold", "Evaluation", "Datasets", "Images", "Segmentation", "Masks", "UNets",
        system,
      ]),
    tests("ReportsTests", ["Reports", "Masks", "Images", "Files", "TemporaryFolders", system]),
    tests(
      "DaemonTests",
      [
        "TemporaryFolders", "TestScaffold", "Daemon", "Reports", "Segmentation", "Masks", "UNets",
        "ModelStore", "Images", "Files", "Settings", logging, system,
      ]),
    tests(
      "DiagnosisTests",
      [
        "TemporaryFolders", "Diagnosis", "Daemon", "Settings", "UNets", "Masks", "Images", "Files",
        system,
      ]),
    tests("ManualPagesTests", ["TestScaffold", "ManualPages", "Settings", "Files", system]),
    tests(
      "ProgramsTests",
      [
        "dermseg", "dermseg-trainer", "dermsegd", "Faults", "Daemon", "Reports", "Segmentation",
        "ModelStore",
        "TemporaryFolders", "TestScaffold", "Datasets", "Images", "UNets", "Files", "CLinux",
        system,
      ]),
  ]
)

if isFuzzing {
  package.targets += [
    .target(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
    .executableTarget(
      name: "dermseg-fuzz",
      dependencies: [
        "CFuzzer", "CLinux", "Daemon", "FolderWatching", "Settings", "UNets", "NeuralNetworks",
        "Images", "Files", system,
      ], path: "Tests/Fuzz/dermseg-fuzz", swiftSettings: strict),
  ]
}
