#!/bin/bash
# Steps that don't need each other run at once, and nothing else about a build
# depends on how many do. Two steps that run at once meet through a cache mount.
. "$(dirname "$0")/lib.sh"
bases
export SOURCE_DATE_EPOCH=1000000000

# meet NAME OTHER: a RUN that says NAME and waits for OTHER, in vain after 20 s
meet() {
	echo "RUN --mount=type=cache,id=meet-$ID,target=/m touch /m/$1 && n=0; until [ -e /m/$2 ]; do n=\$((n+1)); [ \$n -lt 400 ] || exit 1; sleep 0.05; done"
}

# dockerfile: a context in $WORK/c with the Dockerfile on stdin
dockerfile() {
	rm -rf "$WORK/c"
	mkdir "$WORK/c"
	cat >"$WORK/c/Dockerfile"
}

# alive ARGUMENT: the processes that have it, but the one that looks for it
alive() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -ax "[${1%"${1#?}"}]${1#?}" || :
}

ID=stages dockerfile <<D
FROM busybox AS one
$(ID=stages meet one two)
FROM busybox AS two
$(ID=stages meet two one)
FROM busybox
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
D
check "independent stages run at once" build --jobs 2 "$WORK/c"

dockerfile <<D
FROM busybox AS first
$(ID=steps meet first last)
FROM busybox
$(ID=steps meet last first)
COPY --from=first /bin/sh /sh
D
check "a step runs beside the stage that a later step of its own stage needs" build --jobs 2 "$WORK/c"

dockerfile <<'D'
FROM busybox AS a
RUN --mount=type=cache,id=alone,target=/m mkdir /m/here && sleep 0.2 && rmdir /m/here
FROM busybox AS b
RUN --mount=type=cache,id=alone,target=/m mkdir /m/here && sleep 0.3 && rmdir /m/here
FROM busybox
COPY --from=a /bin/sh /a
COPY --from=b /bin/sh /b
D
check "with --jobs 1 they run one after another" build --jobs 1 "$WORK/c"

{
	for i in 1 2 3 4 5 6; do
		echo "FROM busybox AS s$i"
		echo "WORKDIR /w$i"
		echo "RUN echo $i >file && mkdir d && echo $((i / 3)) >d/x"
		echo "COPY data /data$((i / 2))"
	done
	echo "FROM s1"
	for i in 2 3 4 5 6; do
		echo "COPY --from=s$i / /from$i/"
		echo "RUN --mount=from=s$i,target=/m cp /m/w$i/file /f$i"
	done
} | dockerfile
seq 5000 >"$WORK/c/data"

# many JOBS: build in a store of its own; its bytes and its keys
many() {
	cp -r "$WORK/imported" "$WORK/many$1"
	IMGBUILD_ROOT=$WORK/many$1 build --jobs "$1" -o "type=oci,dest=$WORK/many$1.tar,rewrite-timestamp=true" "$WORK/c"
}

IMGBUILD_ROOT=$WORK/imported "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
for jobs in 1 2 8; do
	check "it builds with --jobs $jobs" many $jobs
done
check "two jobs make the bytes that one makes" cmp "$WORK/many1.tar" "$WORK/many2.tar"
check "and so do eight" cmp "$WORK/many1.tar" "$WORK/many8.tar"
check "and the keys are the same" same "$(ls "$WORK/many1/steps")" "$(ls "$WORK/many8/steps")"

{
	for i in 1 2 3 4; do
		echo "FROM busybox AS s$i"
		echo 'RUN --mount=type=cache,id=count,target=/m echo run >>/m/runs; sleep 0.2'
		echo "RUN echo $i >/own"
	done
	echo "FROM busybox"
	for i in 1 2 3 4; do
		echo "COPY --from=s$i /own /own$i"
	done
	echo 'RUN --mount=type=cache,id=count,target=/m echo "runs: $(wc -l </m/runs)"'
} | dockerfile
check "four stages begin with the same step" build --jobs 4 "$WORK/c"
check "which is run once" says 'runs: 1$'
check "without the cache" build --jobs 4 --no-cache "$WORK/c"
check "it is run once more" says 'runs: 2$'

