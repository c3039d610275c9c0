#!/bin/bash
# service.sh PROGRAMS: runs as root within a booted systemd (see run.sh). Installs the programs as
# `make install` does, and checks what only a running service shows.
set -euo pipefail
readonly programs=$1
readonly data=/srv/dermseg
. Tests/System/checks.sh

# Whether one model took another's place; the daemon also names its model when it starts.
model_is_replaced() { is "$(entries modelLoaded | grep -c "in place of")" 1; }

# finds COUNT MATCH...: whether journalctl finds so many entries.
finds() {
  local -r wanted=$1
  shift
  journalctl --quiet --sync
  is "$(journalctl --quiet --output json "$@" 2>/dev/null | grep -c '^{')" "$wanted"
}

# explained LOCALE: what journalctl -x says about photographs that were refused.
explained() { LC_ALL=$1 journalctl -x MESSAGE_ID="${message[notSegmented]}"; }

are_notes() { is "$(find "$data/Results/failed" -name 'hung_*.txt' | wc -l)" "$1"; }

# How many entries journald did not take, of all that were there.
missing() {
  entries entriesMissing DERMSEG_COUNT | sed 's/.*"DERMSEG_COUNT":"\([0-9]*\)".*/\1/' |
    awk '{ sum += $1 } END { print sum + 0 }'
}

are_masks() { is "$(find "$data/Results" -name 'many_*_segmentation.png' | wc -l)" "$1"; }

# adds_up COUNT: whether the entries and the summaries since `before` account for so many masks.
adds_up() {
  local singly counted
  singly=$(($(count segmented) - before))
  counted=$(entries summary DERMSEG_COUNT | sed 's/.*"DERMSEG_COUNT":"\([0-9]*\)".*/\1/' |
    awk '{ sum += $1 } END { print sum + 0 }')
  [ $((singly + counted)) -ge "$1" ]
}

step "installing"
prefix=/usr/local
PREFIX=$prefix scripts/install "$programs" >/dev/null
let_run_with_runtime dermsegd dermsegd@ dermseg-trainer
systemd-sysusers
systemd-tmpfiles --create 2>/dev/null || :
journalctl --update-catalog
systemctl daemon-reload
check "systemd-analyze has no remark about the units" is "$(systemd-analyze verify --man=no \
  dermsegd.service dermsegd@ward.service dermseg-trainer.service dermseg-trainer.timer 2>&1)" ""
check "dermsegd@.service is made of dermsegd.service" is \
  "$(sed -f Tests/System/instance.sed systemd/dermsegd.service)" "$(cat systemd/dermsegd@.service)"
# The walls of a sandbox, as the unit's file has them.
walls() {
  sed -n '/^# Sandbox/,/^# Last walls\|^# Training/p' "systemd/$1.service" | grep '^[A-Z]' |
    sed "s|/bin/$1 |/bin/PROGRAM |" | sort
}
check "the two sandboxes differ in what has to do with Results alone" is \
  "$(comm -3 <(walls dermsegd) <(walls dermseg-trainer) | tr -d '\t')" \
  $'InaccessiblePaths=-/srv/dermseg/Results\nReadWritePaths=-/srv/dermseg/Results'
for unit in dermsegd dermsegd@ward dermseg-trainer; do
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

step "reading the journal"
odd=$'x\nPRIORITY=0\n\377.jpg'
echo "no photograph" > "$data/test/$odd"
check "a name with newlines and other bytes is found by its field" within 20 \
  finds 1 DERMSEG_FILE="$odd" MESSAGE_ID="${message[notSegmented]}"
