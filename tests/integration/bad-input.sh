#!/bin/bash
# What a user's mistakes look like.
. "$(dirname "$0")/lib.sh"
bases
mkdir "$WORK/c"

# mistake CLAIM CODE PATTERN [OPTION...]: of the Dockerfile on stdin
mistake() {
	local claim=$1 code=$2 pattern=$3
	shift 3
	cat >"$WORK/c/Dockerfile"
	refuse "$claim" "$code" build "$@" "$WORK/c"
	check "   ... and says so: $pattern" says "$pattern"
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

note "nothing is read or written outside context, root and store"
mkdir "$WORK/outside"
echo precious >"$WORK/outside/secret"
ln -s ../outside/secret "$WORK/c/leak"
ln -s ../outside "$WORK/c/leakdir"
ln -s "$WORK/outside/secret" "$WORK/c/absolute"
for source in ../outside/secret leak leakdir/secret absolute; do
	mistake "COPY $source is an error" 1 "\"/${source#../}\": not found" <<-D
		FROM busybox
		COPY $source /x
	D
	check "   ... with its line" says 'Dockerfile:2'
done
mistake "so is a mount of what is outside" 1 'mount source "/leakdir": not found' <<D
FROM busybox
RUN --mount=type=bind,source=leakdir,target=/m true
D
mistake "links of the root stay in it" 0 'exporting|named|image sha256' <<D
FROM busybox
RUN ln -s $WORK/outside /out && mkdir -p $WORK/outside
COPY Dockerfile /out/secret
WORKDIR /out/deeper
D
check "   ... and write nothing beside it" same "precious secret" "$(cat "$WORK/outside/secret") $(ls "$WORK/outside")"
mistake "a mount target under a link that leads nowhere is an error" 1 'mount point /lnk/x: .*(loop|levels|link)' <<D
FROM busybox
RUN ln -s /proc/1/root /lnk
RUN --mount=type=bind,target=/lnk/x true
D
mistake "   ... one that leads elsewhere in the root is that place" 0 'image sha256' <<D
FROM busybox
RUN ln -s $WORK/outside /lnk && mkdir -p $WORK/outside
RUN --mount=type=bind,target=/lnk/here test -e $WORK/outside/here/Dockerfile
D
check "   ... and nothing on the machine" same secret "$(ls "$WORK/outside")"

note "hostile archives"
python3 - "$WORK/c" <<'P'
import io, sys, tarfile
def make(name, *entries):
    with tarfile.open(sys.argv[1] + "/" + name, "w") as tar:
        for path, kind, link, data in entries:
            info = tarfile.TarInfo(path)
            info.type, info.linkname, info.size, info.mode = kind, link, len(data), 0o644
            if kind == tarfile.CHRTYPE:
                info.devmajor, info.devminor = 1, 3
            tar.addfile(info, io.BytesIO(data))
FILE, SOFT, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
make("absolute.tar", ("/etc/absolute", FILE, "", b"x"))
make("climbs.tar", ("ok/../../climbed", FILE, "", b"x"))
make("link.tar", ("d", SOFT, "/outside", b""), ("d/through", FILE, "", b"x"))
make("hard.tar", ("h", HARD, "../../etc/passwd", b""))
make("hard-absolute.tar", ("h", HARD, "/etc/passwd", b""))
make("device.tar", ("null", tarfile.CHRTYPE, "", b""))
def header(name, size):
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)
with open(sys.argv[1] + "/huge.tar", "wb") as out:
    out.write(header("huge", 65 << 30))
P
archive() {
	printf 'FROM busybox\nADD %s /into/\n' "$1" >"$WORK/c/Dockerfile"
	build -o "type=tar,dest=$WORK/root.tar" "$WORK/c"
}
check "an absolute name lands below the target" archive absolute.tar
check "   ... there" sh -c 'tar -tf "$0" | grep -x into/etc/absolute' "$WORK/root.tar"
refuse "a name that climbs out is an error" 1 archive climbs.tar
check "   ... that names it" says 'archive: ok/../../climbed: invalid entry name'
check "a name through a link lands below the target" archive link.tar
check "   ... where the link leads from there" sh -c 'tar -tf "$0" | grep -x into/outside/through' "$WORK/root.tar"
refuse "a hard link that climbs is an error" 1 archive hard.tar
check "   ... that names it" says 'archive: h: invalid entry name "../../etc/passwd"'
refuse "a hard link to a file of the root is an error" 1 archive hard-absolute.tar
check "   ... that names it" says 'archive: h: link h to /etc/passwd: no such file'
refuse "an archive of more than a limit is an error" 1 archive huge.tar
check "   ... before it is unpacked" says 'archive: huge: more than 64 GiB unpacked'
check "   ... with its line" says 'Dockerfile:2'
reason=$(why_no_user)
if [ "$(id -u)" -eq 0 ] && [ -z "$reason" ]; then
	as_user_tried=$(
		user_home
		chmod -R go+rX "$WORK/bases" "$WORK/c"
		printf 'FROM busybox\nADD device.tar /into/\n' >"$WORK/c/Dockerfile"
		as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
		as_user "$IMGBUILD" build "$WORK/c" 2>&1 || echo "exit code $?"
	)
	check "a device in an archive is an error for an ordinary user" grep 'exit code 1' <<<"$as_user_tried"
	check "   ... that names it" grep 'archive: null: create device null: Operation not permitted' <<<"$as_user_tried"
else
	skip "a device in an archive is an error for an ordinary user" "${reason:-needs root to become one}"
fi

note "users and secrets"
mistake "a USER that does not exist" 1 'unable to find user nosuch' <<D
FROM busybox
USER nosuch
RUN true
D
check "   ... with the line that needed it" says 'Dockerfile:3'
mistake "a group that does not exist" 1 'unable to find group nosuch' <<D
FROM busybox
USER 1000:nosuch
RUN true
D
mistake "a secret whose file is missing" 1 'secret word: .*/no-file: there is no such file' --secret id=word,src="$WORK/no-file" <<D
FROM busybox
RUN --mount=type=secret,id=word true
D
mistake "a secret whose variable is not set" 1 'secret word: [$]IMGBUILD_NO_SUCH is not set' --secret id=word,env=IMGBUILD_NO_SUCH <<D
FROM busybox
RUN --mount=type=secret,id=word true
D
mistake "--security=insecure without --allow" 2 'RUN --security=insecure needs --allow security.insecure' <<D
FROM busybox
RUN --security=insecure true
D
check "   ... with its line" says 'Dockerfile:2'

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
