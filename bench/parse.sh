#!/bin/sh
# How fast Dockerfiles are parsed.
#
#   BUILD=build bench/parse.sh
#
# Makes 4000 files from the fixtures, each with other names in it, and one file of
# their sum. Prints the rate of CPU at which each is parsed from memory, what
# `imgbuild parse` takes for one line from start to end, and the peak memory that
# an instruction of the big file costs.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$here/build}
dump=$build/tests/parser/parsedump
imgbuild=$build/cli/imgbuild
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

rate() { # NAME FILE...: the best of three runs of a second of CPU each
	name=$1
	shift
	for _ in 1 2 3; do "$dump" bench 1 "$@"; done | sort -k1,1 -n -r | head -1 |
		awk -v n="$name" '{
			printf "%-6s %6.1f MB/s, %.2f million instructions/s\n",
				n, $1 / $3 / 1e6, $5 / $3 / 1e6 }'
}
rate many "$work"/many/*
rate big "$work/big"
printf 'FROM scratch\n' >"$work/one"
python3 - "$imgbuild" "$work/one" <<'PY'
import os, statistics, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
cpu, wall = [], []
for _ in range(300):
    began = time.monotonic()
    pid = os.posix_spawn(sys.argv[1], [sys.argv[1], "parse", sys.argv[2]],
                         os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert status == 0
    wall.append(time.monotonic() - began)
    cpu.append(used.ru_utime + used.ru_stime)
print(f"start  {statistics.median(cpu) * 1e6:.0f} us of CPU, "
      f"{statistics.median(wall) * 1e6:.0f} us of time: imgbuild parse, one line")
PY
if command -v /usr/bin/time >/dev/null; then
	big=$(wc -c <"$work/big")
	peak=$(/usr/bin/time -f %M "$dump" quiet "$work/big" 2>&1 >/dev/null | tail -1)
	n=$("$dump" ir "$work/big" | grep -c '^[0-9]')
	awk -v p="$peak" -v n="$n" -v b="$big" 'BEGIN {
		printf "memory %d KiB peak, %d instructions: %.0f bytes each, %.1f a source byte\n",
			p, n, p * 1024 / n, p * 1024 / b }'
fi
