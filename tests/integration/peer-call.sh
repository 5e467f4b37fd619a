#!/bin/sh
# Ask a docker with BuildKit for the outlines and targets of fixtures/call.
#
#   peer-call.sh [record] [DOCKER...]      default: docker
#
# "record" writes its answers beside the fixtures, where call.sh reads them;
# else they are compared with those that are there.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
record=
if [ "${1-}" = record ]; then
	record=1
	shift
fi
[ $# -gt 0 ] || set -- docker
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
n=0 bad=0
for file in "$here"/fixtures/call/*.dockerfile; do
	options=$(sed -n '1s/^# options: //p' "$file")
	for method in outline targets outline,format=json targets,format=json; do
		case $method in
		*json) answer=${file%.dockerfile}.${method%%,*}.json ;;
		*) answer=${file%.dockerfile}.$method ;;
		esac
		# docker begins with an empty line, which parts it from the progress
		# shellcheck disable=SC2086
		"$@" build -q --call=$method $options -f "$file" "$context" |
			sed 1d >"$context/out"
		n=$((n + 1))
		if [ -n "$record" ]; then
			cp "$context/out" "$answer"
		elif ! diff -u "$answer" "$context/out"; then
			bad=$((bad + 1))
		fi
	done
done
echo "$n answers asked for, $bad differ"
[ $bad = 0 ]
