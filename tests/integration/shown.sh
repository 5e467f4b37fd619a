#!/bin/bash
# What imgbuild shows: no URL with what logs in, no byte that a terminal would
# obey, and no success where it could not be written. Each claim is made of
# every command, format and renderer.
. "$(dirname "$0")/lib.sh"
bases
W=$WORK/shown
mkdir -p "$W/c" "$WORK/www"
TOKEN=pass_$RANDOM$RANDOM
LINT_FORMATS="tty pretty json checkstyle codeclimate gitlab_codeclimate gnu codacy sonarqube sarif junit"

# all_of NAME COMMAND...: its output on both, whatever its status, in $W/NAME
all_of() {
	local to=$W/$1
	shift
	"$@" >"$to" 2>&1 </dev/null || :
}
# run_all FILE: every command that shows something of a Dockerfile
run_all() {
	local file=$1 mode format
	for mode in plain rawjson quiet; do
		all_of "build-$mode" "$IMGBUILD" build --progress=$mode -t shown -f "$file" "$W/c"
	done
	all_of cached "$IMGBUILD" build --progress=plain --explain -f "$file" "$W/c"
	for mode in check outline targets outline,format=json targets,format=json check,format=json; do
		all_of "call-$mode" "$IMGBUILD" build --call=$mode -f "$file" "$W/c"
	done
	all_of plan "$IMGBUILD" build --plan -f "$file" "$W/c"
	all_of parse "$IMGBUILD" parse "$file"
	all_of parse-json "$IMGBUILD" parse --format json "$file"
	for format in ${2:-$LINT_FORMATS}; do
		all_of "lint-$format" "$IMGBUILD" lint -f $format "$file"
	done
	for mode in why history inspect; do
		all_of $mode "$IMGBUILD" $mode shown
	done
	all_of why-json "$IMGBUILD" why --format json shown
	all_of images "$IMGBUILD" images
}

# --- what logs in ---
no_token() {
	! grep -rlaF -- "$TOKEN" "$W" "$IMGBUILD_ROOT"
}
if "$IMGBUILD" --version | grep -q http && have git; then
	echo hello >"$WORK/www/f"
	git init -q "$WORK/repo"
	(cd "$WORK/repo" && git config user.email a@example.org && git config user.name a && echo 1 >a &&
		printf 'FROM scratch\nCOPY a /\n' >Dockerfile && git add -A && git commit -qm 1)
	git clone -q --bare "$WORK/repo" "$WORK/www/x.git"
	git -C "$WORK/www/x.git" update-server-info
	serve "$WORK/www"
	host=${URL#http://}
	for url in "http://user:$TOKEN@$host/f" "http://$TOKEN@$host/f" "http://user:$TOKEN@$host/none" \
		"http://user:$TOKEN@127.0.0.1:1/f" "http://user:$TOKEN@$host/x.git" "http://user:$TOKEN@$host/x.git#nobranch" \
		"http://user:$TOKEN@127.0.0.1:1/x.git" "http://user:$TOKEN/more@$host/f" "ssh://user:$TOKEN@127.0.0.1:1/x.git" \
		"http://user:$TOKEN@$host/x.git?odd=1" "http://user:$TOKEN@bad host/f"; do
		what=${url//$TOKEN/PASS}
		what=${what//$host/host}
		# what of it says the password is the file itself, not what is shown
		printf 'FROM busybox\nADD --keep-git-dir=true %s /f\nRUN true\n' "$url" >"$WORK/Dockerfile"
		run_all "$WORK/Dockerfile" "tty json checkstyle"
		all_of copy-remote "$IMGBUILD" build --progress=plain -f - "$W/c" <<<"FROM scratch
COPY $url /f"
		all_of context "$IMGBUILD" build --progress=plain "$url"
		all_of named "$IMGBUILD" build --progress=plain --build-context "n=$url" -f "$WORK/named" "$W/c"
		all_of from "$IMGBUILD" build --progress=plain --build-arg "U=$url" -f "$WORK/named" "$W/c"
		check "ADD and contexts of $what: nothing shown or kept has the password" no_token
	done
	printf 'FROM scratch\nADD --keep-git-dir=true %s /f\n' "http://user:$TOKEN@$host/x.git" >"$WORK/Dockerfile"
	check "a repository whose URL has one" build -f "$WORK/Dockerfile" -o "type=tar,dest=$W/root.tar" "$W/c"
	check "   ... comes without it, .git and all" no_token
	check "   ... where it would be found" sh -c 'tar -xOf "$0" f/.git/config | grep -F "url = $1/x.git"' "$W/root.tar" "$URL"
	stop_server
else
	skip "nothing shown has a password" "there is no libcurl in imgbuild, or no git"
fi
rm -rf "$W"
mkdir -p "$W/c"

# --- what a terminal would obey ---
# obeyed: what is in any output that may not be, but for colours
obeyed() {
	python3 - "$W" <<'P'
import os, re, sys
bad = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
for name in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], name)
    if not os.path.isfile(path):
        continue
    text = open(path, encoding="utf-8", errors="surrogateescape", newline="").read()
    text = re.sub("\x1b\\[[0-9;:]*m", "", text)
    if name == "lint-codeclimate":
        text = text.replace("\x00", "")
    for m in bad.finditer(text):
        print(name, repr(text[max(0, m.start() - 40):m.end() + 20]))
        break
P
}
python3 - "$WORK" <<'P'
import sys
for name, evil in {
    "utf-8": bytes(c for c in range(1, 32) if c not in b"\n\r\t") + b"\x7f" +
             "".join(map(chr, range(0x80, 0xa0))).encode() + b"\x1b]0;title\x07\x1b]52;c;AAAA\x1b\\" +
             "\u202e\u2066\u202d\u2069".encode(),
    "bytes": bytes(range(0x80, 0xa0)) + b"\x1b[2J\x1b[6n\x1b[?1049h\x9b2J\x1bP$q\"p\x1b\\\x1bX\x1b^\x1b_" +
             b"\xff\xfe\xc0\xaf\xed\xa0\x80",
}.items():
    octal = b"".join(b"\\%03o" % c for c in evil)
    quoted = evil.replace(b"'", b"")
    forms = {
        "run": b"FROM busybox\nRUN printf '" + octal + b"\\nx\\ry\\n'\n",
        "failing": b"FROM busybox\nRUN printf '" + octal + b"\\n'; exit 3\n",
        "label": b"FROM busybox\nLABEL a=\"x" + evil + b"y\" b='" + quoted + b"'\nENV E=" + evil + b"z\n",
        "command": b"FROM busybox\nRUN : '" + quoted + b"'\n",
        "source": b"FROM busybox\nCOPY no" + evil + b"where /x\n",
        "stage": b"FROM busybox AS a" + evil + b"b\nRUN true\n",
        "image": b"FROM no" + evil + b"image\n",
        "keyword": b"FROM busybox\nFO" + evil + b"O bar\nRUN --mo" + evil + b"=1 x\n",
        "user": b"FROM busybox\nUSER no" + evil + b"body\nRUN true\n",
        "workdir": b"FROM busybox\nWORKDIR /w" + evil + b"d\nRUN pwd; false\n",
        "from": b"FROM busybox\nCOPY --from=" + evil + b" /a /b\n",
    }
    for form, text in forms.items():
        open(f"{sys.argv[1]}/evil-{name}-{form}", "wb").write(text)
    open(f"{sys.argv[1]}/bytes-{name}", "wb").write(evil)
P
for form in run failing label command source stage image keyword user workdir from; do
	for file in "$WORK"/evil-*-"$form"; do
		run_all "$file"
		found=$(obeyed)
		[ -z "$found" ] || echo "${file##*/evil-}: $found" >>"$WORK/obeyed"
	done
	check "no command sends a terminal what stands in: $form" same "" "$(cat "$WORK/obeyed" 2>/dev/null)"
	: >"$WORK/obeyed"
done
for file in "$WORK"/bytes-*; do
	evil=$(cat "$file")
	for command in build copy fmt history images import inspect lint load login logout parse pull push rmi save shell tag why "no$evil"; do
		all_of "argument-$command" "$IMGBUILD" $command "a$evil" "b$evil"
		all_of "option-$command" "$IMGBUILD" $command "--no$evil" "c$evil"
	done
	for option in -t --target --build-arg -o --build-context --secret --platform --progress --network --ulimit; do
		all_of "build$option" "$IMGBUILD" build $option "x$evil" "$W/c"
	done
	rm -f "$W"/*"$evil"* # the name of the output itself
	check "nor what stands in arguments: ${file##*/bytes-}" same "" "$(obeyed)"
