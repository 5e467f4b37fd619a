#!/bin/sh
# Ask BuildKit what .dockerignore files drop: fixtures/parse/ignore.table again.
#
#   tests/parser/peer-ignore.sh [ROWS]     default 40; "all" for every row
#
# IN as in peer-words.sh. Prints every difference.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
in=${IN-}
command -v "${in:-docker}" >/dev/null || { echo "SKIP: no docker"; exit 77; }
work=$(mktemp -d /tmp/peer-ignore.XXXXXX)
trap 'rm -rf "$work"' EXIT

exec python3 - "$here/fixtures/parse/ignore.table" "$work" "${1:-40}" $in <<'PY'
import os, random, re, shutil, subprocess, sys

table, work, wanted, *peer = sys.argv[1:]


def unescape(s):
    names = {"n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\(.)", lambda m: names.get(m[1], m[1]), s)


rows = []
for line in open(table, encoding="utf-8"):
    cells = line.rstrip("\n").split("\t")
    if cells[0] == "tree":
        tree = [unescape(f) for f in cells[1].split(":")]
    elif cells[0] in ("drop", "keep", "bad"):
        rows.append(cells)
if wanted != "all":
    random.seed(4)
    rows = random.sample(rows, int(wanted))
context, out = work + "/context", work + "/out"
for f in tree:
    os.makedirs(os.path.dirname(f"{context}/{f}"), exist_ok=True)
    open(f"{context}/{f}", "w").close()
with open(work + "/Dockerfile", "w") as f:
    f.write("FROM scratch\nCOPY . /\n")
differences = 0
for kind, rules, *names in rows:
    with open(work + "/Dockerfile.dockerignore", "w", encoding="utf-8") as f:
        f.write(unescape(rules) + "\n")
    shutil.rmtree(out, ignore_errors=True)
    r = subprocess.run([*peer, "docker", "build", "-q", "-f", work + "/Dockerfile",
                        "-o", out, context], capture_output=True)
    listed = {unescape(n) for n in names[0].split(":")} if names and names[0] else set()
    kept = {f for f in tree if os.path.exists(f"{out}/{f}")}
    want = listed if kind == "keep" else set(tree) - listed
    if (r.returncode != 0) != (kind == "bad") or (kind != "bad" and kept != want):
        differences += 1
        print(f"{rules}: differs in {sorted(kept ^ want)}")
print(f"{len(rows)} rows of {len(tree)} files each: {differences} differences")
sys.exit(differences > 0)
PY
