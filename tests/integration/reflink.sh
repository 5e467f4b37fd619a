#!/bin/bash
# COPY --from between stages shares the data's blocks where the file system can.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all "needs root to mount a file system"
have mkfs.xfs || skip_all "mkfs.xfs is not installed (package xfsprogs)"
grep -qw xfs /proc/filesystems || skip_all "this kernel has no xfs"
bases

truncate -s 2G "$WORK/disk"
mkfs.xfs -q -m reflink=1 "$WORK/disk"
mkdir "$WORK/xfs" "$WORK/c"
mount -o loop "$WORK/disk" "$WORK/xfs" 2>"$LOG" || skip_all "no loop device can be mounted: $(head -n1 "$LOG")"
trap 'umount "$WORK/xfs"; stopped $LINENO' EXIT
export IMGBUILD_ROOT=$WORK/xfs/store
"$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
used_mib() {
	sync -f "$WORK/xfs"
	df -m --output=used "$WORK/xfs" | tail -n1
}
cat >"$WORK/c/Dockerfile" <<'D'
FROM busybox AS big
RUN head -c 200m /dev/urandom >/big
FROM busybox
COPY --from=big /big /copied
D
check "a stage with 200 MB" build --target big "$WORK/c"
before=$(used_mib)
check "copied to another one" build "$WORK/c"
after=$(used_mib)
note "$before MiB before, $after MiB after"
check "takes no second 200 MB" [ $((after - before)) -lt 20 ]
umount "$WORK/xfs"
trap 'stopped $LINENO' EXIT
finish
