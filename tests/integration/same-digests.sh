#!/bin/bash
# Every conformance case gives root and an ordinary user the same digest.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all "needs root, to build as root and as a user"
need_user
compare=$SOURCE/tests/conformance/compare.py

# digests WHO COMMAND...: $WORK/WHO holds a line for each case
digests() {
	local who=$1
	shift
	TMPDIR=$WORK/home "$@" python3 "$compare" --imgbuild "$IMGBUILD" --digests "$WORK/home/$who" \
		>"$WORK/$who.log" 2>&1
}

# The cases that an ordinary user can't make or build, each with its reason.
skipped() {
	sed -n 's/^SKIP \([^:]*\): .*/\1/p' "$WORK/$1.log" | sort
}

digests root env &
root=$!
check "an ordinary user builds the cases" digests user as_user
check "root does" wait "$root"
sort "$WORK/home/root" >"$WORK/root"
sort "$WORK/home/user" >"$WORK/user"
skipped user >"$WORK/skipped"
check "root leaves none out" same "" "$(skipped root)"
check "all cases but those have the same digest" \
	diff <(join -v 1 "$WORK/root" "$WORK/skipped") "$WORK/user"
note "$(wc -l <"$WORK/user") cases alike; left to root: $(tr '\n' ' ' <"$WORK/skipped")"
finish
