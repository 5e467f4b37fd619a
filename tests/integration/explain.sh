#!/bin/bash
# --explain and `imgbuild why`: each step that runs says what differs from the
# last build, and nothing else.
. "$(dirname "$0")/lib.sh"
bases
"$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
c=$WORK/c
mkdir -p "$c/src"

fresh() {
	cat >"$c/Dockerfile" <<-'D'
		FROM busybox AS build
		ARG V=1
		ENV W=1
		RUN echo one >/one
		COPY src /src
		USER 5
		RUN echo $V two
		FROM busybox
		COPY --from=build /one /one
	D
	rm -rf "$c/src"
	mkdir "$c/src"
	echo a >"$c/src/a"
	echo b >"$c/src/b"
	chmod 644 "$c"/src/*
}

# whys: the reasons of the last build, without numbers
whys() {
	sed -n 's/^#[0-9]* why: //p' "$WORK/out"
}

explained() {
	build --explain -t it "$@" "$c"
}

# told CLAIM EXPECTED [BUILD-OPTION]...: after a fresh build and the change that
# stdin makes, the reasons are those
told() {
	local claim=$1 expected=$2 change
	shift 2
	change=$(cat)
	fresh
	check "before: $claim" explained
	(cd "$c" && eval "$change")
	check "$claim" explained "$@"
	check "   ... is told" same "$expected" "$(whys)"
}

fresh
check "the first build" explained
check "   ... has nothing to compare with" same 4 "$(whys | grep -c 'no earlier build')"
check "the same again" explained
check "   ... has nothing to say" same "" "$(whys)"

told "a file that changed" "src: other files
src/a: content
the base, or a step before, has other files
it made the same files as before, so what follows does not differ for it" <<<'echo A >src/a'
told "a file that came and one that went" "src: other files
src/b: gone
src/c: added
the base, or a step before, has other files
it made the same files as before, so what follows does not differ for it" <<<'mv src/b src/c'
told "a mode" "src: other files
src/a: mode 0644 -> 0755 (from the umask of a checkout? --chmod settles it)
the base, or a step before, has other files
it made the same files as before, so what follows does not differ for it" <<<'chmod 755 src/a'
told "a command" 'the command: "echo one >/one" -> "echo two >/one"
the base, or a step before, has other files
it made the same files as before, so what follows does not differ for it
the base, or a step before, has other files
it made the same files as before, so what follows does not differ for it
/one: other files
one: content' <<<'sed -i s/echo.one/echo\ two/ Dockerfile' --jobs 1
told "an argument that a step names, and one does not" 'V: "1" -> "2" (the command does not name it: declare it below this step)
it made the same files as before, so what follows does not differ for it
V: "1" -> "2"
it made the same files as before, so what follows does not differ for it' --build-arg V=2 <<<:
told "a user" 'the user: "5" -> "6"
it made the same files as before, so what follows does not differ for it' <<<'sed -i s/USER.5/USER\ 6/ Dockerfile'
told "--no-cache" "--no-cache
--no-cache
--no-cache
--no-cache" --no-cache <<<:
told "a step that is new" 'the command: "echo $V two" -> "echo new"
it made the same files as before, so what follows does not differ for it
the base, or a step before, has other files
it made the same files as before, so what follows does not differ for it' <<<'sed -i "s/^USER.*/&\nRUN echo new/" Dockerfile'

check "why tells the last build of a name" sh -c '"$1" why it >"$2"' - "$IMGBUILD" "$WORK/why"
check "   ... step by step" grep -q '^\[build 2\] COPY src /src: cached$' "$WORK/why"
check "   ... with its reasons" grep -q '^    the command: ' "$WORK/why"
check "why tells of one step" same "[build 1] RUN echo one >/one: cached" "$("$IMGBUILD" why it 'echo one')"
check "why speaks JSON" python3 -c '
import json, subprocess, sys
steps = json.loads(subprocess.check_output([sys.argv[1], "why", "it", "--format", "json"]))
assert any(r["component"] == "argv" for s in steps for r in s["reasons"]), steps' "$IMGBUILD"
refuse "why of a name that nobody built" 1 "$IMGBUILD" why other
check "programs are told always" sh -c 'cd "$2" && echo x >src/new && "$1" build --progress=rawjson . 2>&1 | grep "\"event\":\"step-reason\".*\"subject\":\"src/new\",\"field\":\"added\""' - "$IMGBUILD" "$c"

# what a secret is worth is never told
printf 'FROM busybox\nARG T\nRUN --mount=type=secret,id=s,env=S true $T\n' >"$c/Dockerfile"
printf first-value >"$WORK/secret"
check "a build with a secret" explained --secret "id=s,src=$WORK/secret" --build-arg T=1
printf second-value >"$WORK/secret"
check "   ... whose value is another" explained --secret "id=s,src=$WORK/secret" --build-arg T=2
check "   ... does not tell it" same 'T: "1" -> "2"
it made the same files as before, so what follows does not differ for it' "$(whys)"
check "   ... nor keep it" sh -c '! grep -rl "first-value\|second-value" "$0"' "$IMGBUILD_ROOT"
finish
