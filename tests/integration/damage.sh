#!/bin/bash
# Every kind of file of a store, changed in every way: see damage.py.
# $CHANGES is how many (default 6; 300 take some ten minutes), $SEED which.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all "owners of files are changed: needs root"
bases
check "after each change the image is right, or an error says why" \
	env IMGBUILD="$IMGBUILD" TMPDIR="$WORK" BASE="$WORK/bases/base.tar" \
	python3 "$SOURCE/tests/integration/damage.py" --rounds "${CHANGES:-6}" --seed "${SEED:-1}"
note "$(grep changes, "$LOG" | tail -n1 | sed "s/^# //")"
finish
