#!/bin/bash
# Contexts other than one folder: from stdin, URLs, git, and named ones.
. "$(dirname "$0")/lib.sh"
have git || skip_all "git is not installed"
bases

repo=$WORK/repo www=$WORK/www
mkdir -p "$repo/sub" "$www" "$WORK/other/folder"
echo hello >"$repo/hello.txt"
printf '#!/bin/sh\n' >"$repo/run.sh"
chmod 755 "$repo/run.sh"
ln -s hello.txt "$repo/link"
echo left out >"$repo/left.out"
printf '.git\nleft.out\n' >"$repo/.dockerignore"
printf 'FROM scratch\nCOPY . /\n' >"$repo/Dockerfile"
printf 'FROM scratch\nCOPY . /in-sub/\n' >"$repo/sub/Dockerfile"
git=(git -C "$repo" -c user.email=test@example.org -c user.name=test)
"${git[@]}" init -q -b main
"${git[@]}" add -A
GIT_COMMITTER_DATE=@1700000000 "${git[@]}" commit -qm 1
"${git[@]}" tag v1
commit=$("${git[@]}" rev-parse HEAD)
cp -r "$repo" "$WORK/context"

# an image's id, or a text that equals no other: two failures are not the same
id_of() {
	"$@" | grep -E '^sha256:[0-9a-f]{64}$' || echo "no id $RANDOM"
}
# root ARGS...: the listing of the image's root, its times in UTC
root() {
	rm -f "$WORK/root.tar"
	"$IMGBUILD" -q -o "type=tar,dest=$WORK/root.tar" "$@" >"$WORK/out" 2>&1 || { cat "$WORK/out"; return 1; }
	TZ=UTC tar -tvf "$WORK/root.tar" --full-time --numeric-owner >"$WORK/list"
}
# lists PATTERN, lists_not PATTERN: the last root
lists() {
	grep -E -- "$1" "$WORK/list" || { cat "$WORK/list"; return 1; }
}
lists_not() {
	! grep -E -- "$1" "$WORK/list"
}

note "stdin"
folder=$(id_of "$IMGBUILD" -q "$WORK/context")
check "a tar on stdin gives the folder's image" same "$folder" "$(tar -C "$WORK/context" -c . | id_of "$IMGBUILD" -q -)"
check "so does a compressed one" same "$folder" "$(tar -C "$WORK/context" -cz . | id_of "$IMGBUILD" -q -)"
check "a Dockerfile on stdin has no context" sh -c 'printf "FROM scratch\nENV A=b\n" | "$0" -q -' "$IMGBUILD"
refuse "and can copy nothing" 1 sh -c 'printf "FROM scratch\nCOPY a /\n" | "$0" -q -' "$IMGBUILD"
check "-f - reads the Dockerfile from stdin, beside a folder" same "$folder" "$(id_of "$IMGBUILD" -q -f - "$WORK/context" <"$repo/Dockerfile")"
refuse "not both from stdin" 2 "$IMGBUILD" -q -f - -

note "git"
check "a repository's commit gives the folder's image" same "$folder" "$(id_of "$IMGBUILD" -q "file://$repo#$commit")"
check "a tag, of a path without file://" same "$folder" "$(id_of "$IMGBUILD" -q "$repo#v1")"
"${git[@]}" checkout -q -b next
echo changed >"$repo/hello.txt"
"${git[@]}" commit -qam 2
echo uncommitted >"$repo/hello.txt"
check "an older commit is that commit" same "$folder" "$(id_of "$IMGBUILD" -q "file://$repo#main")"
check "a folder of the repository is the context" root "file://$repo#v1:sub"
check "   ... and nothing else is" sh -c '! grep hello "$0" && grep in-sub/Dockerfile "$0"' "$WORK/list"
check "-f names a file of the repository" root -f sub/Dockerfile "file://$repo#v1"
check "   ... whose context it is" lists ' in-sub/hello.txt$'
check "-f with an absolute path names one of ours" root -f "$WORK/context/sub/Dockerfile" "file://$repo#v1"
check "-f - reads stdin" sh -c 'printf "FROM scratch\nCOPY hello.txt /x\n" | "$0" -q -f - "$1"' "$IMGBUILD" "file://$repo"
check "the folder .git is not in the context" sh -c 'printf "FROM scratch\nCOPY . /\n" >"$1" && "$0" -q -f "$1" -o type=tar,dest="$2" "$3" && ! tar -tf "$2" | grep -F .git/' \
	"$IMGBUILD" "$WORK/Dockerfile" "$WORK/root.tar" "file://$repo#v1"
