#!/bin/bash
# `build --call=outline|targets|check` for fixtures/call: what docker printed
# (peer-call.sh records it) is what imgbuild prints.
. "$(dirname "$0")/lib.sh"

options() { # FILE: what a user would write on the command line
	sed -n '1s/^# options: //p' "$1"
}

call() { # METHOD FILE
	# shellcheck disable=SC2046
	"$IMGBUILD" build --call="$1" $(options "$2") -f "$2" "$WORK"
}

prints() { # METHOD FILE EXPECTED
	call "$1" "$2" >"$WORK/out" || return 1
	diff -u "$3" "$WORK/out"
}

for file in "$FIXTURES"/call/*.dockerfile; do
	base=${file%.dockerfile}
	name=$(basename "$base" | tr - ' ')
	for method in outline targets; do
		check "$method of $name: docker's text" \
			prints $method "$file" "$base.$method"
		check "$method of $name: docker's JSON" \
			prints $method,format=json "$file" "$base.$method.json"
	done
done

check_of() { # STATUS, and the Dockerfile from stdin
	local status=0
	cat >"$WORK/Dockerfile"
	"$IMGBUILD" build --check "$WORK" >"$WORK/out" 2>&1 || status=$?
	cat "$WORK/out"
	[ "$status" = "$1" ]
}
says() { grep -qxF -- "$1" "$WORK/out"; }

check "nothing found is said and is no failure" check_of 0 <<<'FROM scratch'
check "... in docker's words" says "Check complete, no warnings found."
check "a finding makes the exit status 1" check_of 1 <<'D'
# check=error=true
FROM scratch AS Foo
D
check "... is counted" says "Check complete, 1 warning has been found!"
check "... has its page" says "WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/"
check "... and its lines" says "   2 | >>> FROM scratch AS Foo"
check "error=true names the rules" says "ERROR: lint violation found for rules: StageNameCasing"
check "a skipped rule is not found" check_of 0 <<'D'
# check=skip=StageNameCasing
FROM scratch AS Foo
D
check "a mistake is shown among the findings" check_of 1 <<'D'
FROM scratch AS a
RUNN x
D
check "... as an error" says "ERROR: unknown instruction RUNN"

refused() { # METHOD
	! "$IMGBUILD" build --call="$1" "$WORK" >"$WORK/out" 2>&1
}
check "a method that there is not is refused" refused lines
check "... with those that there are" says "imgbuild: --call lines: none of build, check, outline, targets"
check "a mistake stops the outline" refused outline
check "an image that is not at hand does not stop the outline" \
	"$IMGBUILD" build --call=outline - <<<'FROM not/there'

finish