done
check "where it is what would be found" sh -c 'printf "a\033]0;x\007" >"$0/planted"' "$W"
check "   ... by the same search" same planted "$(obeyed | cut -d' ' -f1)"
rm "$W/planted"
printf 'FROM busybox\nRUN printf "\\033[31mred\\033[0m\\n"\n' >"$WORK/Dockerfile"
check "colours of a step's output pass" build -f "$WORK/Dockerfile" "$W/c"
check "   ... and end with its line" says $'^#2 [0-9.]+ \e\\[31mred\e\\[0m\e\\[0m$'

# --- what can't be written ---
printf 'FROM busybox\nARG A=1\nRUN echo hi\nLABEL a=b\n' >"$WORK/Dockerfile"
printf 'FROM busybox\nRUN  cd /tmp\n' >"$WORK/linted"
check "an image to show" build -t full -f "$WORK/Dockerfile" "$W/c"
full() {
	local code=0
	"$@" >/dev/full 2>"$WORK/err" || code=$?
	[ $code -ne 0 ] || { echo "exit 0"; return 1; }
	grep -qi 'no space left' "$WORK/err" || { cat "$WORK/err"; return 1; }
}
while read -r -a command; do
	check "it is an error that ${command[*]//$WORK\//} can't be written" full "$IMGBUILD" "${command[@]}"
done <<E
--help
--version
help
build -q -f $WORK/Dockerfile $W/c
build --plan -f $WORK/Dockerfile $W/c
build --call=outline -f $WORK/Dockerfile $W/c
build --call=targets -f $WORK/Dockerfile $W/c
build --call=check -f $WORK/Dockerfile $W/c
build -o - -f $WORK/Dockerfile $W/c
build -o type=tar,dest=- -f $WORK/Dockerfile $W/c
build --help
parse $WORK/Dockerfile
parse --format json $WORK/Dockerfile
images
inspect full
history full
why full
why --format json full
save full
fmt $WORK/linted
fmt --diff $WORK/linted
fmt --check $WORK/linted
lint $WORK/linted
lint --list-rules
lint --version
lint --help
copy --help
tag --help
copy store:full oci-archive:-
import $WORK/bases/base.tar again
rmi again
E
for format in $LINT_FORMATS; do
	check "   ... lint -f $format" full "$IMGBUILD" lint -f "$format" "$WORK/linted"
done
finish
