#!/usr/bin/env bash
# The command line: formats, pragmas and configs against golden files, exit
# codes, the environment, one bad file among good ones. UPDATE=1 writes the
# golden files. Prints TAP.
set -u
golden=$(cd "$1" && pwd)
export HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent
unset NO_COLOR BUILDKIT_DOCKERFILE_CHECK "${!HADOLINT_@}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
lint() { "$IMGBUILD" lint --no-shellcheck "$@"; }
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		failed=1
	fi
}
same() { # NAME GOLDEN ACTUAL
	[ -z "${UPDATE-}" ] || cp "$3" "$2"
	diff -u "$2" "$3" | sed 's/^/# /'
	cmp -s "$2" "$3"
	result $? "$1"
}
exits() { # STATUS NAME COMMAND...
	local want=$1 name=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	local got=$?
	[ $got = "$want" ] || sed 's/^/# /' "$work/err"
	[ $got = "$want" ]
	result $? "$name"
}

cd "$golden/lint-formats" || exit 1
for format in tty pretty json checkstyle codeclimate gitlab_codeclimate gnu \
	codacy sonarqube sarif junit; do
	lint -f $format a.dockerfile b.dockerfile |
		sed -E 's/"version":"[0-9]+\.[0-9]+\.[0-9]+"/"version":"VERSION"/' \
			>"$work/actual"
	same "format $format" "expected.$format" "$work/actual"
done
lint -f json -o "$work/1" -f tty -o "$work/2" a.dockerfile >"$work/out"
[ -s "$work/1" ] && [ -s "$work/2" ] && [ ! -s "$work/out" ]
result $? "formats and outputs go in pairs"
lint -f json --file-path-in-report x/y a.dockerfile | grep -q '"file":"x/y"'
result $? "the report names the path that is asked for"

cd "$golden/lint-pragmas" || exit 1
for file in *.dockerfile; do
	lint "$file" >"$work/actual" 2>&1
	same "pragma ${file%.dockerfile}" "${file%.dockerfile}.expected" \
		"$work/actual"
done

cd "$golden/lint-config" || exit 1
for config in *.yaml; do
	lint -c "$config" input.dockerfile >"$work/actual" 2>&1
	echo "exit $?" >>"$work/actual"
	same "config ${config%.yaml}" "${config%.yaml}.expected" "$work/actual"
done

cd "$work" || exit 1
printf 'FROM debian:12\nRUN cd /a\n' >warning
printf 'FROM debian:12\nCMD ["a"]\n' >clean
printf 'FROM debian:12\nRUNN a\nRUN cd /b\n' >broken
printf 'FROM debian:12\nRUN useradd x\nUSER x\n' >info
exits 0 "nothing found is 0" lint clean
exits 1 "a warning is 1" lint warning
exits 1 "an info is 1 by default" lint info
exits 0 "below the threshold is 0" lint -t warning info
exits 0 "an error as threshold lets a warning pass" lint -t error warning
exits 0 "--no-fail is 0" lint --no-fail warning
exits 0 "codeclimate and codacy are 0" lint -f codeclimate -f codacy warning
exits 1 "another format beside codacy is 1" lint -f codacy -f gnu warning
exits 1 "a file that does not parse is 1" lint -t error broken
grep -q 'broken:2 DL1000 error' out
result $? "... and says where"
exits 1 "a file that is missing is 1" lint missing warning
grep -q 'warning:2 DL3003' out
result $? "... and the others are linted"
exits 1 "an unknown format is 1" lint -f nope clean
exits 2 "an unknown option is 2" lint --nope clean
exits 0 "--ignore" lint --ignore DL3003 warning
exits 0 "--ignore by BuildKit's name" lint --ignore WorkdirRelativePath - \
	< <(printf 'FROM debian:12\nWORKDIR a\n')
exits 0 "HADOLINT_IGNORE" env HADOLINT_IGNORE=DL3003,DL1 "$IMGBUILD" lint \
	--no-shellcheck warning
exits 0 "HADOLINT_NOFAIL" env HADOLINT_NOFAIL=true "$IMGBUILD" lint \
	--no-shellcheck warning
exits 0 "HADOLINT_FAILURE_THRESHOLD" env HADOLINT_FAILURE_THRESHOLD=error \
	"$IMGBUILD" lint --no-shellcheck warning
