#!/usr/bin/env bash
# Every fixture of every rule: ID-claim.dockerfile is linted for ID alone, and
# must give ID-claim.expected (nothing, where the claim begins with quiet).
# A first line "# options: ..." adds options. UPDATE=1 writes what is expected.
# Each rule that can fire without an image must have one of either kind.
set -euo pipefail
folder=$1
export HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent
cd "$folder"
failed=0 n=0
actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
for file in *.dockerfile; do
	name=${file%.dockerfile}
	id=${name%%-*}
	read -r first <"$file" || true
	options=()
	if [[ $first == "# options: "* ]]; then
		set -f
		# shellcheck disable=SC2206 # words are wanted
		options=(${first#"# options: "})
		set +f
	fi
	"$IMGBUILD" lint --no-shellcheck -f pretty --select "$id" \
		"${options[@]}" "$file" >"$actual" 2>&1 || true
	[ -z "${UPDATE-}" ] || cp "$actual" "$name.expected"
	n=$((n + 1))
	if ! diff -u "$name.expected" "$actual"; then
		echo "FAIL $name"
		failed=1
	fi
	if [[ $name == "$id"-quiet* && -s $name.expected ]]; then
		echo "FAIL $name says it is quiet, and is not"
		failed=1
	fi
done
while read -r id _; do
	for kind in fires quiet; do
		found=
		for file in "$id"-*.expected; do
			[[ $file == "$id"-quiet* ]] && is=quiet || is=fires
			[ -f "$file" ] && [ "$is" = "$kind" ] && found=1
		done
		if [ -z "$found" ] && [ "$id-$kind" != InvalidBaseImagePlatform-fires ]; then
			echo "FAIL $id has no fixture that is: $kind"
			failed=1
		fi
	done
done < <("$IMGBUILD" lint --list-rules)
echo "$n fixtures"
exit $failed
