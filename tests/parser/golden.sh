#!/bin/sh
# Compare what parsedump prints for fixtures/parse/NAME.dockerfile with the
# files beside it: NAME.ir, NAME.diag, NAME.tokens, NAME.json, those that exist.
#
#   golden.sh PARSEDUMP FOLDER [update]
#
# "update" writes the files that exist anew; look at the difference after it.
# A fixture whose name begins with should-fail- must have an error, every
# other one must have none.
set -u
dump=$1 folder=$2 update=${3-}
n=0 bad=0
work=$(mktemp)
trap 'rm -f "$work"' EXIT

complain() {
	bad=$((bad + 1))
	echo "$1"
}

for file in "$folder"/*.dockerfile; do
	base=${file%.dockerfile}
	name=${base##*/}
	"$dump" diag "$file" >"$work"
	status=$?
	case $name in
	should-fail-*) [ $status = 2 ] || complain "$name: no error" ;;
	*) [ $status = 0 ] || { complain "$name: refused"; cat "$work"; } ;;
	esac
	[ -e "$base.diag" ] || [ ! -s "$work" ] || complain "$name: no $name.diag"
	for stage in ir diag tokens json; do
		[ -e "$base.$stage" ] || continue
		n=$((n + 1))
		"$dump" $stage "$file" >"$work"
		[ -z "$update" ] || cp "$work" "$base.$stage"
		diff -u "$base.$stage" "$work" || complain "$name.$stage differs"
	done
done
echo "$n files compared, $bad complaints"
[ $n -gt 0 ] && [ $bad = 0 ]
