#!/bin/bash
# The README's main job, and what other tools say of its image.
. "$(dirname "$0")/lib.sh"
bases
cp -r "$FIXTURES/hello" "$WORK/hello"

job() {
	build -t hello -o "$WORK/hello.tar" "$@" "$WORK/hello"
}

check "the main job builds" job
check "its last lines say where the tarball is" says "$WORK/hello.tar"
first=$(digest_of "$WORK/hello.tar")

unpacks() {
	# umoci as an ordinary user can't give files away
	[ "$(id -u)" -eq 0 ] || set -- --rootless
	skopeo copy -q "oci-archive:$WORK/hello.tar" "oci:$WORK/layout:hello" &&
		umoci unpack "$@" --image "$WORK/layout:hello" "$WORK/bundle"
}
if have skopeo; then
	check "skopeo inspects it" skopeo inspect "oci-archive:$WORK/hello.tar"
else
	skip "skopeo inspects it" "skopeo is not installed"
fi
if have skopeo && have umoci; then
	check "umoci unpacks it" unpacks
	check "the RUN's file is in it" same "hello, world" "$(cat "$WORK/bundle/rootfs/hello")"
	check "the COPY's file is in it" cmp "$FIXTURES/hello/motd" "$WORK/bundle/rootfs/etc/motd"
else
	skip "umoci unpacks it" "skopeo or umoci is not installed"
fi
check "the config holds CMD" same "['cat', '/hello', '/etc/motd']" "$(field "$WORK/hello.tar" 'c["config"]["Cmd"]')"

check "a second build runs" job
check "every step of it is cached" all_cached
check "it gives the same bytes" same "$first" "$(digest_of "$WORK/hello.tar")"

touch "$WORK/hello/motd" "$WORK/hello"
check "touched times change nothing" job
check "every step is still cached" all_cached

echo more >>"$WORK/hello/motd"
check "a changed file builds" job
check "the RUN before it stays cached" same "" "$(uncached_steps | grep RUN || :)"
check "its COPY runs" test -n "$(uncached_steps | grep COPY)"

check "a changed build argument builds" job --build-arg WHO=moon
check "its RUN runs" test -n "$(uncached_steps | grep RUN)"
check "--no-cache builds" job --no-cache
check "and runs every step" same 3 "$(uncached_steps | wc -l)"
finish
