#!/bin/bash
# Builds whose bases come from a registry, and whose images go to one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry/servers.sh"
need_registry
bases
i=$IMGBUILD
export HOME=$WORK/home XDG_CONFIG_HOME=$WORK/config DOCKER_CONFIG=$WORK/docker CONTAINERS_REGISTRIES_CONF=/dev/null
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG XDG_RUNTIME_DIR IMGBUILD_REGISTRIES || :
registry one
R=$HOST
mkdir -p "$WORK/c"
echo text >"$WORK/c/file"
fetched() { grep -cE "\"GET /v2/[^\"]*/blobs/" "$WORK/one.log" || :; }
# from_empty DOCKERFILE-LINES ARGS...: a build with nothing in the store
from_empty() {
	rm -rf "$WORK/empty"
	printf "$1" >"$WORK/Dockerfile"
	env IMGBUILD_ROOT="$WORK/empty" "$i" build --progress=plain -f "$WORK/Dockerfile" "${@:2}" "$WORK/c" >"$WORK/out" 2>&1 ||
		{ local code=$?; cat "$WORK/out"; return $code; }
}
again() { env IMGBUILD_ROOT="$WORK/empty" "$i" "$@"; }
root_lists() { tar -tf "$WORK/root.tar" | grep -qx "$1"; }

check "the base is in the registry" bash -c '"$0" tag busybox "$1" && "$0" push -q "$1"' "$i" "$R/base:1"
base=$(said_digest <"$LOG")

n=$(fetched)
check "a Dockerfile of metadata and COPY --link" from_empty "FROM $R/base:1\nCOPY --link file /file\nLABEL a=b\n" -t "$R/meta:1"
check "   ... fetches the base's config and no layer" same $((n + 1)) "$(fetched)"
check "   ... says what the base is" says "base $R/base:1 $base"
m=$(moved one)
check "   ... is pushed" again push -q "$R/meta:1"
pushed=$(said_digest <"$LOG")
check "   ... with its own layer and config, the base's mounted" same $((m + 2)) "$(moved one)"
check "   ... and runs as a base elsewhere" bash -c \
	'printf "FROM %s\nRUN test -f /file && busybox true\n" "$1" | IMGBUILD_ROOT=$2/x "$0" build -q -f - "$2/c"' "$i" "$R/meta:1" "$WORK"
check "   ... and is saved, for which the layer is fetched" again save "$R/meta:1" -o "$WORK/meta.tar"
check "   ... whole" bash -c 'IMGBUILD_ROOT=$2/y "$0" load -i "$2/meta.tar" && printf "FROM %s\nRUN cat /file\n" "$1" | IMGBUILD_ROOT=$2/y "$0" build -q -f - "$2/c"' "$i" "$R/meta:1" "$WORK"

n=$(fetched)
check "a RUN needs the layer" from_empty "FROM $R/base:1\nRUN echo ran >/ran\n" -o "type=tar,dest=$WORK/root.tar"
check "   ... which is fetched, once" same $((n + 2)) "$(fetched)"
check "   ... as the build says" says "fetching 1 layer of a base"
n=$(fetched)
check "two stages at once on one base" from_empty "FROM $R/base:1 AS a\nRUN echo a >/a\nFROM $R/base:1\nRUN echo b >/b\nCOPY --from=a /a /a\n" --jobs 4 -o "type=tar,dest=$WORK/root.tar"
check "   ... fetch it once too" same $((n + 2)) "$(fetched)"
check "the first again" from_empty "FROM $R/base:1\nRUN echo ran >/ran\n" -o "type=tar,dest=$WORK/root.tar"
check "   ... and is in the image" root_lists bin/busybox
n=$(requests one)
check "the same again asks nobody" again build -q -f "$WORK/Dockerfile" "$WORK/c"
check "   ... indeed" same "$n" "$(requests one)"
check "--pull asks once, as nothing has changed" again build -q --pull -f "$WORK/Dockerfile" "$WORK/c"
check "   ... once" same $((n + 1)) "$(requests one)"
check "a base that moves is seen by --pull" bash -c '
	printf "FROM %s\nRUN echo new >/new\n" "$1" | "$0" build -q -t "$1" -f - "$2/c" && "$0" push -q "$1"' "$i" "$R/base:1" "$WORK"
