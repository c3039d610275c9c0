#!/bin/bash
# boot-systemd.sh [OPTION]... -- COMMAND [ARG]...
#
# Boots a REAL systemd (PID 1 of new pid/mount/cgroup/uts/ipc/net namespaces) with a real journald, dbus and
# logind on a throw-away overlay of this machine's own root, runs COMMAND in it as root once
# `systemctl is-system-running` says running or degraded, streams its output, returns its exit status
# (128+N: killed by signal N), and always shuts the container down and removes every trace of it.
# The host's files are all there (toolchain, built binaries) and writable, but writes land in RAM and vanish;
# only --bind paths are the host's own.
#
#   --bind SRC[:DST]     bind host path SRC at DST (default SRC), read-write; --bind-ro for read-only. Repeatable.
#   --setenv NAME[=VAL]  pass an environment variable to COMMAND (nothing else is passed). Repeatable.
#   --chdir DIR          COMMAND's working directory in the container (default /)
#   --net host           share the host's network (default: private network, only lo, up)
#   --size SIZE          cap of the RAM that holds writes (tmpfs size=, default 4G)
#   --boot-timeout SEC   default 60.   --timeout SEC: limit for COMMAND, 0 = none (default); then exit status 124.
#   --journal FILE       save the container's whole journal as text there, also when something failed
#   --journal-export FILE  the same in `journalctl -o export` form (read back with systemd-journal-remote)
#   --state DIR          keep the writes in DIR instead; a later run with the same DIR is the same machine after a reboot (same
#                        machine-id, enabled units, journal). DIR must not be on the root file system: use one in /dev/shm.
#   --cgroup v1|v2       which layout the container sees. Default: what the host has. On a host with v1 controllers, v1 is the only
#                        one where MemoryMax=, CPUQuota=, TasksMax= bite; v2 looks like a current distribution, but limits do nothing.
#   --host-units         keep the host's own enabled units (default: drop them, so that only what COMMAND enables runs)
#   --verbose            say what happens and when (stderr)
# Exit: COMMAND's status (127: not found); 255 it was stopped from outside; 124 timeout; 125 the rig itself failed (one line on stderr says why); 130/143 interrupted.
#
# Needs root, Linux with overlayfs and pid/mount/cgroup namespaces, and these Debian packages:
#   systemd systemd-sysv dbus libnss-systemd libpam-systemd util-linux mount coreutils findutils hostname
#   (no systemd-container, no debootstrap, no KVM; `script` for a pty is in bsdutils)
# Words are split on purpose where nothing is quoted: paths of this script's own making and cgroup names.
# shellcheck disable=SC2013,SC2015,SC2016,SC2046,SC2086,SC2206,SC2207,SC2317
set -u
die() { echo "boot-systemd: $*" >&2; exit 125; }
log() { [ -z "$VERBOSE" ] || echo "boot-systemd: [$(( ($(date +%s%N) - T0) / 1000000 )) ms] $*" >&2; }

