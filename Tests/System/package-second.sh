#!/bin/bash
# package-second.sh: the same machine after a reboot (see package.sh). What waited is done without a word from anybody;
# then the package is upgraded under the running daemon, photographs come over shares, and it is removed and purged.
set -euo pipefail
. Tests/System/checks.sh
readonly data=/srv/dermseg

are_there() { test "$(find "$data/Results" -name "$1" | wc -l)" = "$2"; }
listing() { find "$data" /var/lib/dermseg -type f ! -name results.csv -exec sha256sum {} + | sort; }

step "after a reboot"
check "it has started by itself" within 30 systemctl is-active dermsegd.service
check "what waited is done" within 30 are_there 'waiting_*_segmentation.png' 2
check "every promise is kept" dermseg check-folder --manifest /var/tmp/manifest

step "upgrading"
listing > /tmp/before
cp /etc/dermseg/dermseg.yaml /tmp/settings
done_before=$(count segmented)
pid=$(property MainPID)
check "the next version is installed" dpkg --install /given/next.deb
check "the daemon was restarted" within 30 is_back_after "$pid"
check "the settings are as they were" cmp /tmp/settings /etc/dermseg/dermseg.yaml
check "it is still enabled" systemctl is-enabled dermsegd.service
listing > /tmp/after
check "models, masks and photographs are as they were" cmp /tmp/before /tmp/after
check "nothing was computed again" is_count segmented "$done_before"

. Tests/System/package-shares.sh

step "removing"
listing > /tmp/before
check "the package is removed" dpkg --remove dermseg
check "nothing runs" not systemctl is-active dermsegd.service dermseg-trainer.timer
check "the settings stay" test -s /etc/dermseg/dermseg.yaml
check "no program stays" not test -e /usr/bin/dermsegd
check "the package is purged" dpkg --purge dermseg
check "the settings are gone" not test -e /etc/dermseg
check "no unit stays" not grep -q dermseg <<< "$(systemctl list-unit-files --no-legend)"
listing > /tmp/after
check "photographs, masks, training data and models stay" cmp /tmp/before /tmp/after
check "docs/messages.md knows every message of both boots" is "$(unforeseen)" ""
conclude
