#!/bin/bash
# service.sh PROGRAMS: runs as root within a booted systemd (see run.sh). Installs the programs as
# `make install` does, and checks what only a running service shows.
set -euo pipefail
readonly programs=$1
readonly data=/srv/dermseg
failures=0

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

is() { [ "$1" = "$2" ]; }

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

# entries KIND [FIELD]: how many journal entries of a MESSAGE_ID there are, or a field of each.
entries() {
  journalctl --quiet --sync
  journalctl --quiet --output json MESSAGE_ID="$1" --output-fields "${2-MESSAGE}"
}

count() { entries "$1" | wc -l; }

is_count() { is "$(count "$1")" "$2"; }

# Whether one model took another's place; the daemon also names its model when it starts.
model_is_replaced() { is "$(entries "$model_loaded" | grep -c "in place of")" 1; }

not() { ! "$@"; }

# has_fields KIND FIELD...: whether every entry has all of them.
has_fields() {
  local -r kind=$1 all=$(count "$1")
  shift
  local field
  for field in "$@"; do
    is "$(entries "$kind" "$field" | grep -c "\"$field\"")" "$all" || return 1
  done
}

is_back_after() {
  local -r pid=$(property MainPID)
  [ "$pid" != 0 ] && [ "$pid" != "$1" ] && systemctl is-active --quiet dermsegd.service
}

# From Sources/Journal/MessageKind.swift.
readonly started=af1a4247a73240d8b17fbf24ae200541 stopped=570f3d8c6d354ba0ac83c44f16c08f72
readonly reloaded=97f4e001d74d4ac088525f9f9bbf22cd
readonly not_published=e4ff1b77094340db83f83ad43a457560 model_loaded=2835a5b2da114d529af3a5ee5d368340
readonly segmented=d094fcf5ae6349db89217442dffc07d1 refused=5b920b531eaa4174bae1ab66dc6155d0

step "installing"
prefix=/usr/local
PREFIX=$prefix scripts/install "$programs" >/dev/null
if [ -n "${LD_LIBRARY_PATH-}" ]; then
  for unit in dermsegd dermseg-trainer; do
    mkdir -p "/etc/systemd/system/$unit.service.d"
    printf '[Service]\nEnvironment=LD_LIBRARY_PATH=%s\n' "$LD_LIBRARY_PATH" \
      > "/etc/systemd/system/$unit.service.d/runtime.conf"
  done
fi
systemd-sysusers
systemd-tmpfiles --create 2>/dev/null || :
systemctl daemon-reload
check "the units are right" systemd-analyze verify dermsegd.service dermseg-trainer.service \
  dermseg-trainer.timer
for unit in dermsegd dermseg-trainer; do
  check "the sandbox of $unit is tight" systemd-analyze security --threshold=10 "$unit.service"
done
check "the user exists" id dermseg
for folder in test Results training; do
  check "$data/$folder exists" test -d "$data/$folder"
done

step "starting"
"$prefix/bin/dermseg" synth --count 4 --seed 77 --width 320 --height 240 --output /tmp/photographs
check "systemctl start waits until the daemon is ready" systemctl start dermsegd.service
check "it is active" systemctl is-active dermsegd.service
check "it says what it does" grep -q "Watching" <<< "$(property StatusText)"
check "it has said that it is ready" is_count $started 1

step "segmenting"
cp /tmp/photographs/images/synth_000[12].jpg "$data/test/"
cp /tmp/photographs/images/synth_0003.jpg "$data/test/.synth_0003.jpg.part"
mv "$data/test/.synth_0003.jpg.part" "$data/test/synth_0003.jpg"
echo "a letter" > "$data/test/letter.jpg"
for number in 1 2 3; do
  mask=$data/Results/synth_000${number}_segmentation.png
  check "there is a mask of photograph $number" within 60 test -s "$mask"
done
check "there is a note about the letter" within 60 test -s "$data/Results/failed/letter.jpg.txt"
check "one entry for each mask" within 10 is_count $segmented 3
check "one entry for the letter" within 10 is_count $refused 1
check "each entry of a mask has its fields" has_fields $segmented PRIORITY SYSLOG_IDENTIFIER \
  DERMSEG_FILE DERMSEG_MASK DERMSEG_MODEL DERMSEG_WIDTH DERMSEG_HEIGHT DERMSEG_AREA_PERCENT \
  DERMSEG_DURATION_MS DERMSEG_SOURCE_SHA256
