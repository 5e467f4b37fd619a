#!/bin/bash
# A store is its owner's alone: what lies in an image with rights for others can
# be neither run, read nor written by another user of the machine.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all "needs root, and an ordinary user beside it"
need_user
bases
mkdir "$WORK/c"
cat >"$WORK/c/Dockerfile" <<'D'
FROM busybox
RUN cp /bin/busybox /suid && chmod 4755 /suid
RUN mkdir -p /srv/www && chmod 777 /srv/www && echo page >/srv/www/page && chmod 666 /srv/www/page
RUN echo this is in the log
D

# other COMMAND...: as the other user of the machine
other() {
	setpriv --reuid=imgbuild-test --regid=imgbuild-test --clear-groups "$@"
}

denied() {
	! other "$@" >"$WORK/denied" 2>&1 && grep -qi 'permission denied' "$WORK/denied" || {
		cat "$WORK/denied"
		return 1
	}
}

# mentions TEXT COMMAND...: it fails, and says that
mentions() {
	local text=$1
	shift
	! "$@" >"$WORK/said" 2>&1 && grep -q "$text" "$WORK/said"
}

# no_way FILE...: each of them is there, and the other user gets to none
no_way() {
	[ $# -gt 0 ] || return 1
	for file in "$@"; do
		[ -e "$file" ] && denied cat "$file" || return 1
	done
}

check "a build under umask 000" bash -c 'umask 000; "$0" build -q "$1"' "$IMGBUILD" "$WORK/c"
check "makes the store private" same 700 "$(stat -c %a "$IMGBUILD_ROOT")"
check "find as somebody else is denied at its root" denied find "$IMGBUILD_ROOT"
check "so is a setuid program of an image" denied sh -c '"$0" true' "$(ls -d "$IMGBUILD_ROOT"/snapshots/*/suid)"
check "a file that all may write" denied sh -c 'echo x >"$0"' "$(ls "$IMGBUILD_ROOT"/snapshots/*/srv/www/page)"
check "a folder that all may write" denied touch "$(ls -d "$IMGBUILD_ROOT"/snapshots/*/srv/www)/x"
check "and each log" no_way "$IMGBUILD_ROOT"/logs/*/*

chmod 755 "$IMGBUILD_ROOT"
check "an older store, open to all" other test -r "$IMGBUILD_ROOT/index.json"
check "is tightened by the next command" "$IMGBUILD" images
check "and then" denied find "$IMGBUILD_ROOT"

mkdir "$WORK/home/theirs"
chown imgbuild-test "$WORK/home/theirs"
check "a store of somebody else is refused, with how to ask for it" mentions IMGBUILD_ALLOW_FOREIGN_STORE=1 env IMGBUILD_ROOT="$WORK/home/theirs" "$IMGBUILD" images
check "and nothing is made in it" same "" "$(ls -A "$WORK/home/theirs")"
check "asked for, it is used" env IMGBUILD_ALLOW_FOREIGN_STORE=1 IMGBUILD_ROOT="$WORK/home/theirs" "$IMGBUILD" images

mkdir -m 1777 "$WORK/shared"
other mkdir "$WORK/shared/store"
refuse "nor one that was prepared where all may write" 1 env IMGBUILD_ROOT="$WORK/shared/store" "$IMGBUILD" images
other ln -s "$WORK/home" "$WORK/shared/link"
refuse "nor what a link of somebody else leads to" 1 env IMGBUILD_ROOT="$WORK/shared/link" "$IMGBUILD" images
check "which keeps its mode" same 755 "$(stat -c %a "$WORK/home")"

mkdir "$WORK/full"
chmod 755 "$WORK/full"
echo mine >"$WORK/full/letter"
refuse "a folder with other things in it is no store" 1 env IMGBUILD_ROOT="$WORK/full" "$IMGBUILD" images
check "and keeps its mode" same 755 "$(stat -c %a "$WORK/full")"
printf '2\n' >"$IMGBUILD_ROOT/version"
check "a store of a newer version is refused with a sentence" mentions 'written by a newer imgbuild' "$IMGBUILD" images
printf '1\n' >"$IMGBUILD_ROOT/version"

check "the ordinary user's store is private too" as_user "$IMGBUILD" images
check "whatever the umask" same 700 "$(stat -c %a "$WORK/home/store")"
if other unshare -Ur true 2>/dev/null; then
	check "he loads a base" as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox
	check "and steps under subordinate ids work in it" as_user "$IMGBUILD" build -q - <<'D'
FROM busybox
RUN mkdir -m 700 /d && touch /d/f && chown -R 1000:1000 /d
USER 1000
RUN test -w /d/f && touch /d/g
D
fi
finish
