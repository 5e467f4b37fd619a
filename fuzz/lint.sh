#!/bin/sh
# Run the linter's fuzzers under clang's libFuzzer, ASan and UBSan.
#
#   fuzz/lint.sh SECONDS [NAME...]     NAME: lint_shell lint_config lint_file
#                                      lint_fix lint_fmt
#
# As run.sh. The exit status is the number of fuzzers that found something.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
seconds=$1
shift
[ $# -gt 0 ] || set -- lint_shell lint_config lint_file lint_fix lint_fmt
work=${FUZZ_WORK:-/tmp/imgbuild-fuzz}
cc=${CC:-clang}
flags="-std=gnu17 -D_GNU_SOURCE -g -O1 -I$here -I$here/fuzz
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
mkdir -p "$work/lint-build"
cd "$work/lint-build"
# objects of older sources or headers are of no use
if [ ! -f stamp ] || [ -n "$(find "$here/base" "$here/parser" "$here/lint" \
	"$here/cli" -name '*.[chr]*' -newer stamp)" ]; then
	rm -f ./*.o
fi
touch stamp
for lexer in "$here"/parser/*.re; do
	re2c --no-debug-info -i -o "$(basename "$lexer" .re).c" "$lexer"
done
objects=
for source in "$here"/parser/*.c "$here"/lint/*.c ./*.c \
	"$here"/cli/lint/config.c "$here"/cli/lint/settings.c \
	"$here"/base/*.c; do
	object=$(basename "$source" .c).o
	# shellcheck disable=SC2086
	[ -f "$object" ] || $cc $flags -c -o "$object" "$source"
	objects="$objects $object"
done
found=0
for name; do
	# shellcheck disable=SC2086
	$cc $flags -fsanitize=fuzzer -o "fuzz_$name" "$here/fuzz/$name.c" \
		$objects -lyaml -lcrypto -lpthread
	mkdir -p "$work/$name"
	corpora="$here/fuzz/corpus/$name"
	case $name in
	lint_fix | lint_fmt)
		corpora="$here/fuzz/corpus/lint_file $here/fuzz/corpus/parse
			$here/fixtures/lint $here/fixtures/lint-fix
			$here/fixtures/parse"
		;;
	esac
	# shellcheck disable=SC2086
	if "./fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-max_len=8192 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/$name-" "$work/$name" \
		$corpora >"$work/$name.log" 2>&1; then
		result="no finding"
	else
		result="FOUND: see $work/$name.log"
		found=$((found + 1))
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
	echo "$name: ${runs:-?} inputs in ${seconds}s, $result"
done
exit $found
