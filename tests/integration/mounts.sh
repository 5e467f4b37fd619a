#!/bin/bash
# RUN --mount and --network: caches that last and are shared as their mode says,
# secrets and agents that leave no trace, a network of lo alone. As the caller
# and, where that is root, as an ordinary user.
. "$(dirname "$0")/lib.sh"
bases
have ssh-agent && have ssh-keygen || skip_all "ssh-agent is not installed"
mkdir "$WORK/c"
chmod 755 "$WORK/c"
cp "${ASK_AGENT:-$(dirname "$IMGBUILD")/../tests/ask_agent}" "$WORK/c/ask_agent"
chmod -R go+rX "$WORK/bases" "$WORK/c"

dockerfile() {
	cat >"$WORK/c/Dockerfile"
}
# as_other: whoever the claims are about
as_other() {
	case $WHO in
	caller) env IMGBUILD_ROOT="$STORE" "$@" ;;
	user) as_user "$@" ;;
	esac
}
builds() {
	as_other "$IMGBUILD" build --progress=plain "$@" >"$WORK/out" 2>&1 || { cat "$WORK/out"; return 1; }
}
# in_image TEXT: in a blob of the exported image, whether that is compressed or not
in_image() {
	rm -rf "$WORK/image"
	mkdir "$WORK/image"
	tar -xf "$OUT/image.tar" -C "$WORK/image"
	find "$WORK/image" -type f -exec zcat -f {} + | grep -aF -- "$1"
}
holds_nothing_of() {
	! grep -rlaF -- "$1" "$STORE" "$OUT" && ! in_image "$1"
}

caches() {
	dockerfile <<-'D'
		FROM busybox
		ARG ROUND
		RUN --mount=type=cache,id=kept,target=/k echo round $ROUND >>/k/log; cat /k/log >/seen
	D
	check "$WHO: a cache mount" builds --build-arg ROUND=1 "$WORK/c"
	check "$WHO: is kept between builds" builds --build-arg ROUND=2 -o "type=tar,dest=$OUT/kept.tar" "$WORK/c"
	check "$WHO:   ... with what was in it" same "round 1 round 2" "$(tar -xOf "$OUT/kept.tar" seen | tr '\n' ' ' | sed 's/ $//')"
	check "$WHO:   ... and is not in the image" sh -c '! tar -tf "$0" | grep "^k"' "$OUT/kept.tar"
}

# two MODE: two builds at once with one cache; what each saw of the other
two() {
	local mode=$1
	for me in a b; do
		mkdir -p "$WORK/two/$me"
		cat >"$WORK/two/$me/Dockerfile" <<-D
			FROM busybox
			RUN --mount=type=cache,id=$mode,sharing=$mode,target=/k echo $mode >/dev/null; cat /proc/uptime >/times; touch /k/$me; \\
				i=0; while [ ! -e /k/other-than-$me ] && [ \$i -lt 20 ]; do ls /k >/seen; \\
				if [ "\$(wc -l </seen)" -gt 1 ]; then sleep 1; break; fi; sleep 0.1; i=\$((i + 1)); done; rm /k/$me; cat /proc/uptime >>/times
		D
	done
	chmod -R go+rX "$WORK/two"
	rm -f "$OUT"/[ab].tar
	for me in a b; do
		as_other "$IMGBUILD" build -q -o "type=tar,dest=$OUT/$me.tar" "$WORK/two/$me" >"$WORK/out-$me" 2>&1 &
	done
	wait
	for me in a b; do
		tar -xOf "$OUT/$me.tar" seen | tr '\n' ' '
		echo
	done | sort -u | sed 's/ $//'
}

# overlap: the last two builds' commands ran at the same time
overlap() {
	for me in a b; do
		tar -xOf "$OUT/$me.tar" times
	done | awk '{ t[NR] = $1; print } END { exit !(t[1] < t[4] && t[3] < t[2]) }'
}

