#!/bin/bash
# Pull, push and copy against a registry on loopback, and what comes in goes out
# byte for byte.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry/servers.sh"
need_registry
bases
export HOME=$WORK/home XDG_CONFIG_HOME=$WORK/config DOCKER_CONFIG=$WORK/docker
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG XDG_RUNTIME_DIR || :
mkdir -p "$HOME" "$XDG_CONFIG_HOME"
registry one
R=$HOST
i=$IMGBUILD
other() { env IMGBUILD_ROOT="$WORK/$1" "${@:2}"; }
digest_in() { other "$1" "$i" images >/dev/null && other "$1" "$i" save "$2" 2>/dev/null |
	tar -xOf - index.json | sed -E 's/.*"digest":"(sha256:[0-9a-f]+)".*/\1/'; }

# --- a built image ------------------------------------------------------------
check "an image is built" build -t "$R/a/b:1" "$FIXTURES/hello"
check "push sends it" "$i" push "$R/a/b:1"
pushed=$(said_digest <"$LOG")
check "pull brings it into another store" other two "$i" pull "$R/a/b:1"
check "   ... with the digest that was pushed" same "$pushed" "$(said_digest <"$LOG")"
check "   ... as the registry has it" same "$pushed" \
	"sha256:$(python3 -c 'import hashlib,sys,urllib.request as u; print(hashlib.sha256(u.urlopen(u.Request(sys.argv[1], headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})).read()).hexdigest())' "http://$R/v2/a/b/manifests/1")"
check "save of the pulled image has that digest" same "$pushed" "$(digest_in two "$R/a/b:1")"
check "save of the built one has it too" same "$pushed" "$(digest_in store "$R/a/b:1")"
check "both stores name one image id" same "$("$i" inspect "$R/a/b:1" | grep '"Id"')" "$(other two "$i" inspect "$R/a/b:1" | grep '"Id"')"
check "pull by digest" other three "$i" pull "$R/a/b@$pushed"
check "   ... and the image is found by it" other three "$i" inspect "$R/a/b@$pushed"
check "the pulled image is a base" env IMGBUILD_ROOT="$WORK/two" bash -c \
	'printf "FROM %s\nRUN test -s /hello\n" "$1" | "$0" build -q -f - "$2"' "$i" "$R/a/b:1" "$FIXTURES/hello"

before=$(requests one) moved=$(moved one)
check "push of an unchanged image" "$i" push "$R/a/b:1"
check "   ... takes at most three requests" test $(($(requests one) - before)) -le 3
check "   ... and moves no blob" same "$moved" "$(moved one)"
"$i" tag "$R/a/b:1" "$R/a/b:2"
moved=$(moved one)
check "another tag of it moves no blob" bash -c '"$0" push "$1" && true' "$i" "$R/a/b:2"
check "   ... either" same "$moved" "$(moved one)"
check "copy to another repository of the registry" "$i" copy "docker://$R/a/b:1" "docker://$R/c/d:1"
check "   ... keeps the digest" same "$pushed" "$(said_digest <"$LOG")"
check "   ... and mounts the blobs" same "$moved" "$(moved one)"