check "and forges no other field" finds 1 DERMSEG_FILE="$odd" PRIORITY=4
check "journalctl DERMSEG_FILE= finds the entry of a photograph" finds 1 DERMSEG_FILE=synth_0001.jpg
check "so does -t with it" finds 1 -t dermsegd DERMSEG_FILE=synth_0001.jpg
check "and -u" finds 1 -u dermsegd DERMSEG_FILE=synth_0001.jpg
check "but not -u of another unit" finds 0 -u dermseg-trainer DERMSEG_FILE=synth_0001.jpg
check "entries name their place in the source" has_fields segmented CODE_FILE CODE_LINE CODE_FUNC
check "journalctl -x explains it" grep -q "There is no mask of letter.jpg" <<< "$(explained C.UTF-8)"
# The names of languages are enough; their own rules are not needed.
for language in de_DE fr_FR zh_CN; do cp -r /usr/lib/locale/C.utf8 "/usr/lib/locale/$language.utf8"; done
check "in German" grep -q "Es gibt keine Maske von letter.jpg" <<< "$(explained de_DE.UTF-8)"
check "in French" grep -q "Il n'y a pas de masque pour letter.jpg" <<< "$(explained fr_FR.UTF-8)"
check "in Chinese" grep -q "没有 letter.jpg 的掩膜" <<< "$(explained zh_CN.UTF-8)"
check "and every field is filled in" not grep -q "DERMSEG_" <<< "$(journalctl -x -o short -t dermsegd)"
wrong="$prefix/bin/dermsegd --config /nowhere.yaml"
on_terminal() { LD_LIBRARY_PATH="${LD_LIBRARY_PATH-}" script -qec "env $* $wrong" /dev/null || :; }
check "on a terminal there is colour" grep -q $'\e\[31mNot started' <<< "$(on_terminal TERM=xterm)"
check "but not with NO_COLOR" not grep -q $'\e' <<< "$(on_terminal TERM=xterm NO_COLOR=1)"
check "and not in a pipe" not grep -q $'\e' <<< "$($wrong 2>&1)"

step "journald restarted, absent, hanging"
refused=$(count notSegmented)
check "journald is restarted" systemctl restart systemd-journald.service
cp /tmp/photographs/images/synth_0001.jpg "$data/test/after_restart.jpg"
check "the daemon goes on, and its entries arrive" within 60 finds 1 DERMSEG_FILE=after_restart.jpg
systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service
cp /tmp/photographs/images/synth_0001.jpg "$data/test/no_journal.jpg"
check "also while there is no journald" within 60 test -s "$data/Results/no_journal_segmentation.png"
systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service
cp /tmp/photographs/images/synth_0001.jpg "$data/test/journal_back.jpg"
check "and says things when it is back" within 60 finds 1 DERMSEG_FILE=journal_back.jpg
# One that hangs takes nothing, and its queue is soon full. Nothing here may ask the journal meanwhile.
journald=$(property MainPID systemd-journald.service)
kill -STOP "$journald"
for number in $(seq 1200); do echo "no photograph" > "$data/test/hung_$number.jpg"; done
cp /tmp/photographs/images/synth_0001.jpg "$data/test/hung_photograph.jpg"
check "while journald hangs, photographs are done" within 60 test -s "$data/Results/hung_photograph_segmentation.png"
check "and so are notes" within 60 are_notes 1200
check "and systemctl has its answer" systemctl reload dermsegd.service
kill -CONT "$journald"
cp /tmp/photographs/images/synth_0001.jpg "$data/test/hung_no_more.jpg"
check "then its entries arrive" within 60 finds 1 DERMSEG_FILE=hung_no_more.jpg
check "after one about those that are missing" is_count entriesMissing 1
check "and all are accounted for" test "$(($(count notSegmented) + $(missing)))" -ge "$((refused + 1200))"
rm "$data"/test/hung_*.jpg
check "it was never restarted for that" is "$(property NRestarts)" 0

