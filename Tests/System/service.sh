#!/bin/bash
# service.sh PROGRAMS: runs as root within a booted systemd (see run.sh). Installs the programs as
# `make install` does, and checks what only a running service shows.
set -euo pipefail
readonly programs=$1
readonly data=/srv/dermseg
. Tests/System/checks.sh

# Whether one model took another's place; the daemon also names its model when it starts.
model_is_replaced() { is "$(entries modelLoaded | grep -c "in place of")" 1; }

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
check "it has said that it is ready" is_count started 1

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
check "one entry for each mask" within 10 is_count segmented 3
check "one entry for the letter" within 10 is_count notSegmented 1
check "each entry of a mask has its fields" has_fields segmented PRIORITY SYSLOG_IDENTIFIER \
  DERMSEG_FILE DERMSEG_MASK DERMSEG_MODEL DERMSEG_WIDTH DERMSEG_HEIGHT DERMSEG_AREA_PERCENT \
  DERMSEG_DURATION_MS DERMSEG_SOURCE_SHA256
check "the entry of the letter has its fields" has_fields notSegmented DERMSEG_FILE DERMSEG_REASON
check "the sources are as they were" cmp /tmp/photographs/images/synth_0001.jpg \
  "$data/test/synth_0001.jpg"

step "asking"
dermseg=$prefix/bin/dermseg
check "dermseg doctor finds nothing wrong" "$dermseg" doctor
check "and looks as the user of the service" grep -q "dermseg can write, rename and remove there" \
  <<< "$("$dermseg" doctor)"
"$dermseg" status --json > /tmp/status.json || :
for line in '"done" : 3' '"failed" : 1' '"waiting" : 0' '"unit_state" : "active"' '"seconds" : '; do
  check "dermseg status has $line" grep -q "$line" /tmp/status.json
done
check "dermseg failed names the letter" grep -q "letter.jpg: " <<< "$("$dermseg" failed)"
check "dermseg retry has it tried again" "$dermseg" retry letter.jpg
check "when the daemon looks" systemctl reload dermsegd.service
check "and it is refused again" within 20 is_count notSegmented 2
check "the manual pages are there" test -s "$prefix/share/man/man8/dermsegd.8.gz"

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
check "says so" within 10 is_count reloaded 2
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
check "the decision is in the journal" is_count modelNotPublished 1
check "with its numbers" has_fields modelNotPublished DERMSEG_NEW_JACCARD DERMSEG_CURRENT_JACCARD \
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
check "and says so" is_count stopped 1
check "no part of a file is left" is "$(find "$data/Results" -name '*.part' | wc -l)" 0

conclude