sharing() {
	check "$WHO: two builds see each other's files in a shared cache" same "a b" "$(two shared)"
	check "$WHO: a locked one is one build's at a time" same "$(printf 'a\nb')" "$(two locked)"
	refuse "$WHO:   ... while the other waits" 1 overlap
	check "$WHO: two private ones are two folders" same "$(printf 'a\nb')" "$(two private)"
	check "$WHO:   ... at the same time" overlap
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=cache,id=once,target=/x,sharing=locked --mount=type=cache,id=once,target=/y,sharing=locked touch /x/here && ls /y >/seen
	D
	check "$WHO: a step may mount one cache twice" timeout 20 bash -c "$(declare -f builds as_other as_user); IMGBUILD='$IMGBUILD' STORE='$STORE' WHO=$WHO WORK='$WORK'; builds -o type=tar,dest='$OUT/twice.tar' '$WORK/c'"
	check "$WHO:   ... and sees it twice" same here "$(tar -xOf "$OUT/twice.tar" seen)"
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=cache,id=b,target=/x,sharing=locked --mount=type=cache,id=a,target=/y,sharing=locked touch /y/its-a
	D
	check "$WHO: a step with two locked caches" builds "$WORK/c"
	local held
	held=$(dirname "$(find "$STORE/mounts" -name its-a)")
	as_other flock "$held" sleep 60.25 &
	local holder=$!
	sleep 0.5
	as_other "$IMGBUILD" build -q --no-cache "$WORK/c" >/dev/null 2>&1 &
	sleep 1
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=cache,id=b,target=/x,sharing=locked touch /done
	D
	check "$WHO:   ... that waits for one holds not the other" builds --no-cache "$WORK/c"
	check "$WHO:   ... so steps with the same two do not wait for each other" kill -0 "$holder"
	pkill -f 'sleep 60.25' || :
	wait
	dockerfile <<-'D'
		FROM busybox AS one
		RUN mkdir /seed && echo first >/seed/f
		FROM busybox AS two
		RUN mkdir /seed && echo second >/seed/f
		FROM busybox
		RUN --mount=type=cache,id=seeded,from=one,source=/seed,target=/k cp /k/f /1
		RUN --mount=type=cache,id=seeded,from=two,source=/seed,target=/k cp /k/f /2
	D
	check "$WHO: caches that begin with other files are others" builds -o "type=tar,dest=$OUT/seeded.tar" "$WORK/c"
	check "$WHO:   ... each with its own" same "first second" "$(tar -xOf "$OUT/seeded.tar" 1 2 | tr '\n' ' ' | sed 's/ $//')"
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=cache,id=spaced,target=/k ls /k | wc -l >/n && touch /k/f
	D
	check "$WHO: BUILDKIT_CACHE_MOUNT_NS" builds "$WORK/c"
	check "$WHO:   ... keeps caches apart" builds --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=other -o "type=tar,dest=$OUT/spaced.tar" "$WORK/c"
	check "$WHO:   ... as if they were new" same 0 "$(tar -xOf "$OUT/spaced.tar" n)"
}

# what tells a cache from another: two builds' folders of one id
identities() {
	local mount more
	for more in uid=5 gid=5 mode=0700; do
		for mount in "" ",$more"; do
			printf 'FROM busybox\nRUN --mount=type=cache,id=one-%s%s,target=/k stat -c "%%a %%u %%g" /k >/seen; ls /k | wc -l >>/seen; touch /k/f\n' \
				"$more" "$mount" | dockerfile
			check "$WHO: a cache mount${mount:+ with $more}" builds -o "type=tar,dest=$OUT/bind.tar" "$WORK/c"
			check "$WHO:   ... has a folder of its own" same 0 "$(seen seen | tail -n1)"
		done
		check "$WHO:   ... with that owner and mode" same "$(case $more in
			uid=5) echo 755 5 0 ;; gid=5) echo 755 0 5 ;; *) echo 700 0 0 ;; esac)" "$(seen seen | head -n1)"
	done
	dockerfile <<-'D'
		FROM busybox AS one
		RUN mkdir /seed && echo first >/seed/f
		FROM busybox AS two
		RUN mkdir /seed && echo second >/seed/f
		FROM busybox
		RUN --mount=type=cache,id=both,from=one,source=/seed,target=/x --mount=type=cache,id=both,from=two,source=/seed,target=/y cat /x/f /y/f >/seen
	D
	check "$WHO: one step may mount two caches of one id that begin otherwise" builds -o "type=tar,dest=$OUT/bind.tar" "$WORK/c"
	check "$WHO:   ... and sees both" same "$(printf 'first\nsecond')" "$(seen seen)"
}

