#!/bin/bash
# ADD from http and git, with a server and a repository of the test's own.
. "$(dirname "$0")/lib.sh"
"$IMGBUILD" --version | grep -q http || skip_all "imgbuild was built without libcurl"
have git || skip_all "git is not installed"

www=$WORK/www
mkdir -p "$www/tree" "$WORK/context"
echo hello >"$www/hello.txt"
touch -d @1234567890 "$www/hello.txt"
echo in >"$www/tree/in"
tar -C "$www" -czf "$www/tree.tgz" tree
git init -q "$WORK/repo"
(
	cd "$WORK/repo"
	git config user.email test@example.org
	git config user.name test
	mkdir sub
	echo one >sub/a
	ln -s sub to-sub
	git add -A
	git commit -qm 1
	git tag v1
	git tag -a -m annotated v1-annotated
	echo two >sub/a
	git commit -qam 2
)
git clone -q --bare "$WORK/repo" "$www/repo.git"
git -C "$www/repo.git" update-server-info
commit=$(git -C "$WORK/repo" rev-parse v1)

serve "$www"
url=$URL

# files DOCKERFILE-LINES: the listing of the image's root
files() {
	printf 'FROM scratch\n%s\n' "$1" >"$WORK/Dockerfile"
	shift
	"$IMGBUILD" -q "$@" -f "$WORK/Dockerfile" -o "type=tar,dest=$WORK/root.tar" "$WORK/context" &&
		TZ=UTC tar -tvf "$WORK/root.tar" --full-time
}

check "a URL's file has mode 0600 and Last-Modified as its time" \
	sh -c 'grep -E "^-rw------- 0/0 +6 2009-02-13 23:31:30 one/hello.txt$" <<X
'"$(files "ADD $url/hello.txt /one/")"'
X'
check "chown and chmod reach it" \
	sh -c 'grep -E "^-rwxr-xr-x 3/4 +6 .* two$" <<X
'"$(files "ADD --chown=3:4 --chmod=755 $url/hello.txt /two")"'
X'
check "an archive from a URL stays one" \
	sh -c 'grep -E " three/tree.tgz$" <<X
'"$(files "ADD $url/tree.tgz /three/")"'
X'
check "unless --unpack says otherwise" \
	sh -c 'grep -E " four/tree/in$" <<X
'"$(files "ADD --unpack=true $url/tree.tgz /four/")"'
X'
digest=$(sha256sum <"$www/hello.txt" | cut -d' ' -f1)
check "a right checksum" files "ADD --checksum=sha256:$digest $url/hello.txt /x"
refuse "a wrong one is an error" 1 files "ADD --checksum=sha256:${digest//[0-9]/0} $url/hello.txt /x"
refuse "a missing file is an error" 1 files "ADD $url/nothing /x"
refuse "COPY takes no URL" 2 files "COPY $url/hello.txt /x"
check "git: a tag and a folder of it" \
	sh -c 'grep -E "^-rw-r--r-- 0/0 +4 .* five/a$" <<X
'"$(files "ADD $url/repo.git#v1:sub /five")"'
X'
check "git: a commit" files "ADD $url/repo.git#$commit /six"
check "git: a right commit as checksum" files "ADD --checksum=$commit $url/repo.git#v1 /six"
refuse "git: a wrong one is an error" 1 files "ADD --checksum=${commit//[0-9]/0} $url/repo.git#v1 /six"
check "git: the folder .git is left out" \
	sh -c 'l=$(cat) && echo "$l" | grep " seven/top$\| seven/sub/a$" && ! echo "$l" | grep -E "[.]git/"' <<<"$(files "ADD $url/repo.git /seven")"
check "git: unless --keep-git-dir says otherwise" \
	sh -c 'grep -E " eight/[.]git/$" <<X
'"$(files "ADD --keep-git-dir=true $url/repo.git /eight")"'
X'
tag=$(git -C "$WORK/repo" rev-parse v1-annotated)
check "git: an annotated tag's digest as checksum" files "ADD --checksum=$tag $url/repo.git#v1-annotated /six"
check "   ... and its commit's" files "ADD --checksum=$commit $url/repo.git#v1-annotated /six"
context_of() {
	printf 'FROM scratch\nCOPY . /\n' | "$IMGBUILD" build -q -f - "$url/repo.git#v1:$1"
}
check "git: a folder of a context" context_of sub
for folder in missing sub/missing sub/a to-sub to-sub/a .git 's*'; do
	refuse "git: a folder '$folder' is an error" 1 files "ADD $url/repo.git#v1:$folder /six"
	refuse "   ... of a context too" 1 context_of "$folder"
	refuse "   ... of a named one too" 1 files "COPY --from=named / /six" --build-context named="$url/repo.git#v1:$folder"
done
for ref in none v1/x "${commit:0:10}" "${commit//[0-9]/0}" refs/heads/none; do
	refuse "git: a ref '${ref:0:10}' that is not there is an error" 1 files "ADD $url/repo.git#$ref /six"
done
refuse "git: a ref that looks like an option is none" 1 files "ADD $url/repo.git#--upload-pack=x /nine"

finish
