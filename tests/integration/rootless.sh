#!/bin/bash
# An ordinary user with subordinate ids: the main job, owners, and the store.
. "$(dirname "$0")/lib.sh"
need_user
python3 "$SOURCE/tests/conformance/base.py" "$WORK/bases"
chmod -R go+rX "$WORK/bases"
cp -r "$FIXTURES/hello" "$WORK/hello"
chmod -R go+rX "$WORK/hello"

user_build() {
	as_user "$IMGBUILD" build --progress=plain "$@" >"$WORK/out" 2>&1 || {
		cat "$WORK/out"
		return 1
	}
}

check "a user imports a base" as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox
check "builds the main job" user_build -t hello -o "$WORK/home/hello.tar" "$WORK/hello"
check "a second time" user_build -t hello -o "$WORK/home/hello.tar" "$WORK/hello"
check "from the cache" all_cached

mkdir "$WORK/owners"
cat >"$WORK/owners/Dockerfile" <<'D'
FROM busybox
RUN mkdir /o && echo x >/o/f && chown -R 12:34 /o && chmod 4711 /o/f
RUN chown alice:staff /var/data/one && rm /var/data/two && rm -r /var/data/deep && mkdir /var/data/deep
USER alice
RUN id -u >/tmp/who
D
chmod -R go+rX "$WORK/owners"
check "RUN gives files to other ids" user_build -o "type=tar,dest=$WORK/home/owners.tar" "$WORK/owners"
tar -tvf "$WORK/home/owners.tar" --numeric-owner >"$WORK/list" 2>&1 || :
check "their owners are in the image" grep -E '^-rws--x--x 12/34 .* o/f$' "$WORK/list"
check "names are looked up inside" grep -E ' 1000/50 .* var/data/one$' "$WORK/list"
check "what was deleted is gone" sh -c '! grep -E "var/data/(two|deep/three)" "$0"' "$WORK/list"
check "USER is another user" grep -E ' 1000/1000 .* tmp/who$' "$WORK/list"
check "no mount is left" sh -c '! grep "$0" /proc/mounts' "$WORK"

if have git; then
	printf 'FROM scratch\nCOPY . /\n' >"$WORK/hello/Dockerfile"
	rm -rf "$WORK/home/repo"
	as_user cp -r "$WORK/hello" "$WORK/home/repo"
	as_user sh -c 'cd "$1" && git init -q . && git add -A && git -c user.email=t@example.org -c user.name=t commit -qm 1' _ "$WORK/home/repo"
	export SOURCE_DATE_EPOCH=1700000000
	folder=$(as_user "$IMGBUILD" -q "$WORK/hello")
	check "a commit gives the folder's image" same "$folder" "$(as_user "$IMGBUILD" -q "file://$WORK/home/repo")"
	check "so does a tar on stdin" same "$folder" "$(tar -C "$WORK/hello" -c . | as_user "$IMGBUILD" -q -)"
	check "which root's image is, too" same "$folder" "$("$IMGBUILD" -q "$WORK/hello")"
	unset SOURCE_DATE_EPOCH
else
	skip "a commit gives the folder's image" "git is not installed"
fi

if [ "$(id -u)" -eq 0 ]; then
	bare=$(awk -F: '$3 >= 1 && $3 < 65534 { print $1 }' /etc/passwd | while read -r u; do
		grep -q "^$u:" /etc/subuid || { echo "$u"; break; }
	done)
	if [ -n "$bare" ]; then
		mkdir "$WORK/bare"
		chown "$bare" "$WORK/bare"
		check "a user without subordinate ids builds, or gets one sentence" bash -c '
			cd /; setpriv --reuid="$1" --clear-groups env HOME="$2" IMGBUILD_ROOT="$2/store" "$3" import "$4" busybox >"$2/log" 2>&1 &&
			setpriv --reuid="$1" --clear-groups env HOME="$2" IMGBUILD_ROOT="$2/store" "$3" build "$5" >"$2/log" 2>&1 ||
			grep -Ei "subuid|subordinate|newuidmap" "$2/log"' _ "$bare" "$WORK/bare" "$IMGBUILD" "$WORK/bases/base.tar" "$WORK/hello"
	else
		skip "a user without subordinate ids gets one sentence" "every user here has them"
	fi
else
	skip "a user without subordinate ids gets one sentence" "needs root to become one"
fi
finish
