#!/bin/sh
# Break small Dockerfiles at random and compare: does BuildKit refuse what
# parsedump refuses?
#
#   tests/parser/peer-mutate.sh PARSEDUMP [COUNT [SEED]]     default 100, 1
#
# What the peer refuses only because a file, an image or a network is missing,
# or a value is out of range, says nothing about the parser and is not counted.
# IN as in peer-words.sh. Prints every difference.
set -eu
dump=$1 count=${2:-100} seed=${3:-1}
in=${IN-}
command -v "${in:-docker}" >/dev/null || { echo "SKIP: no docker"; exit 77; }
work=$(mktemp -d /tmp/peer-mutate.XXXXXX)
trap 'rm -rf "$work"' EXIT

exec python3 - "$dump" "$work" "$count" "$seed" $in <<'PY'
import random, subprocess, sys

dump, work, count, seed, *peer = sys.argv[1:]
random.seed(int(seed))
pieces = ["\\\n", "\\", '"', "'", "$", "{", "}", "<<EOF\n", "EOF\n", "\n", "\t", " ", "#",
          "--link ", "--chown=1 ", "[", "]", ",", "=", "${a:-b}", "`", "\r\n", "AS", "-",
          "FROM scratch\n", "ONBUILD ", "RUN ", "LABEL a=b\n", "<<", '"a"', "/x/", "\\ ",
          "ENV a b\n", "é", "--"]
seeds = [
    'FROM scratch\nCOPY --chown=1 f "f" /x/\n',
    "FROM scratch\nLABEL a=b \"c d\"='e f' g=${h:-i}\nENV a=b c=$d\n",
    'FROM scratch\nCOPY <<EOF f /x/\na\nEOF\nCMD ["a", "b"]\n',
    "# escape=`\nFROM scratch AS a\nLABEL a=b `\n c=d\nFROM a\n",
    "FROM scratch\nONBUILD RUN x\nEXPOSE 80 90/udp\nUSER a\nWORKDIR /a\nVOLUME /a /b\n"
    "STOPSIGNAL 9\nARG a b=c\n",
    'FROM scratch\nHEALTHCHECK --interval=5s CMD ["a"]\nENTRYPOINT ["a"]\nSHELL ["a"]\n'
    "LABEL a b c\n",
]
late = ["not found", "no such file", "failed to compute", "did not complete", "not allowed",
        "invalid reference", "failed to parse stage", "pull access", "network bridge",
        "invalid proto", "nvalid containerPort", "nvalid signal", "no port", "directory",
        "should not be blank", "cannot copy", "failed to resolve", "invalid user",
        "circular", "invalid chmod", "forbidden path", "unable to", "looking up",
        "nvalid hostPort", "invalid IP", "invalid mount"]


def mutate(s):
    for _ in range(random.randint(1, 3)):
        i = random.randint(min(13, len(s)), len(s))
        kind = random.random()
        if kind < .6:
            s = s[:i] + random.choice(pieces) + s[i:]
        elif kind < .8:
            s = s[:i] + s[i + 1:]
        else:
            j = min(len(s), i + random.randint(1, 6))
            s = s[:j] + s[i:j] + s[j:]
    return s


open(work + "/f", "w").close()
differences = compared = 0
for _ in range(int(count)):
    text = mutate(random.choice(seeds))
    with open(work + "/Dockerfile", "w", encoding="utf-8", newline="") as f:
        f.write(text)
    r = subprocess.run([*peer, "docker", "build", "-q", work], capture_output=True,
                       text=True)
    error = r.stderr.strip().split("\n")[-1]
    if r.returncode and "unknown flag" not in error and any(x in error for x in late):
        continue
    compared += 1
    ours = subprocess.run([dump, "diag", work + "/Dockerfile"], capture_output=True,
                          text=True)
    if (r.returncode == 0) != (ours.returncode == 0):
        differences += 1
        print(repr(text), "peer:", error[-100:] or "good", "ours:", ours.stdout[:200])
print(f"{compared} files compared: {differences} differences")
sys.exit(differences > 0)
PY
