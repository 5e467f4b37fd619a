#!/bin/sh
# Writes docs/rules.md from the rule table: docs/rules.sh IMGBUILD >docs/rules.md
# Given --check FILE after it, compares instead.
set -eu
write() {
	cat <<'END'
# The linter's rules

Written by `docs/rules.sh` from `lint/rule_table.c`; don't edit it here.

Rules DLxxxx mean what hadolint's mean, rules with names what BuildKit's checks
mean. One that both have is one finding with two ids, and either ignores it.
Rules that are *off* run when they are selected or given a severity, and
experimental checks also by `# check=experimental=ID`. SCxxxx are ShellCheck's,
run where its program is installed. Each rule has fixtures in `fixtures/lint/`,
`ID-*.dockerfile` that fire and `ID-quiet*.dockerfile` that don't.

What `--fix` mends it mends without changing what is built; what only
`--fix=all` mends may change what an image has in it, and wants a look.

`--rules-version N` (in a config `rules-version: N`) leaves out rules that came
after version N of this list, so that a new imgbuild finds nothing new. All of
them are of version 1.

END
	"$1" lint --list-rules | while read -r id _; do
		# shellcheck disable=SC2016 # the backticks are Markdown's
		"$1" lint --explain-rule "$id" |
			sed -e '1s/^\(.*\) (\(.*\))$/## \1\n\n*\2*\n/' -e '2s/$/\n/' \
				-e 's/^\(--fix[=a-z]*\): /\n`\1`: /'
		echo
	done
}
if [ "${2-}" = --check ]; then
	write "$1" | diff -u "$3" -
else
	write "$1"
fi
