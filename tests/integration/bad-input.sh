#!/bin/bash
# What a user's mistakes look like.
. "$(dirname "$0")/lib.sh"
bases
mkdir "$WORK/c"

# mistake CLAIM CODE PATTERN: of the Dockerfile on stdin
mistake() {
	cat >"$WORK/c/Dockerfile"
	refuse "$1" "$2" build "$WORK/c"
	check "   ... and says so: $3" says "$3"
}

mistake "a misspelt instruction is exit 2" 2 'RUNN.*RUN|RUN.*RUNN|did you mean' <<D
FROM busybox
RUNN true
D
check "the message names file and line" says 'Dockerfile:2'
check "and shows the line" says 'RUNN true'
check "and a caret" says '\^'

mistake "an upper-case image is refused" 2 'lower.?case' <<D
FROM Alpine
D
check "with the suggestion" says 'alpine'

mistake "all mistakes of a file at once" 2 'COPPY' <<D
FROM busybox
COPPY a b
SHELL /bin/sh -c
HEALTHCHECK --interval=soon CMD true
D
check "the second" says 'SHELL'
check "the third" says 'soon'

mistake "a missing base says what to do" 2 'no-such-base' <<D
FROM no-such-base
COPY . /
D
check "import or load" says 'import|load'

mistake "a failing RUN is exit 1" 1 'exit code:? 7|exited with 7|code 7' <<D
FROM busybox
RUN echo first step
RUN echo some output; exit 7
RUN echo never
D
check "its command is shown" says 'exit 7'
check "its last lines too" says 'some output'
check "and the path of the full log" says '/logs/'
log=$(grep -Eo '/[^ ]*/logs/[^ ]*' "$WORK/out" | head -n1 || :)
check "which holds the output" grep -q 'some output' "$log"
printf 'FROM busybox\nRUN echo first step\nRUN echo mended\n' >"$WORK/c/Dockerfile"
check "mended, it builds" build "$WORK/c"
check "with the step before it cached" says 'CACHED'

mistake "a missing source names it" 1 'nowhere' <<D
FROM busybox
COPY nowhere /
D
mistake "an unknown stage is named" 2 'later' <<D
FROM busybox AS one
COPY --from=later-stage /a /b
FROM busybox AS later-stage
FROM one
D
refuse "a missing context is one sentence" 1 build "$WORK/none"
check "   ... naming it" says "$WORK/none"
refuse "a missing Dockerfile is named" 1 build -f "$WORK/c/nothing" "$WORK/c"
check "   ... by its path" says 'nothing'
printf 'FROM busybox AS one\nRUN true\n' >"$WORK/c/Dockerfile"
refuse "an unknown target is exit 2" 2 build --target tow "$WORK/c"
refuse "an unknown output type" 2 build -o type=nonsense,dest=x "$WORK/c"
refuse "a platform that is none" 2 build --platform what/ever/is/this "$WORK/c"
printf '\000\001\002' >"$WORK/c/Dockerfile"
refuse "bytes that are no Dockerfile" 2 build "$WORK/c"

if [ "$(id -u)" -eq 0 ] && have mount; then
	printf 'FROM busybox\nRUN head -c 60000000 /dev/zero >/big\n' >"$WORK/c/Dockerfile"
	mkdir "$WORK/small"
	if mount -t tmpfs -o size=24m small "$WORK/small" 2>/dev/null; then
		IMGBUILD_ROOT=$WORK/small/store "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
		refuse "a full disk is exit 1" 1 env IMGBUILD_ROOT="$WORK/small/store" bash -c '"$0" build "$1" >"$2" 2>&1' "$IMGBUILD" "$WORK/c" "$WORK/out"
		check "   ... and says so" says '[Nn]o space|full'
		umount "$WORK/small"
	else
		skip "a full disk is exit 1" "no tmpfs can be mounted here"
	fi
else
	skip "a full disk is exit 1" "needs root to mount a small file system"
fi
finish