# ------------------------------------------------------------------ inside: first process of the new namespaces
if [ "${1-}" = --stage2 ]; then
  set -e; W=$2; R=$W/root; NET=$3; SIZE=$4; HOSTUNITS=$5; CGV=$6; STATE=$7; BINDS=$W/binds
  [ $$ = 1 ] || die "stage 2 is not PID 1 of a new pid namespace"     # reboot(2) must stay inside: never go on otherwise
  read -r LEADER _ < /proc/self/stat                                  # our pid as the host sees it (/proc is still the host's)
  trap 'echo "boot-systemd: stage 2 failed: $BASH_COMMAND" >&2' ERR
  mount --make-rprivate /
  mkdir -p $W/rw $R
  if [ -n "$STATE" ]; then mount --bind "$STATE" $W/rw; else mount -t tmpfs -o mode=755,size=$SIZE rig $W/rw; fi
  if [ -d $W/rw/u ]; then FIRST=0; else FIRST=1; mkdir $W/rw/u; fi
  mkdir -p $W/rw/w; mount -t overlay -o lowerdir=/,upperdir=$W/rw/u,workdir=$W/rw/w overlay $R
  hostname rig
  if [ $FIRST = 1 ]; then   # ---- make the overlay a machine of its own: no state, identity or units of the host
  rm -rf $R/etc/machine-id $R/var/log/journal $R/var/lib/systemd/timers; mkdir -p $R/var/log/journal
  tr -d - < /proc/sys/kernel/random/uuid > $R/etc/machine-id
  echo rig > $R/etc/hostname
  printf '127.0.0.1 localhost rig\n::1 localhost ip6-localhost\n' > $R/etc/hosts
  : > $R/etc/fstab
  if [ $HOSTUNITS = 0 ]; then
    rm -rf $R/etc/systemd/system/*.wants $R/etc/systemd/system/*.requires $R/etc/rc?.d/S*
    for u in getty.target console-getty.service systemd-logind-varlink.socket apt-daily.timer systemd-networkd.service systemd-resolved.service \
             postgresql.service cron.service e2scrub_reap.service; do ln -sfn /dev/null $R/etc/systemd/system/$u; done
  fi
  for u in systemd-journald-audit.socket systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
           systemd-timesyncd.service systemd-modules-load.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
           dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
           sys-fs-fuse-connections.mount systemd-remount-fs.service systemd-pstore.service systemd-random-seed.service \
           modprobe@.service; do ln -sfn /dev/null $R/etc/systemd/system/$u; done
  mkdir -p $R/etc/systemd/journald.conf.d $R/etc/systemd/system.conf.d
  printf '[Journal]\nStorage=persistent\nAudit=\nReadKMsg=no\nForwardToConsole=no\nForwardToSyslog=no\nForwardToWall=no\n' > $R/etc/systemd/journald.conf.d/rig.conf
  # cgroup v1: no CPU figure in `systemctl status` unless asked for (on v2 it is always there)
  printf '[Manager]\nDefaultTimeoutStopSec=10s\nDefaultCPUAccounting=yes\n' > $R/etc/systemd/system.conf.d/rig.conf
  fi
  # ---- API file systems
  mount -t proc -o nosuid,nodev,noexec proc $R/proc
  for p in sys sysrq-trigger irq bus fs; do [ -e $R/proc/$p ] && mount --bind $R/proc/$p $R/proc/$p && mount -o remount,bind,ro,nosuid,nodev,noexec $R/proc/$p; done
  mount --bind /dev/null $R/proc/kmsg
  cat /proc/sys/kernel/random/uuid > $W/boot_id; mount --bind $W/boot_id $R/proc/sys/kernel/random/boot_id   # each run is a boot of its own
  mount -t sysfs -o ro,nosuid,nodev,noexec sysfs $R/sys
  mount -t tmpfs -o mode=755,nosuid,size=64M dev $R/dev
  mkdir $R/dev/{shm,pts,mqueue}
  for d in null zero full random urandom tty; do touch $R/dev/$d; mount --bind /dev/$d $R/dev/$d; done
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts $R/dev/pts; ln -s pts/ptmx $R/dev/ptmx
  mount -t tmpfs -o mode=1777,nosuid,nodev shm $R/dev/shm
  mount -t mqueue mqueue $R/dev/mqueue 2>/dev/null || :
  ln -s /proc/self/fd $R/dev/fd; ln -s fd/0 $R/dev/stdin; ln -s fd/1 $R/dev/stdout; ln -s fd/2 $R/dev/stderr
  : > $W/console; touch $R/dev/console; mount --bind $W/console $R/dev/console
  mount -t tmpfs -o mode=755,nosuid,nodev run $R/run; mkdir $R/run/lock
  touch $W/rc $R/run/boot-systemd.rc; mount --bind $W/rc $R/run/boot-systemd.rc
  mount -t tmpfs -o mode=1777,nosuid,nodev tmp $R/tmp
  # cgroups: this process was put in a group of its own in each hierarchy and then given a cgroup namespace: "/" is that group
  if [ $CGV = v1 ]; then     # hybrid or v1
    mount -t tmpfs -o mode=755,nosuid,nodev,noexec cgroup $R/sys/fs/cgroup
    while IFS=: read -r _ c _; do
      case $c in '') d=unified ;; name=*) d=${c#name=} ;; *) d=$c ;; esac
      grep -qxF "$d" $W/hier || continue
      mkdir $R/sys/fs/cgroup/$d
      if [ $d = unified ]; then mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 $R/sys/fs/cgroup/$d
      else mount -t cgroup -o nosuid,nodev,noexec,$c cgroup $R/sys/fs/cgroup/$d
        case $d in *,*) for x in ${d//,/ }; do ln -s $d $R/sys/fs/cgroup/$x; done ;; esac
      fi
    done < /proc/self/cgroup
    if [ ! -d $R/sys/fs/cgroup/systemd ]; then mkdir $R/sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd cgroup $R/sys/fs/cgroup/systemd; fi
    mount -o remount,ro $R/sys/fs/cgroup     # or systemd would mount the hierarchies left out above, machine-wide
  else
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 $R/sys/fs/cgroup
  fi
  while IFS=$'\t' read -r src dst ro; do
    if [ -d "$src" ]; then mkdir -p "$R$dst"; else mkdir -p "$(dirname "$R$dst")"; [ -e "$R$dst" ] || : > "$R$dst"; fi
    mount --rbind "$src" "$R$dst"; [ $ro = 0 ] || mount -o remount,bind,ro "$R$dst"
  done < $BINDS
  echo $LEADER > $W/leader
  for i in {1..500}; do [ ! -e $W/go ] || break; sleep 0.01; done
  cd $R; mkdir -p .old; mount --rbind . . 2>/dev/null || :; cd $R; pivot_root . .old; cd /
  umount -l /.old; rmdir /.old 2>/dev/null || :
  mount --make-rshared /               # what systemd expects of a container manager: credentials and MountFlags= propagate through it
  ulimit -Hn 524288 2>/dev/null || :; ulimit -Sn 1024; ulimit -c 0   # as on a booted machine (the host's may be lower)
  trap - ERR
  exec /usr/bin/env -i container=boot-systemd PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-audit_control,-audit_read,-mac_admin,-mac_override,-syslog,-wake_alarm \
    /lib/systemd/systemd --system --show-status=no --unit=multi-user.target < /dev/null > /dev/console 2>&1
fi

# ------------------------------------------------------------------ outside
T0=$(date +%s%N); VERBOSE=; NET=private; SIZE=4G; BOOT=60; LIMIT=0; JTEXT=; JEXP=; HOSTUNITS=0; DIR=/; CGV=auto; STATEDIR=; BIND=(); ENVS=()
while [ $# -gt 0 ]; do
  case $1 in
    --bind|--bind-ro) s=${2%%:*}; d=${2#*:}; s=$(readlink -f "$s") && [ -e "$s" ] || die "--bind: no such path: $2"
        case $2 in *:*) ;; *) d=$s ;; esac; case $d in
          /tmp|/run|/dev|/proc|/sys|/) die "--bind: the guest has a $d of its own; systemd would empty yours at its start" ;;
          /*) ;; *) die "--bind: DST must be absolute: $d" ;; esac
        BIND+=("$s"$'\t'"$d"$'\t'$([ $1 = --bind ] && echo 0 || echo 1)); shift 2 ;;
    --setenv) case $2 in *=*) ENVS+=("--setenv=$2") ;; *) ENVS+=("--setenv=$2=${!2-}") ;; esac; shift 2 ;;
    --chdir) DIR=$2; shift 2 ;;  --net) NET=$2; shift 2 ;;  --size) SIZE=$2; shift 2 ;;  --boot-timeout) BOOT=$2; shift 2 ;;
    --timeout) LIMIT=$2; shift 2 ;;  --journal) JTEXT=$2; shift 2 ;;  --journal-export) JEXP=$2; shift 2 ;;
    --cgroup) CGV=$2; shift 2 ;;  --state) STATEDIR=$2; shift 2 ;;  --host-units) HOSTUNITS=1; shift ;;  --verbose) VERBOSE=1; shift ;;
    --) shift; break ;;  *) die "unknown option: $1 (usage: boot-systemd.sh --bind SRC[:DST] -- COMMAND...)" ;;
  esac
done
[ $# -gt 0 ] || die "no COMMAND"
[ "$(id -u)" = 0 ] || die "must run as root"
for c in unshare nsenter setpriv pivot_root systemd-run systemctl journalctl; do command -v $c >/dev/null || die "missing command: $c"; done
[ -x /lib/systemd/systemd ] || die "missing package: systemd"
[ -e /proc/self/fd/0 ] || exec < /dev/null
SELF=$(readlink -f "$0"); W=$(mktemp -d /tmp/boot-systemd.XXXXXX); NAME=${W##*/}; CG=(); UPID=; LEADER=; CPID=; RC=125; SIG=0
inside() { nsenter -t $LEADER -m -u -i -n -p -C -- "$@"; }
alive() { [ -n "$LEADER" ] && [ -d /proc/$LEADER ] && [ "$(cut -d' ' -f3 /proc/$LEADER/stat 2>/dev/null | tr -d '\n')" != Z ]; }

