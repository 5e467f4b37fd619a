#!/bin/bash
# Killed with SIGKILL at random instants, with two stages under way, the next
# build finds a good store, no mount and no process of the dead one. $KILLS is how often (default 50).
. "$(dirname "$0")/lib.sh"
bases
KILLS=${KILLS:-50}
mkdir "$WORK/c"
seq 20000 >"$WORK/c/data"
cat >"$WORK/c/Dockerfile" <<'D'
FROM busybox AS side
ARG ROUND
WORKDIR /side
RUN for i in $(seq 200); do echo $i >$i; done; sleep 0.05; echo $ROUND >round
COPY data data
FROM busybox
ARG ROUND
RUN mkdir /many && cd /many && for i in $(seq 300); do echo $i >$i; done; sleep 0.05; echo $ROUND >/round
COPY data /data
RUN rm -r /var/data && cp /data /copy && sleep 0.05
ADD data /more/
WORKDIR /there
COPY --from=side /side /side
RUN sleep 0.05; ls / >listing
D

once() {
	build --jobs 2 -t killed -o "$WORK/killed.tar" --build-arg ROUND="$1" "$WORK/c"
}

start=$(date +%s%N)
check "it builds unharmed" once 0
whole_ms=$((($(date +%s%N) - start) / 1000000))
note "an unharmed build takes $whole_ms ms"

# kill_round N: start in a process group of its own, kill imgbuild alone
kill_round() {
	local at=$((RANDOM * whole_ms / 32768))
	"$IMGBUILD" build --progress=plain --jobs 2 -t killed -o "$WORK/killed.tar" --build-arg ROUND="$1" "$WORK/c" >"$WORK/out" 2>&1 &
	local pid=$!
	sleep "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))"
	kill -KILL $pid 2>/dev/null || :
	wait $pid 2>/dev/null || :
}

survivors() {
	grep -l "$WORK" /proc/[0-9]*/mountinfo 2>/dev/null | grep -v "/$$/" || :
}

bad=0
for round in $(seq "$KILLS"); do
	kill_round "$round"
	if ! once "$round" >"$WORK/after" 2>&1; then
		bad=$((bad + 1))
		note "round $round: the next build fails:"
		tail -n 8 "$WORK/after" | sed 's/^/#    /'
	fi
done
check "the next build succeeds after each of $KILLS kills" same 0 $bad
check "no mount is left" sh -c '! grep "$0" /proc/self/mountinfo' "$WORK"
check "no process is left that sees the store" same "" "$(survivors)"
check "nothing is left in tmp" same "" "$(ls -A "$IMGBUILD_ROOT/tmp" 2>/dev/null)"
check "the image is whole" field "$WORK/killed.tar" 'len(c["rootfs"]["diff_ids"])'
before=$(digest_of "$WORK/killed.tar")
check "a last build" once "$KILLS"
check "is cached" all_cached
check "with the same bytes" same "$before" "$(digest_of "$WORK/killed.tar")"
finish