# two mounts that differ don't share a result
keys() {
	local first second
	echo word >"$WORK/word"
	chmod 644 "$WORK/word"
	while IFS='|' read -r first second; do
		printf 'FROM busybox\nRUN --mount=%s env >/seen; find /m >>/seen 2>&1; true\n' "$first" | dockerfile
		check "$WHO: a RUN with $first" builds --secret id=x,src="$WORK/word" --secret id=y,src="$WORK/word" "$WORK/c"
		printf 'FROM busybox\nRUN --mount=%s env >/seen; find /m >>/seen 2>&1; true\n' "$second" | dockerfile
		check "$WHO:   ... with $second" builds --secret id=x,src="$WORK/word" --secret id=y,src="$WORK/word" "$WORK/c"
		check "$WHO:   ... is run" test -n "$(uncached_steps)"
		check "$WHO:   ... and known then" builds --secret id=x,src="$WORK/word" --secret id=y,src="$WORK/word" "$WORK/c"
		check "$WHO:   ... as it is" all_cached
	done <<-'E'
		type=secret,id=x,env=A|type=secret,id=x,env=B
		type=secret,id=x,target=/m|type=secret,id=y,target=/m
		type=secret,id=x,target=/m,uid=1|type=secret,id=x,target=/m,uid=2
		type=secret,id=x,target=/m,gid=1|type=secret,id=x,target=/m,gid=2
		type=secret,id=x,target=/m,mode=0400|type=secret,id=x,target=/m,mode=0444
		type=secret,id=x,target=/m|type=secret,id=x,target=/m,required=true
		type=tmpfs,target=/m,size=1m|type=tmpfs,target=/m,size=2m
		type=cache,target=/m,mode=0700|type=cache,target=/m,mode=0755
		type=cache,target=/m|type=cache,target=/m,readonly
	E
}

