#!/bin/sh
# Ask BuildKit what words expand to, and compare with fixtures/parse/words.table.
#
#   tests/parser/peer-words.sh [ROWS]     default 80; "all" for every row
#
# IN runs a command where docker is (default: nothing; docker is then on this
# machine). Rows that expand go into one build as labels; each
# row that is an error gets a build of its own. Prints every difference.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
in=${IN-}
command -v "${in:-docker}" >/dev/null || { echo "SKIP: no docker"; exit 77; }
work=$(mktemp -d /tmp/peer-words.XXXXXX)
trap 'rm -rf "$work"' EXIT

exec python3 - "$here/fixtures/parse/words.table" "$work" "${1:-80}" $in <<'PY'
import json, random, subprocess, sys

table, work, wanted, *peer = sys.argv[1:]
env, rows = [], []
for line in open(table, encoding="utf-8"):
    cells = line.rstrip("\n").split("\t")
    if cells[0] == "env":
        env.append(cells[1:3])
    elif cells[0] in ("row", "bad"):
        rows.append(cells)
if wanted != "all":
    random.seed(2)
    rows = random.sample(rows, int(wanted))


def docker(*args):
    return subprocess.run([*peer, "docker", *args], capture_output=True,
                          text=True, cwd=work)


def quote(value):
    if "'" not in value:
        return f"'{value}'"
    for c in '\\"$':
        value = value.replace(c, "\\" + c)
    return f'"{value}"'


def build(labels):
    with open(work + "/Dockerfile", "w", encoding="utf-8") as f:
        f.write("FROM scratch\n")
        for name, value in env:
            f.write(f"ENV {name}={quote(value)}\n")
        for i, word in labels:
            f.write(f"LABEL r{i} {word}\n")
    if docker("build", "-q", "-t", "peer-words:t", ".").returncode:
        return None
    out = docker("image", "inspect", "peer-words:t", "--format",
                 "{{json .Config.Labels}}").stdout
    return json.loads(out)


good = [(i, r) for i, r in enumerate(rows) if r[0] == "row"]
bad = [(i, r) for i, r in enumerate(rows) if r[0] == "bad"]
got = build([(i, r[1]) for i, r in good])
differences = 0
if got is None:
    sys.exit("the peer refuses a word that should expand")
for i, row in good:
    want = row[2] if len(row) > 2 else ""
    if got[f"r{i}"] != want:
        differences += 1
        print(f"{row[1]}: the table has {want!r}, the peer {got[f'r{i}']!r}")
for i, row in bad:
    if build([(i, row[1])]) is not None:
        differences += 1
        print(f"{row[1]}: the table has an error, the peer a value")
print(f"{len(rows)} rows, {len(bad)} of them errors: {differences} differences")
sys.exit(differences > 0)
PY