# $1: a work folder. No rm -r here: were anything still mounted below it, that would empty the mounted thing
sweep() { rm -f "$1"/{binds,hier,cgroups,owner,leader,go,console,boot_id,rc}; rmdir "$1"/{root,rw,} 2>/dev/null; }
cleanup() {
  trap '' INT TERM HUP; trap - EXIT
  if alive; then
    if [ -n "$JTEXT$JEXP" ] || [ $RC$SIG = 1250 ]; then
      inside journalctl --sync >/dev/null 2>&1
      [ -z "$JTEXT" ] || inside journalctl --no-pager -o short-precise > "$JTEXT" 2>/dev/null < /dev/null
      [ -z "$JEXP" ] || inside journalctl --no-pager -o export > "$JEXP" 2>/dev/null < /dev/null
      if [ $RC$SIG = 1250 ]; then echo "boot-systemd: last journal lines:" >&2; inside journalctl --no-pager -n 40 >&2 < /dev/null; fi
    fi
    log "power off"
    kill -s RTMIN+4 $LEADER 2>/dev/null                                  # systemd: poweroff.target, stops every unit first
    for ((i = 0; i < 200; i++)); do alive || break; sleep 0.1; done
    alive && { log "no power off in 20 s: killed"; kill -9 $LEADER; }    # takes its whole pid namespace with it
  fi
  [ -z "$UPID" ] || { for ((i = 0; i < 50; i++)); do [ -d /proc/$UPID ] || break; sleep 0.1; done; kill -9 $UPID 2>/dev/null; wait $UPID 2>/dev/null; }
  [ -z "$CPID" ] || wait $CPID 2>/dev/null
  [ $RC$SIG != 1250 ] || [ ! -s $W/console ] || { echo "boot-systemd: console:" >&2; tail -20 $W/console >&2; }
  for d in "${CG[@]+"${CG[@]}"}"; do
    for i in 1 2 3 4 5 6 7 8 9 10; do find "$d" -depth -type d -exec rmdir {} + 2>/dev/null; [ -d "$d" ] || break; sleep 0.1; done
    [ ! -d "$d" ] || echo "boot-systemd: left over: $d" >&2
  done
  sweep "$W"
  log "cleaned up, exit $RC"
  [ $SIG = 0 ] || RC=$SIG
  exit $RC
}
trap cleanup EXIT; trap 'SIG=130; exit' INT; trap 'SIG=143; exit' TERM; trap 'SIG=129; exit' HUP

