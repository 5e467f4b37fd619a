#!/bin/bash
# The commands over the local store, and every kind of output.
. "$(dirname "$0")/lib.sh"
bases
c=$FIXTURES/hello

check "two names in one build" build -t one -t example.org/two:v2 "$c"
"$IMGBUILD" images >"$WORK/images"
check "images lists the first" grep -E '^one +latest +' "$WORK/images"
check "images lists the second" grep -E '^example.org/two +v2 +' "$WORK/images"
check "inspect prints JSON" sh -c '"$0" inspect one | python3 -m json.tool' "$IMGBUILD"
check "history names the RUN" sh -c '"$0" history one | grep RUN' "$IMGBUILD"
check "tag adds a name" "$IMGBUILD" tag one three:x
check "save writes an archive of it" "$IMGBUILD" save three:x -o "$WORK/three.tar"
check "rmi removes a name" "$IMGBUILD" rmi one
refuse "the name is gone" 1 "$IMGBUILD" inspect one
check "the other name still works" "$IMGBUILD" inspect three:x
check "another store loads the archive" env IMGBUILD_ROOT="$WORK/other" "$IMGBUILD" load -i "$WORK/three.tar"
check "and has its name" env IMGBUILD_ROOT="$WORK/other" "$IMGBUILD" inspect three:x
for kind in gzip zstd none; do
	check "the loaded image is a base ($kind)" env IMGBUILD_ROOT="$WORK/other" bash -c \
		'printf "FROM three:x\nRUN test -s /hello\n" | "$0" build -f - -o "type=oci,dest=$1.tar,compression=$2" "$3"' \
		"$IMGBUILD" "$WORK/again-$kind" "$kind" "$c"
done

check "type=docker" build -t named:tag -o "type=docker,dest=$WORK/docker.tar" "$c"
check "it has docker's manifest" tar -xOf "$WORK/docker.tar" manifest.json
check "type=tar is the root" build -o "type=tar,dest=$WORK/root.tar" "$c"
check "with the RUN's file" same "hello, world" "$(tar -xOf "$WORK/root.tar" hello 2>&1)"
check "type=local is a folder" build -o "type=local,dest=$WORK/root" "$c"
check "with the RUN's file too" same "hello, world" "$(cat "$WORK/root/hello" 2>&1)"
mkdir -p "$WORK/there/hello" "$WORK/there/.imgbuild-new/left" "$WORK/there/etc"
touch "$WORK/there/hello/in-the-way" "$WORK/there/etc/mine"
chmod 1777 "$WORK/there"
check "type=local into a folder that is there" build -o "type=local,dest=$WORK/there" "$c"
check "puts a file where a folder was" same "hello, world" "$(cat "$WORK/there/hello" 2>&1)"
check "keeps what only that folder has" test -f "$WORK/there/etc/mine"
check "and the folder's own mode" same 1777 "$(stat -c %a "$WORK/there")"
check "and takes away what a killed export left" test ! -e "$WORK/there/.imgbuild-new"
"$IMGBUILD" build -q -o - "$c" >"$WORK/stdout.tar" 2>"$WORK/err" || :
check "dest=- is stdout" tar -tf "$WORK/stdout.tar" index.json
check "two outputs at once" build -o "$WORK/a.tar" -o "type=oci,dest=$WORK/b.tar,compression=none" "$c"
check "both are there" test -s "$WORK/a.tar" -a -s "$WORK/b.tar"
check "--iidfile" build --iidfile "$WORK/iid" "$c"
check "holds a digest" grep -Eq '^sha256:[0-9a-f]{64}$' "$WORK/iid"
check "--metadata-file" build --metadata-file "$WORK/metadata" "$c"
check "holds containerimage.digest" grep -q '"containerimage.digest"' "$WORK/metadata"
ln -s real-iid "$WORK/link-iid"
check "--iidfile through a link" build --iidfile "$WORK/link-iid" "$c"
check "leaves the link and writes its target" test -h "$WORK/link-iid" -a -s "$WORK/real-iid"
ln -s real.tar "$WORK/link.tar"
check "-o through a link" build -o "$WORK/link.tar" "$c"
check "leaves the link and writes its target" test -h "$WORK/link.tar" -a -s "$WORK/real.tar"
if [ "$(id -u)" -eq 0 ] && mknod -m 666 "$WORK/null" c 1 3 2>"$LOG"; then
	check "files and outputs into a device" build --iidfile "$WORK/null" --metadata-file "$WORK/null" -o "$WORK/null" "$c"
	check "leave the device" test -c "$WORK/null"
else
	skip "files and outputs into a device leave it" "needs root to make one"
fi
"$IMGBUILD" build -q "$c" >"$WORK/quiet" 2>"$WORK/quiet.err" || :
check "-q prints the digest alone" grep -Exq 'sha256:[0-9a-f]{64}' "$WORK/quiet"

for jobs in 1 2; do
	for kind in gzip zstd none; do
		build --jobs $jobs -o "type=oci,dest=$WORK/$kind.$jobs.tar,compression=$kind" "$c" || :
	done
done
for kind in gzip zstd none; do
	check "$kind gives the same bytes with one job and two" cmp "$WORK/$kind.1.tar" "$WORK/$kind.2.tar"
done
check "compression-level is taken" build -o "type=oci,dest=$WORK/l.tar,compression=zstd,compression-level=9" "$c"

check "--version" "$IMGBUILD" --version
for command in build import load save images inspect history tag rmi parse; do
	check "$command --help" "$IMGBUILD" $command --help
done
refuse "an unknown option is a usage mistake" 2 "$IMGBUILD" build --frobnicate .
refuse "a build without a context is a usage mistake" 2 "$IMGBUILD" build
check "parse prints JSON" sh -c '"$0" parse --format json "$1" | python3 -m json.tool' "$IMGBUILD" "$c/Dockerfile"
check "parse prints text" "$IMGBUILD" parse "$c/Dockerfile"
finish