dockerfile <<'D'
FROM busybox AS a
RUN --mount=type=cache,id=x,target=/x,sharing=locked --mount=type=cache,id=y,target=/y,sharing=locked sleep 0.2
RUN --mount=type=cache,id=x,target=/x,sharing=locked --mount=type=cache,id=y,target=/y,sharing=locked sleep 0.3
FROM busybox AS b
RUN --mount=type=cache,id=y,target=/y,sharing=locked --mount=type=cache,id=x,target=/x,sharing=locked sleep 0.1
RUN --mount=type=cache,id=y,target=/y,sharing=locked --mount=type=cache,id=x,target=/x,sharing=locked sleep 0.4
FROM busybox
COPY --from=a /bin/sh /a
COPY --from=b /bin/sh /b
D
check "steps that lock the same two caches don't wait for each other for ever" \
	timeout 60 "$IMGBUILD" build --progress=plain --jobs 2 "$WORK/c"

token=86401.$$
dockerfile <<D
FROM busybox AS made
RUN echo made >/made
$(ID=fail meet made slow)
FROM busybox AS slow
$(ID=fail meet slow made)
RUN sleep $token
FROM made AS bad
RUN n=0; until [ -e /proc/1/fd/9 ] || [ \$n -ge 10 ]; do n=\$((n+1)); sleep 0.05; done; echo oh no; exit 3
FROM busybox
COPY --from=slow /bin/sh /slow
COPY --from=bad /bin/sh /bad
D
start=$(date +%s)
refuse "a step that fails makes the build fail" 1 build --jobs 2 "$WORK/c"
check "at once, without waiting for the others" test $(($(date +%s) - start)) -lt 60
check "they are stopped" says '^#[0-9]+ CANCELED$'
check "and nothing of them is left" same "" "$(alive $token)"
check "nor a mount" sh -c '! grep "$0" /proc/mounts' "$WORK"
check "nor a draft" same "" "$(ls -A "$IMGBUILD_ROOT/tmp")"
check "the message is the first failure's" says 'exit code: 3'
check "with its line" says '>>> RUN n=0'
check "and the end of its log" says '^oh no$'
refuse "the next build fails again" 1 build --jobs 2 "$WORK/c"
check "what was built before the failure is cached" sh -c \
	'grep -A1 "RUN echo made" "$0" | grep -q CACHED' "$WORK/out"

dockerfile <<'D'
FROM busybox AS a
RUN for i in $(seq 200); do printf aaaa; printf 'aaaa\n'; done
FROM busybox AS b
RUN for i in $(seq 200); do printf bbbb; printf 'bbbb\n'; done
FROM busybox
COPY --from=a /bin/sh /a
COPY --from=b /bin/sh /b
D
check "two steps that print at once" build --jobs 2 "$WORK/c"
check "each have their lines whole, behind their own number" same "200 200 2" \
	"$(grep -c '^#[0-9]* [0-9.]* aaaaaaaa$' "$WORK/out") $(grep -c '^#[0-9]* [0-9.]* bbbbbbbb$' "$WORK/out") $(awk '$3 ~ /^(a+|b+)$/ { print $1, $3 }' "$WORK/out" | sort -u | wc -l)"

refuse "--jobs 0 is a mistake" 2 "$IMGBUILD" build --jobs 0 "$WORK/c"

reason=$(why_no_user)
if [ -n "$reason" ]; then
	skip "an ordinary user's independent stages run at once" "$reason"
else
	user_home
	chmod -R a+rX "$WORK/bases"
	dockerfile <<D
FROM busybox AS one
$(ID=user meet one two)
FROM busybox AS two
$(ID=user meet two one)
FROM busybox
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
D
	chmod -R a+rX "$WORK/c"
	check "an ordinary user imports a base" as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox
	check "an ordinary user's independent stages run at once" as_user "$IMGBUILD" build --progress=plain --jobs 2 "$WORK/c"
fi
finish