# --- what other tools made ----------------------------------------------------
if have skopeo; then
	export CONTAINERS_REGISTRIES_CONF=/dev/null
	sk() { skopeo --insecure-policy "$@" >/dev/null; }
	"$i" save "$R/a/b:1" -o "$WORK/a.tar"
	for form in oci v2s2; do
		for kind in gzip zstd; do
			[ "$form-$kind" != v2s2-zstd ] || continue
			name=$R/sk/$form-$kind:1
			check "skopeo pushes $form, $kind" sk copy -f $form --dest-compress --dest-compress-format $kind \
				--dest-tls-verify=false "oci-archive:$WORK/a.tar" "docker://$name"
			want=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$name")
			check "   ... it is pulled" other "$form-$kind" "$i" pull "$name"
			check "   ... with its digest" same "$want" "$(said_digest <"$LOG")"
			check "   ... pushed elsewhere with it" other "$form-$kind" "$i" push "$name" "$R/again/$form-$kind:1"
			check "   ... the very same" same "$want" \
				"$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$R/again/$form-$kind:1")"
			check "   ... saved with it" same "$want" "$(digest_in "$form-$kind" "$name")"
		done
	done
	check "skopeo's dir:" sk copy --src-tls-verify=false "docker://$R/a/b:1" "dir:$WORK/dir"
	check "   ... is loaded" other loaded "$i" load -i "$WORK/dir"
	check "   ... and copied with its digest" same "$pushed" \
		"$("$i" copy -q "dir:$WORK/dir" "docker://$R/from/dir:1" | said_digest)"
	check "skopeo's archive without a name" sk copy "dir:$WORK/dir" "oci-archive:$WORK/nameless.tar"
	check "   ... is loaded" other nameless "$i" load -i "$WORK/nameless.tar"
	check "   ... listed" bash -c 'IMGBUILD_ROOT=$1 "$0" images | grep "^<none>"' "$i" "$WORK/nameless"
	check "   ... and tagged by its id" other nameless "$i" tag "$(tar -xOf "$WORK/nameless.tar" index.json | sed -E 's/.*"digest":"(sha256:.{12}).*/\1/')" named:1
	check "   ... after which it is listed once" same 2 "$(other nameless "$i" images | wc -l)"
	check "skopeo's docker-archive" sk copy "dir:$WORK/dir" "docker-archive:$WORK/docker.tar:in/docker:1"
	check "   ... is loaded" other docker "$i" load -i "$WORK/docker.tar"
	check "   ... and saved with the image id that it had" same \
		"$(tar -xOf "$WORK/docker.tar" manifest.json | sed -E 's/.*"Config":"([0-9a-f]+).*/\1/')" \
		"$(other docker "$i" inspect in/docker:1 | sed -nE 's/.*"Id": "sha256:([0-9a-f]+)".*/\1/p')"
	check "   ... by copy too" other docker "$i" copy -q "docker-archive:$WORK/docker.tar" "oci:$WORK/layout:x"
else
	skip "images that skopeo made" "skopeo is not installed"
fi

# --- an index -------------------------------------------------------------------
python3 "$SOURCE/tests/integration/registry/two_platforms.py" "$WORK/index.tar"
whole=$(tar -xOf "$WORK/index.tar" index.json | sed -E 's/.*"digest": ?"(sha256:[0-9a-f]+)".*/\1/')
check "an index is copied from an archive" "$i" copy "oci-archive:$WORK/index.tar" "docker://$R/multi:1"
check "   ... whole" same "$whole" "$(said_digest <"$LOG")"
for place in "oci:$WORK/m.layout:1" "dir:$WORK/m.dir" "oci-archive:$WORK/m.tar:x/y:1"; do
	check "from the registry to ${place%%:*}:" "$i" copy "docker://$R/multi:1" "$place"
	check "   ... and back, all the same" same "$whole" "$("$i" copy -q "$place" "docker://$R/multi:${place%%:*}" | said_digest)"
done
check "pull keeps the index" other sparse "$i" pull "$R/multi:1"
check "   ... its digest" same "$whole" "$(said_digest <"$LOG")"
check "   ... and not the other platform's blobs" same 4 "$(find "$WORK/sparse/blobs" -type f | wc -l)"
check "a part of an index is not pushed as the whole" says_error 'not all platforms' \
	env IMGBUILD_ROOT="$WORK/sparse" "$i" push "$R/multi:1" "$R/part:1"
check "   ... but by its platform" other sparse "$i" push --platform linux/amd64 "$R/multi:1" "$R/part:1"
check "pull --all-platforms brings all" other full "$i" pull --all-platforms "$R/multi:1"
check "   ... which can be pushed" other full "$i" push "$R/multi:1" "$R/whole:1"
check "   ... as it is" same "$whole" "$(said_digest <"$LOG")"
check "save and load keep all platforms" bash -c \
	'IMGBUILD_ROOT=$2/full "$0" save "$1" -o "$2/f.tar" && IMGBUILD_ROOT=$2/full2 "$0" load -i "$2/f.tar" && IMGBUILD_ROOT=$2/full2 "$0" push -q "$1" "$1-again"' \
	"$i" "$R/multi:1" "$WORK"
check "   ... and the digest" same "$whole" "$(said_digest <"$LOG")"
check "a platform that is not there is an error that names those there are" \
	says_error 'no image for platform linux/s390x; there are: linux/amd64, linux/arm64' "$i" pull --platform linux/s390x "$R/multi:1"