check "   ... not without" again build -q -f "$WORK/Dockerfile" -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... as it says" bash -c '! tar -tf "$1" | grep -qx new' "" "$WORK/root.tar"
check "   ... but with --pull=always" again build -q --pull=always -f "$WORK/Dockerfile" -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... as it says too" root_lists new
check "by digest it stays what it was" from_empty "FROM $R/base@$base\nRUN true\n" -o "type=tar,dest=$WORK/root.tar"
check "   ... whatever the tag is now" bash -c '! tar -tf "$1" | grep -qx new' "" "$WORK/root.tar"
check "COPY --from an image of the registry" from_empty "FROM scratch\nCOPY --from=$R/base:1 /new /copied\n" -o "type=tar,dest=$WORK/root.tar"
check "   ... copies" root_lists copied

python3 "$SOURCE/tests/integration/registry/two_platforms.py" "$WORK/index.tar"
"$i" copy -q "oci-archive:$WORK/index.tar" "docker://$R/multi:1"
check "an index, by --platform" from_empty "FROM $R/multi:1\nCOPY file /x\n" --platform linux/arm64 -o "type=tar,dest=$WORK/root.tar"
check "   ... has that platform's files" same arm64 "$(tar -xOf "$WORK/root.tar" file)"
check "   ... then the other's, with the same store" again build -q --platform linux/amd64 -f "$WORK/Dockerfile" -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
check "   ... has its own" same amd64 "$(tar -xOf "$WORK/root.tar" file)"

refuse "--pull=never with an empty store is a mistake" 2 from_empty "FROM $R/base:1\n" --pull=never
refuse "another --pull is one" 2 from_empty "FROM $R/base:1\n" --pull=sometimes

# --- what can't be had ------------------------------------------------------------
refuse "a base that nobody has is a mistake" 2 from_empty "FROM $R/nothing:1\n"
check "   ... at its line" says 'Dockerfile:1'
check "   ... with what the registry said" says "there is no such image in the store, and .*has no repository nothing"
refuse "no network" 2 from_empty "FROM registry.invalid/x\n"
check "   ... is said" says "no network, or there is no such host"

# --- --push ------------------------------------------------------------------------
check "build --push" from_empty "FROM $R/base:1\nCOPY file /pushed\n" --push -t "$R/out:1" -t "$R/out:2" --metadata-file "$WORK/metadata" --iidfile "$WORK/iid"
check "   ... to both names" says "pushed $R/out:2 sha256:"
digest=$(sed -nE "s,.*pushed $R/out:1 (sha256:[0-9a-f]+).*,\1,p" "$WORK/out" | head -n 1)
check "   ... with the digest in --metadata-file" grep -F "\"containerimage.digest\": \"$digest\"" "$WORK/metadata"
check "   ... and of save" bash -c 'IMGBUILD_ROOT=$2/empty "$0" save "$1" | tar -xOf - index.json | grep -qF "$3"' "$i" "$R/out:1" "$WORK" "$digest"
check "   ... and of a pull" bash -c 'IMGBUILD_ROOT=$2/z "$0" pull "$1" | grep -F "$3"' "$i" "$R/out:2" "$WORK" "$digest"
m=$(moved one)
check "again it moves no blob" again build -q --push -t "$R/out:1" -f "$WORK/Dockerfile" "$WORK/c"
check "   ... indeed" same "$m" "$(moved one)"
check "-o type=registry" again build -q -o type=registry -t "$R/out:3" -f "$WORK/Dockerfile" "$WORK/c"
check "-o type=image with names" again build -q -o "type=image,\"name=$R/out:4,$R/out:5\",push=true" -f "$WORK/Dockerfile" "$WORK/c"
check "   ... pushes all of them" "$i" copy -q "docker://$R/out:5" "dir:$WORK/five"
check "zstd, if asked for" again build -q -o "type=image,name=$R/out:6,push=true,compression=zstd" -f "$WORK/Dockerfile" "$WORK/c"
check "   ... is what the registry has" bash -c '"$0" copy -q "docker://$1" "dir:$2" && grep -q tar+zstd "$2/manifest.json"' "$i" "$R/out:6" "$WORK/six"
refuse "--push without a name is a mistake" 2 again build -q --push -f "$WORK/Dockerfile" "$WORK/c"

# --- as an ordinary user --------------------------------------------------------------
reason=$(why_no_user)
if [ -n "$reason" ]; then
	skip "an ordinary user builds from and to a registry" "$reason"
else
	user_home
	mkdir -p "$WORK/home/c"
	printf 'FROM %s\nRUN echo user >/user\n' "$R/base:1" >"$WORK/home/c/Dockerfile"
	chmod -R a+rX "$WORK/home/c"
	check "an ordinary user builds from and to a registry" as_user "$IMGBUILD" build -q --push -t "$R/user:1" "$WORK/home/c"
fi
stop_servers
finish