if [ -n "$STATEDIR" ]; then mkdir -p "$STATEDIR" && STATEDIR=$(readlink -f "$STATEDIR") || die "--state: cannot make it"
  [ "$(stat -c %d "$STATEDIR")" != "$(stat -c %d /)" ] || die "--state: $STATEDIR is on the root file system (overlayfs refuses that); use /dev/shm/..."; fi
[ $CGV != auto ] || { [ -f /sys/fs/cgroup/cgroup.controllers ] && CGV=v2 || CGV=v1; }
case $CGV:$NET in v[12]:private|v[12]:host) ;; *) die "--cgroup is v1 or v2, --net is private or host" ;; esac
printf '%s\n' "${BIND[@]+"${BIND[@]}"}" | grep . > $W/binds
mkdir $W/root; echo $$ $(cut -d' ' -f22 /proc/$$/stat) > $W/owner
# what a run killed with SIGKILL left behind (empty cgroups and an empty folder; its processes and mounts died with it)
for o in /tmp/boot-systemd.*/owner; do
  [ -f "$o" ] && read -r p st < "$o" || continue
  [ "$(cut -d' ' -f22 /proc/$p/stat 2>/dev/null)" != "$st" ] || continue
  while read -r d; do find "$d" -depth -type d -exec rmdir {} + 2>/dev/null; done < "${o%/*}/cgroups" 2>/dev/null
  sweep "${o%/*}"
