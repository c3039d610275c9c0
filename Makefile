# dermseg. `make help` says what there is.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

# To build, to run the tests, and to boot a systemd of one's own for the system test.
BUILD_PACKAGES := libpng-dev libjpeg-dev zlib1g-dev libopenblas-dev libsystemd-dev pkg-config
TEST_PACKAGES := shellcheck e2fsprogs groff-base mandoc zsh fish
SYSTEM_TEST_PACKAGES := systemd systemd-sysv dbus libnss-systemd libpam-systemd util-linux mount \
	coreutils findutils hostname

# To make a Debian package, and to test it.
PACKAGE_PACKAGES := debhelper dpkg-dev
# Samba's server is not among them: Debian starts it when it is installed.
PACKAGE_TEST_PACKAGES := lintian rsync man-db gcc libc6-dev bindfs sshfs openssh-sftp-server smbclient

# The installed program, which is all three by its names, carries the Swift runtime within it. That is
# another build of every file, so it has a folder of its own.
STATIC_BUILD := .build/static

.DEFAULT_GOAL := help
.PHONY: help deps test-deps build demo test test-faults test-sanitizers test-fuzz \
	test-mutations test-neighbour test-package test-long lint format install uninstall deb clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that the build needs (Debian, Ubuntu)
	@scripts/install-packages $(BUILD_PACKAGES)

test-deps: deps
	@scripts/install-packages $(TEST_PACKAGES)
	@if [ "$$(id -u)" = 0 ]; then scripts/install-packages $(SYSTEM_TEST_PACKAGES); fi

build: deps ## Build the programs
	$(SWIFT) build -c release

demo: build ## Show everything once, in the folder demo/
	@SWIFT="$(SWIFT)" scripts/demo

lint: test-deps ## Check form: Swift and shell
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests
	shellcheck .ci/run $(filter-out scripts/messages,$(wildcard scripts/*)) Tests/System/*.sh Tests/Fuzz/fuzz Tests/Mutations/check

format: ## Bring the Swift files into form
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

test: test-deps lint ## Build, check and test everything
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build --skip ProgramsTests
	$(SWIFT) test -c release --skip-build --filter ProgramsTests
	DERMSEG_INSTRUCTIONS=AVX2 $(SWIFT) test -c release --skip-build --filter KernelsTests
	@SWIFT="$(SWIFT)" Tests/System/run.sh

# What takes hours. Each part can be run by itself; docs and README say what was measured.
test-long: test-package test-faults test-sanitizers test-fuzz test-mutations test-neighbour ## Run the tests that take hours

# With another build of everything, the one that carries the Swift runtime: most of what it takes.
test-package: test-deps deb ## Install, use, upgrade and purge the Debian package, under systemd
	@scripts/install-packages $(PACKAGE_TEST_PACKAGES)
	@Tests/System/package.sh

test-faults: test-deps ## Kill, cut and flood the daemon thousands of times
	$(SWIFT) build -c release --build-tests
	DERMSEG_LONG_TESTS=1 $(SWIFT) test -c release --skip-build --filter Long

# Release, as it is shipped: what the optimiser makes of the code is what has to be sound. The daemon's own way of
# dying of a signal is tested, so the sanitizer leaves it alone.
test-sanitizers: test-deps ## Run the unit tests under the address and thread sanitizers
	$(SWIFT) build -c release --sanitize=address --scratch-path .build-asan --build-tests
	ASAN_OPTIONS=detect_leaks=0 DERMSEG_TEST_MUTATIONS=10000 \
	  $(SWIFT) test -c release --sanitize=address --scratch-path .build-asan --skip-build \
	  --skip ProgramsTests
	$(SWIFT) build -c release --sanitize=thread --scratch-path .build-tsan --build-tests
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/thread \
	  $(SWIFT) test -c release --sanitize=thread --scratch-path .build-tsan --skip-build \
	  --skip ProgramsTests --skip callersTakeTurns
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/thread:handle_segv=0:handle_sigbus=0 \
	  $(SWIFT) test -c release --sanitize=thread --scratch-path .build-tsan --skip-build \
	  --filter 'DermsegdTests|KillTests|TwoDaemonsTests|SilentFolderTests'

test-fuzz: test-deps ## Fuzz decoder, model, events, configuration and records, 10 minutes each
	@SWIFT="$(SWIFT)" Tests/Fuzz/fuzz 600

test-mutations: test-deps ## Take each safeguard out in turn: some test must fail
	@SWIFT="$(SWIFT)" Tests/Mutations/check

# A measurement: it needs a machine that does nothing else.
test-neighbour: test-deps ## Measure what a trainer costs the daemon, under systemd
	$(SWIFT) build -c release
	@SWIFT="$(SWIFT)" DERMSEG_REQUIRE_SYSTEM_TEST=1 Tests/System/run.sh neighbour.sh

$(STATIC_BUILD)/release/dermseg: deps
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path $(STATIC_BUILD) --product dermseg

install: $(STATIC_BUILD)/release/dermseg ## Install below DESTDIR and PREFIX
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install "$(STATIC_BUILD)/release"

uninstall: ## Remove what `make install` put there, but no photograph, mask, model or setting
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/uninstall

deb: $(STATIC_BUILD)/release/dermseg ## Make a Debian package, in the folder dist
	@scripts/install-packages $(PACKAGE_PACKAGES)
	DEB_RULES_REQUIRES_ROOT=no debian/rules clean binary

clean: ## Remove what was built, and the demonstration
	rm -rf .build .build-asan .build-tsan .build-fuzz .build-mutations demo dist
	if command -v dh_clean >/dev/null; then dh_clean; fi