exits 1 "the command line beats the environment" env \
	HADOLINT_FAILURE_THRESHOLD=error "$IMGBUILD" lint --no-shellcheck \
	-t warning warning
exits 1 "HADOLINT_OVERRIDE_ERROR" env HADOLINT_OVERRIDE_ERROR=DL3003 \
	"$IMGBUILD" lint --no-shellcheck -t error warning
HADOLINT_FORMAT=json lint warning | grep -q '^\[{"code"'
result $? "HADOLINT_FORMAT"
exits 1 "BUILDKIT_DOCKERFILE_CHECK makes checks errors" env \
	BUILDKIT_DOCKERFILE_CHECK=error=true "$IMGBUILD" lint --no-shellcheck \
	-t error - < <(printf 'FROM debian:12\nENV a b\n')
printf 'ignored: [DL3003]\n' >.hadolint.yaml
exits 0 "hadolint's config is found" lint warning
printf 'ignored: []\n' >.imgbuild.yaml
exits 1 "imgbuild's comes first" lint warning
rm .imgbuild.yaml .hadolint.yaml
mkdir -p tree/sub tree/.hidden
for f in tree/Dockerfile tree/sub/x.Dockerfile tree/sub/Dockerfile.y \
	tree/Containerfile tree/.hidden/Dockerfile tree/other.txt; do
	cp warning "$f"
done
lint -f gnu tree | cut -d: -f2 | sort -u | tr '\n' ' ' >out
[ "$(cat out)" = "tree/Containerfile tree/Dockerfile tree/sub/Dockerfile.y tree/sub/x.Dockerfile " ]
result $? "folders are searched"
mkdir names
for name in Dockerfile dockerfile Dockerfile-foo Dockerfile_test Dockerfile.dev \
	dev.Dockerfile Containerfile containerfile.x Dockerfile.md \
	Dockerfile.j2 Dockerfile.tmpl Dockerfile.orig Dockerfile.dockerignore \
	Dockerfiles myDockerfile; do
	printf 'FROM debian\n' >"names/$name"
done
lint -f gnu names | cut -d: -f2 | cut -d/ -f2 | LC_ALL=C sort -u >out
printf '%s\n' Containerfile Dockerfile Dockerfile-foo Dockerfile.dev \
	Dockerfile_test containerfile.x dev.Dockerfile dockerfile >names.found
cmp -s names.found out
result $? "what is called like a Dockerfile is found, texts and templates are not"
printf 'FROM debian:12\nRUN echo "\303\244\360\237\220\263" && cd /a\n' >runes
for format in json:'"column":18' sarif:'"startColumn":18' sonarqube:'"startColumn":17' \
	checkstyle:"column='18'" pretty:':2:18:'; do
	lint -f "${format%%:*}" runes | grep -q -- "${format#*:}" ||
		echo "${format%%:*}"
done >out
lint -f sarif runes | grep -q '"columnKind":"unicodeCodePoints"' && [ ! -s out ]
result $? "columns count characters in every format"
cat >hooks.py <<'P'
"""The hooks' patterns find the names that the search finds, and the problem
matcher reads every finding of the format pretty."""
import json, os, re, subprocess, sys
root = sys.argv[1]
text = open(root + "/.pre-commit-hooks.yaml").read()
files, others = re.findall(r"'(\(\?i\).*)'", text)
found = sorted(n for n in os.listdir("names")
               if re.search(files, "names/" + n) and
               not re.search(others, "names/" + n))
assert found == open("names.found").read().split(), found
matcher, = json.load(open(root + "/docs/problem-matcher.json"))[
    "problemMatcher"]
lines = subprocess.run([os.environ["IMGBUILD"], "lint", "--no-shellcheck",
                        "-f", "pretty", "runes", "names"],
                       capture_output=True, text=True).stdout.splitlines()
matched = [re.match(matcher["pattern"][0]["regexp"], l) for l in lines]
matched = [m.groups() for m in matched if m]
assert len(matched) == 9 and matched[0][:4] == (
    "runes", "2", "18", "warning") and matched[0][5] == "DL3003", matched
