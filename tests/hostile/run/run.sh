#!/bin/bash
# Each attack of a RUN and its mounts, NAME.Dockerfile beside this file, as the
# caller and, where that is root, as an ordinary user. A file's first comment
# says what must hold, its second how that shows:
#
#   # error: REGEX     the build fails, and one line of it matches
#   # prints: REGEX    it succeeds, and the last step prints such a line
#   # held             it succeeds, `attack` says "held" and never "escaped"
#
# And for each of them: what lies in $CANARY is neither read nor changed, the
# machine's process and socket are left alone, and no mount or process
# stays. `run.sh NAME...` runs those alone.
# shellcheck source-path=SCRIPTDIR/../../integration
. "$(dirname "$0")/../../integration/lib.sh"
HERE=$(cd "$(dirname "$0")" && pwd)
ATTACK=${ATTACK:-$(dirname "$IMGBUILD")/../tests/attack}
bases

CANARY=$WORK/canary
TOKEN=canary_$$_$RANDOM$RANDOM
mkdir -m 755 "$CANARY" "$WORK/context"
mkdir -m 777 "$CANARY/folder"
echo "$TOKEN" >"$CANARY/secret"
echo "$TOKEN" >"$WORK/s"
printf '#!/bin/sh\necho %s\n' "$TOKEN" >"$CANARY/tool"
chmod 755 "$CANARY/tool"
echo inside >"$WORK/context/file"
ln -s "$CANARY" "$WORK/context/out"
chmod -R go+rX "$WORK/context" "$WORK/bases" "$CANARY" "$WORK/s"
chmod 777 "$CANARY" "$CANARY/folder"

mkdir "$WORK/base"
cp "$ATTACK" "$WORK/base/attack"
printf 'FROM busybox\nCOPY --chmod=755 attack /bin/\n' >"$WORK/base/Dockerfile"
chmod -R go+rX "$WORK/base"

sleep 27182 &
BYSTANDER=$!
python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("\0" + sys.argv[1])
s.listen(64)
while True: s.accept()[0].sendall(sys.argv[2].encode())' "$CANARY" "$TOKEN" &
SOCKET=$!
for _ in $(seq 100); do
	! "$ATTACK" abstract-socket "$CANARY" | grep -q escaped || break
	sleep 0.1
done
exec 9<"$CANARY"
export HOST_SECRET=$TOKEN

as_who() {
	case $WHO in
	caller) "$@" ;;
	user) as_user env HOST_SECRET="$TOKEN" "$@" ;;
	no-groups) unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' _ "$@" ;;
	version-2)
		unshare -m sh -c 'umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"' _ "$@"
		;;
	esac
}

fingerprint() {
	find "$CANARY" "$WORK/context" -printf '%p %y %m %U:%G %n %s %T@ %l\n' | sort
	cat "$CANARY/secret" "$CANARY/tool"
	stat -L -c '%n %i %s %Y %Z' "$IMGBUILD"
}

# value KEY FILE: the value of the comment "# KEY: value"
value() {
	sed -n "2s/^# $1: //p" "$2"
}

# one FILE: builds it and looks at what came of it; an empty output is success
one() {
	local file=$1 before after status=0 line out=$WORK/one.out
	before=$(fingerprint)
	as_who timeout 60 "$IMGBUILD" build --no-cache --progress=plain --build-arg "CANARY=$CANARY" \
		--secret "id=s,src=$WORK/s" --allow security.insecure -f "$file" "$WORK/context" >"$out" 2>&1 || status=$?
	after=$(fingerprint)
	line=$(sed -n 2p "$file")
	[ "$before" = "$after" ] || echo "the canary was changed"
	! grep -q "$TOKEN" "$out" || echo "the canary was read"
	kill -0 $BYSTANDER || echo "a process of the machine is gone"
	! pgrep -f ": left $CANARY" >/dev/null || echo "a process stays"
	! grep -q "$WORK" /proc/self/mountinfo || echo "a mount stays"
	case $line in
	'# error: '*)
		[ $status -eq 1 ] || echo "exit code $status, not 1"
		grep -Eq -- "^imgbuild: .*($(value error "$file"))" "$out" || echo "not the error that is expected"
		;;
	'# prints: '*)
		[ $status -eq 0 ] || echo "exit code $status, not 0"
		sed -n 's/^#[0-9]* [0-9.]* //p' "$out" | grep -Eq -- "$(value prints "$file")" || echo "not the output that is expected"
		;;
	'# held')
		[ $status -eq 0 ] || echo "exit code $status, not 0"
		grep -q ' held' "$out" || echo "nothing was tried"
		! grep -q ' escaped' "$out" || grep ' escaped' "$out"
		;;
	*) echo "the second line says not what is expected" ;;
	esac
}

# holds FILE: nothing is wrong with it
holds() {
	local wrong
	wrong=$(one "$1" 2>&1)
	[ -z "$wrong" ] || {
		printf '%s\n' "$wrong"
		tail -n 15 "$WORK/one.out"
		return 1
	}
}

all() {
	local name
	as_who "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
	as_who "$IMGBUILD" build -q -t hostile "$WORK/base" >/dev/null
	for name in "${NAMES[@]}"; do
		if [ "$name" = command-abstract-socket ] && [ "$("$ATTACK" landlock-version)" -lt 6 ]; then
			skip "$WHO: $name" "this kernel's Landlock has no scope for sockets (Linux 6.12)"
			continue
		fi
		check "$WHO: $name: $(sed -n '1s/^# //p' "$HERE/$name.Dockerfile")" holds "$HERE/$name.Dockerfile"
	done
}

by_groups() {
	local all=("${NAMES[@]}") name
	NAMES=()
	for name in "${all[@]}"; do
		case $name in *devices*) NAMES+=("$name") ;; esac
	done
	WHO=no-groups
	all
	WHO=version-2
	if as_who test -e /sys/fs/cgroup/cgroup.procs; then
		all
	else
		skip "version-2: devices" "no control groups of version 2 here"
	fi
	NAMES=("${all[@]}")
}

NAMES=("$@")
[ $# -gt 0 ] || mapfile -t NAMES < <(cd "$HERE" && printf '%s\n' ./*.Dockerfile | sed 's|^\./||; s/\.Dockerfile$//')
WHO=caller
all
if [ "$(id -u)" -eq 0 ]; then
	# what limits devices differs by the machine
	by_groups
	reason=$(why_no_user)
	if [ -z "$reason" ]; then
		user_home
		WHO=user
		all
	else
		skip "user: every attack" "$reason"
	fi
fi
kill $BYSTANDER $SOCKET
finish
