#!/bin/bash
# A signal ends the whole process tree of a build and leaves no mount.
. "$(dirname "$0")/lib.sh"
bases
mkdir "$WORK/c"
token=86399.$$
printf 'FROM busybox\nRUN (sleep %s &) ; sleep %s\n' $token $token >"$WORK/c/Dockerfile"

alive() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -ax "[${token%${token#?}}]${token#?}" || :
}

for signal in TERM INT HUP; do
	env --default-signal=INT,HUP,TERM "$IMGBUILD" build --progress=plain "$WORK/c" >"$WORK/out" 2>&1 &
	pid=$!
	for _ in $(seq 100); do
		[ "$(alive | wc -l)" -lt 2 ] || break
		sleep 0.05
	done
	check "the RUN is running before SIG$signal" test "$(alive | wc -l)" -ge 2
	kill -$signal $pid
	for _ in $(seq 400); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL $pid 2>/dev/null || :
	code=0
	wait $pid 2>/dev/null || code=$?
	check "SIG$signal ends the build with a failure" test $code -ne 0
	check "and every process of it" same "" "$(sleep 0.2; alive)"
	check "and leaves no mount" sh -c '! grep "$0" /proc/mounts' "$WORK"
done
finish
