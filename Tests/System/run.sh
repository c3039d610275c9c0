#!/bin/bash
# run.sh [SCRIPT]: the programs as services of a real systemd, on a throw-away copy of this machine. SCRIPT is
# service.sh unless given, or neighbour.sh.
#
# Needs root and the right to make namespaces; without them it says so and ends well, because the
# other tests hold all the same. DERMSEG_REQUIRE_SYSTEM_TEST=1 makes that a failure.
set -euo pipefail
readonly script=${1:-service.sh}
cd "$(dirname "$0")/../.."

skip() {
  echo "System test skipped: $*"
  [ "${DERMSEG_REQUIRE_SYSTEM_TEST-}" != 1 ] || exit 1
  exit 0
}

[ "$(id -u)" = 0 ] || skip "it needs root, to boot a systemd in namespaces of its own."
for command in unshare nsenter setpriv systemd-run journalctl systemd-analyze hostname; do
  command -v "$command" >/dev/null || skip "the command $command is missing."
done
[ -x /lib/systemd/systemd ] || skip "the package systemd is missing."
if ! reason=$(Tests/System/boot-systemd.sh -- true 2>&1); then
  skip "no systemd can be booted here: ${reason%%$'\n'*}"
fi

programs=$("${SWIFT:-swift}" build -c release --show-bin-path)
for program in dermsegd dermseg-trainer dermseg; do
  [ -x "$programs/$program" ] || { echo "System test failed: $programs/$program is missing." >&2; exit 1; }
done

# ProtectHome= hides /home and /root from the service, also its programs' libraries. Where the Swift
# runtime is there, a copy of it is used.
libraries=$(ldd "$programs/dermsegd" | awk '$3 ~ /^\/(home|root)\// { print $3 }')
bind=()
if [ -n "$libraries" ]; then
  runtime=$(dirname "$(head -1 <<< "$libraries")")
  bind=(--bind-ro "$runtime:/usr/lib/dermseg-swift" --setenv "LD_LIBRARY_PATH=/usr/lib/dermseg-swift")
fi

journal=$(mktemp)
trap 'rm -f "$journal"' EXIT
status=0
Tests/System/boot-systemd.sh "${bind[@]+"${bind[@]}"}" --chdir "$PWD" --timeout 600 \
  --journal "$journal" -- "Tests/System/$script" "$programs" || status=$?
if [ $status != 0 ]; then
  echo "System test failed with status $status. The journal's last lines:" >&2
  tail -60 "$journal" >&2
  exit 1
fi
echo "System test passed."