check "the entry of the letter has its fields" has_fields $refused DERMSEG_FILE DERMSEG_REASON
check "the sources are as they were" cmp /tmp/photographs/images/synth_0001.jpg \
  "$data/test/synth_0001.jpg"

step "sandbox"
pid=$(property MainPID)
check "it is not root" is "$(stat -c %U "/proc/$pid")" dermseg
check "it has no capabilities" grep -q '^CapEff:\s*0000000000000000$' "/proc/$pid/status"
check "it cannot get new privileges" grep -q '^NoNewPrivs:\s*1$' "/proc/$pid/status"
check "its system calls are filtered" grep -q '^Seccomp:\s*2$' "/proc/$pid/status"
for path in "$data/test/x" /etc/x /usr/x; do
  check "it cannot write to $path" not nsenter --target "$pid" --mount -- touch "$path"
done
check "it sees no network but its own" is \
  "$(nsenter --target "$pid" --net -- cat /proc/self/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' ')" lo

step "reloading"
check "systemctl reload" systemctl reload dermsegd.service
check "says so" within 10 is_count $reloaded 1
check "and goes on in the same process" is "$(property MainPID)" "$pid"

step "training"
mkdir -p /etc/systemd/system/dermseg-trainer.service.d
printf '[Service]\nEnvironment=%s\n' \
  "DERMSEG_TRAINING_WIDTH=8 DERMSEG_TRAINING_SIZE=32 DERMSEG_TRAINING_EPOCHS=1" \
  > /etc/systemd/system/dermseg-trainer.service.d/short.conf
systemctl daemon-reload
"$prefix/bin/dermseg" synth --count 12 --seed 78 --width 160 --height 120 --output "$data/training" >/dev/null
chown -R dermseg:dermseg "$data/training"
store=/var/lib/dermseg/models
check "systemctl start dermseg-trainer ends well" systemctl start dermseg-trainer.service
check "it is in a slice of idle weight" is "$(property Slice dermseg-trainer.service)" dermsegtraining.slice
check "one model is in the store" is "$(find $store -maxdepth 1 -name 'unet-*' | wc -l)" 1
for note in model.safetensors rebuild.json split.json metrics.json metrics.csv worst; do
  check "with its $note" test -e "$(echo $store/unet-*)/$note"
done
check "it belongs to the service" is "$(stat -c %U $store/unet-*)" dermseg
check "the decision is in the journal" is_count $not_published 1
check "with its numbers" has_fields $not_published DERMSEG_NEW_JACCARD DERMSEG_CURRENT_JACCARD \
  DERMSEG_DIFFERENCE DERMSEG_DIFFERENCE_LOW DERMSEG_DIFFERENCE_HIGH DERMSEG_FLOOR_JACCARD DERMSEG_REASON
check "a second start finds nothing to do" systemctl start dermseg-trainer.service
check "and says so" grep -q "Nothing changed" <<< "$(journalctl --quiet --output cat --unit dermseg-trainer)"
check "a model can be put into service" runuser -u dermseg -- \
  env LD_LIBRARY_PATH="${LD_LIBRARY_PATH-}" "$prefix/bin/dermseg" model promote unet-
check "and the daemon takes it" systemctl reload dermsegd.service
check "and says so" within 10 model_is_replaced

step "surviving"
kill -KILL "$pid"
cp /tmp/photographs/images/synth_0004.jpg "$data/test/"
check "it is started again after SIGKILL" within 30 is_back_after "$pid"
check "and segments what came meanwhile" within 60 test -s "$data/Results/synth_0004_segmentation.png"
check "once" is "$(property NRestarts)" 1

step "stopping"
begun=$SECONDS
check "systemctl stop" systemctl stop dermsegd.service
check "within 6 s" test $((SECONDS - begun)) -le 6
check "with success" is "$(property Result)" success
check "with status 0" is "$(property ExecMainStatus)" 0
check "and says so" is_count $stopped 1
check "no part of a file is left" is "$(find "$data/Results" -name '*.part' | wc -l)" 0

if [ $failures -gt 0 ]; then
  echo "system: $failures checks failed"
  exit 1
fi
