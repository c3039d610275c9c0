#!/bin/bash
# neighbour.sh PROGRAMS: runs as root within a booted systemd (see run.sh). Measures how long the daemon takes
# for a photograph while a trainer is at full load, and without it, under the units as they are shipped.
# The median may grow by less than 25 %. It needs a machine that does nothing else, so it is no part of `make test`:
#   Tests/System/run.sh neighbour.sh
set -euo pipefail
readonly programs=$1
readonly photographs=${NEIGHBOUR_PHOTOGRAPHS:-40} limit_percent=${NEIGHBOUR_LIMIT_PERCENT:-25}
# Seconds between two arrivals: the daemon sleeps and wakes in between, as on a working day.
readonly pause=${NEIGHBOUR_PAUSE:-0.2}
readonly data=/srv/dermseg prefix=/usr/local
# From Sources/Journal/MessageKind.swift.
readonly segmented=d094fcf5ae6349db89217442dffc07d1 epoch=7548b7bf4d294eb4a4ee8dc8d212748e

# within SECONDS COMMAND...
within() {
  local -r end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || { echo "neighbour: waited too long for: $*" >&2; exit 1; }
    sleep 0.2
  done
}

# durations NAME: the milliseconds of each photograph whose name begins with NAME.
durations() {
  journalctl --quiet --sync
  journalctl --quiet --output json MESSAGE_ID=$segmented \
    --output-fields DERMSEG_FILE,DERMSEG_DURATION_MS | grep "\"DERMSEG_FILE\":\"$1" |
    sed 's/.*"DERMSEG_DURATION_MS":"\([0-9.]*\)".*/\1/'
}

are_done() { [ "$(durations "$1" | wc -l)" -ge "$photographs" ]; }

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# measure NAME: drops the photographs under new names, one after the other, and sets `result`.
measure() {
  local number
  for number in $(seq "$photographs"); do
    cp "/tmp/photographs/images/$(printf 'synth_%04d.jpg' "$number")" "$data/test/.$1_$number.part"
    mv "$data/test/.$1_$number.part" "$data/test/$1_$number.jpg"
    sleep "$pause"
  done
  within 120 are_done "$1"
  result=$(durations "$1" | median)
  echo "neighbour: $1: median $result ms of $photographs photographs"
}

is_training() { [ "$(systemctl show --property MainPID --value dermseg-trainer)" != 0 ] &&
  [ -n "$(journalctl --quiet --output cat MESSAGE_ID=$epoch | head -1)" ]; }

PREFIX=$prefix scripts/install "$programs" >/dev/null
runtime=$(ldd "$programs/dermsegd" | awk '/libswiftCore/ { print $3 }')
for unit in dermsegd dermseg-trainer; do
  mkdir -p "/etc/systemd/system/$unit.service.d"
  printf '[Service]\nEnvironment=LD_LIBRARY_PATH=%s\nExecPaths=%s\n' "${LD_LIBRARY_PATH-}" \
    "${runtime%/*}" > "/etc/systemd/system/$unit.service.d/runtime.conf"
done
printf '[Service]\nEnvironment=DERMSEG_TRAINING_EPOCHS=10000\n' \
  > /etc/systemd/system/dermseg-trainer.service.d/long.conf
systemd-sysusers
systemd-tmpfiles --create 2>/dev/null || :
systemctl daemon-reload
"$prefix/bin/dermseg" synth --count "$photographs" --seed 5 --width 1024 --height 768 \
  --output /tmp/photographs >/dev/null
"$prefix/bin/dermseg" synth --count 24 --seed 6 --width 320 --height 240 --output "$data/training" >/dev/null
chown -R dermseg:dermseg "$data/training"
systemctl start dermsegd.service

measure warm-up
measure alone
alone=$result
systemctl start --no-block dermseg-trainer.service
within 90 is_training
pid=$(systemctl show --property MainPID --value dermseg-trainer)
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
before=$(ticks)
sleep 4
echo "neighbour: the trainer alone uses $((($(ticks) - before) / 4)) % of one processor"
measure beside
beside=$result
systemctl kill --signal=KILL dermseg-trainer.service
measure again
echo "neighbour: alone $alone ms, beside a trainer $beside ms, alone again $result ms"
awk -v a="$alone" -v c="$result" -v b="$beside" -v limit="$limit_percent" 'BEGIN {
  base = (a + c) / 2
  growth = 100 * (b / base - 1)
  printf "neighbour: the median grows by %.1f %%, limit %d %%\n", growth, limit
  exit growth < limit ? 0 : 1
}'
