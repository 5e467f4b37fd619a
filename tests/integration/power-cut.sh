#!/bin/bash
# The machine loses power in a build: ext4 on a loop device is shut down without
# flushing its journal (EXT4_IOC_SHUTDOWN), and mounted again. The next build
# gives the image of an untouched store. $CUTS is how often (default 8; 200 take
# some ten minutes), $SEED at which instants.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all "loop devices need root"
have mkfs.ext4 || skip_all "mkfs.ext4 is not installed (package e2fsprogs)"
CUTS=${CUTS:-8}
RANDOM=${SEED:-1}
DISK=$WORK/disk
mkdir "$DISK"

fresh_disk() {
	rm -f "$WORK/image"
	truncate -s 192M "$WORK/image"
	mkfs.ext4 -q -F "$WORK/image"
	mount -o loop "$WORK/image" "$DISK"
}

fresh_disk 2>"$LOG" || skip_all "no loop device can be had here: $(tail -n1 "$LOG")"
trap 'umount -l "$DISK" 2>/dev/null; stopped $LINENO' EXIT

bases
mkdir "$WORK/c"
seq 30000 >"$WORK/c/data"
cat >"$WORK/c/Dockerfile" <<'D'
FROM busybox
COPY data /data
RUN mkdir /many && cd /many && for i in $(seq 200); do echo $i >$i; done
RUN rm -r /var/data && cp /data /copy
WORKDIR /there
D
export SOURCE_DATE_EPOCH=1
export IMGBUILD_ROOT=$DISK/store

once() {
	{ "$IMGBUILD" inspect busybox || "$IMGBUILD" import "$WORK/bases/base.tar" busybox; } >/dev/null 2>&1
	build "$@" -o "type=oci,dest=$WORK/out.tar,rewrite-timestamp=true" \
		-o "type=tar,dest=$WORK/root.tar" "$WORK/c"
}

# what the image is; the history and a root's tar have times at which steps ran
image() {
	field "$WORK/out.tar" 'c["rootfs"]["diff_ids"]'
	tar -tvf "$WORK/root.tar" --numeric-owner | awk '{ $4 = $5 = ""; print }' | sha256sum
}

cut_power() {
	python3 - "$DISK" <<'P'
import fcntl, os, struct, sys
EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587d, 2
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
P
}

# what else the machine does: each fsync commits the journal, and with it names
# whose files' bytes are still in memory
others() {
	while dd if=/dev/zero of="$DISK/other" bs=1 count=1 conv=fsync,notrunc 2>/dev/null; do
		sleep 0.01
	done
}

# the dead file system may live on in mount namespaces of others; what came to
# its disk is mounted from a copy
mount_again() {
	umount -l "$DISK"
	cp --sparse=always "$WORK/image" "$WORK/image.cut"
	mv "$WORK/image.cut" "$WORK/image"
	mount -o loop "$WORK/image" "$DISK"
}

start=$(date +%s%N)
check "it builds unharmed" once
whole_ms=$((($(date +%s%N) - start) / 1000000))
note "an unharmed build takes $whole_ms ms"
wanted=$(image)

wrong=0
for round in $(seq "$CUTS"); do
	# every fourth begins with nothing, the others with what the last one left
	if [ $((round % 4)) -eq 1 ]; then
		umount -l "$DISK"
		fresh_disk
	fi
	at=$((RANDOM * whole_ms * 5 / 4 / 32768))
	once --no-cache >"$WORK/cut" 2>&1 &
	building=$!
	others &
	beside=$!
	sleep "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))"
	cut_power
	wait $building || :
	wait $beside || :
	mount_again
	if ! once >"$WORK/after" 2>&1 || [ "$(image)" != "$wanted" ]; then
		wrong=$((wrong + 1))
		note "round $round, cut after $at ms: another image, or none"
		tail -n 6 "$WORK/after" | sed 's/^/#    /'
	fi
done
check "after each of $CUTS cuts the next build gives the image of an untouched store" same 0 $wrong
umount -l "$DISK"
finish
