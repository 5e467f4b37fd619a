#!/bin/bash
# The four-stage build: plan and image are golden, whoever builds it, however
# often, on however many threads. UPDATE=1 writes the golden files again.
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || skip_all "the golden base holds an x86-64 program"
golden=$SOURCE/tests/golden/four-stages
python3 "$SOURCE/tests/integration/put.py" "$WORK/put.oci.tar"
cp -r "$FIXTURES/four-stages" "$WORK/four-stages"
chmod -R u=rwX,go=rX "$WORK/four-stages"
find "$WORK/four-stages" -exec touch -d '2001-02-03 04:05:06 UTC' {} +
export SOURCE_DATE_EPOCH=1000000000

# four STORE OUT ARGS...
four() {
	local store=$1 out=$2
	shift 2
	IMGBUILD_ROOT=$WORK/$store "$IMGBUILD" load -i "$WORK/put.oci.tar"
	IMGBUILD_ROOT=$WORK/$store build -t four-stages "$@" \
		-o "type=oci,dest=$WORK/$out,compression=none,rewrite-timestamp=true" "$WORK/four-stages"
}

# golden NAME: compare $WORK/NAME with the kept file
golden() {
	if [ -n "${UPDATE:-}" ]; then
		mkdir -p "$golden"
		cp "$WORK/$1" "$golden/$1"
	fi
	diff -u "$golden/$1" "$WORK/$1"
}

check "it builds" four first first.tar --jobs 1
IMGBUILD_ROOT=$WORK/first "$IMGBUILD" build --plan "$WORK/four-stages" >"$WORK/plan" || :
check "the plan is golden" golden plan
check "the unused stage is not in it" sh -c '! grep no-such-program "$0"' "$WORK/plan"
(cd "$WORK/first/steps" && find . -type f | sed 's,.*/,,' | LC_ALL=C sort) >"$WORK/keys"
check "the keys are golden" golden keys
digest_of "$WORK/first.tar" >"$WORK/image"
check "the image is golden" golden image

check "two jobs" four second second.tar --jobs 2
check "give the same bytes" cmp "$WORK/first.tar" "$WORK/second.tar"
check "a second build" four first again.tar
check "is cached" all_cached
check "and gives the same bytes" cmp "$WORK/first.tar" "$WORK/again.tar"
check "--no-cache" four first nocache.tar --no-cache
check "gives the same bytes" cmp "$WORK/first.tar" "$WORK/nocache.tar"

if [ "$(id -u)" -eq 0 ]; then
	reason=$(why_no_user)
	if [ -n "$reason" ]; then
		skip "an ordinary user's build gives the same bytes" "$reason"
	else
		user_home
		chmod 644 "$WORK/put.oci.tar"
		check "an ordinary user loads the base" as_user "$IMGBUILD" load -i "$WORK/put.oci.tar"
		check "an ordinary user builds" as_user env SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH "$IMGBUILD" build --progress=plain \
			-o "type=oci,dest=$WORK/home/user.tar,compression=none,rewrite-timestamp=true" -t four-stages "$WORK/four-stages"
		check "and gives the same bytes" cmp "$WORK/first.tar" "$WORK/home/user.tar"
	fi
else
	note "ran as an ordinary user: the golden files were made as root"
fi
finish