step "a second instance"
mkdir -p "$data/ward/test" "$data/ward/Results"
chown dermseg:dermseg "$data"/ward/*
printf '%s\n' "testFolder: $data/ward/test" "resultsFolder: $data/ward/Results" > /etc/dermseg/ward.yaml
check "dermsegd@ward starts beside dermsegd" systemctl start dermsegd@ward.service
cp /tmp/photographs/images/synth_0002.jpg "$data/ward/test/"
check "and segments what is in its folder" within 60 test -s "$data/ward/Results/synth_0002_segmentation.png"
check "it has a state directory of its own" test -e /var/lib/dermsegd-ward/in-hand
check "-u tells the two apart" finds 1 -u dermsegd@ward DERMSEG_FILE=synth_0002.jpg
check "dermseg doctor judges the instance by its own unit" "$dermseg" doctor --instance ward
check "and names it" grep -q "dermsegd@ward.service is active" <<< "$("$dermseg" doctor --instance ward)"
check "dermseg status shows it" grep -q "$data/ward/test -> $data/ward/Results" <<< "$("$dermseg" status --instance ward)"
check "with its own process" grep -q "process $(property MainPID dermsegd@ward.service): " \
  <<< "$("$dermseg" status --instance ward)"
check "it stops when told" systemctl stop dermsegd@ward.service

step "a nurse"
useradd --no-create-home --groups dermseg nurse
as_nurse() { runuser -u nurse -- "$@"; }
as_nobody() { runuser -u nobody -- env LD_LIBRARY_PATH="${LD_LIBRARY_PATH-}" "$@"; }
check "who is in the group can drop a photograph" as_nurse cp /tmp/photographs/images/synth_0001.jpg "$data/test/nurse.jpg"
check "it is segmented" within 60 test -s "$data/Results/nurse_segmentation.png"
check "and read the mask" as_nurse cat "$data/Results/nurse_segmentation.png"
check "others cannot" not runuser -u nobody -- cat "$data/Results/nurse_segmentation.png"
check "they are told that they see too little, and of no fault" as_nobody "$dermseg" doctor
check "dermseg failed does not say that nothing failed" grep -q "None that could be looked at" \
  <<< "$(as_nobody "$dermseg" failed)"

step "sandbox"
check "without the sandbox the probe can do all it tries" is "$(perl Tests/System/probe.pl)" \
  "test=written, training=written, Results=written, models=written, socket=opened, shell=run"
readonly walls="socket=Address family not supported by protocol, shell=Permission denied" no="Read-only file system"
check "in the daemon's, it can only write results" is "$(probe dermsegd)" \
  "test=$no, training=$no, Results=written, models=$no, $walls"
check "in the trainer's, it can only write models" is "$(probe dermseg-trainer)" \
  "test=$no, training=$no, Results=Permission denied, models=written, $walls"
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
reloads=$(count reloaded)
check "systemctl reload" systemctl reload dermsegd.service
check "says so" within 10 is_count reloaded $((reloads + 1))
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

step "very many at once"
# The small model that is in service now does hundreds in a second.
mkdir /tmp/many
for number in $(seq 600); do cp /tmp/photographs/images/synth_0004.jpg "/tmp/many/many_$number.jpg"; done
before=$(count segmented)
cp /tmp/many/*.jpg "$data/test/"
check "all get masks" within 120 are_masks 600
check "which are told singly or counted" within 20 adds_up 600
check "most are counted" test "$(($(count segmented) - before))" -lt 400
check "journald had to leave out nothing" finds 0 -g "Suppressed .* messages"

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
check "and says so" finds 1 -u dermsegd MESSAGE_ID="${message[stopped]}"
check "docs/messages.md knows every message" is "$(unforeseen)" ""
check "no library complained of the sandbox" finds 0 -g "Failed to set thread priority"
check "no part of a file is left" is "$(find "$data/Results" -name '*.part' | wc -l)" 0

step "uninstalling"
listing() { find "$data" /var/lib/dermseg /etc/dermseg -type f -exec sha256sum {} + | sort; }
listing > /tmp/before
check "scripts/uninstall" env PREFIX=$prefix scripts/uninstall
listing > /tmp/after
check "settings, photographs, masks, training data and models stay" cmp /tmp/before /tmp/after
check "nothing else does" is "$(find $prefix -name '*dermseg*')" ""

conclude
