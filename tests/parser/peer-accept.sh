#!/bin/sh
# Ask BuildKit which files of fixtures/parse/accept.table it builds.
#
#   tests/parser/peer-accept.sh [ROWS]     default 60; "all" for every row
#
# IN as in peer-words.sh. Prints every difference; "late" rows count as refused.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
in=${IN-}
command -v "${in:-docker}" >/dev/null || { echo "SKIP: no docker"; exit 77; }
work=$(mktemp -d /tmp/peer-accept.XXXXXX)
trap 'rm -rf "$work"' EXIT

exec python3 - "$here/fixtures/parse/accept.table" "$work" "${1:-60}" $in <<'PY'
import random, subprocess, sys

table, work, wanted, *peer = sys.argv[1:]
rows = []
for line in open(table, encoding="utf-8"):
    cells = line.rstrip("\n").split("\t")
    if cells[0] in ("good", "bad", "late"):
        rows.append(cells)
if wanted != "all":
    random.seed(3)
    rows = random.sample(rows, int(wanted))
with open(work + "/f", "w") as f:
    f.write("x")
differences = 0
for kind, text in rows:
    data = text.encode()
    if "\\" in text:
        data = data.decode("unicode_escape").encode("latin1")
    with open(work + "/Dockerfile", "wb") as f:
        f.write(data)
    built = subprocess.run([*peer, "docker", "build", "-q", "."], cwd=work,
                           capture_output=True).returncode == 0
    if built != (kind == "good"):
        differences += 1
        print(f"{text}: the table says {kind}, the peer {'built' if built else 'refused'} it")
print(f"{len(rows)} rows: {differences} differences")
sys.exit(differences > 0)
PY
