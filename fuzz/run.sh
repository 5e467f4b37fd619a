#!/bin/sh
# Run the fuzzers of the parser under clang's libFuzzer, ASan and UBSan.
#
#   fuzz/run.sh SECONDS [NAME...]     NAME: parse word ignore match values
#
# Each runs SECONDS on one core, from its corpus and what earlier runs found
# (kept in $FUZZ_WORK, default /tmp/imgbuild-fuzz). An input that takes longer
# than $FUZZ_TIMEOUT seconds (default 10; more on a busy machine) is a finding.
# Prints, for each, the number of inputs tried and the findings; the exit status
# is their number.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
seconds=$1
shift
[ $# -gt 0 ] || set -- parse word ignore match values
work=${FUZZ_WORK:-/tmp/imgbuild-fuzz}
cc=${CC:-clang}
flags="-std=gnu17 -D_GNU_SOURCE -g -O1 -I$here -I$here/fuzz
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
mkdir -p "$work/build"
cd "$work/build"
# objects of older headers are of no use
if [ ! -f stamp ] ||
	[ -n "$(find "$here/base" "$here/parser" -name '*.h' -newer stamp)" ]; then
	rm -f ./*.o
fi
touch stamp
for lexer in "$here"/parser/*.re; do
	re2c --no-debug-info -i -o "$(basename "$lexer" .re).c" "$lexer"
done
sources="$here/parser/*.c *.c $here/base/arena.c $here/base/buf.c
	$here/base/err.c $here/base/mem.c $here/base/str.c"
found=0
objects=
for source in $sources; do
	object=$(basename "$source" .c).o
	# shellcheck disable=SC2086
	[ "$object" -nt "$source" ] || $cc $flags -c -o "$object" "$source"
	objects="$objects $object"
done
for name; do
	# shellcheck disable=SC2086
	$cc $flags -fsanitize=fuzzer -o "fuzz_$name" \
		"$here/fuzz/fuzz_$name.c" $objects
	mkdir -p "$work/$name"
	if "./fuzz_$name" -max_total_time="$seconds" -timeout="${FUZZ_TIMEOUT:-10}" \
		-max_len=8192 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/$name-" \
		"$work/$name" "$here/fuzz/corpus/$name" >"$work/$name.log" 2>&1
	then
		result="no finding"
	else
		result="FOUND: see $work/$name.log"
		found=$((found + 1))
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
	echo "$name: ${runs:-?} inputs in ${seconds}s, $result"
done
exit $found
