#!/bin/bash
# The sshd tutorial on a Debian base: as root and as an ordinary user; the
# image, unpacked by umoci and started with crun, answers `sshd -t`.
. "$(dirname "$0")/lib.sh"
need_debian
cp -r "$FIXTURES/sshd" "$WORK/sshd"
chmod -R go+rX "$WORK/sshd"
check "the base imports" debian_base
check "it builds" build -t sshd -o "$WORK/sshd.tar" "$WORK/sshd"
check "a second time" build -t sshd "$WORK/sshd"
check "every step is cached" all_cached
start=$(date +%s%N)
build -t sshd "$WORK/sshd" || :
took_ms=$((($(date +%s%N) - start) / 1000000))
note "the cached build took $took_ms ms"
check "in less than a second" test $took_ms -lt 1000
check "the shell-form CMD" same "['/bin/sh', '-c', '/usr/sbin/sshd -D -e']" "$(field "$WORK/sshd.tar" 'c["config"]["Cmd"]')"
check "ENV in the old form" test -n "$(field "$WORK/sshd.tar" '[e for e in c["config"]["Env"] if e == "DEBIAN_FRONTEND=noninteractive"][0]')"

# answers BUNDLE: `sshd -t` in a container of the unpacked image
answers() {
	python3 - "$1/config.json" <<'P'
import json, sys
c = json.load(open(sys.argv[1]))
c["process"].update(terminal=False, args=["/usr/sbin/sshd", "-t"])
# umoci's default asks for terminals and cgroups that a test box may not have
c["process"].pop("rlimits", None)
c["linux"].pop("resources", None)
json.dump(c, open(sys.argv[1], "w"))
P
	# crun refuses machines with cgroup v1 beside v2: show it v2 alone
	unshare --mount sh -c '
		grep -q " /sys/fs/cgroup cgroup2 " /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup
		exec crun --cgroup-manager=disabled run --bundle "$@"' sh "$1" "imgbuild-test-$$"
}

# unpack_as ARCHIVE BUNDLE
unpack_as() {
	skopeo copy -q "oci-archive:$1" "oci:$2.layout:sshd" &&
		umoci unpack --image "$2.layout:sshd" "$2"
}

if [ "$(id -u)" -ne 0 ]; then
	skip "sshd -t in crun" "needs root: umoci's unprivileged unpack drops owners"
elif have skopeo && have umoci && have crun; then
	check "umoci unpacks it" unpack_as "$WORK/sshd.tar" "$WORK/bundle"
	check "sshd -t in crun" answers "$WORK/bundle"
	check "authorized_keys is there" cmp "$FIXTURES/sshd/authorized_keys" "$WORK/bundle/rootfs/root/.ssh/authorized_keys"
	check "nothing of the sandbox is" test ! -s "$WORK/bundle/rootfs/etc/resolv.conf"
else
	skip "sshd -t in crun" "skopeo, umoci or crun is not installed"
fi

if [ "$(id -u)" -eq 0 ]; then
	reason=$(why_no_user)
	if [ -n "$reason" ]; then
		skip "an ordinary user builds it" "$reason"
	else
		user_home
		check "an ordinary user imports the base" as_user "$IMGBUILD" import "$(debian_tar)" debian:bookworm
		check "an ordinary user builds it" as_user "$IMGBUILD" build --progress=plain -t sshd \
			-o "$WORK/home/sshd.tar" "$WORK/sshd"
		if have skopeo && have umoci && have crun; then
			check "umoci unpacks the user's image" unpack_as "$WORK/home/sshd.tar" "$WORK/bundle2"
			check "the user's image answers sshd -t too" answers "$WORK/bundle2"
		else
			skip "the user's image answers sshd -t too" "skopeo, umoci or crun is not installed"
		fi
	fi
fi
check "no mount is left" sh -c '! grep "$0" /proc/mounts' "$WORK"
finish