secrets() {
	local secret="hidden-$WHO-$RANDOM$RANDOM" key=$WORK/key-$WHO agent
	printf '%s' "$secret" >"$WORK/secret"
	chmod 644 "$WORK/secret"
	ssh-keygen -q -t ed25519 -N '' -C 'a comment' -f "$key"
	agent=$(as_other ssh-agent -a "$OUT/agent")
	SSH_AUTH_SOCK=$OUT/agent ssh-add -q "$key"
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=secret,id=word,target=/run/word test "$(wc -c </run/word)" -gt 10 && cp /run/word /tmp/copy && rm /tmp/copy
		RUN --mount=type=secret,id=word,env=WORD test -n "$WORD"
		RUN --mount=type=bind,target=/m --mount=type=ssh /m/ask_agent >/keys && stat -c '%a %u %g' $SSH_AUTH_SOCK >/mode
		RUN --mount=type=bind,target=/m --mount=type=ssh,mode=0640,uid=1000,gid=50 /m/ask_agent && stat -c '%a %u %g' $SSH_AUTH_SOCK >>/mode
		USER alice
		RUN --mount=type=bind,target=/m --mount=type=ssh,uid=1000 /m/ask_agent >/tmp/keys
	D
	check "$WHO: a secret and an agent in RUN" builds --secret id=word,src="$WORK/secret" --ssh default="$OUT/agent" \
		-o "$OUT/image.tar" -o "type=tar,dest=$OUT/root.tar" "$WORK/c"
	check "$WHO: the agent answers" same "1 keys" "$(tar -xOf "$OUT/root.tar" keys)"
	check "$WHO:   ... a user that owns the socket, too" same "1 keys" "$(tar -xOf "$OUT/root.tar" tmp/keys)"
	check "$WHO: its socket has the mode and owner asked for" same "600 0 0 640 1000 50" "$(tar -xOf "$OUT/root.tar" mode | tr '\n' ' ' | sed 's/ $//')"
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=tmpfs,target=/t --mount=type=ssh,id=none --mount=type=ssh --mount=type=ssh,target=/x.sock \
			env | grep ^SSH >/seen; ls /run/buildkit /x.sock >>/seen
		ENV SSH_AUTH_SOCK=/mine
		RUN --mount=type=ssh env | grep ^SSH >>/seen
	D
	check "$WHO: several agents" builds --ssh default="$OUT/agent" -o "type=tar,dest=$OUT/bind.tar" "$WORK/c"
	check "$WHO:   ... are numbered among themselves, and the first is the one named" \
		same "SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0 /x.sock /run/buildkit: ssh_agent.1 SSH_AUTH_SOCK=/mine" "$(seen seen | xargs)"
	kill "$(sed -n 's/.*SSH_AGENT_PID=\([0-9]*\);.*/\1/p' <<<"$agent")"
	check "$WHO: the store and the image hold nothing of the secret" holds_nothing_of "$secret"
	check "$WHO:   ... nor of the key" holds_nothing_of "$(sed -n 3p "$key")"
	check "$WHO:   ... where what is in a layer would be found" in_image "640 1000 50"
	check "$WHO: no mount point is in the image" sh -c '! tar -tf "$0" | grep -E "^run/(word|buildkit|secrets)|^m/"' "$OUT/root.tar"
	check "$WHO: no secret is left in the machine's memory" sh -c '! grep -rlaF -- "$0" /dev/shm' "$secret"
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=secret,id=word,required true
	D
	refuse "$WHO: a secret that was not given is an error" 1 builds "$WORK/c"
	check "$WHO:   ... with line and flag" says 'word: not given; use --secret id=ID,src=FILE'
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=ssh,required true
	D
	refuse "$WHO: so is an agent" 1 builds "$WORK/c"
	check "$WHO:   ... with line and flag" says 'default: not given; use --ssh'
	refuse "$WHO: a key's file is no agent" 1 builds --ssh default="$WORK/secret" "$WORK/c"
	check "$WHO:   ... and what to do is said" says "is not an agent's socket: add the key to an agent"
	dockerfile <<-'D'
		FROM busybox
		RUN --mount=type=secret,id=word cat /run/secrets/word | tr a-z A-Z; cat /run/secrets/word >/dev/null; exit 3
	D
	refuse "$WHO: a step with a secret that fails" 1 builds --secret id=word,src="$WORK/secret" "$WORK/c"
	check "$WHO:   ... shows nothing of it" holds_nothing_of "$secret"
	check "$WHO:   ... nor does what was printed" says_not "$secret"
}

# seen WHERE: what a step wrote there, of the last build's root
seen() {
	tar -xOf "$OUT/bind.tar" "$1"
}

LIST='cd /m && find . | sort | while read -r f; do stat -c "%n %f %u %g %Y" "$f"; done'

