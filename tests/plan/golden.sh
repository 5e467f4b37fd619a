#!/bin/sh
# Compare what plandump prints for fixtures/plan/NAME/Dockerfile with the file
# beside it: "plan", or for a mistake or a broken image, "diag".
#
#   golden.sh PLANDUMP FOLDER [update]
#
# "update" writes the files anew; look at the difference after it. A fixture
# whose name begins with should-fail- must fail, every other one must not.
set -u
dump=$1 folder=$2 update=${3-}
n=0 bad=0
work=$(mktemp)
trap 'rm -f "$work"' EXIT

complain() {
	bad=$((bad + 1))
	echo "$1"
}

for file in "$folder"/*/Dockerfile; do
	base=${file%/Dockerfile}
	name=${base##*/}
	n=$((n + 1))
	"$dump" "$folder/images" "$file" >"$work"
	status=$?
	case $name in
	should-fail-*)
		kind=diag
		[ $status = 2 ] || [ $status = 3 ] ||
			complain "$name: exit status $status"
		;;
	*)
		kind=plan
		[ $status = 0 ] || { complain "$name: refused"; cat "$work"; }
		;;
	esac
	[ -z "$update" ] || cp "$work" "$base/$kind"
	diff -u "$base/$kind" "$work" || complain "$name: $kind differs"
done
echo "$n plans compared, $bad complaints"
[ $n -gt 0 ] && [ $bad = 0 ]
