#!/bin/bash
# Contexts other than one folder: from stdin, and named ones.
. "$(dirname "$0")/lib.sh"
bases

mkdir -p "$WORK/context" "$WORK/other/folder"
echo hello >"$WORK/context/hello.txt"
printf 'FROM scratch\nCOPY . /\n' >"$WORK/context/Dockerfile"
# an image's id, or a text that equals no other: two failures are not the same
id_of() {
	"$@" | grep -E '^sha256:[0-9a-f]{64}$' || echo "no id $RANDOM"
}

check "a tar on stdin gives the folder's image" same \
	"$(id_of "$IMGBUILD" -q "$WORK/context")" "$(tar -C "$WORK/context" -c . | id_of "$IMGBUILD" -q -)"
check "so does a compressed one" same \
	"$(id_of "$IMGBUILD" -q "$WORK/context")" "$(tar -C "$WORK/context" -cz . | id_of "$IMGBUILD" -q -)"
check "a Dockerfile on stdin has no context" sh -c 'printf "FROM scratch\nENV A=b\n" | "$0" -q -' "$IMGBUILD"
refuse "and can copy nothing" 1 sh -c 'printf "FROM scratch\nCOPY a /\n" | "$0" -q -' "$IMGBUILD"

echo one >"$WORK/other/one"
echo two >"$WORK/other/two"
echo two >"$WORK/other/.dockerignore"
cat >"$WORK/context/Dockerfile" <<'D'
FROM base
COPY --from=lib . /lib/
D
"$IMGBUILD" -q --build-context lib="$WORK/other" --build-context base=docker-image://busybox \
	-o "type=tar,dest=$WORK/root.tar" "$WORK/context" >"$LOG" 2>&1 || :
check "a named folder is copied from" sh -c 'tar -tf "$0" | grep -x lib/one' "$WORK/root.tar"
check "without what its .dockerignore names" sh -c 'tar -tf "$0" >"$1" && ! grep -x lib/two "$1"' "$WORK/root.tar" "$WORK/list"
check "an image stands for a name" sh -c 'tar -tf "$0" | grep -x bin/busybox' "$WORK/root.tar"
printf 'FROM lib\n' >"$WORK/context/Dockerfile"
refuse "FROM a folder is refused" 2 "$IMGBUILD" -q --build-context lib="$WORK/other" "$WORK/context"
refuse "a context without a value too" 2 "$IMGBUILD" -q --build-context lib "$WORK/context"
finish
