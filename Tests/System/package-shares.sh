# package-shares.sh, sourced by package-second.sh: photographs that come over a share. As far as this machine has
# what it takes; what is left out is named, with the reason.
# shellcheck shell=bash
# shellcheck disable=SC2154  # data: of the script that sources it
readonly photographs=/var/tmp/photographs/images

skipped() { echo "  skipped: $*"; }
have() {
  local command
  for command; do command -v "$command" >/dev/null || [ -x "$command" ] || return 1; done
}

# slowly FILE: its bytes with a pause in which it looks finished, as scp on a slow line.
slowly() {
  head -c 4000 "$1"
  sleep 1.5
  tail -c +4001 "$1"
}

# A folder that is "the server's": what changes in it, the kernel does not tell the mounted side.
serve() {
  backing=/var/tmp/served-$1
  install -d -o dermseg -g dermseg -m 2775 "$backing"
  cp "$photographs/synth_0001.jpg" "$backing/${1}_01.jpg"
  cp "$photographs/synth_0002.jpg" "$backing/${1}_02.jpg"
  systemctl stop dermsegd.service
}

# lay_over KIND COMMAND...: mounts by a command, and lays that over the test folder. Not there at once: old libfuse
# refuses a folder that is not empty, new libfuse does not know the option to have it all the same.
lay_over() {
  local -r point=/var/tmp/mounted-$1
  shift
  mkdir "$point"
  "$@" "$point" && mount --bind "$point" "$data/test"
}

# watch_share KIND [through]: ten photographs, two of which are there already. With `through`, three are written
# by a user of this machine through the mount; the others on the server.
watch_share() {
  local -r kind=$1 direction=${2-}
  local polls in
  polls=$(count polling)
  check "$kind is mounted" within 10 mountpoint "$data/test"
  check "the daemon starts there" systemctl start dermsegd.service
  check "and looks regularly" grep -q "polling" <<< "$(property StatusText)"
  check "which is in the journal" within 10 is_count polling $((polls + 1))
  in=$backing
  [ "$direction" != through ] || in=$data/test
  runuser -u nurse -- cp "$photographs/synth_0003.jpg" "$in/${kind}_03.jpg"
  runuser -u nurse -- cp "$photographs/synth_0004.jpg" "$in/.${kind}_04.jpg.filepart"
  runuser -u nurse -- mv "$in/.${kind}_04.jpg.filepart" "$in/${kind}_04.jpg"
  slowly "$photographs/synth_0005.jpg" | runuser -u nurse -- tee "$in/${kind}_05.jpg" >/dev/null
  cp "$photographs/synth_0006.jpg" "$backing/${kind}_06.jpg"
  cp "$photographs/synth_0007.jpg" /var/tmp/to-be-moved.jpg
  mv /var/tmp/to-be-moved.jpg "$backing/${kind}_07.jpg"
  rsync --archive "$photographs/synth_0008.jpg" "$backing/"
  mv "$backing/synth_0008.jpg" "$backing/${kind}_08.jpg"
  cp "$photographs/synth_0009.jpg" "$backing/.${kind}_09.jpg.filepart"
  mv "$backing/.${kind}_09.jpg.filepart" "$backing/${kind}_09.jpg"
  slowly "$photographs/synth_0010.jpg" > "$backing/${kind}_10.jpg"
  check "ten masks" within 60 are_there "${kind}_*_segmentation.png" 10
  check "no note" are_there "${kind}_*.txt" 0
  systemctl stop dermsegd.service
  umount --lazy "$data/test"
  ! mountpoint --quiet "/var/tmp/mounted-$kind" || umount --lazy "/var/tmp/mounted-$kind"
}

step "shares of this kernel"
for kind in nfs nfs4 cifs; do
  if grep -qw "$kind" /proc/filesystems; then
    skipped "$kind: nobody has set up a server for it here; the other shares stand for it"
  else
    skipped "$kind: this kernel does not have it (/proc/filesystems)"
  fi
done

step "FUSE"
printf 'pollInterval: 1s\n' >> /etc/dermseg/dermseg.yaml
[ -e /dev/fuse ] || mknod /dev/fuse c 10 229 2>/dev/null || :
if ! reason=$( (exec 3<> /dev/fuse) 2>&1); then
  skipped "FUSE: ${reason##*: } (/dev/fuse)"
else
  if have python3; then
    serve own
    systemd-run --quiet --unit=share python3 "$PWD/Tests/System/silent-folder.py" "$backing" "$data/test"
    watch_share own
  else
    skipped "the tests' own file system: python3 is not installed"
  fi
  if have bindfs; then
    serve bindfs
    lay_over bindfs bindfs -o allow_other "$backing" || :
    watch_share bindfs through
  else
    skipped "bindfs is not installed"
  fi
  if have sshfs /usr/lib/openssh/sftp-server; then
    serve sshfs
    # The server's end without a network.
    printf '#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n' > /var/tmp/ssh
    chmod 755 /var/tmp/ssh
    lay_over sshfs sshfs -o ssh_command=/var/tmp/ssh,allow_other "here:$backing" || :
    watch_share sshfs through
  else
    skipped "sshfs: it or sftp-server is not installed"
  fi
fi
sed -i '/^pollInterval: 1s$/d' /etc/dermseg/dermseg.yaml
check "the daemon is back in its own folder" systemctl restart dermsegd.service

step "Samba, set up as docs/shares.md says"
if have smbd smbclient smbpasswd testparm; then
  sed -n '/^    \[photographs\]/,/^        read only = yes/s/^    //p' docs/shares.md >> /etc/samba/smb.conf
  check "testparm has no objection" testparm -s
  printf 'secret\nsecret\n' | smbpasswd -s -a nurse >/dev/null
  useradd visitor
  printf 'secret\nsecret\n' | smbpasswd -s -a visitor >/dev/null
  check "smbd starts" systemctl start smbd.service
  share() { smbclient "//localhost/$1" --user "${3-nurse}%secret" --command "$2"; }
  check "a photograph is put into the share" within 20 share photographs "lcd $photographs; put synth_0011.jpg samba.jpg"
  check "its mask is there" within 60 are_there samba_segmentation.png 1
  check "it belongs to the group" is "$(stat -c '%U:%G %a' "$data/test/samba.jpg")" "nurse:dermseg 664"
  check "the mask is got from the other share" share masks "get samba_segmentation.png /var/tmp/got.png"
  check "as it is" cmp /var/tmp/got.png "$data/Results/samba_segmentation.png"
  share masks "del samba_segmentation.png" >/dev/null || :
  check "it cannot be removed there" test -s "$data/Results/samba_segmentation.png"
  check "nothing can be put there" not share masks "put /var/tmp/got.png more.png"
  check "what a file manager leaves behind stays out" not share photographs "put /var/tmp/got.png Thumbs.db"
  check "others are refused" not share photographs ls visitor
  systemctl stop smbd.service
else
  skipped "Samba: smbd or smbclient is not installed (apt install samba smbclient)"
fi
