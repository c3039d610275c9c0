#!/bin/bash
# package.sh [PACKAGE]: the Debian package (dist/dermseg_*.deb unless given) on a machine that never had it: a systemd of
# its own, booted twice on one throw-away copy of this machine's root. See package-first.sh and package-second.sh.
#
# Needs root and the right to make namespaces; without them it says so and ends well.
# DERMSEG_REQUIRE_SYSTEM_TEST=1 makes that a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  echo "Package test skipped: $*"
  [ "${DERMSEG_REQUIRE_SYSTEM_TEST-}" != 1 ] || exit 1
  exit 0
}

[ "$(id -u)" = 0 ] || skip "it needs root, to boot a systemd in namespaces of its own."
for command in unshare nsenter setpriv systemd-run journalctl dpkg-deb; do
  command -v "$command" >/dev/null || skip "the command $command is missing."
done
if ! reason=$(Tests/System/boot-systemd.sh -- true 2>&1); then
  skip "no systemd can be booted here: ${reason%%$'\n'*}"
fi
package=$(readlink -f "${1-$(ls dist/dermseg_*.deb)}")

work=$(mktemp -d /dev/shm/dermseg-package.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/machine" "$work/given"
cp "$package" "$work/given/first.deb"
# The next version: the same files under a higher number.
dpkg-deb --raw-extract "$package" "$work/next"
sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/next" "$work/given/next.deb" >/dev/null
rm -r "$work/next"
# What a photograph does that a decoder dies of.
"${CC:-cc}" -shared -fPIC -O1 -ITests/Faults/include Tests/Faults/Faults.c -ldl -o "$work/given/faults.so"

if command -v lintian >/dev/null; then
  echo "package: lintian"
  lintian --fail-on error --tag-display-limit 0 "$package" | { grep '^E:' || true; }
else
  echo "package: lintian is not installed: not asked"
fi

# What the package has, and `make install` has not, or the other way round.
listed=$(PREFIX=/usr UNITS=/lib/systemd/system scripts/install --list | sort)
packed=$(dpkg-deb --contents "$package" | awk '$1 !~ /^d/ { print substr($6, 2) }' | sort)
difference=$(comm -3 <(echo "$listed") <(echo "$packed") | tr -d '\t' | sort)
expected=$(printf '%s\n' /etc/dermseg/dermseg.yaml /usr/share/doc/dermseg/LICENSE \
  /usr/share/doc/dermseg/changelog.gz /usr/share/doc/dermseg/copyright /usr/share/lintian/overrides/dermseg | sort)
if [ "$difference" != "$expected" ]; then
  echo "Package test failed: the package and make install differ:" >&2
  diff <(echo "$expected") <(echo "$difference") >&2 || :
  exit 1
fi

for boot in first second; do
  status=0
  Tests/System/boot-systemd.sh --state "$work/machine" --bind-ro "$work/given:/given" --chdir "$PWD" \
    --timeout 300 --journal "$work/journal" -- "Tests/System/package-$boot.sh" || status=$?
  if [ $status != 0 ]; then
    echo "Package test failed in its $boot boot, status $status. The journal's last lines:" >&2
    tail -60 "$work/journal" >&2
    exit 1
  fi
done
echo "Package test passed."
