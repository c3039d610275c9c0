#!/bin/bash
# package-first.sh: runs as root within a booted systemd (see package.sh). Installs the package, drops photographs in
# every way, reloads, restarts, kills, hangs and poisons the daemon, and lets a timer replace its model.
set -euo pipefail
. Tests/System/checks.sh
readonly data=/srv/dermseg

masks() { find "$data/Results" -maxdepth 1 -name "$1_segmentation.png" | wc -l; }
are_masked() { is "$(masks "$1")" "$2"; }
# As somebody of the group, who has no other right.
nurse() { runuser -u nurse -- "$@"; }
drop_in() {
  mkdir -p "/etc/systemd/system/$1.d"
  cat > "/etc/systemd/system/$1.d/test.conf"
  systemctl daemon-reload
}
is_failed() { is "$(property ActiveState)" failed; }
undo_drop_in() {
  rm "/etc/systemd/system/$1.d/test.conf"
  systemctl daemon-reload
}

step "a machine without it"
for path in "$data" /etc/dermseg /var/lib/dermseg /usr/bin/dermsegd; do
  check "there is no $path" not test -e "$path"
done
check "there is no user dermseg" not id dermseg
# What build machines have so that packages start nothing.
rm -f /usr/sbin/policy-rc.d

step "installing"
check "the package is installed" dpkg --install /given/first.deb
check "the user exists" id dermseg
check "the folders exist" test -d "$data/test" -a -d "$data/Results" -a -d "$data/training/masks"
check "the group may write to the test folder" is "$(stat -c '%U:%G %a' "$data/test")" "dermseg:dermseg 2775"
check "the units are right" systemd-analyze verify dermsegd.service dermsegd@ward.service \
  dermseg-trainer.service dermseg-trainer.timer
check "nothing was started" not systemctl is-active dermsegd.service
check "nothing was enabled" not systemctl is-enabled dermsegd.service
check "the three programs are one" is "$(readlink -f /usr/bin/dermsegd /usr/bin/dermseg-trainer | uniq)" /usr/bin/dermseg
check "the programs need no Swift runtime" not grep -q swift <<< "$(ldd /usr/bin/dermsegd)"
check "no library is missing" not grep -q "not found" <<< "$(ldd /usr/bin/dermsegd)"
check "the manual is there" man --where dermsegd
check "the catalog is there" grep -q "${message[segmented]}" <<< "$(journalctl --list-catalog)"
check "systemctl enable --now" systemctl enable --now dermsegd.service
check "it is active" systemctl is-active dermsegd.service

step "ten photographs, in every way"
useradd --groups dermseg nurse
dermseg synth --count 20 --seed 77 --width 320 --height 240 --output /var/tmp/photographs >/dev/null
chmod -R a+rX /var/tmp/photographs
cd /var/tmp/photographs/images
nurse mkdir /tmp/own
nurse cp synth_00*.jpg /tmp/own
nurse cp synth_0001.jpg synth_0002.jpg "$data/test/"
nurse mv /tmp/own/synth_0003.jpg /tmp/own/synth_0004.jpg "$data/test/"
if command -v rsync >/dev/null; then
  nurse rsync --archive synth_0005.jpg synth_0006.jpg "$data/test/"
else
  echo "  rsync is not installed: cp instead"
  nurse cp synth_0005.jpg synth_0006.jpg "$data/test/"
fi
for number in 7 8; do
  nurse cp "synth_000$number.jpg" "$data/test/.synth_000$number.jpg.filepart"
  nurse mv "$data/test/.synth_000$number.jpg.filepart" "$data/test/synth_000$number.jpg"
done
# In place and slowly, like scp: pieces with a pause in which the file looks finished.
for number in 09 10; do
  file=synth_00$number.jpg
  # shellcheck disable=SC2016 # for the inner shell
  nurse bash -c 'head -c 4000 "$1"; sleep 2; head -c 6000 "$1" | tail -c 2000; sleep 0.5; tail -c +6001 "$1"' \
    - "$file" | nurse tee "$data/test/$file" >/dev/null &
done
wait
cd - >/dev/null
check "ten masks" within 60 are_masked 'synth_00*' 10
check "ten entries" within 10 is_count segmented 10
check "no failure" is_count notSegmented 0
check "the group may read a mask" nurse cat "$data/Results/synth_0001_segmentation.png"
check "it may not change one" not nurse touch "$data/Results/synth_0001_segmentation.png"
check "others may not read one" not runuser -u nobody -- cat "$data/Results/synth_0001_segmentation.png"

