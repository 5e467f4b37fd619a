#!/bin/sh
# What a RUN step costs over its command, beside its floor:
# CPU time, medians, as root and rootless.
#
#   bench/run-overhead.sh BUILD_DIR [ROUNDS]
#
# BUILD_DIR holds bench/run-overhead. As root both tiers are measured, the second as the user
# $IMGBUILD_BENCH_USER, who has subordinate ids; as an ordinary user the second alone.
set -eu
build=$1
rounds=${2:-200}
driver=$build/bench/run-overhead
folder=$(mktemp -d /var/tmp/imgbuild-bench-XXXXXX)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
# a store spreads its folders too; without it ext4 makes files slowly beside deleted ones
chattr +T "$folder" 2>/dev/null || :

if [ "$(id -u)" -eq 0 ]; then
	mkdir "$folder/root"
	"$driver" root "$folder/root" "$rounds" unshare -mpiuf true
	user=${IMGBUILD_BENCH_USER:-}
	if [ -z "$user" ]; then
		echo "rootless: skipped, IMGBUILD_BENCH_USER is not set"
		exit 0
	fi
	cp "$driver" "$folder/driver"
	install -d -o "$user" "$folder/rootless"
	setpriv --reuid "$user" --regid "$user" --init-groups \
		"$folder/driver" rootless "$folder/rootless" "$rounds" unshare -Umpiurf true
else
	mkdir "$folder/rootless"
	"$driver" rootless "$folder/rootless" "$rounds" unshare -Umpiurf true
fi
