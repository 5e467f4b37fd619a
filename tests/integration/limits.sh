#!/bin/bash
# What RUN may use and how its machine is called: --memory, --cpus and their kin
# where control groups can be had, a warning where not; --hostname.
. "$(dirname "$0")/lib.sh"
bases
mkdir "$WORK/c"
chmod -R go+rX "$WORK/bases" "$WORK/c"

dockerfile() {
	cat >"$WORK/c/Dockerfile"
}
out() {
	tar -xOf "$WORK/root.tar" "$@"
}
groups_left() {
	find /sys/fs/cgroup -name 'imgbuild-[0-9]*' -type d 2>/dev/null
}

dockerfile <<'D'
FROM busybox
RUN hostname >/name; grep -c "localhost $(hostname)" /etc/hosts >>/name
D
check "a RUN's machine is called buildkitsandbox" build -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... also in /etc/hosts" same "buildkitsandbox 1" "$(out name | tr '\n' ' ' | sed 's/ $//')"
check "--hostname changes no key" build --hostname other "$WORK/c"
check "   ... so the step is cached" all_cached
check "--hostname is what it sees" build --no-cache --hostname other -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... also in /etc/hosts" same "other 1" "$(out name | tr '\n' ' ' | sed 's/ $//')"
check "BUILDKIT_SANDBOX_HOSTNAME does the same" build --no-cache --build-arg BUILDKIT_SANDBOX_HOSTNAME=third -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... without being an argument that nobody asked for" says_not 'not consumed'
check "   ... and is seen" same "third 1" "$(out name | tr '\n' ' ' | sed 's/ $//')"

# bad OPTION VALUE PATTERN
bad() {
	refuse "$1 ${2:-''} is a mistake" 2 build "$1" "$2" "$WORK/c"
	check "   ... named: $3" says "$3"
}
bad --hostname '' '--hostname : not a name'
bad --memory lots '--memory lots: .*lots'
bad --memory-swap 1g '--memory-swap 1g: it is memory and swap together'
bad --cpus none '--cpus none: not a number of cores as in 1.5'
bad --cpus 0 '--cpus 0: not a number of cores'
bad --cpu-period 5 '--cpu-period 5: not a number from 1000 to 1000000'
bad --cpu-shares 1 '--cpu-shares 1: not a number from 2 to 262144'
bad --cpuset-cpus a '--cpuset-cpus a: not a list of numbers as in 0-2,4'
bad --cgroup-parent ../x '--cgroup-parent ../x: not a group'
refuse "--cpus and --cpu-quota exclude each other" 2 build --cpus 1 --cpu-quota 5000 "$WORK/c"

dockerfile <<'D'
FROM busybox
ARG ROUND
RUN cat /proc/self/cgroup >/group; nproc >/cores; grep ^Cpus_allowed_list /proc/self/status >/list
D
first=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
check "limits where control groups can be had, or a warning" build --no-cache --memory 64m --cpus 0.5 --cpuset-cpus "$first" -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
if says 'options do not hold here' >/dev/null 2>&1; then
	check "the warning says why" says 'do not hold here: (create|open|/sys/fs/cgroup).*: '
	skip "a RUN's group holds its limits" "$(grep -o 'do not hold here: .*' "$WORK/out" | head -n1)"
else
	check "a RUN's own group is the top of those it sees" sh -c 'echo "$0" | grep -q ":memory:\|::" && ! echo "$0" | grep -v ":/$"' "$(out group)"
	check "   ... on the cores it was given" same "1 Cpus_allowed_list: $first" "$(out cores list | tr '\n\t' '  ' | sed 's/  */ /g; s/ $//')"
	dockerfile <<-'D'
		FROM busybox
		RUN head -c 200m /dev/zero | tail >/dev/null
	D
	refuse "a command over its memory is killed" 1 build --memory 32m --memory-swap 32m "$WORK/c"
	check "   ... which is said" says 'exit code: 137: --memory was not enough'
	check "without the limit it is not" build "$WORK/c"
	refuse "a core that is none is an error" 1 build --no-cache --cpuset-cpus 4000 "$WORK/c"
	check "   ... that names the value" says 'cpuset.cpus does not take "4000"'
fi
check "no group is left" same "" "$(groups_left)"

reason=$(why_no_user)
if [ "$(id -u)" -eq 0 ] && [ -z "$reason" ]; then
	user_home
	as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
	check "an ordinary user's limits hold, or there is a warning" \
		sh -c '"$@" >"$0" 2>&1 || { cat "$0"; exit 1; }' "$WORK/out" bash -c "$(declare -f as_user); WORK='$WORK'; as_user '$IMGBUILD' build --progress=plain --no-cache --memory 64m '$WORK/c'"
	check "   ... once a step" sh -c '[ "$(grep -c "do not hold here" "$0")" -le 1 ]' "$WORK/out"
else
	skip "an ordinary user's limits hold, or there is a warning" "${reason:-the caller is one}"
fi
# what imgbuild changes for itself is not the command's
dockerfile <<'D'
FROM busybox
RUN ulimit -Sn >/files; ulimit -Hn >>/files; umask >>/files
D
started() {
	bash -c 'ulimit -Sn 1000; ulimit -Hn 3000; umask 077; trap "" PIPE; "$@"' _ "$IMGBUILD" build --no-cache "$@"
}
check "a RUN has the limit of open files that imgbuild was started with" started -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... and the usual umask" same "1000 3000 0022" \
	"$(out files | tr '\n\t' '  ' | sed 's/ $//')"
check "--ulimit nofile still counts" started --ulimit nofile=500:600 -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... as it says" same "500 600" "$(out files | head -n2 | tr '\n' ' ' | sed 's/ $//')"

closed() {
	"$IMGBUILD" build --no-cache -o "type=tar,dest=$WORK/closed.tar" "$WORK/c" <&- >&- 2>&-
}
dockerfile <<'D'
FROM busybox
RUN echo out; echo err >&2; cat; echo done >/done
D
check "a build with descriptors 0 to 2 closed succeeds" closed
check "   ... and its command ran" same done "$(tar -xOf "$WORK/closed.tar" done)"
for fd in 0 1 2; do
	check "   ... with descriptor $fd alone closed, too" eval "\"\$IMGBUILD\" build --no-cache \"\$WORK/c\" $fd>&-"
done

finish