binds() {
	local tree=$WORK/tree-$WHO
	mkdir -p "$tree/kept/deep" "$tree/ignored/below" "$tree/some"
	echo k >"$tree/kept/deep/f"
	echo i >"$tree/ignored/below/f"
	echo 1 >"$tree/some/in"
	echo 2 >"$tree/some/out"
	printf '#!/bin/sh\necho ran\n' >"$tree/kept/run"
	chmod 750 "$tree/kept"
	chmod 755 "$tree/kept/run"
	ln -s kept/deep/f "$tree/link"
	find "$tree" -exec touch -h -d @1600000000 {} +
	cat >"$tree/Dockerfile" <<-D
		FROM busybox AS other
		RUN mkdir -p /o/a/b && echo gone >/o/gone && echo low >/o/a/low
		RUN rm /o/gone && echo high >/o/a/b/high && chmod 711 /o && chown 5:6 /o/a
		FROM busybox
		RUN --mount=type=bind,target=/m $LIST >/listed; cat /m/kept/deep/f >>/listed; /m/kept/run
		RUN --mount=type=bind,target=/m if echo x >/m/new; then exit 1; fi
		RUN --mount=type=bind,target=/m,rw echo x >/m/new && rm -r /m/kept && echo y >/m/some/in && $LIST >/rw
		RUN --mount=type=bind,target=/m $LIST >/again
		RUN --mount=type=bind,source=kept/run,target=/m /m >/file
		RUN --mount=type=bind,from=other,source=/o,target=/m $LIST | sed "s/ [0-9]*$//" >/stage && stat -c %a /m >>/stage
		RUN --mount=type=bind,from=other,source=/o,target=/m,rw rm /m/a/low && echo z >/m/z && ls /m /m/a >/stage-rw
		RUN --mount=type=bind,from=other,source=/o,target=/m ls /m /m/a >/stage-again
		RUN --mount=type=bind,from=other,source=/o/a/low,target=/m cat /m >/stage-file
		RUN --mount=type=bind,target=/m --mount=type=bind,from=other,source=/o,target=/n grep -e ' /m ' -e ' /n ' /proc/self/mountinfo >/mounts
	D
	[ $WHO = caller ] || chown -R imgbuild-test:imgbuild-test "$tree"
	check "$WHO: bind mounts" builds -o "type=tar,dest=$OUT/bind.tar" "$tree"
	check "$WHO: a context is mounted with its modes and times, owned by root" same \
		"./kept 41e8 0 0 1600000000" "$(seen listed | grep '^./kept ')"
	check "$WHO:   ... and its links and content" same "./link a1ff 0 0 1600000000 k" "$(seen listed | grep -e '^./link ' -e '^k$' | tr '\n' ' ' | sed 's/ $//')"
	check "$WHO:   ... itself, not a copy" sh -c 'echo "$0" | grep "/tree-[a-z]* /m "' "$(seen mounts)"
	check "$WHO: a stage is an overlay of its layers" sh -c 'echo "$0" | grep " /n .* overlay "' "$(seen mounts)"
	check "$WHO: what rw writes is seen by the step" same "./new 81a4" "$(seen rw | grep -o '^./new 81a4')"
	check "$WHO:   ... what it removed is gone" sh -c '! echo "$0" | grep kept' "$(seen rw)"
	check "$WHO:   ... and later steps see nothing of it" same "$(seen listed | grep '^\.')" "$(seen again)"
	check "$WHO:   ... nor does the context" [ -e "$tree/kept/run" -a ! -e "$tree/new" ]
	check "$WHO: a file is mounted" same ran "$(seen file)"
	check "$WHO: a stage's folder is mounted as its layers have it" same \
		". 41c9 0 0 ./a 41ed 5 6 ./a/b 41ed 0 0 ./a/b/high 81a4 0 0 ./a/low 81a4 0 0 711" "$(seen stage | tr '\n' ' ' | sed 's/ $//')"
	check "$WHO:   ... and writable with rw" same "/m: a z /m/a: b" "$(seen stage-rw | tr '\n' ' ' | sed 's/  */ /g; s/ $//')"
	check "$WHO:   ... for that step alone" same "/m: a /m/a: b low" "$(seen stage-again | tr '\n' ' ' | sed 's/  */ /g; s/ $//')"
	check "$WHO: a stage's file is mounted" same low "$(seen stage-file)"
	printf 'ignored\nsome/out\n' >"$tree/.dockerignore"
	for mode in ro rw; do
		printf 'FROM busybox\nRUN --mount=type=bind,target=/m,%s %s >/listed\n' $mode "$LIST" >"$tree/Dockerfile"
		[ $WHO = caller ] || chown -R imgbuild-test:imgbuild-test "$tree"
		check "$WHO: $mode, with a .dockerignore" builds -o "type=tar,dest=$OUT/bind.tar" "$tree"
		check "$WHO:   ... what it names is not there" sh -c '! echo "$0" | grep -e ignored/ -e ignored\  -e out' "$(seen listed)"
		check "$WHO:   ... the rest is, as old as it is" same "./some 41ed 0 0 1600000000 ./some/in 81a4 0 0 1600000000" \
			"$(seen listed | grep some | tr '\n' ' ' | sed 's/ $//')"
	done
	printf '*\n!some\n' >"$tree/.dockerignore"
	check "$WHO: with exceptions from it" builds -o "type=tar,dest=$OUT/bind.tar" "$tree"
	check "$WHO:   ... only they are there" same ". ./some ./some/in ./some/out" "$(seen listed | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')"
	rm "$tree/.dockerignore"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$tree/some/socket"
	[ "$(id -u)" -ne 0 ] || chown 1234:1234 "$tree/some/in"
	check "$WHO: a context with a socket and an owner of its own" builds -o "type=tar,dest=$OUT/bind.tar" "$tree"
	check "$WHO:   ... as old as it is" same "$(stat -c %Y "$tree")" "$(seen listed | sed -n 's/^\. .* //p')"
	check "$WHO:   ... has neither" same "./some/in 81a4 0 0 ./some/socket 81ed 0 0" \
		"$(seen listed | grep some/ | grep -v out | cut -d' ' -f1-4 | tr '\n' ' ' | sed 's/ $//')"
}

