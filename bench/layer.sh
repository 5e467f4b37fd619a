#!/bin/bash
# Layers against the floors of docs/performance.md: CPU time, interleaved runs,
# medians, as ratios.
#   bench/layer.sh OCI_TOOL [RUNS]
# OCI_TOOL is tests/oci/oci_tool of a build with optimisation. Needs igzip,
# zstd, openssl, GNU tar, and 6 GB in $BENCH_TMPDIR (default /var/tmp).
set -eu
tool=$(realpath "$1")
runs=${2:-3}
work=${BENCH_TMPDIR:-/var/tmp}/imgbuild-bench-layer
mkdir -p "$work"
cd "$work"
chattr +T . 2>/dev/null || : # spread folders: see docs/performance.md

# 1 GB in one file and 50k small files, the same in every run; the content is
# this machine's /usr, repeated, so that it compresses as programs do.
make_data() {
	mkdir -p big small
	(find /usr/bin /usr/lib /usr/share -xdev -type f -size +8k -print0 | sort -z | xargs -0 cat) 2>/dev/null |
		head -c 1G >big/file
	while [ "$(stat -c %s big/file)" -lt $((1 << 30)) ]; do
		cat big/file big/file | head -c 1G >big/more && mv big/more big/file
	done
	local d i
	for d in $(seq 500); do
		mkdir -p small/$d
		for i in $(seq 100); do
			echo "file $i of $d" >small/$d/file-$i
		done
	done
	head -c 200M big/file | split -b 4000 -a 4 - small/x
	(cd /usr && tar -cf - include share/doc share/perl* lib/python3* lib/x86_64-linux-gnu bin 2>/dev/null) |
		head -c 500M >part || :
	mkdir -p base && tar -C base -xf part 2>/dev/null || :
	tar -C base -cf - . | igzip -1 -c >base.tgz
	rm -rf part base
	touch made
}
[ -e made ] || make_data

# CPU milliseconds of a shell command: user and system, children included.
cpu_ms() {
	bash -c 'eval "$1" >/dev/null 2>&1; times' _ "$1" |
		awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, "[ms]"); s += t[1] * 60 + t[2] } print int(s * 1000) }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# one_floor, one_ours: a run after its setup; which comes first alternates, since
# a file system that was just written to is slower for whoever comes next.
one_floor() { eval "$setup"; floors+="$(cpu_ms "$floor")"$'\n'; }
one_ours() { eval "$setup"; ours+="$(cpu_ms "$own")"$'\n'; }

# compare NAME TARGET FLOOR OURS [SETUP]
compare() {
	local floors= ours= i f o floor=$3 own=$4 setup=${5:-:}
	for i in $(seq "$runs"); do
		if [ $((i % 2)) = 1 ]; then
			one_floor
			one_ours
		else
			one_ours
			one_floor
		fi
	done
	f=$(printf %s "$floors" | median)
	o=$(printf %s "$ours" | median)
	awk -v n="$1" -v t="$2" -v f="$f" -v o="$o" \
		'BEGIN { printf "%-34s floor %6d ms  ours %6d ms  %.2fx  (target %s)\n", n, f, o, o / f, t }'
}

sum='openssl dgst -sha256'
t=$tool
compare "1 GB, hashed" 1.0 "tar -C big -cf - . | $sum" "$t hash big"
compare "1 GB to a tar" 1.0 "tar -C big -cf - . | $sum" "$t write big none 0 1"
compare "1 GB to gzip" 1.1 "tar -C big -cf - . | $sum; igzip -1 -c big/file" "$t write big gzip 0 1"
compare "1 GB to gzip, 2 threads" 1.1 "tar -C big -cf - . | $sum; igzip -1 -c big/file" "$t write big gzip 0 2"
compare "1 GB to zstd" 0.9 "tar -C big -cf - . | $sum; zstd -q -1 -c big/file" "$t write big zstd 0 1"
compare "1 GB to zstd, 2 threads" 0.9 "tar -C big -cf - . | $sum; zstd -q -1 -c big/file" "$t write big zstd 0 2"
compare "100k small files" 1.0 "tar -C small -cf - . | $sum" "$t write small none 0 1"
n=0
runs=$((runs * 2 + 1)) compare "unpacking a base layer" 1.0 \
	"igzip -dc base.tgz | tar -C \$PWD/un\$n -xpf -" "$t apply \$PWD/un\$n <base.tgz" \
	'n=$((n + 1)); mkdir un$n; export n; sync'
rm -rf un*
for kind in gzip zstd; do
	"$t" write big $kind 0 1 >out.$kind 2>/dev/null
	printf '%-34s %d MB from 1074 MB\n' "$kind" $(($(stat -c %s out.$kind) / 1000000))
	rm out.$kind
done
