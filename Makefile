# dermseg. `make help` says what there is.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

# To build, to run the tests, and to boot a systemd of one's own for the system test.
BUILD_PACKAGES := libpng-dev libjpeg-dev zlib1g-dev libopenblas-dev libsystemd-dev pkg-config
TEST_PACKAGES := shellcheck
SYSTEM_TEST_PACKAGES := systemd systemd-sysv dbus libnss-systemd libpam-systemd util-linux mount \
	coreutils findutils hostname

# The installed programs carry the Swift runtime within them. That is another build of every
# file, so it has a folder of its own.
STATIC_BUILD := .build/static
PROGRAMS := dermsegd dermseg-trainer dermseg

.DEFAULT_GOAL := help
.PHONY: help deps test-deps build demo test test-long lint format install uninstall clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	shellcheck .ci/run scripts/* Tests/System/*.sh

format: ## Bring the Swift files into form
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

test: test-deps lint ## Build, check and test everything
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build
	@SWIFT="$(SWIFT)" Tests/System/run.sh

# Measurements: they need a machine that does nothing else.
test-long: test-deps ## Measure what a trainer costs the daemon, under systemd
	$(SWIFT) build -c release
	@SWIFT="$(SWIFT)" DERMSEG_REQUIRE_SYSTEM_TEST=1 Tests/System/run.sh neighbour.sh

$(addprefix $(STATIC_BUILD)/release/,$(PROGRAMS)): deps
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path $(STATIC_BUILD)

install: $(addprefix $(STATIC_BUILD)/release/,$(PROGRAMS)) ## Install below DESTDIR and PREFIX
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install "$(STATIC_BUILD)/release"

uninstall: ## Remove what `make install` put there, but no photograph, mask, model or setting
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/uninstall

clean: ## Remove what was built, and the demonstration
	rm -rf .build demo
