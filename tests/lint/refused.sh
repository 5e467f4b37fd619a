#!/usr/bin/env bash
# What `imgbuild build` refuses before it asks for an image, `imgbuild lint`
# says: in the same words, at the same place, for each text below. Prints TAP.
# shellcheck disable=SC2016 # the variables are the Dockerfiles' own
set -u
export HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export IMGBUILD_ROOT=$work/store
mkdir "$work/context"
cd "$work/context" || exit 1
n=0 failed=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		failed=1
	fi
}
# The mistakes of a report, each with its line and what is marked in it.
mistakes() {
	awk '/^Dockerfile:/ { keep = / error: / } keep' |
		grep -E '^Dockerfile:|^ +([0-9]+)? *\|' | sed 's/ \[[^]]*\]$//'
}
lint() { "$IMGBUILD" lint --no-shellcheck --select DL1000 -f pretty Dockerfile; }
refused() { # NAME TEXT
	printf '%b' "$2" >Dockerfile
	"$IMGBUILD" build . 2>&1 | mistakes >by-build
	lint 2>&1 | mistakes >by-lint
	diff by-build by-lint | sed 's/^/# /'
	[ -s by-build ] && cmp -s by-build by-lint
	result $? "$1"
	rm -f by-build by-lint
}
quiet() { # NAME TEXT
	printf '%b' "$2" >Dockerfile
	lint >said 2>&1
	sed 's/^/# /' said
	[ ! -s said ]
	result $? "nothing is said of $1"
	rm -f said
}

refused 'EXPOSE of what is no port' 'FROM scratch\nEXPOSE banana\n'
refused 'EXPOSE of too large a port' 'FROM scratch\nEXPOSE 99999\n'
refused 'EXPOSE of a variable' 'FROM scratch\nARG P=70000\nEXPOSE 80 $P\n'
refused 'STOPSIGNAL of no signal' 'FROM scratch\nSTOPSIGNAL SIGFOO\n'
refused 'STOPSIGNAL of a variable' \
	'FROM scratch\nENV S=FOO\nSTOPSIGNAL SIG$S\n'
refused 'COPY --chmod' 'FROM scratch\nCOPY --chmod=9x a /\n'
refused 'ADD --chmod of a variable' \
	'FROM scratch\nARG M=888\nADD --chmod=$M a /\n'
refused 'VOLUME of nothing' 'FROM scratch\nVOLUME ["/a", ""]\n'
refused 'VOLUME of an empty variable' 'FROM scratch\nENV V=""\nVOLUME $V\n'
refused 'a mount on /' \
	'FROM scratch\nRUN --mount=type=tmpfs,target=/a/.. x\n'
refused 'a mount of a bad size' \
	'FROM scratch\nRUN --mount=type=tmpfs,target=/a,size=big x\n'
refused 'a mount of an unknown type' \
	'FROM scratch\nRUN --mount=type=cashe,target=/a x\n'
refused "a mount's mode from a variable" \
	'FROM scratch\nENV M=9\nRUN --mount=type=cache,target=/a,mode=$M x\n'
refused "a mount's from of no image" \
	'FROM scratch\nRUN --mount=from=A/B,target=/a x\n'
refused 'FROM of a name in upper case' 'FROM Debian\n'
refused 'FROM of a bad tag' 'FROM debian:\n'
refused 'FROM of a bad digest' 'FROM debian@sha256:12\n'
refused 'FROM of nothing' 'ARG B=""\nFROM $B\n'
refused 'FROM of a name from a variable' 'ARG B=a/B\nFROM $B\n'
refused 'FROM of a stage in another case' \
	'FROM scratch AS Bug\nFROM Bug\n'
refused 'FROM --platform' 'FROM --platform=linux/amd64/v1/x scratch\n'
refused 'FROM --platform of a variable' \
	'ARG P=a/b/c/d\nFROM --platform=$P scratch\n'
refused 'COPY --from of a stage behind' \
	'FROM scratch AS a\nCOPY --from=b /a /\nFROM scratch AS b\nFROM a\n'
refused 'COPY --from of itself' 'FROM scratch AS a\nCOPY --from=a /a /\n'
refused 'COPY --from of a number' 'FROM scratch\nCOPY --from=7 /a /\n'
refused 'COPY --from of no image' 'FROM scratch\nCOPY --from=A/B /a /\n'
refused 'COPY of a URL' 'FROM scratch\nCOPY https://h/f /\n'
refused 'COPY of a repository' 'FROM scratch\nCOPY git@h:a/b.git /\n'
refused 'ADD --checksum of a file' \
	"FROM scratch\nADD --checksum=sha256:$(printf 'a%.0s' {1..64}) a /\n"
refused 'ADD --checksum of two files' \
	"FROM scratch\nADD --checksum=sha256:$(printf 'a%.0s' {1..64}) a b /\n"
refused 'ADD --checksum that is none' \
	'FROM scratch\nADD --checksum=md5:1 https://h/f /\n'
refused 'a variable that has to be set' \
	'FROM scratch\nENV A=""\nWORKDIR /${A:?is empty}\n'
refused 'the trigger of a stage, where it fires' \
	'FROM scratch AS a\nONBUILD EXPOSE banana\nFROM a\n'
refused 'several of one stage at once' \
	'FROM scratch\nEXPOSE x\nSTOPSIGNAL y\nCOPY --chmod=z a /\n'

quiet 'what only --build-arg tells' \
	'ARG B\nARG P\nFROM --platform=$P a:$B\nARG S\nENV T=$S\nSTOPSIGNAL $T\n'
quiet 'what only the base image tells' \
	'FROM a:1\nENV T=$S\nEXPOSE $P/tcp $T\nSTOPSIGNAL $T\nVOLUME $V\n'
quiet 'a value that was known before it was lost' \
	'FROM a:1\nENV T=banana\nENV T=$S\nSTOPSIGNAL $T\n'
quiet 'a mount that a base image completes' \
	'FROM a:1\nRUN --mount=type=cache,target=$D,mode=$M x\n'
quiet 'what the command line allows' \
	'FROM a:1\nRUN --security=insecure x\n'
quiet 'stages that are named by the platform' \
	'FROM a:1 AS x-amd64\nFROM x-$TARGETARCH\nCOPY --from=x-amd64 /a /\n'

printf 'FROM a:1\nEXPOSE x\nFROM b:1\nEXPOSE y\nFROM Q\n' >Dockerfile
lint >said 2>&1
[ "$(grep -c '^Dockerfile:[245]:.* error: ' said)" = 3 ]
result $? "a stage's mistakes hide no other's"
echo "1..$n"
exit $failed
