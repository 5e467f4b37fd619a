#!/usr/bin/env bash
# Each script of fixtures/shell against its .commands. UPDATE=1 writes them.
set -euo pipefail
dump=$1 folder=$2
failed=0
for file in "$folder"/*.sh; do
	expected=${file%.sh}.commands
	actual=$("$dump" <"$file")
	[ -z "${UPDATE-}" ] || echo "$actual" >"$expected"
	diff -u "$expected" <(echo "$actual") || failed=1
done
exit $failed
