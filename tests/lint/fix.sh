#!/usr/bin/env bash
# Each ID-claim.dockerfile of a folder, fixed for all rules, must give
# ID-claim.fixed; where the claim begins with left-alone, itself. A second time
# changes nothing. UPDATE=1 writes what is expected. Each rule that has a fix
# must have a fixture that is fixed. Prints TAP.
set -u
folder=$(cd "$1" && pwd)
export HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n=0 failed=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		failed=1
	fi
}
lint() { "$IMGBUILD" lint --no-shellcheck "$@"; }
for file in "$folder"/*.dockerfile; do
	name=$(basename "$file" .dockerfile)
	cp "$file" actual
	lint --fix=all actual >report 2>&1
	[ -z "${UPDATE-}" ] || cp actual "$folder/$name.fixed"
	diff -u "$folder/$name.fixed" actual | sed 's/^/# /'
	cmp -s "$folder/$name.fixed" actual
	result $? "$name"
	lint --diff=all actual >out && [ ! -s out ]
	result $? "$name: a second time changes nothing"
	if [[ $name == *-left-alone-* ]]; then
		cmp -s "$file" actual
	else
		! cmp -s "$file" actual && ! grep -q " ${name%%-*} " report
	fi
	result $? "$name: is what its name says"
done
while read -r id _; do
	lint --explain-rule "$id" | grep -q '^--fix' || continue
	found=
	for file in "$folder/$id"-*.fixed; do
		[ -f "$file" ] && [[ $file != *-left-alone-* ]] && found=1
	done
	[ -n "$found" ]
	result $? "$id has a fixture"
done < <(lint --list-rules)

cp "$folder/DL3014-behind-the-subcommand.dockerfile" a
cp a before
lint --diff=all a >out
[ $? = 1 ] && cmp -s a before
result $? "--diff shows, changes nothing, and is 1"
git apply out && cmp -s a "$folder/DL3014-behind-the-subcommand.fixed"
result $? "... and is a patch"
printf 'FROM debian\nuser 1\n' | lint --fix - >out 2>err
[ "$(cat out)" = "$(printf 'FROM debian\nUSER 1')" ] && grep -q DL3006 err
result $? "stdin is fixed to stdout, and the report goes to stderr"
cp before a && ln -s a link && chmod 600 a
lint --fix=all link >/dev/null
cmp -s a "$folder/DL3014-behind-the-subcommand.fixed" && [ -L link ] &&
	[ "$(stat -c %a a)" = 600 ]
result $? "a link stays one, and the file keeps its mode"
cp before a
lint --fix=all --select DL3015 a >/dev/null
lint --diff=all --select DL3015 a >/dev/null && ! lint --diff a >/dev/null
result $? "only what is selected is fixed"
cp before a
lint --fix --select DL3015 a >/dev/null
cmp -s before a && ! lint --diff=all --select DL3015 a >/dev/null
result $? "what may change the image is mended where all is asked for only"
lint --fix=some a >/dev/null 2>&1
[ $? = 2 ]
result $? "--fix=some is a mistake"
lint --fix --diff a >/dev/null 2>&1
[ $? = 2 ]
result $? "--fix and --diff exclude each other"
echo "1..$n"
exit $failed