# a build whose context changes under a mount
changes() {
	local tree=$WORK/changes-$WHO
	mkdir "$tree"
	echo before >"$tree/f"
	printf 'FROM busybox\nRUN --mount=type=bind,target=/m touch /started; sleep 2; cat /m/f >/f\n' >"$tree/Dockerfile"
	[ $WHO = caller ] || chown -R imgbuild-test:imgbuild-test "$tree"
	(sleep 1; echo after >"$tree/f") &
	check "$WHO: a context that changes under a mount" builds "$tree"
	check "$WHO:   ... is said to, and not cached" says 'sources changed'
	wait
	echo before >"$tree/f"
	check "$WHO:   ... so the next build is right" builds -o "type=tar,dest=$OUT/bind.tar" "$tree"
	check "$WHO:   ... with the files it was given" same before "$(seen f)"
}

network() {
	dockerfile <<-'D'
		FROM busybox
		RUN --network=none ls /sys/class/net >/net; ip -o link | wc -l >/links; ping -c1 -w1 127.0.0.1
	D
	check "$WHO: --network=none" builds -o "type=tar,dest=$OUT/net.tar" "$WORK/c"
	check "$WHO: sees only lo" same "1 lo" "$(tar -xOf "$OUT/net.tar" net links | tr '\n' ' ' | sed 's/ $//')"
}

# claims WHO STORE
claims() {
	WHO=$1 STORE=$2 OUT=$WORK/out-$1
	mkdir -m 777 "$OUT"
	as_other "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
	caches
	binds
	changes
	sharing
	identities
	keys
	secrets
	network
}

claims caller "$IMGBUILD_ROOT"
reason=$(why_no_user)
if [ "$(id -u)" -ne 0 ]; then
	note "the caller is an ordinary user"
elif [ -z "$reason" ]; then
	user_home
	claims user "$WORK/home/store"
else
	skip "the same as an ordinary user" "$reason"
fi
finish
