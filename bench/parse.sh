#!/bin/sh
# How fast Dockerfiles are parsed.
#
#   bench/parse.sh [PARSEDUMP]     default: $BUILD/tests/parser/parsedump
#
# Makes 4000 files from the fixtures, each with other names and values in it,
# parses them all in one process, and one file of their sum as well. Prints
# bytes, the best of five wall times, the rate, and the peak memory for each
# instruction of the one big file.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
dump=${1:-${BUILD:-$here/build}/tests/parser/parsedump}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 - "$here/fixtures/parse" "$work" <<'PY'
import glob, os, random, re, sys
source, work = sys.argv[1:]
random.seed(1)
texts = []
for path in sorted(glob.glob(source + "/real-*.dockerfile")):
    with open(path) as f:
        texts.append(f.read())
os.mkdir(work + "/many")
big = open(work + "/big", "w")
for i in range(4000):
    text = random.choice(texts)
    text = re.sub(r"\b(app|server|main|build)\b", lambda m: f"{m[0]}{i}", text)
    with open(f"{work}/many/{i}", "w") as f:
        f.write(text)
    big.write(text.replace("# syntax=", "# ").replace("# check=", "# ") + "\n")
PY

best() { # COMMAND...: the best of five wall times, in milliseconds
	for _ in 1 2 3 4 5; do
		from=$(date +%s%N)
		"$@" >/dev/null 2>&1 || :
		to=$(date +%s%N)
		echo $(((to - from) / 1000))
	done | sort -n | head -1
}
rate() { # NAME BYTES MICROSECONDS
	awk -v n="$1" -v b="$2" -v t="$3" 'BEGIN {
		printf "%-10s %9d bytes %8.1f ms %7.1f MB/s\n", n, b, t / 1e3, b / t }'
}
many=$(cat "$work"/many/* | wc -c)
rate many "$many" "$(best "$dump" quiet "$work"/many/*)"
big=$(wc -c <"$work/big")
rate big "$big" "$(best "$dump" quiet "$work/big")"
printf 'FROM scratch\n' >"$work/one"
printf 'start      %s us for a file of one line\n' "$(best "$dump" quiet "$work/one")"
if command -v /usr/bin/time >/dev/null; then
	peak=$(/usr/bin/time -f %M "$dump" quiet "$work/big" 2>&1 >/dev/null | tail -1)
	n=$("$dump" ir "$work/big" | grep -c '^[0-9]')
	awk -v p="$peak" -v n="$n" -v b="$big" 'BEGIN {
		printf "memory     %d KiB peak, %d instructions: %.0f bytes each, %.1f a source byte\n",
			p, n, p * 1024 / n, p * 1024 / b }'
fi