step "reload, restart under load, kill"
pid=$(property MainPID)
check "systemctl reload" systemctl reload dermsegd.service
check "says so" within 10 is_count reloaded 1
check "and goes on in the same process" is "$(property MainPID)" "$pid"
for number in $(seq 11 20); do
  for copy in a b c; do cp "/var/tmp/photographs/images/synth_00$number.jpg" "$data/test/load_$number$copy.jpg"; done
  case $number in
    13 | 16) systemctl restart dermsegd.service ;;
    18) systemctl kill --signal=KILL dermsegd.service ;;
  esac
  sleep 0.2
done
check "thirty masks" within 90 are_masked 'load_*' 30
check "it is active" systemctl is-active dermsegd.service
# A photograph that was killed between its mask and its entry has the mask, and no second computation.
check "no photograph was entered twice" test "$(count segmented)" -le 40

step "watchdog"
drop_in dermsegd.service <<< $'[Service]\nWatchdogSec=3'
systemctl restart dermsegd.service
pid=$(property MainPID)
kill -STOP "$pid"
check "a daemon that hangs is replaced" within 40 is_back_after "$pid"
check "because of the watchdog" grep -q "result 'watchdog'" <<< "$(journalctl --quiet --unit dermsegd --output cat)"
undo_drop_in dermsegd.service

step "photographs that end the process"
install -D /given/faults.so /usr/lib/dermseg-test/faults.so
poison=""
for letter in a b c d; do poison=$poison:$data/test/poison_$letter.jpg; done
drop_in dermsegd.service <<EOT
[Service]
Environment=LD_PRELOAD=/usr/lib/dermseg-test/faults.so DERMSEG_FAULT_FOLDERS=${poison#:}
Environment=DERMSEG_FAULT_CALLS=read,pread DERMSEG_FAULT_AT=1 DERMSEG_FAULT_DO=signal-before:11
EOT
systemctl reset-failed
systemctl restart dermsegd.service
for letter in a b c d; do cp /var/tmp/photographs/images/synth_0001.jpg "$data/test/poison_$letter.jpg"; done
check "too many deaths end in the start limit" within 90 is_failed
check "which says so" grep -q "Start request repeated too quickly" <<< "$(journalctl --quiet --unit dermsegd --output cat)"
# What the administrator does, as often as it takes: two deaths for each of four.
for _ in 1 2 3; do
  systemctl reset-failed dermsegd.service
  systemctl start dermsegd.service || :
  within 30 is_count quarantined 4 && break
done
check "each is left alone after its second death" is_count quarantined 4
check "and has its note" is "$(find "$data/Results/failed" -name 'poison_*.txt' | wc -l)" 4
undo_drop_in dermsegd.service
rm "$data/test"/poison_*.jpg
systemctl reset-failed
check "it works on" systemctl restart dermsegd.service

step "a timer, a trainer, a better model"
cat >> /etc/dermseg/dermseg.yaml <<'EOT'
trainingWidth: 8
trainingSize: 32
trainingEpochs: 3
rescanInterval: 5s
EOT
systemctl reload dermsegd.service
perl Tests/System/hidden-in-blue.pl 24 "$data/training"
chown -R dermseg:dermseg "$data/training"
drop_in dermseg-trainer.timer <<< $'[Timer]\nOnCalendar=\nOnActiveSec=1s\nRandomizedDelaySec=0\nAccuracySec=100ms'
check "the timer is enabled" systemctl enable --now dermseg-trainer.timer
check "a model is published" within 120 is_count modelPublished 1
check "the store names it" test -s /var/lib/dermseg/models/current/model.safetensors
better=$(readlink -f /var/lib/dermseg/models/current)
cp /var/tmp/photographs/images/synth_0001.jpg "$data/test/after.jpg"
# It looks for a new model as often as it looks at the whole folder.
check "the daemon uses it" within 60 grep -aq "$(basename "$better")" "$data/Results/after_segmentation.png"
undo_drop_in dermseg-trainer.timer

step "a shutdown with files waiting"
systemctl stop dermsegd.service
cp /var/tmp/photographs/images/synth_0002.jpg "$data/test/waiting_1.jpg"
cp /var/tmp/photographs/images/synth_0003.jpg "$data/test/waiting_2.jpg"
systemctl enable dermsegd.service
dermseg check-folder --write-manifest /var/tmp/manifest
conclude