printf 'FROM scratch\nCOPY .git/HEAD /head\n' >"$WORK/Dockerfile"
printf '\n' >"$WORK/Dockerfile.dockerignore"
check "unless BUILDKIT_CONTEXT_KEEP_GIT_DIR says so" root -f "$WORK/Dockerfile" --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 "file://$repo#v1"
refuse "a ref that is none is an error" 1 build "file://$repo#nothing"
check "   ... that names repository and ref" says "$repo: .*nothing"
refuse "a folder that is none too" 1 build "file://$repo#v1:nothing"
check "   ... that names it" says 'no folder nothing in the repository'
refuse "a query nobody knows is a mistake" 2 build "git://127.0.0.1:1/x?depth=1"
check "   ... that is named" says 'unexpected query "depth"'
ln -s / "$repo/out"
"${git[@]}" add out
"${git[@]}" commit -qm 3
refuse "a link does not lead out of the repository" 1 build "file://$repo#next:out$WORK/context"
check "no work folder is left" same "" "$(ls "$IMGBUILD_ROOT/tmp")"

note "time"
epoch_of() {
	root "$@" && lists '2023-11-14 22:13:20 hello.txt$' && "$IMGBUILD" -q -o "$WORK/epoch.tar" "$@" &&
		same "2023-11-14T22:13:20Z" "$(field "$WORK/epoch.tar" "c['created']")"
}
check "SOURCE_DATE_EPOCH=context is the commit's time" env SOURCE_DATE_EPOCH=context bash -c "$(declare -f epoch_of root lists field same); IMGBUILD='$IMGBUILD' WORK='$WORK' epoch_of 'file://$repo#v1'"
check "   ... as an argument too" epoch_of --build-arg SOURCE_DATE_EPOCH=context "file://$repo#v1"
printf 'ARG SOURCE_DATE_EPOCH=context\nFROM scratch\nCOPY . /\n' >"$WORK/Dockerfile"
rm "$WORK/Dockerfile.dockerignore"
check "   ... and in the Dockerfile" sh -c '"$0" -q -f "$1" -o "$2" "$3"' "$IMGBUILD" "$WORK/Dockerfile" "$WORK/arg.tar" "file://$repo#v1"
check "   ... which the config shows" same "2023-11-14T22:13:20Z" "$(field "$WORK/arg.tar" "c['created']")"
check "a folder has no such time" root --build-arg SOURCE_DATE_EPOCH=context "$WORK/context"
touch -d @1600000000 "$repo/sub/Dockerfile"
tar -C "$repo" -cf "$WORK/old.tar" sub/Dockerfile
printf 'FROM scratch\nARG SOURCE_DATE_EPOCH\nENV E=$SOURCE_DATE_EPOCH\n' >"$WORK/Dockerfile"
check "an archive's is its newest entry's" sh -c '"$0" -q -f sub/Dockerfile --build-arg SOURCE_DATE_EPOCH=context -o "$1" - <"$2"' "$IMGBUILD" "$WORK/old-image.tar" "$WORK/old.tar"
check "   ... which the config shows" same "2020-09-13T12:26:40Z" "$(field "$WORK/old-image.tar" "c['created']")"
# two stores know nothing of each other
reproduce() {
	env IMGBUILD_ROOT="$WORK/store-$1" SOURCE_DATE_EPOCH=1700000000 \
		"$IMGBUILD" -q -o "type=oci,dest=$WORK/$1.tar,rewrite-timestamp=true" "$2" >/dev/null
	digest_of "$WORK/$1.tar"
}
check "two stores make one archive of folder and commit" same "$(reproduce one "$WORK/context")" "$(reproduce two "file://$repo#v1")"
check "   ... and of the same folder at another time" same "$(reproduce one "$WORK/context")" "$(touch "$WORK"/context/*; reproduce three "$WORK/context")"

