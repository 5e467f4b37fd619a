#!/bin/bash
# --progress=tty in a terminal of 80 columns and 24 rows: what its screen shows,
# as python3-pyte sees it.
. "$(dirname "$0")/lib.sh"
python=
for p in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! $p -c 'import pyte' 2>/dev/null || python=$p
done
[ -n "$python" ] || skip_all "python3-pyte is not installed"
bases
export WORK IMGBUILD

scenario() {
	"$python" "$SOURCE/tests/integration/on_terminal.py" "$1"
}

check "running steps have their times, and their logs' ends below" scenario running
check "a step that fails is marked; log, Dockerfile and error follow" scenario failing
check "in a small terminal what runs is shown, and nothing scrolls away" scenario small
check "a terminal of another size gets another picture" scenario resize
check "what failed is red" scenario colours
check "NO_COLOR leaves colours out" scenario no_color
check "what a step prints moves no cursor and sets no title" scenario escapes
check "auto draws on a terminal" scenario auto
check "a dumb terminal gets plain lines" scenario dumb
check "and so does what is no terminal" scenario pipe
check "rawjson is an object a line, for failures and images, too" scenario rawjson
check "Ctrl-C marks what ran as cancelled" scenario interrupt
finish