done
# one cgroup of our own in every hierarchy, below the one this script runs in (so whatever limits it has still hold)
while IFS=: read -r _ c p; do
  case $c in '') if [ -f /sys/fs/cgroup/cgroup.controllers ]; then m=/sys/fs/cgroup; p=/; else m=/sys/fs/cgroup/unified; fi ;;
             name=*) m=/sys/fs/cgroup/${c#name=} ;; *) m=/sys/fs/cgroup/$c ;; esac
  case ,$c, in *,cpuset,*|*,freezer,*|*,perf_event,*|*,hugetlb,*|*,net_*|*,rdma,*|*,misc,*) continue ;; esac   # systemd uses none of these on v1
  [ -d "$m" ] || continue
  [ $CGV = v1 ] || [ -z "$c" ] || continue
  d=$m${p%/}/$NAME; mkdir "$d" || die "cannot make the cgroup $d"
  CG+=("$d"); echo "$d" >> $W/cgroups; echo "${m##*/}" >> $W/hier
  [ "$m" != /sys/fs/cgroup ] || for x in $(cat $m/cgroup.controllers); do echo +$x > $m/cgroup.subtree_control 2>/dev/null; done
done < /proc/self/cgroup
NETOPT=--net; [ $NET != host ] || NETOPT=
# pdeathsig + --kill-child: if this script is killed with SIGKILL, the whole container dies with it
( for d in "${CG[@]}"; do echo $BASHPID > $d/cgroup.procs || exit 125; done
  exec setpriv --pdeathsig KILL unshare --mount --propagation private --uts --ipc $NETOPT --pid --cgroup --fork --kill-child=KILL \
    /bin/bash "$SELF" --stage2 "$W" $NET $SIZE $HOSTUNITS $CGV "$STATEDIR" ) < /dev/null &
UPID=$!
for ((i = 0; i < 500; i++)); do [ -s $W/leader ] && break; [ -d /proc/$UPID ] || break; sleep 0.02; done
[ -s $W/leader ] || die "the container's first process did not get as far as systemd (see above)"
LEADER=$(< $W/leader)
# `unshare` itself leaves the groups again: on v2 a group with a process of its own cannot hand controllers down
for d in "${CG[@]}"; do echo $UPID > "${d%/*}/cgroup.procs" || die "cannot leave $d"; done
: > $W/go
log "namespaces ready, leader $LEADER"
END=$(( $(date +%s) + BOOT )); STATE=
while :; do
  alive || die "systemd died while booting"
  # /run/systemd/private is there once PID 1 listens; --wait then blocks until the boot is over
  if [ -S /proc/$LEADER/root/run/systemd/private ]; then
    STATE=$(inside timeout $BOOT systemctl is-system-running --wait 2>/dev/null < /dev/null)
    case $STATE in running|degraded) break ;; maintenance|stopping) die "system state: $STATE" ;; esac
  fi
  [ $(date +%s) -lt $END ] || die "not booted in $BOOT s (state: ${STATE:-none})"
  sleep 0.05
done
log "system is $STATE"
[ $STATE = running ] || inside systemctl --failed --no-legend --plain >&2 < /dev/null
LIM=(); [ $LIMIT = 0 ] || LIM=(-p RuntimeMaxSec=$LIMIT)
# A transient unit, so COMMAND has a clean environment and a cgroup of its own and is stopped at power off; --pipe hands it our own
# stdin, stdout and stderr. Its status comes through a file: systemd-run --wait reports 0 for a service ended by SIGTERM, SIGHUP,
# SIGINT or SIGPIPE. And every $ is doubled because systemd expands $NAME, ${NAME} and $$ in the arguments (bash: ${a//\$/\$\$}).
CMD=(/bin/bash -c '"$@"; s=$?; echo $s > /run/boot-systemd.rc; exit $s' rig-command "$@")
inside systemd-run --quiet --pipe --wait --collect --unit=rig-command "${LIM[@]+"${LIM[@]}"}" -p TimeoutStopSec=5 \
  -p WorkingDirectory="$DIR" --setenv=HOME=/root --setenv=BOOT_SYSTEMD=1 "${ENVS[@]+"${ENVS[@]}"}" -- "${CMD[@]//\$/\$\$}" <&0 &
CPID=$!; wait $CPID; RC=$?; CPID=
if [ -s $W/rc ]; then RC=$(< $W/rc)
elif [ $LIMIT != 0 ] && alive && inside journalctl -u rig-command -o cat --no-pager < /dev/null 2>/dev/null | grep -q "result 'timeout'"; then
  echo "boot-systemd: COMMAND ran past $LIMIT s" >&2; RC=124
else [ $RC != 0 ] && [ $RC != 125 ] || RC=255; echo "boot-systemd: COMMAND did not end by itself (stopped from outside, or the system went down)" >&2; fi
log "command ended with $RC"
exit $RC