note "http"
if "$IMGBUILD" --version | grep -q http; then
	git clone -q --bare "$repo" "$www/repo.git" 2>/dev/null
	git -C "$www/repo.git" update-server-info
	tar -C "$WORK/context" -czf "$www/context.tgz" .
	printf 'FROM scratch\nCOPY context /the-file\n' >"$www/file"
	touch -d @1234567890 "$www/file" "$www/context.tgz"
	serve "$www"
	check "a repository behind a URL gives the folder's image" same "$folder" "$(id_of "$IMGBUILD" -q "$URL/repo.git#v1")"
	check "the query form" same "$folder" "$(id_of "$IMGBUILD" -q "$URL/repo.git?branch=main&commit=$commit")"
	refuse "another commit than the one asked for is an error" 1 build "$URL/repo.git?branch=next&commit=$commit"
	check "an archive behind a URL gives the folder's image" same "$folder" "$(id_of "$IMGBUILD" -q "$URL/context.tgz")"
	check "a Dockerfile behind a URL is its own context" root "$URL/file"
	check "   ... with mode 0600" lists '^-rw------- 0/0 .* 2009-02-13 23:31:30 the-file$'
	check "its time is Last-Modified" root --build-arg SOURCE_DATE_EPOCH=context "$URL/context.tgz"
	note "the time of a stage's source"
	# dated SOURCE ARGS...: what the config's time and a stage's argument are
	dated() {
		local source=$1
		shift
		printf '%s\n' 'ARG WHERE=none' 'FROM scratch AS src' 'ARG FILE=file' "$source" 'FROM scratch AS plain' 'ADD file /x' \
			'FROM scratch' 'ARG SOURCE_DATE_EPOCH' 'ENV E=$SOURCE_DATE_EPOCH' >"$WORK/Dockerfile"
		"$IMGBUILD" -q -f "$WORK/Dockerfile" -o "$WORK/dated.tar" --build-arg WHERE="$URL" "$@" "$WORK/context" >"$WORK/out" 2>&1 || {
			local code=$?
			cat "$WORK/out"
			return $code
		}
		field "$WORK/dated.tar" "(c.get('created'), c['config']['Env'][-1])"
	}
	modified="('2009-02-13T23:31:30Z', 'E=1234567890')" committed="('2023-11-14T22:13:20Z', 'E=1700000000')"
	check "SOURCE_DATE_EPOCH=STAGE is its URL's Last-Modified" same "$modified" "$(dated "ADD $URL/file /" --build-arg SOURCE_DATE_EPOCH=src)"
	check "   ... in the environment, in any case" same "$modified" "$(SOURCE_DATE_EPOCH=SRC dated "ADD $URL/file /")"
	check "   ... with arguments of the stage" same "$modified" "$(dated 'ADD $WHERE/$FILE /' --build-arg SOURCE_DATE_EPOCH=src --build-arg FILE=context.tgz)"
	check "   ... or its repository's commit" same "$committed" "$(dated "ADD $URL/repo.git#v1 /" --build-arg SOURCE_DATE_EPOCH=src)"
	check "   ... or that of a named context" same "$committed" "$(dated "ADD x /" --build-arg SOURCE_DATE_EPOCH=old --build-context old="$URL/repo.git#v1")"
	check "a named folder has no such time" same "(None, 'E=')" "$(dated "ADD x /" --build-arg SOURCE_DATE_EPOCH=old --build-context old="$WORK/other")"
	digest=$(sha256sum <"$www/file" | cut -d' ' -f1)
	check "its checksum is checked" same "$modified" "$(dated "ADD --checksum=sha256:$digest $URL/file /" --build-arg SOURCE_DATE_EPOCH=src)"
	refuse "   ... when the plan is made" 1 dated "ADD --checksum=sha256:${digest//[0-9]/0} $URL/file /" --build-arg SOURCE_DATE_EPOCH=src
	while IFS= read -r bad; do
		refuse "a stage with '${bad//$URL/…}' has no such time" 2 dated "${bad//|/$'\n'}" --build-arg SOURCE_DATE_EPOCH=src
	done <<X
