# Shared by the integration tests: TAP output and what they all need.
#
# A test sources this file, states claims with `check`, `skip` and `note`, and
# ends with `finish`. A command that fails outside of `check` ends the test as
# a failure that names its line.
#
#   $IMGBUILD      the program under test (default: build/cli/imgbuild)
#   $TEST_CACHE    keeps what is slow to make (default: beside the program)
#   $TEST_DEBIAN   a ready root file system tar of Debian with apt
# shellcheck shell=bash
set -eu

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
FIXTURES=$SOURCE/fixtures
IMGBUILD=$(realpath "${IMGBUILD:-$SOURCE/build/cli/imgbuild}")
TEST_CACHE=${TEST_CACHE:-$(dirname "$IMGBUILD")/../tests/cache}
NAME=$(basename "$0" .sh)

WORK=$(mktemp -d "${TMPDIR:-/tmp}/imgbuild-$NAME.XXXXXX")
chmod 755 "$WORK"
export IMGBUILD_ROOT=$WORK/store
LOG=$WORK/log
n_claims=0 n_failed=0 finished= SERVER=

trap 'stopped $LINENO' EXIT

stopped() {
	stop_server
	if [ -z "$finished" ]; then
		n_claims=$((n_claims + 1))
		echo "not ok $n_claims - the test ran to its end"
		[ ! -s "$LOG" ] || tail -n 15 "$LOG" | sed 's/^/# /'
		echo "1..$n_claims"
	fi
	rm_work
}

stop_server() {
	[ -z "$SERVER" ] || kill "$SERVER"
	SERVER=
}

rm_work() {
	chmod -R u+rwX "$WORK" 2>/dev/null || :
	rm -rf "$WORK" 2>/dev/null || {
		# files of subordinate ids: only a user namespace may remove them
		unshare -Umr --map-auto rm -rf "$WORK" 2>/dev/null || :
	}
}

# check CLAIM COMMAND...: the command's success makes the claim true
check() {
	local claim=$1
	shift
	n_claims=$((n_claims + 1))
	if "$@" >"$LOG" 2>&1; then
		echo "ok $n_claims - $claim"
	else
		n_failed=$((n_failed + 1))
		echo "not ok $n_claims - $claim"
		sed 's|^|#   |' <<<"$*"
		tail -n 25 "$LOG" | sed 's/^/#   /'
	fi
}

# refuse CLAIM CODE COMMAND...: the command must exit with that code
refuse() {
	local claim=$1 code=$2
	shift 2
	check "$claim" exits_with "$code" "$@"
}

exits_with() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "exit code $got, not $want"; return 1; }
}

# skip CLAIM REASON: counted as skipped, never as passed
skip() {
	n_claims=$((n_claims + 1))
	echo "ok $n_claims - $1 # SKIP $2"
}

# skip_all REASON: nothing of this test can run here
skip_all() {
	finished=1
	echo "1..0 # SKIP $1"
	rm_work
	trap - EXIT
	exit 0
}

note() {
	echo "# $*"
}

finish() {
	finished=1
	stop_server
	echo "1..$n_claims"
	rm_work
	trap - EXIT
	[ "$n_failed" -eq 0 ]
}

have() {
	command -v "$1" >/dev/null 2>&1
}

same() {
	[ "$1" = "$2" ] || { printf 'want: %s\ngot:  %s\n' "$1" "$2"; return 1; }
}

# build ARGS...: a build whose output is kept in $WORK/out
build() {
	"$IMGBUILD" build --progress=plain "$@" >"$WORK/out" 2>&1 || {
		local code=$?
		cat "$WORK/out"
		return $code
	}
}

# says PATTERN: the last build's output holds the extended regular expression
says() {
	grep -Eq -- "$1" "$WORK/out" || {
		echo "no /$1/ in:"
		cat "$WORK/out"
		return 1
	}
}

says_not() {
	! grep -E -- "$1" "$WORK/out"
}

# every step of the last build that could be cached was
all_cached() {
	says 'CACHED' && says_not '^#[0-9]+ [0-9.]+ ' &&
		same "" "$(uncached_steps)"
}

uncached_steps() {
	awk '/^#[0-9]+ \[.*\] (RUN|COPY|ADD|WORKDIR)/ { step[$1] = $0 }
	     $2 == "CACHED" { delete step[$1] }
	     END { for (s in step) print step[s] }' "$WORK/out"
}

