# checks.sh, to be sourced: what the scripts that run within a booted systemd have in common.
# shellcheck shell=bash
failures=0

# The MESSAGE_ID of each kind of message.
declare -A message
while read -r name identifier; do message[$name]=$identifier; done < <(
  sed -n 's/^ *case \.\([A-Za-z]*\): return "\([0-9a-f]*\)"$/\1 \2/p' Sources/Journal/MessageKind.swift
)
[ ${#message[@]} -gt 20 ] || { echo "system: the kinds of messages were not found" >&2; exit 1; }

step() { echo "system: $*"; }

# check WHAT COMMAND...: counts a failure and goes on, so that one run shows them all.
check() {
  local -r what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "  ok    $what"
  else
    echo "  FAILS $what: $*"
    failures=$((failures + 1))
  fi
}

# The last line of each script.
conclude() {
  [ $failures = 0 ] && return
  echo "system: $failures checks failed"
  exit 1
}

# let_run_with_runtime UNIT...: what is tested here is not linked statically, unlike what is installed; so its
# libraries may be anywhere.
# shellcheck disable=SC2154  # programs: the scripts' own argument
let_run_with_runtime() {
  local unit runtime
  runtime=$(ldd "$programs/dermsegd" | awk '/libswiftCore/ { print $3 }')
  [ -n "$runtime" ] || return 0
  for unit; do
    mkdir -p "/etc/systemd/system/$unit.service.d"
    printf '[Service]\nEnvironment=LD_LIBRARY_PATH=%s\nExecPaths=%s\n' "${LD_LIBRARY_PATH-}" \
      "${runtime%/*}" > "/etc/systemd/system/$unit.service.d/runtime.conf"
  done
}

# probe UNIT: what a program in the sandbox of a unit could do; Tests/System/probe.pl says it in one line.
probe() {
  local -r file=$(systemctl show --property FragmentPath --value "$1.service")
  install -m 755 Tests/System/probe.pl /usr/local/lib/probe.pl
  sed -e "s|^ExecStart=.*|ExecStart=/usr/bin/perl /usr/local/lib/probe.pl|" \
    -e "s|^ExecPaths=|&/usr/bin/perl |" -e 's|^Type=notify|Type=oneshot|' -e '/^Restart=/d' \
    -e "/^\[Service\]/a StandardOutput=file:/tmp/probe-of-$1" \
    "$file" > /etc/systemd/system/dermseg-probe.service
  systemctl daemon-reload
  systemctl start dermseg-probe.service || :
  cat "/tmp/probe-of-$1"
}

is() { [ "$1" = "$2" ]; }

not() { ! "$@"; }

# within SECONDS COMMAND...
within() {
  local -r limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $limit ] || return 1
    sleep 0.1
  done
}

property() { systemctl show --property "$1" --value "${2-dermsegd.service}"; }

# entries KIND [FIELD]: the journal entries of a kind of Sources/Journal/MessageKind.swift, or a field of each.
entries() {
  journalctl --quiet --sync
  journalctl --quiet --output json MESSAGE_ID="${message[$1]}" --output-fields "${2-MESSAGE}"
}

# unforeseen: what was said in other words than docs/messages.md has.
unforeseen() {
  journalctl --quiet --sync
  journalctl --quiet --output json --output-fields MESSAGE,MESSAGE_ID -t dermsegd -t dermseg-trainer |
    perl -ne '($id) = /"MESSAGE_ID":"(\w+)"/ and /"MESSAGE":"(.*?)(?<!\\)"/ and print "$id $1\n"' |
    scripts/messages --check
}

count() { entries "$1" | wc -l; }

is_count() { is "$(count "$1")" "$2"; }

# has_fields KIND FIELD...: whether every entry has all of them.
has_fields() {
  local -r kind=$1 all=$(count "$1")
  shift
  local field
  for field in "$@"; do
    is "$(entries "$kind" "$field" | grep -c "\"$field\"")" "$all" || return 1
  done
}

# is_back_after PID [UNIT]: whether the service runs in another process.
is_back_after() {
  local -r now=$(property MainPID "${2-dermsegd.service}")
  [ "$now" != 0 ] && [ "$now" != "$1" ] && systemctl is-active --quiet "${2-dermsegd.service}"
}
