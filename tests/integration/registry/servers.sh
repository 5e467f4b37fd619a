# Registries of the test's own on loopback; sourced after lib.sh. Each call adds
# its process to $SERVERS, which are ended with the test.
# shellcheck shell=bash
SERVERS=()
stop_servers() {
	local pid
	for pid in "${SERVERS[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	SERVERS=()
}
# the test's own end comes first: what is running writes below $WORK
trap 'code=$?; stop_servers; (exit $code); stopped $LINENO' EXIT

need_registry() {
	have docker-registry || skip_all "docker-registry is not installed"
	"$IMGBUILD" --version | grep -q http || skip_all "imgbuild was built without libcurl"
}

# wait_for FILE PATTERN: until a line of it matches; the first group is printed
wait_for() {
	local found
	for _ in $(seq 100); do
		found=$(sed -nE "s/.*$2.*/\1/p" "$1" 2>/dev/null | head -n 1)
		[ -z "$found" ] || { echo "$found"; return; }
		sleep 0.05
	done
	cat "$1" >&2
	return 1
}

# registry NAME [YAML]: a registry with its data in $WORK/NAME; its host is in
# $HOST, its requests are logged to $WORK/NAME.log
registry() {
	local name=$1 port
	mkdir -p "$WORK/$name"
	cat >"$WORK/$name.yml" <<-Y
		version: 0.1
		log: {level: info, formatter: text, accesslog: {disabled: false}}
		storage: {filesystem: {rootdirectory: $WORK/$name}, delete: {enabled: true}}
		http: {addr: "127.0.0.1:0", secret: test}
		${2:-}
	Y
	docker-registry serve "$WORK/$name.yml" >"$WORK/$name.log" 2>&1 &
	SERVERS+=($!)
	port=$(wait_for "$WORK/$name.log" 'listening on 127.0.0.1:([0-9]+)')
	HOST=localhost:$port
}

# requests NAME [PATTERN]: how many requests its registry has had
requests() {
	grep -cE "\"(GET|HEAD|PUT|POST|PATCH) /v2/[^\"]*\" [0-9]" "$WORK/$1.log" || :
}
# moved NAME: how many of them sent or fetched a blob's bytes
moved() {
	grep -cE "\"(PUT|PATCH) /v2/[^\"]*/blobs/|\"GET /v2/[^\"]*/blobs/" "$WORK/$1.log" || :
}

# digest of what a command of imgbuild's said it pulled, pushed or copied
said_digest() {
	sed -nE 's/^(pulled|pushed|copied) .* (sha256:[0-9a-f]{64})$/\2/p' | tail -n 1
}

# says_error PATTERN COMMAND...: fails with code 1 and a message like that
says_error() {
	local pattern=$1 code=0
	shift
	"$@" >"$WORK/error" 2>&1 || code=$?
	cat "$WORK/error"
	[ "$code" -eq 1 ] && grep -Eq -- "$pattern" "$WORK/error"
}
