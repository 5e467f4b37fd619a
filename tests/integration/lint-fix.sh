#!/bin/bash
# What `lint --fix` may not change: the image, where a fix is of how a file is
# written; and that what it changes on purpose still builds.
. "$(dirname "$0")/lib.sh"
bases
export HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent

mkdir -p "$WORK/context/folder"
echo one >"$WORK/context/a.txt"
echo two >"$WORK/context/folder/b"

# image NAME: config without its history, and the layers' digests
image() {
	"$IMGBUILD" build -q --build-arg SOURCE_DATE_EPOCH=1 -f "$WORK/$1" -o "type=oci,rewrite-timestamp=true,dest=$WORK/$1.tar" "$WORK/context" >"$LOG" 2>&1 || {
		cat "$LOG"
		return 1
	}
	field "$WORK/$1.tar" "{k: c[k] for k in c if k not in ('history', 'created')}"
}

same_image() {
	local before after
	before=$(image before) || { echo "$before"; return 1; }
	after=$(image after) || { echo "$after"; return 1; }
	same "$before" "$after"
}

fix() {
	cp "$WORK/before" "$WORK/after"
	"$IMGBUILD" lint --no-shellcheck --fix "$WORK/after" >"$WORK/report" || :
	! cmp -s "$WORK/before" "$WORK/after"
}

cat >"$WORK/before" <<'D'
ARG BASE=busybox
from --platform=$TARGETPLATFORM $BASE As Build
ENV A one  two $PATH
ENV B "quoted" 
ENV C $A
ENV D it\'s
LABEL some.label a b
LABEL other.label x
ADD . /in/
ADD a.txt folder /in2/
RUN echo "$A|$B|$C" >/vars && \

    touch -d @0 /vars && \
    # why

    touch -d @0 /
FROM busybox
COPY --from=Build /vars /
workdir /x
EXPOSE 80/TCP 8080:90/Udp
D
check "there is much to fix" fix
check "the casing of a stage" grep -q '^FROM \$BASE AS build$' "$WORK/after"
check "key=value" grep -q '^ENV A="one  two \$PATH"$' "$WORK/after"
check "COPY for ADD" grep -qx 'COPY . /in/' "$WORK/after"
check "no empty lines in a RUN" sh -c '! grep -qx "" "$0"' "$WORK/after"
check "and the image is the same" same_image

# the stage that COPY takes from is shown by itself, too
sed -i '/^FROM busybox$/,$d' "$WORK/before"
check "so is its first stage" fix
check "... with its variables and labels" same_image

printf 'FROM busybox\nMAINTAINER "Joe $x <j@x>"\nCMD echo a "b  c"\n' >"$WORK/before"
check "MAINTAINER and a shell form are fixed" fix
check "... and build" image after
check "... to a label" same "Joe \$x <j@x>" \
	"$(field "$WORK/after.tar" 'c["config"]["Labels"]["org.opencontainers.image.authors"]')"
check "... and an exec form" same "['echo', 'a', 'b  c']" "$(field "$WORK/after.tar" 'c["config"]["Cmd"]')"
finish