# field ARCHIVE EXPRESSION: a python expression over config c and manifest m
field() {
	python3 - "$1" "$2" <<'P'
import json, sys, tarfile
tar = tarfile.open(sys.argv[1])
def blob(d): return json.load(tar.extractfile("blobs/" + d.replace(":", "/")))
index = json.load(tar.extractfile("index.json"))
m = blob(index["manifests"][0]["digest"])
while "manifests" in m: m = blob(m["manifests"][0]["digest"])
c = blob(m["config"]["digest"])
print(eval(sys.argv[2]))
P
}

digest_of() {
	sha256sum "$1" | cut -d' ' -f1
}

# serve FOLDER: an http server of our own over FOLDER; its URL is in $URL
serve() {
	: >"$WORK/server"
	python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$1" >"$WORK/server" 2>/dev/null &
	SERVER=$!
	local port
	for _ in $(seq 50); do
		port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$WORK/server")
		[ -z "$port" ] || break
		sleep 0.1
	done
	URL=http://127.0.0.1:$port
}

# bases: import busybox, and load conformance/base and /rich
bases() {
	have busybox || [ -n "${BUSYBOX:-}" ] || skip_all "busybox-static is not installed"
	python3 "$SOURCE/tests/conformance/base.py" "$WORK/bases"
	"$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
}

# debian_base: import debian:bookworm; made once, then kept in $TEST_CACHE
debian_base() {
	"$IMGBUILD" import "$(debian_tar)" debian:bookworm >/dev/null
}

debian_tar() {
	local tar=${TEST_DEBIAN:-$TEST_CACHE/debian.tar}
	[ -s "$tar" ] || make_debian "$tar" >&2
	echo "$tar"
}

# A minimal Debian that fetches packages as this machine does: its sources,
# proxy and checks are taken over when the tar is made.
make_debian() {
	local apt=$WORK/apt sources=/etc/apt/sources.list.d/debian.sources
	[ -s $sources ] || sources=
	mkdir -p "$TEST_CACHE" "$apt"
	apt-config dump | grep -E '^Acquire::(http|https|Check)[^ ]*(::Proxy|-Valid-Until|-Date) ' >"$apt/host.conf" || :
	mmdebstrap --quiet --format=tar --variant=minbase --include=ca-certificates \
		--customize-hook='copy-in '"$apt"'/host.conf /etc/apt/apt.conf.d' \
		--customize-hook='rm -f "$1/etc/hostname" "$1/etc/resolv.conf"' \
		bookworm "$1.new" $sources
	mv "$1.new" "$1"
}

need_debian() {
	if [ ! -s "${TEST_DEBIAN:-$TEST_CACHE/debian.tar}" ]; then
		have mmdebstrap || skip_all "mmdebstrap is not installed and \$TEST_DEBIAN names no tar"
		debian_tar >"$WORK/debian.log" 2>&1 || {
			sed 's/^/# /' "$WORK/debian.log"
			skip_all "no Debian base: its packages can't be fetched here"
		}
	fi
}

# as_user COMMAND...: as an ordinary user with subordinate ids
as_user() {
	if [ "$(id -u)" -ne 0 ]; then
		env IMGBUILD_ROOT="$WORK/home/store" "$@"
	else
		(cd / && setpriv --reuid=imgbuild-test --regid=imgbuild-test --init-groups \
			env HOME="$WORK/home" IMGBUILD_ROOT="$WORK/home/store" XDG_RUNTIME_DIR= "$@")
	fi
}

# why_no_user: the reason why no ordinary user can build here; nothing if one can
why_no_user() {
	have newuidmap || { echo "newuidmap is not installed (package uidmap)"; return; }
	local user=imgbuild-test
	if [ "$(id -u)" -eq 0 ]; then
		id $user >/dev/null 2>&1 || useradd --system --shell /usr/sbin/nologin --no-create-home \
			--user-group --add-subids-for-system $user
	else
		user=$(id -un)
	fi
	grep -q "^$user:" /etc/subuid || { echo "$user has no subordinate ids in /etc/subuid"; return; }
	as_user unshare -Ur true 2>/dev/null || echo "user namespaces are not allowed here"
}

# user_home: makes $WORK/home for that user, and a program that it can run
user_home() {
	mkdir -p "$WORK/home"
	if [ "$(id -u)" -eq 0 ]; then
		chown imgbuild-test:imgbuild-test "$WORK/home"
		cp "$IMGBUILD" "$WORK/imgbuild"
		IMGBUILD=$WORK/imgbuild
	fi
}

# need_user: skips the whole test where no ordinary user can build
need_user() {
	local reason
	reason=$(why_no_user)
	[ -z "$reason" ] || skip_all "$reason"
	user_home
}