ADD file /
ADD $URL/file $URL/file /
ADD $URL/file /|ADD $URL/file /
COPY file /
ADD $URL/file /|ENV A=b
LABEL a=b
X
	refuse "nor has one that is not FROM scratch" 2 dated "FROM busybox AS on|ADD $URL/file /" --build-arg SOURCE_DATE_EPOCH=plain
	refuse "nor has a name that is nobody's" 2 dated "ADD $URL/file /" --build-arg SOURCE_DATE_EPOCH=nobody
	check "   ... and is told" grep -q 'nobody is no number of seconds, no context and no stage' "$WORK/out"
	printf 'FROM scratch\nCOPY hello.txt /from-afar\n' >"$www/plain"
	check "-f takes a URL" root -f "$URL/plain" "$WORK/context"
	check "   ... and the folder stays the context" lists ' from-afar$'
	refuse "a missing one is an error" 1 build "$URL/nothing"
	check "   ... that names it" says "$URL/nothing: the server answered 404"
else
	skip "contexts behind URLs" "imgbuild was built without libcurl"
fi

note "named contexts"
mkdir -p "$WORK/c"
echo one >"$WORK/other/one"
echo two >"$WORK/other/two"
echo two >"$WORK/other/.dockerignore"
cat >"$WORK/c/Dockerfile" <<'D'
FROM base
COPY --from=lib . /lib/
D
check "a named folder is copied from, on an image with another name" \
	root --build-context lib="$WORK/other" --build-context base=docker-image://busybox "$WORK/c"
check "   ... all of it" lists ' lib/one$'
check "   ... but what its .dockerignore names" lists_not ' lib/two$'
check "   ... over the image" lists ' bin/busybox$'
dockerfile() {
	printf '%s\n' "$@" >"$WORK/c/Dockerfile"
}
dockerfile 'FROM lib' 'COPY --from=lib one /copied'
check "FROM a folder" root --build-context lib="$WORK/other" -o "$WORK/from.tar" "$WORK/c"
check "   ... has its files" lists '^-rw-r--r-- 0/0 .* one$'
check "   ... in a layer of their own" same 2 "$(field "$WORK/from.tar" "len(m['layers'])")"
check "   ... whose history entry is the last, as BuildKit's" same "['COPY one /copied # buildkit', '[1/2] COPY --from=lib one /copied']" \
	"$(field "$WORK/from.tar" "[h['created_by'] for h in c['history']]")"
