#!/usr/bin/env bash
# The formatter: fixtures/fmt against golden files; every Dockerfile of the
# repository keeps its IR and is formatted once and for all; the command's
# options. UPDATE=1 writes the golden files. Prints TAP.
set -u
root=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n=0 failed=0 n_files=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		failed=1
	fi
}
fmt() { "$IMGBUILD" fmt "$@"; }

for file in "$root"/fixtures/fmt/*.dockerfile; do
	name=$(basename "$file" .dockerfile)
	fmt - <"$file" >actual 2>&1
	[ -z "${UPDATE-}" ] || cp actual "$root/fixtures/fmt/$name.formatted"
	diff -u "$root/fixtures/fmt/$name.formatted" actual | sed 's/^/# /'
	cmp -s "$root/fixtures/fmt/$name.formatted" actual
	result $? "$name"
done

# Every Dockerfile there is: before/N, once/N, twice/N.
mkdir before once twice
find "$root/fixtures" "$root/tests" -type f \( -name 'Dockerfile*' \
	-o -name '*.dockerfile' -o -name '*.Dockerfile' \) | sort >names
while IFS= read -r file; do
	cp "$file" "before/$((++n_files))"
done <names
cp before/* once/
fmt -w once/* 2>err
cp once/* twice/
fmt -w twice/* 2>err
! grep 'left as it is' err && diff -r once twice >out
result $? "of all Dockerfiles none is refused, and none changes a second time"
cat >ir.py <<'P'
"""Compares before/ with once/: the IR without places; of a RUN's script the
words, whatever is between them; of ONBUILD what is parsed of it; of comments
their texts. What does not parse at all stays as it is."""
import json, os, subprocess

def strip(x):
    if isinstance(x, list):
        return [strip(i) for i in x]
    if not isinstance(x, dict):
        return x
    places = {"start", "end", "text"} if "instruction" in x else {"file"}
    places |= {"doc", "stageDoc"}
    if "triggerInstruction" in x:
        places.add("trigger")
    x = {k: strip(v) for k, v in x.items() if k not in places}
    if x.get("instruction") == "RUN" and x.get("form") == "shell":
        x["arguments"] = [a.split() for a in x["arguments"]]
    return x

def comments(path):
    """Of the lines that are comments between instructions, and of those only
    that stand in no heredoc: good enough for files that are not made to
    deceive, which the fuzzer is for."""
    return sorted(line.strip() for line in open(path, "rb")
                  if line.strip().startswith(b"#"))

def ir(path):
    run = subprocess.run([os.environ["IMGBUILD"], "parse", "--format", "json",
                          path], capture_output=True)
    return run.returncode == 0 and strip(json.loads(run.stdout))

names = open("names").read().splitlines()
formatted = 0
for i, name in enumerate(names, 1):
    before = ir("before/%d" % i)
    if before:
        formatted += 1
        assert before == ir("once/%d" % i), name
        assert comments("before/%d" % i) == comments("once/%d" % i), name
assert formatted > 300
print("# %d of %d files parse" % (formatted, len(names)))
P
python3 ir.py
result $? "and each keeps its IR"

cp "$root/fixtures/fmt/everything.dockerfile" a
cp "$root/fixtures/fmt/everything.formatted" good
fmt a | cmp -s - good && cmp -s a "$root/fixtures/fmt/everything.dockerfile"
result $? "without options it writes to stdout"
fmt --check a good >out
[ $? = 1 ] && [ "$(cat out)" = a ]
result $? "--check names what is not formatted, and is 1"
fmt --check good && fmt --diff good >out && [ ! -s out ]
result $? "... and 0 where all is"
fmt --diff a >out
[ $? = 1 ] && git apply out && cmp -s a good
result $? "--diff is a patch, and 1"
cp "$root/fixtures/fmt/everything.dockerfile" a
chmod 600 a
fmt -w a && cmp -s a good && [ "$(stat -c %a a)" = 600 ]
result $? "-w writes the file"
mkdir -p tree/sub && cp "$root/fixtures/fmt/everything.dockerfile" tree/sub/Dockerfile
fmt --check tree >out
[ "$(cat out)" = tree/sub/Dockerfile ]
result $? "folders are searched"
printf 'FROM a\nRUNN b\n' >broken
fmt -w broken good missing 2>err
[ $? = 1 ] && grep -q '^broken:2:1: error' err && grep -q 'missing: there is' err &&
	[ "$(cat broken)" = "$(printf 'FROM a\nRUNN b')" ]
result $? "a file that does not parse is reported, left alone, and is 1"
printf 'FROM a\nRUN b && \\\n c\\\n  || d\nENV A=1 \\\n B=2\n' >options
expect() { # NAME EXPECTED OPTIONS...
	local name=$1 expected=$2
	shift 2
	fmt "$@" options | diff <(printf "$expected") - | sed 's/^/# /'
	fmt "$@" options | cmp -s - <(printf "$expected")
	result $? "$name"
}
expect "--indent 2" 'FROM a\nRUN b && \\\n  c \\\n  || d\nENV A=1 \\\n  B=2\n' --indent 2
expect "--indent tab" 'FROM a\nRUN b && \\\n\tc \\\n\t|| d\nENV A=1 \\\n\tB=2\n' --indent tab
expect "--operators first" \
	'FROM a\nRUN b \\\n    && c \\\n    || d\nENV A=1 \\\n    B=2\n' --operators first
expect "--operators last" \
	'FROM a\nRUN b && \\\n    c || \\\n    d\nENV A=1 \\\n    B=2\n' --operators last
expect "--newline crlf" \
	'FROM a\r\nRUN b && \\\r\n    c \\\r\n    || d\r\nENV A=1 \\\r\n    B=2\r\n' --newline crlf
fmt --indent 0 options 2>err
[ $? = 2 ] && grep -q 'indent 0' err && ! fmt --operators up options 2>err
result $? "options with other values are mistakes"
mkdir -p config/sub/deep
printf 'root = true\n[*]\nindent_style = tab\n' >.editorconfig
printf '; c\n[{Docker,Container}file*]\nindent_style=space\nindent_size = 2\n' >config/.editorconfig
printf '[sub/**.dockerfile]\nindent_size = 3\nbinary_next_line = true\n[x]\nindent_size=8\n' \
	>config/sub/.editorconfig
for at in ./Dockerfile config/Dockerfile.a config/sub/deep/Containerfile \
	config/x.dockerfile; do
	cp options "$at"
	printf '%s %s\n' "$at" "$(fmt "$at" | sed -n 's/B=2/|/p' | tr '\t ' 'TS')"
done >out
printf '%s\n' './Dockerfile T|' 'config/Dockerfile.a SS|' \
	'config/sub/deep/Containerfile SS|' 'config/x.dockerfile T|' | diff - out
result $? ".editorconfig says how far in lines are, the nearest last"
[ "$(fmt --indent 5 config/x.dockerfile | tail -n 1)" = "     B=2" ] &&
	[ "$(fmt --no-editorconfig ./Dockerfile | tail -n 1)" = "    B=2" ]
result $? "... the command line over it, and --no-editorconfig without it"
fmt --check config/Dockerfile.a >/dev/null
[ $? = 1 ] && fmt -w config/Dockerfile.a && fmt --check config/Dockerfile.a
result $? "... and what is written so is formatted"
fmt -w --check good 2>/dev/null
[ $? = 2 ]
result $? "-w and --check exclude each other"
echo "1..$n"
exit $failed
