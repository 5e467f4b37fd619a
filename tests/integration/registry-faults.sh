#!/bin/bash
# Pulls and pushes through a proxy that spoils bytes, and a server that lies.
#   registry-faults.sh [ROUNDS [SEED]]
# ROUNDS is 16 as a test; hundreds are for a command of its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry/servers.sh"
need_registry
i=$IMGBUILD
rounds=${1:-16} seed=${2:-1}
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
stop_servers
finish
