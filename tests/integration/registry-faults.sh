#!/bin/bash
# Pulls and pushes through a proxy that spoils bytes, and a server that lies.
#   registry-faults.sh [ROUNDS [SEED]]
# ROUNDS is 12 as a test; hundreds are for a command of its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry/servers.sh"
need_registry
i=$IMGBUILD
rounds=${1:-12} seed=${2:-1}
export HOME=$WORK/home XDG_CONFIG_HOME=$WORK/config DOCKER_CONFIG=$WORK/docker CONTAINERS_REGISTRIES_CONF=/dev/null
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG XDG_RUNTIME_DIR IMGBUILD_REGISTRIES || :
registry one
mkdir -p "$WORK/c"
for n in 1 2 3; do head -c 40000 /dev/urandom >"$WORK/c/$n"; done
printf 'FROM scratch\nCOPY 1 /\nCOPY 2 /\nCOPY 3 /\n' >"$WORK/c/Dockerfile"
check "an image of three layers" build --push -t "$HOST/a/b:1" "$WORK/c"
check "$rounds pulls and pushes, each right or with a named error, never with a damaged store" \
	python3 "$SOURCE/tests/integration/registry/faults.py" "$i" "$HOST" a/b:1 "$rounds" "$seed"
note "$(tail -n 1 "$LOG")"

# --- a registry that lies ------------------------------------------------------------
mkdir -p "$WORK/lies"
python3 "$SOURCE/tests/integration/registry/lying_registry.py" "$WORK/lies" >"$WORK/lies/out" 2>"$WORK/lies/errors" &
SERVERS+=($!)
L=localhost:$(wait_for "$WORK/lies/out" 'port ([0-9]+)')
printf '[[registry]]\nprefix = "%s"\ntimeout = 1\n' "$L" >"$WORK/conf"
export IMGBUILD_REGISTRIES=$WORK/conf IMGBUILD_ROOT=$WORK/lied
lie() { # NAME PATTERN: a pull of it fails with a sentence like that
	check "$1: $2" says_error "$2" "$i" pull -q "$L/$1:1"
}
check "an honest repository" "$i" pull -q "$L/honest:1"
rm -rf "$WORK/lied"
lie endless 'sent more than its [0-9]+ bytes'
lie other 'sent other bytes than those of its digest'
lie short 'broke off'
lie range 'another range than was asked for'
check "resume: the rest is asked for" "$i" pull -q "$L/resume:1"
rm -rf "$WORK/lied"
check "no-range: who sends all again is taken as well" "$i" pull -q "$L/no-range:1"
lie loop 'redirected more than 10 times'
lie no-url 'no URL of http or https'
lie huge 'larger than 8388608 bytes'
lie deep 'nested deeper than 64 levels'
lie nested 'nested deeper than 4 levels'
lie many 'more than 20000 blobs'
lie html 'manifest: line 1'
lie old 'schema 1 is not supported'
lie busy-long 'rate limit is reached'
lie fails 'status 503'
lie stall 'stopped answering'
lie headers 'eaders|too large|Too large|failed'
lie odd-login 'neither Basic nor Bearer'
lie no-realm 'token server that is no URL'
lie html-token 'did not answer with a token'
lie inject-token 'did not answer with a token'
check "busy: it is waited as long as it asks" "$i" pull -q "$L/busy:1"
digest=$("$i" pull -q "$L/honest:1" | said_digest)
check "another manifest than its digest's" says_error 'another digest' "$i" pull -q "$L/digest@$digest"
rm -rf "$WORK/lied"
export DOCKER_AUTH_CONFIG='{"auths":{"'$L'":{"auth":"dTpw"}}}'
check "a blob on another host" "$i" pull -q "$L/elsewhere:1"
check "   ... which got no credentials" bash -c \
	'grep -q "^127.0.0.1 /v2/elsewhere/blobs/.* none" "$1" && ! grep "^127.0.0.1 .* secret" "$1" && grep -q "^localhost /v2/elsewhere/blobs/.* secret" "$1"' "" "$WORK/lies/seen"
check "nothing that lied is in the store" python3 -c '
import hashlib, os, sys
for name in os.listdir(sys.argv[1]):
    assert hashlib.sha256(open(sys.argv[1] + "/" + name, "rb").read()).hexdigest() == name' "$WORK/lied/blobs/sha256"

# --- ADD, by the same transport ----------------------------------------------------------
unset DOCKER_AUTH_CONFIG
added() { # URL: what ADD gets
	printf 'FROM scratch\nADD %s /got\n' "$1" >"$WORK/Dockerfile"
	"$i" build -q -f "$WORK/Dockerfile" -o "type=tar,dest=$WORK/added.tar" "$WORK/c" >&2 && tar -xOf "$WORK/added.tar" got
}
check "ADD: Content-Encoding is undone" same plain "$(added "http://$L/file/coded")"
check "ADD: a URL is sent as it is written" same "/file/a/../b%41?x=%20" "$(added "http://$L/file/a/../b%41?x=%20")"
: >"$WORK/lies/seen"
check "ADD: a redirect is followed" same plain "$(added "http://user:word@$L/file/away")"
check "   ... without credentials" same "localhost secret 127.0.0.1 none" \
	"$(cut -d' ' -f1,3 "$WORK/lies/seen" | tr '\n' ' ' | sed 's/ $//')"
check "   ... which are in no error" bash -c '! "$0" build -f - "$1" 2>"$2" <<<"FROM scratch
ADD http://user:word@localhost:1/x?signature=word /" && ! grep -E "[^/]word" <(grep -v "^ *[0-9]* |" "$2" | grep imgbuild:)' "$i" "$WORK/c" "$WORK/added.out"

printf '[[registry]]\nprefix = "%s"\n' "$L" >"$WORK/conf"
interrupted() {
	local started=$SECONDS code=0
	"$i" pull -q "$L/stall:1" 2>"$WORK/interrupted" & local pid=$!
	sleep 0.5
	kill -INT $pid
	wait $pid || code=$?
	[ $code -eq 1 ] && [ $((SECONDS - started)) -lt 10 ]
}
check "SIGINT ends a transfer that stalls" interrupted
check "   ... and says so" grep -q cancelled "$WORK/interrupted"

stop_servers
finish