# --- several images, terminals, advice -------------------------------------------
check "save takes several names" "$i" save busybox "$R/a/b:1" -o "$WORK/both.tar"
check "   ... which load brings back" other both "$i" load -i "$WORK/both.tar"
check "   ... both" bash -c 'IMGBUILD_ROOT=$2 "$0" inspect busybox "$1"' "$i" "$R/a/b:1" "$WORK/both"
check "import refuses an archive of images, and says load" says_error 'imgbuild load' "$i" import "$WORK/both.tar" x
id=$("$i" build -q "$FIXTURES/hello")
check "build -q gives an id that inspect takes" "$i" inspect "$id"
check "   ... tag" "$i" tag "$id" by/id:1
check "   ... and save" "$i" save "${id:7:12}" -o "$WORK/id.tar"
check "a missing image's error says how to get it" says_error 'imgbuild pull.*imgbuild load' "$i" inspect nowhere
for command in "save busybox" "load" "build -o - $FIXTURES/hello"; do
	# shellcheck disable=SC2086
	check "$command on a terminal is refused" bash -c \
		'! python3 "$1" "$2" "${@:3}" >"$0" 2>&1 && grep -Eq "terminal" "$0"' "$WORK/tty" \
		"$SOURCE/tests/integration/registry/in_terminal.py" "$i" $command
done

# --- errors ---------------------------------------------------------------------
check "a missing repository" says_error "has no repository no/such" "$i" pull "$R/no/such:1"
check "a missing tag" says_error "has no tag none in its repository a/b; there are: [12], [12]" "$i" pull "$R/a/b:none"
check "nobody listens" says_error "no connection" "$i" pull localhost:1/a
check "no such host" says_error "no network, or there is no such host" "$i" pull registry.invalid/a
check "a name that is none is a mistake" says_error "lowercase" "$i" pull "$R/A"

# --- settings -------------------------------------------------------------------
conf=$WORK/registries.conf
export IMGBUILD_REGISTRIES=$conf CONTAINERS_REGISTRIES_CONF=/dev/null
cat >"$conf" <<C
[[registry]]
prefix = "upstream.invalid/team"
location = "127.0.0.1:1/x"
[[registry.mirror]]
location = "127.0.0.1:1"
[[registry.mirror]]
location = "$R/a"
[[registry]]
prefix = "blocked.invalid"
blocked = true
[[registry]]
prefix = "elsewhere.invalid"
location = "$R"
C
check "a mirror is asked, after one that is dead" other mirror "$i" pull upstream.invalid/team/b:1
check "   ... and the name stays the registry's" other mirror "$i" inspect upstream.invalid/team/b:1
check "location stands for the registry" other mirror "$i" pull elsewhere.invalid/a/b:1
check "a blocked registry is refused" says_error 'blocks' "$i" pull blocked.invalid/a
registry two "proxy: {remoteurl: http://$R}"
printf '[[registry]]\nprefix = "%s"\n[[registry.mirror]]\nlocation = "%s"\n' "$R" "$HOST" >"$conf"
before=$(moved one)
check "a pull-through mirror in front" other through "$i" pull "$R/a/b:1"
check "   ... gives the same image" same "$pushed" "$(said_digest <"$LOG")"
printf '[[registry]]\nprefix = 1\n' >"$conf"
check "a mistake in the file is named with its line" says_error 'registries.conf: line 2: prefix is not a string' "$i" pull "$R/a/b:1"
unset IMGBUILD_REGISTRIES

# --- as an ordinary user ----------------------------------------------------------
reason=$(why_no_user)
if [ -n "$reason" ]; then
	skip "an ordinary user pulls, builds and pushes" "$reason"
else
	user_home
	chmod 755 "$WORK"
	check "an ordinary user pulls" as_user "$IMGBUILD" pull "$R/a/b:1"
	printf 'FROM %s\nRUN echo user >/user\n' "$R/a/b:1" >"$WORK/home/Dockerfile"
	chmod 644 "$WORK/home/Dockerfile"
	check "   ... builds on it" as_user "$IMGBUILD" build -q -t "$R/user:1" -f "$WORK/home/Dockerfile" "$WORK/home"
	check "   ... pushes" as_user "$IMGBUILD" push "$R/user:1"
	check "   ... what root can pull" other user "$i" pull "$R/user:1"
fi

stop_servers
finish