dockerfile 'FROM busybox AS lib' 'COPY nowhere /' 'FROM scratch' 'COPY --from=lib one /'
check "a context takes the place of the stage with its name" root --build-context lib="$WORK/other" "$WORK/c"
dockerfile 'FROM docker.io/library/lib:latest' 'COPY --from=lib one /x'
check "a name is normalised as an image's" root --build-context lib="$WORK/other" "$WORK/c"
dockerfile 'FROM scratch AS early' 'COPY Dockerfile /from-early' 'FROM lib' 'COPY --from=lib from-early /again'
check "target:STAGE is a stage of the Dockerfile" root --build-context lib=target:early "$WORK/c"
check "   ... with its files" lists ' again$'
refuse "a stage that comes later is a mistake" 2 build --build-context lib=target:late "$WORK/c"
check "   ... named with the context" says "no stage 'late' before this one, which --build-context lib"
dockerfile 'FROM lib' 'COPY Dockerfile /empty'
check "docker-image://scratch is empty" root --build-context lib=docker-image://scratch "$WORK/c"
mkdir -p "$WORK/deep/f"
echo deep >"$WORK/deep/f/a.txt"
git -C "$WORK/deep" init -q
git -C "$WORK/deep" add -A
git -C "$WORK/deep" -c user.email=t@example.org -c user.name=t commit -qm 1
git clone -q --bare "$WORK/deep" "$www/deep.git" 2>/dev/null
git -C "$www/deep.git" update-server-info
dockerfile 'FROM scratch' 'COPY --from=deep . /z/'
check "a repository on this machine is a context" root --build-context "deep=file://$WORK/deep#:f" "$WORK/c"
check "   ... of which only a folder was asked for" lists ' z/a.txt$'
dockerfile 'FROM busybox' 'RUN echo made here >/made'
"$IMGBUILD" -q -o "$WORK/layout.tar" "$WORK/c" >/dev/null
mkdir "$WORK/layout"
tar -C "$WORK/layout" -xf "$WORK/layout.tar"
dockerfile 'FROM lib' 'COPY --from=lib made /copied'
check "oci-layout:// is an image" root --build-context "lib=oci-layout://$WORK/layout" "$WORK/c"
check "   ... with its files" lists ' copied$'
digest=$(sed -n 's/.*"digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$WORK/layout/index.json" | head -n1)
check "   ... by its digest" root --build-context "lib=oci-layout://$WORK/layout@$digest" "$WORK/c"
check "   ... which decides whatever the tag" root --build-context "lib=oci-layout://$WORK/layout:other@$digest" "$WORK/c"
refuse "another tag is a mistake" 2 build --build-context "lib=oci-layout://$WORK/layout:other" "$WORK/c"
check "   ... that is named" says 'layout:other: there is no such image in the layout'
if [ -n "${URL:-}" ]; then
	dockerfile 'FROM scratch' 'COPY --from=file context /x' 'COPY --from=repo hello.txt /y'
	check "URLs are contexts: of a file, and of a repository" root --build-context "file=$URL/file" --build-context "repo=$URL/repo.git#v1" "$WORK/c"
	check "   ... with mode 0600 for the file" lists '^-rw------- 0/0 .* x$'
	dockerfile 'FROM busybox' 'COPY --from=deep . /z/' 'RUN --mount=from=deep,target=/m cp /m/a.txt /mounted'
	check "a folder of a repository, copied and mounted" root --build-context "deep=$URL/deep.git#:f" "$WORK/c"
	check "   ... copied" lists ' z/a.txt$'
	check "   ... and mounted" lists ' mounted$'
fi
for bad in lib lib= =x "lib=$WORK/none" "LIB=$WORK/other" "lib=$WORK/c/Dockerfile"; do
	refuse "--build-context ${bad//$WORK/…} is a mistake" 2 build --build-context "$bad" "$WORK/c"
	check "   ... named with its value" says "^imgbuild: --build-context $bad: "
done

note "a store in the context"
in=$WORK/in
mkdir -p "$in/deep/store.d" "$in/.git"
echo data >"$in/deep/file"
echo git >"$in/.git/config"
IMGBUILD_ROOT=$in/deep/store.d/own "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
ln -s "$in/deep/store.d/own" "$WORK/link-to-store"
ln -s "$in" "$WORK/link-to-context"
cat >"$in/Dockerfile" <<'D'
FROM busybox
COPY . /all/
COPY deep/* /some/
COPY --from=named / /named/
RUN --mount=target=/m find /m | sort >/mounted
RUN --mount=from=named,target=/m,rw find /m | sort >/mounted-named
D
# in_own STORE CONTEXT NAMED: builds with a store that lies in the context
in_own() {
	rm -f "$WORK/root.tar"
	IMGBUILD_ROOT=$1 build -o "type=tar,dest=$WORK/root.tar" -f "$in/Dockerfile" --build-context named="$3" "$2" &&
		tar -tvf "$WORK/root.tar" >"$WORK/list"
}
# leaves_out: the last root has the context's files and none of its store's
leaves_out() {
	lists ' all/deep/file$' >/dev/null && lists ' all/deep/store.d/$' >/dev/null &&
		lists ' some/file$' >/dev/null && lists ' named/store.d/$' >/dev/null && lists_not '/own/|blobs|oci-layout' &&
		tar -xOf "$WORK/root.tar" mounted mounted-named | sort | uniq -c >"$WORK/mounted" &&
		grep -q 'm/deep/file$' "$WORK/mounted" && ! grep -E '/own|blobs' "$WORK/mounted"
}
own=$in/deep/store.d/own
check "a store in the context" in_own "$own" "$in" "$in/deep"
check "   ... is no part of it, neither copied nor mounted" leaves_out
check "   ... nor when it was written to in between" in_own "$own" "$in" "$in/deep"
check "   ... which changes no key" all_cached
check "a store by a link, a context by a link" in_own "$WORK/link-to-store" "$WORK/link-to-context" "$WORK/link-to-context/deep/../deep"
check "   ... is none either" leaves_out
check "   ... the same as before" all_cached
printf 'Dockerfile\n.git\n!deep/store.d/own/**\n' >"$in/.dockerignore"
check "with a .dockerignore that asks for it" in_own "$own" "$in" "$in/deep"
check "   ... is none either" leaves_out
printf 'FROM scratch\nCOPY deep/store.d/own/index.json /\n' >"$in/Dockerfile"
refuse "a file of it can't be copied" 1 in_own "$own" "$in" "$in/deep"
refuse "the store itself is no context" 1 in_own "$own" "$own" "$in/deep"
check "   ... and is told so" says "it is imgbuild's own store"
finish
