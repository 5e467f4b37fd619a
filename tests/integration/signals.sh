#!/bin/bash
# A signal ends the whole process tree of a build and leaves no mount.
. "$(dirname "$0")/lib.sh"
bases
mkdir "$WORK/c"
token=86399.$$
printf 'FROM busybox\nRUN (sleep %s &) ; sleep %s\n' $token $token >"$WORK/c/Dockerfile"

alive() {
	grep -la "$token" /proc/[0-9]*/cmdline 2>/dev/null | while read -r p; do
		tr '\0' ' ' <"$p" | grep -a "^sleep $token" || :
	done
}

for signal in TERM INT HUP; do
	env --default-signal=INT "$IMGBUILD" build --progress=plain "$WORK/c" >"$WORK/out" 2>&1 &
	pid=$!
	for _ in $(seq 100); do
		[ "$(alive | wc -l)" -lt 2 ] || break
		sleep 0.05
	done
	check "the RUN is running before SIG$signal" test "$(alive | wc -l)" -ge 2
	kill -$signal $pid
	code=0
	wait $pid || code=$?
	check "SIG$signal ends the build with a failure" test $code -ne 0
	check "and every process of it" same "" "$(sleep 0.2; alive)"
	check "and leaves no mount" sh -c '! grep "$0" /proc/mounts' "$WORK"
done
finish
