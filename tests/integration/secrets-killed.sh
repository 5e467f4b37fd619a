#!/bin/bash
# Builds with secrets, killed with SIGKILL at random instants: no trace of them
# stays on the machine, whoever builds. $KILLS is how often (default 8).
. "$(dirname "$0")/lib.sh"
bases
KILLS=${KILLS:-8}
TOKEN=secret_$$_$RANDOM$RANDOM$RANDOM
chmod -R go+rX "$WORK/bases"
mkdir -m 755 "$WORK/c" "$WORK/out-of-killed"
chmod 777 "$WORK/out-of-killed"
echo "$TOKEN" >"$WORK/word"
cat >"$WORK/c/Dockerfile" <<'D'
FROM busybox
ARG ROUND
RUN --mount=type=secret,id=word --mount=type=secret,id=env,env=WORD,target=/other \
	echo $ROUND; test -s /run/secrets/word && test -n "$WORD" && ulimit -c && sleep 0.3
RUN --mount=type=secret,id=word,target=/etc/word,mode=0444 test -s /etc/word && sleep 0.1
RUN --mount=type=secret,id=word,target=/etc/word,mode=0440,uid=3,gid=4 stat -c 'file %a %u %g' /etc/word
RUN ulimit -Sc | sed 's/^/without: /'
D

as_who() {
	case $WHO in
	caller) "$@" ;;
	user) as_user env VALUE="$TOKEN" "$@" ;;
	esac
}
with_secrets() {
	as_who "$IMGBUILD" build --progress=plain --build-arg ROUND="$1" --secret id=word,src="$WORK/word" \
		--secret id=env,env=VALUE -o "type=tar,dest=$WORK/out-of-killed/$WHO.tar" "$WORK/c"
}
# files where one could be, and what processes show
traces() {
	grep -rlaF -f "$WORK/word" /dev/shm /run "$WORK" 2>/dev/null | grep -vx "$WORK/word" || :
	find /tmp /var/tmp -maxdepth 2 -type f -newer "$WORK/word" -exec grep -laF -f "$WORK/word" {} + 2>/dev/null || :
	grep -laF -f "$WORK/word" /proc/[0-9]*/cmdline 2>/dev/null || :
}
# killed_after MS
killed_after() {
	local at=$1 pid
	with_secrets "$round" >"$WORK/out" 2>&1 &
	pid=$!
	sleep "0.$at"
	if [ "$WHO" = user ]; then
		pkill -KILL -U imgbuild-test -f "^$IMGBUILD build" || :
	else
		kill -KILL $pid 2>/dev/null || :
	fi
	wait $pid 2>/dev/null || :
}

is_found() {
	echo "a $TOKEN" >"$1"
	local found
	found=$(traces)
	rm "$1"
	grep -qx "$1" <<<"$found"
}
for place in /dev/shm /tmp "$WORK/out-of-killed"; do
	check "a trace in $(basename "$place") would be found" is_found "$place/imgbuild-trace-$$"
done

claims() {
	check "$WHO: it builds unharmed" with_secrets 0
	cp "$LOG" "$WORK/out"
	check "$WHO:   ... a secret has the mode and owner asked for" says 'file 440 3 4'
	check "$WHO:   ... a step with secrets dumps no core" says '^#[0-9]+ [0-9.]+ 0$'
	check "$WHO:   ... others as the caller's limit has it" says "without: $(ulimit -Sc)"
	check "$WHO:   ... and no trace is left" same "" "$(traces)"
	local round left=
	for round in $(seq "$KILLS"); do
		killed_after "$(printf '%03d' $((RANDOM % 700)))"
		left=$left$(traces)
	done
	sleep 0.2
	check "$WHO: nor after each of $KILLS kills" same "" "$left$(traces)"
}

export VALUE=$TOKEN
WHO=caller claims
why=$(why_no_user)
if [ "$(id -u)" -ne 0 ]; then
	note "not root: the caller is an ordinary user"
elif [ -n "$why" ]; then
	skip "user: the same" "$why"
else
	user_home
	as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
	WHO=user claims
fi
finish
