#!/bin/bash
# Integration: what oci/ writes, read by other programs, and the other way.
#   integration.sh OCI_TOOL
# Prints TAP. A missing program or right is a skip with its reason.
set -u
export LC_ALL=C.UTF-8
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d "${TEST_TMPDIR:-/var/tmp}/imgbuild-oci-XXXXXX")
trap 'chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
umask 022
n=0

# check CLAIM COMMAND...
check() {
	local claim=$1
	shift
	n=$((n + 1))
	if "$@" >out 2>&1; then
		echo "ok $n - $claim"
	else
		echo "not ok $n - $claim"
		sed 's/^/# /' out | head -20
	fi
}
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
# needs CLAIM PROGRAM: true where it is there
needs() {
	command -v "$2" >/dev/null && return 0
	skip "$1" "no $2 here"
	return 1
}
same() { [ "$("${@:1:$#-1}")" = "${!#}" ] || { "${@:1:$#-1}"; return 1; }; }

make_tree() {
	mkdir -p tree/a/b tree/a-b tree/deep/$(printf 'n%.0s' {1..120})/x
	echo hello >tree/a/b/f
	ln tree/a/b/f tree/a-b/second
	ln -s ../b/f tree/a/link
	ln -s "$(printf 't%.0s' {1..150})" tree/long-target
	mkfifo tree/fifo
	head -c 3000000 /dev/zero | tr '\0' x >tree/large
	: >tree/empty
	echo deep >"$(echo tree/deep/n*)/x/file"
	printf 'latin' >"tree/$(printf 'caf\xe9')"
	printf 'utf' >"tree/$(printf 'm%.0s' {1..110})ü"
	chmod 4755 tree/a/b/f
	chmod 1777 tree/a
	touch -d '1969-12-31 23:00:00 UTC' tree/empty
	touch -d '2038-01-20 UTC' tree/large
}
make_tree
"$tool" write tree none 0 1 >layer.tar 2>info || exit 1
digest=$(sed -n 's/^diff_id //p' info)

check "the diff_id is that of the bytes" \
	same sh -c 'echo "sha256:$(sha256sum <layer.tar | cut -d" " -f1)"' "$digest"

unpack_and_hash() { # PROGRAM...
	mkdir -p "un-$1" && "$@" && "$tool" hash "un-$1" >hashed && grep -qx "diff_id $digest" hashed
}
if needs "GNU tar unpacks to the same layer" tar; then
	check "GNU tar unpacks to the same layer" unpack_and_hash tar -xpf layer.tar -C un-tar
fi
if needs "bsdtar unpacks to the same layer" bsdtar; then
	check "bsdtar unpacks to the same layer" unpack_and_hash bsdtar -xpf layer.tar -C un-bsdtar
fi
if needs "Python's tarfile lists every entry" python3; then
	check "Python's tarfile lists every entry" same python3 -c '
import tarfile
print(len(tarfile.open("layer.tar", errors="surrogateescape").getmembers()))' \
		"$(sed -n 's/^entries //p' info)"
fi

apply_from() { # FOLDER KIND-OF-TAR...
	local to=$1
	shift
	mkdir "$to" && "$@" | "$tool" apply "$to" >/dev/null && "$tool" hash "$to" >hashed &&
		grep -qx "diff_id $digest" hashed
}
pax() { tar --format=pax --xattrs -C tree -cf - .; }
gnu() { tar --format=gnu -C tree -cf - --sort=name .; }
bsd() { bsdtar -C tree -cf - .; }
check "what it wrote itself unpacks to the same layer" apply_from self cat layer.tar
check "GNU tar's pax format unpacks to the same layer" apply_from pax pax
check "GNU tar's own format unpacks to the same layer" apply_from gnu gnu
if needs "bsdtar's format unpacks to the same layer" bsdtar; then
	check "bsdtar's format unpacks to the same layer" apply_from bsd bsd
fi
sparse() {
	truncate -s 50M tree2/holes && printf x | dd of=tree2/holes bs=1 seek=30000000 conv=notrunc 2>/dev/null
	tar -S --format="$1" -C tree2 -cf sparse.tar . && "$tool" apply "$2" <sparse.tar >/dev/null &&
		cmp tree2/holes "$2/holes" && [ "$(du -k "$2/holes" | cut -f1)" -lt 1000 ]
}
mkdir tree2 sparse-gnu sparse-pax
check "GNU's sparse files unpack with their holes" sparse gnu sparse-gnu
check "pax sparse files unpack with their holes" sparse pax sparse-pax

for program in gzip zstd xz bzip2; do
	if needs "what $program compresses unpacks to the same layer" $program; then
		check "what $program compresses unpacks to the same layer" apply_from "z-$program" $program -c layer.tar
	fi
done
for kind in gzip zstd; do
	if needs "$kind reads what is compressed here, of any number of threads" $kind; then
		"$tool" compress $kind 0 1 <layer.tar >one.$kind
		"$tool" compress $kind 0 3 <layer.tar >three.$kind
		check "$kind: bytes do not depend on threads" cmp one.$kind three.$kind
		check "$kind reads what is compressed here" sh -c "$kind -dc <one.$kind | cmp - layer.tar"
	fi
done

mkdir store other
"$tool" init store && "$tool" init other || exit 1
check "a tar is imported" "$tool" import store example:1 <layer.tar
"$tool" export store example:1 oci >oci.tar
"$tool" export store example:1 docker >docker.tar
check "an exported OCI archive loads" same "$tool" load other oci.tar \
	"$("$tool" load other docker.tar)"
mkdir layout && tar -xf oci.tar -C layout
check "so does its folder" "$tool" load other layout
check "so does a compressed stream of it" sh -c "gzip -c oci.tar | '$tool' load other -"

if needs "skopeo inspects the OCI archive" skopeo; then
	check "skopeo inspects the OCI archive" skopeo inspect oci-archive:oci.tar
	check "skopeo inspects the docker archive" skopeo inspect docker-archive:docker.tar
	check "skopeo copies it to docker's old form" \
		skopeo copy --insecure-policy oci-archive:oci.tar docker-archive:old.tar:example:2
	check "which loads to the same image" same "$tool" load other old.tar \
		"$("$tool" load other oci.tar | sed 's/:1$/:2/')"
	check "skopeo reads the store as a layout" \
		skopeo inspect oci:store:docker.io/library/example:1
fi
if needs "umoci unpacks the OCI archive" umoci; then
	check "umoci unpacks the OCI archive" umoci unpack --rootless --image layout:1 bundle
	check "to the same files" diff -r --no-dereference tree/a bundle/rootfs/a
fi
if needs "documents follow the image-spec's schemas" python3; then
	schemas=${OCI_SCHEMAS:-}
	if ! [ -d "$schemas" ]; then
		skip "documents follow the image-spec's schemas" "\$OCI_SCHEMAS names no folder with them"
	elif ! python3 -c 'import jsonschema' 2>/dev/null; then
		skip "documents follow the image-spec's schemas" "no python3-jsonschema here"
	else
		check "documents follow the image-spec's schemas" \
			python3 "$here/check_schemas.py" "$schemas" layout
	fi
fi

# What only root may do.
if [ "$(id -u)" != 0 ]; then
	skip "owners, devices and capabilities survive (needs root)" "not root"
	skip "devices that may not be made are left out with a warning (needs root)" "not root"
else
	mkdir root-tree
	echo x >root-tree/f
	chown 3000000:4000000000 root-tree/f
	mknod root-tree/null c 1 3
	mknod root-tree/block b 7 200
	mknod root-tree/whiteout c 0 0
	ln -s nowhere root-tree/l && chown -h 12:34 root-tree/l
	command -v setcap >/dev/null && setcap cap_net_raw+ep root-tree/f
	"$tool" hash root-tree >want
	mkdir root-un && "$tool" write root-tree none 0 1 2>/dev/null | "$tool" apply root-un >/dev/null
	check "owners, devices and capabilities survive (needs root)" sh -c "'$tool' hash root-un | cmp - want"
	# as in a user namespace
	without() {
		mkdir no-dev && "$tool" write root-tree none 0 1 2>/dev/null >dev.tar &&
			setpriv --bounding-set -mknod --inh-caps -mknod "$tool" apply no-dev <dev.tar 2>said >/dev/null &&
			grep -q 'can.t be made here' said && [ -e no-dev/f ] && ! [ -e no-dev/null ]
	}
	check "devices that may not be made are left out with a warning (needs root)" without
fi

# Hostile: an entry cannot leave the folder, whatever the order.
if needs "a link cannot lead out" python3; then
	mkdir victim escape
	python3 - <<'P'
import tarfile, io
t = tarfile.open("hostile.tar", "w")
def link(n, to):
    i = tarfile.TarInfo(n); i.type = tarfile.SYMTYPE; i.linkname = to; t.addfile(i)
def file(n):
    i = tarfile.TarInfo(n); i.size = 1; t.addfile(i, io.BytesIO(b"x"))
link("d", "../victim"); file("d/file")
P
	check "a link cannot lead out" sh -c "! '$tool' apply escape <hostile.tar && [ -z \"\$(ls victim)\" ]"
fi

echo "1..$n"
