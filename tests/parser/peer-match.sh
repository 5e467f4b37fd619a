#!/bin/sh
# Ask BuildKit which names COPY's wildcards match: fixtures/parse/match.table.
#
#   tests/parser/peer-match.sh
#
# Rows whose names hold a slash, are empty, or can't be files are left out, and
# so are patterns without a wildcard, which COPY does not match but looks up.
# IN as in peer-words.sh. Prints every difference.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
in=${IN-}
command -v "${in:-docker}" >/dev/null || { echo "SKIP: no docker"; exit 77; }
work=$(mktemp -d /tmp/peer-match.XXXXXX)
trap 'rm -rf "$work"' EXIT

exec python3 - "$here/fixtures/parse/match.table" "$work" $in <<'PY'
import json, os, re, subprocess, sys

table, work, *peer = sys.argv[1:]
rows = []
for line in open(table, encoding="utf-8"):
    cells = line.rstrip("\n").split("\t")
    if line.startswith("#") or len(cells) != 3:
        continue
    pattern, name, verdict = cells
    if "/" in pattern + name or "-" in (pattern, name) or name in (".", ".."):
        continue
    if verdict != "bad" and re.search(r"[*?[]", re.sub(r"\\.", "", pattern)):
        rows.append(cells)
os.mkdir(work + "/context")
for _, name, _ in rows:
    open(f"{work}/context/{name}", "w").close()
with open(work + "/Dockerfile", "w", encoding="utf-8") as f:
    f.write("FROM scratch\n")
    for i, (pattern, _, _) in enumerate(rows):
        word = "".join("\\" + c for c in pattern)
        f.write(f'COPY {json.dumps([word, f"/r{i}/"], ensure_ascii=False)}\n')
r = subprocess.run([*peer, "docker", "build", "-q", "-f", work + "/Dockerfile", "-o",
                    work + "/out", work + "/context"], capture_output=True, text=True)
if r.returncode:
    sys.exit(r.stderr)
differences = 0
for i, (pattern, name, verdict) in enumerate(rows):
    if os.path.exists(f"{work}/out/r{i}/{name}") != (verdict == "yes"):
        differences += 1
        print(f"{pattern} on {name}: the table says {verdict}")
print(f"{len(rows)} rows: {differences} differences")
sys.exit(differences > 0)
PY
