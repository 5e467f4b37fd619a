#!/bin/bash
# Builds with what root in a stock container has: no namespace, no mount.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all "only root becomes a container's root"
"$IN_POD" true || skip_all "this machine does not let its capabilities go"
bases
c=$WORK/c
mkdir -p "$c/src"
echo in >"$c/src/f"
echo canary >"$WORK/canary"
pod() {
	"$IN_POD" "$@"
}
pod_build() {
	pod "$IMGBUILD" build --progress=plain "$@" "$c" >"$WORK/out" 2>&1 || { cat "$WORK/out"; return 1; }
}
dockerfile() {
	cat >"$c/Dockerfile"
}
seen() {
	tar -xOf "$WORK/root.tar" "$1"
}

refuse "nothing can be mounted there" 32 pod mount -t tmpfs none /mnt
refuse "no namespace made" 1 pod unshare -m true
check "a base comes in" pod "$IMGBUILD" import "$WORK/bases/base.tar" busybox

dockerfile <<-'D'
	FROM busybox
	COPY src /src
	WORKDIR /work
	ENV A=b
D
check "a build without RUN" pod_build -t copied
dockerfile <<-'D'
	FROM busybox
	RUN mkdir -p /home/alice/x && chown alice /home/alice/x && echo new >>/etc/group
	COPY --chown=alice src /src
	USER alice
	RUN id -u >/home/alice/x/id; mkdir /tmp/t; ln -s /src /tmp/t/link; echo a >/tmp/t/one; ln /tmp/t/one /tmp/t/two
	USER root
	RUN rm -r /src && chmod 4755 /bin/busybox && mkdir -p /new/a && rmdir /new/a && mknod /fifo p
	RUN test ! -e /src && rm -r /tmp/t && mkdir /tmp/t && touch /tmp/t/fresh
D
export SOURCE_DATE_EPOCH=1000000000
check "a build with RUN, users, links, deletions" pod_build -o "type=oci,dest=$WORK/pod.tar,rewrite-timestamp=true"
"$IMGBUILD" save busybox -o "$WORK/base.oci.tar"
IMGBUILD_ROOT=$WORK/other "$IMGBUILD" load -i "$WORK/base.oci.tar" >/dev/null
IMGBUILD_ROOT=$WORK/other check "   ... as root with all rights" build -o "type=oci,dest=$WORK/root.oci.tar,rewrite-timestamp=true" "$c"
check "   ... gives the same bytes" cmp "$WORK/pod.tar" "$WORK/root.oci.tar"
check "again" pod_build
check "   ... is cached" all_cached
unset SOURCE_DATE_EPOCH

dockerfile <<-'D'
	FROM busybox
	RUN --mount=type=cache,target=/k echo round >>/k/log; cat /k/log >/seen
	RUN --mount=type=cache,target=/k --mount=type=tmpfs,target=/t --mount=type=bind,source=src,target=/m --mount=type=secret,id=s \
		echo 2 >>/k/log; touch /t/x; cat /m/f >/out; cat /run/secrets/s | wc -c >>/out; cat /k/log >>/out
D
printf hidden-word >"$WORK/secret"
check "mounts" pod_build --secret "id=s,src=$WORK/secret" -o "type=tar,dest=$WORK/root.tar"
check "   ... show what they should" same "in 11 round 2" "$(seen out | xargs)"
check "   ... and leave nothing in the image" sh -c '! tar -tf "$0" | grep -E "^(k|t|m)(/|$)|^run/secrets"' "$WORK/root.tar"
check "   ... nor of the secret in the store" sh -c '! grep -rl hidden-word "$0"' "$IMGBUILD_ROOT"
check "caches" pod_build --no-cache --secret "id=s,src=$WORK/secret" -o "type=tar,dest=$WORK/root.tar"
check "   ... last" same "in 11 round 2 round 2" "$(seen out | xargs)"

dockerfile <<-'D'
	FROM busybox
	RUN rm -r /etc/passwd && false
D
refuse "a command that fails" 1 pod_build
check "   ... is an error with its code" says 'exit code: 1'
dockerfile <<-'D'
	FROM busybox
	RUN no-such-program
	RUN ["/no/such/program"]
D
refuse "a program that is not there" 1 pod_build
dockerfile <<-'D'
	FROM busybox
	RUN ["/no/such/program"]
D
refuse "a path that is not there" 1 pod_build
check "   ... is named" says '/no/such/program: no such program in the image'
dockerfile <<-'D'
	FROM busybox
	RUN --mount=type=cache,target=/k mv /k /away
D
refuse "a mount that is moved away" 1 pod_build
check "   ... is an error" says 'moved the mount k away'
dockerfile <<-'D'
	FROM busybox
	RUN ln -s / /l
	RUN --mount=type=tmpfs,target=/l true
D
refuse "a mount over the root" 1 pod_build
check "   ... is refused" says "mount target '/l' is the root itself"
dockerfile <<-'D'
	FROM busybox
	RUN --network=none true
D
refuse "what can't be had" 1 pod_build
check "   ... says so" says 'not possible in this container'

# the way out that a root with CAP_SYS_CHROOT has
dockerfile <<-D
	FROM busybox
	RUN ln -s / /up; cat /../../../../../..$WORK/canary; chroot /up true && echo out; mkdir x; chroot x /bin/true && echo out; ! cat /up/..$WORK/canary
D
check "a command that looks for the host's files" pod_build
check "   ... finds none, nor can it change its root" sh -c '! grep -E "^#[0-9]+ [0-9.]+ (canary|out)$" "$0"' "$WORK/out"

dockerfile <<-'D'
	FROM busybox
	RUN setsid sleep 987 >/dev/null 2>&1 & (sleep 988 >/dev/null 2>&1 &) ; true
D
check "a command that leaves processes" pod_build
check "   ... leaves none" sh -c '! pgrep -f "sleep 98[78]"'
dockerfile <<-'D'
	FROM busybox
	RUN setsid sleep 986 & sleep 985
D
"$IN_POD" "$IMGBUILD" build --progress=plain "$c" >"$WORK/out" 2>&1 &
build_pid=$!
for _ in $(seq 100); do pgrep -f 'sleep 985' >/dev/null && break; sleep 0.1; done
kill -KILL "$build_pid"
for _ in $(seq 50); do pgrep -f 'sleep 98[56]' >/dev/null || break; sleep 0.1; done
check "a build that is killed leaves no process" sh -c '! pgrep -f "sleep 98[56]"'
dockerfile <<-'D'
	FROM busybox
	RUN true
D
check "the next one builds" pod_build
check "   ... and leaves nothing in tmp" same "" "$(ls "$IMGBUILD_ROOT/tmp")"

dockerfile <<-'D'
	FROM busybox AS one
	RUN echo 1 >/1; sleep 0.3
	FROM busybox AS two
	RUN echo 2 >/2; sleep 0.3
	FROM busybox
	COPY --from=one /1 /
	COPY --from=two /2 /
	RUN cat /1 /2 >/both
D
check "steps at once" pod_build --jobs 2 -o "type=tar,dest=$WORK/root.tar"
check "   ... each in its own root" same "1 2" "$(seen both | xargs)"
finish