P
python3 hooks.py "$golden/../.."
result $? "pre-commit's hooks and the problem matcher fit"
lint -f gnu --exclude 'tree/sub' tree | cut -d: -f2 | sort -u | tr '\n' ' ' >out
[ "$(cat out)" = "tree/Containerfile tree/Dockerfile " ]
result $? "--exclude"
found() { lint -f gnu "$@" | cut -d: -f2 | sort -u | tr '\n' ' ' >out; }
found 'tree/**/*.Dockerfile' 'tree/*/Dockerfile.?'
[ "$(cat out)" = "tree/sub/Dockerfile.y tree/sub/x.Dockerfile " ]
result $? "patterns that no shell expanded are files"
found 'tree/**/other.*'
[ "$(cat out)" = "tree/other.txt " ]
result $? "... of any name"
exits 1 "a pattern of nothing is a missing file" lint 'tree/*.nope'
mkdir -p repo/.git repo/vendor/x repo/src/vendor repo/src/deep
for f in repo/vendor/x/Dockerfile repo/src/vendor/Dockerfile \
	repo/src/Dockerfile repo/src/a.Dockerfile repo/src/keep.Dockerfile \
	repo/src/deep/Dockerfile repo/Dockerfile.b; do
	cp warning "$f"
done
printf '# what others wrote\n/vendor/\n*.Dockerfile\n!keep.Dockerfile\n**/deep/*\nDockerfile.b \n' >repo/.gitignore
printf 'a.Dockerfile\n' >repo/src/.gitignore
found repo
[ "$(cat out)" = "repo/src/Dockerfile repo/src/keep.Dockerfile repo/src/vendor/Dockerfile " ]
result $? ".gitignore is respected"
(cd repo/src && lint -f gnu . | cut -d: -f2 | sort -u | tr '\n' ' ' >../../out)
[ "$(cat out)" = "Dockerfile keep.Dockerfile vendor/Dockerfile " ]
result $? "... that of the folders above as well"
rm repo/src/.gitignore
printf '!a.Dockerfile\n' >repo/src/.gitignore
found repo/src/
[ "$(cat out)" = "repo/src/Dockerfile repo/src/a.Dockerfile repo/src/keep.Dockerfile repo/src/vendor/Dockerfile " ]
result $? "... the nearest has the last word"
found repo/vendor/x/Dockerfile
[ "$(cat out)" = "repo/vendor/x/Dockerfile " ]
result $? "... and a file that is named is linted"
found --no-gitignore repo
[ "$(wc -w <out)" = 7 ]
result $? "--no-gitignore"
exits 1 "a rules version that is there" lint --rules-version 1 warning
grep -q DL3003 out
result $? "... has its rules"
exits 1 "one that is to come is a mistake" lint --rules-version 99 clean
grep -q 'rules version 99: this imgbuild has 1 to' err
result $? "... and said to be"
printf 'rules-version: new\n' >pinned.yaml
exits 1 "a config can pin it" lint -c pinned.yaml clean
grep -q 'rules version new' err
result $? "... to what there is"
lint --preset buildkit - < <(printf 'FROM debian\nCMD a\n') >out
[ "$(cut -d' ' -f2 out)" = JSONArgsRecommended ]
result $? "--preset buildkit names BuildKit's checks only"
lint --preset hadolint - < <(printf 'FROM debian:12 AS A\nCMD a\n') >out
[ "$(cut -d' ' -f2 out)" = DL3025 ]
result $? "--preset hadolint names hadolint's rules only"
lint --explain-rule JSONArgsRecommended | grep -q '^DL3025, JSONArgs'
result $? "--explain-rule"
if command -v shellcheck >/dev/null; then
	# shellcheck disable=SC2016 # the $ is the file's
	printf 'FROM debian:12\nRUN true && \\\n  # why\n  echo $x\nCMD [ -n $y ]\n' >sc
	"$IMGBUILD" lint -f json sc >out
	grep -q '"code":"SC2086","column":8,"file":"sc","level":"info","line":4' out
	result $? "ShellCheck's findings have the file's lines"
	exits 1 "SC rules can be ignored" "$IMGBUILD" lint --ignore SC2086 sc
	! grep -q SC2086 out
	result $? "... and are not there"
	PATH=/nonexistent "$IMGBUILD" lint clean 2>err && [ ! -s err ]
	result $? "no scripts, no need of shellcheck"
	PATH=/nonexistent "$IMGBUILD" lint sc >out 2>err
	grep -q 'no shellcheck' err
	result $? "a missing shellcheck is noted"
fi
echo "1..$n"
exit $failed
