#!/bin/bash
# --squash: one layer over the base, with the same root file system.
. "$(dirname "$0")/lib.sh"
bases
mkdir "$WORK/c"
cat >"$WORK/c/Dockerfile" <<'D'
FROM busybox
RUN mkdir -p /made/deep && echo one >/made/deep/one && echo two >/made/two && ln /made/two /made/linked && ln -s two /made/soft
RUN rm /made/deep/one && chmod 711 /made && chown 12:34 /made/two && rm /var/data/one && rm -r /var/data/deep && mkdir /var/data/deep && echo new >/var/data/deep/new
RUN rm -r /made/deep && echo changed >>/etc/group
COPY Dockerfile /made/
ENV A=b
D
# listing ARGS...: names, modes, owners, links and times of the image's root
listing() {
	"$IMGBUILD" -q -o "type=tar,dest=$WORK/root.tar" "$@" "$WORK/c" >/dev/null
	TZ=UTC tar -tvf "$WORK/root.tar" --full-time --numeric-owner | sort -k6
	tar -xOf "$WORK/root.tar" | sha256sum
}
listing >"$WORK/plain"
check "a squashed image" build --squash -o "$WORK/squashed.tar" "$WORK/c"
check "has one layer over its base" same 2 "$(field "$WORK/squashed.tar" "len(m['layers'])")"
check "   ... which the config says, too" same 2 "$(field "$WORK/squashed.tar" "len(c['rootfs']['diff_ids'])")"
check "   ... and the history" same 2 "$(field "$WORK/squashed.tar" "len([h for h in c['history'] if not h.get('empty_layer')])")"
check "   ... whose last entry tells of it" same 'squash of 4 layers' "$(field "$WORK/squashed.tar" "c['history'][-1]['comment']")"
check "   ... and keeps what was done" same 1 "$(field "$WORK/squashed.tar" "len([h for h in c['history'] if 'ENV A=b' in h.get('created_by', '')])")"
listing --squash >"$WORK/squashed"
check "the root file system is the same" diff "$WORK/plain" "$WORK/squashed"
mkdir "$WORK/layout"
tar -C "$WORK/layout" -xf "$WORK/squashed.tar"
layer=$(field "$WORK/squashed.tar" "m['layers'][-1]['digest']")
tar -tzf "$WORK/layout/blobs/${layer/://}" >"$WORK/layer"
check "the layer has no file of the base" sh -c '! grep -e bin/busybox -e etc/passwd "$0"' "$WORK/layer"
check "   ... nor what came and went" sh -c '! grep made/deep "$0"' "$WORK/layer"
check "   ... but whiteouts for what was removed" sh -c 'grep -x var/data/.wh.one "$0"' "$WORK/layer"
before=$(digest_of "$WORK/squashed.tar")
check "a second time" build --squash -o "$WORK/squashed.tar" "$WORK/c"
check "the same bytes" same "$before" "$(digest_of "$WORK/squashed.tar")"
printf 'FROM scratch\nCOPY Dockerfile /\n' >"$WORK/c/Dockerfile"
check "one layer stays as it is" same "$("$IMGBUILD" -q "$WORK/c")" "$("$IMGBUILD" -q --squash "$WORK/c")"
printf 'FROM scratch\nCOPY Dockerfile /a\nCOPY Dockerfile /b\n' >"$WORK/c/Dockerfile"
check "layers over nothing become one" sh -c '"$0" -q --squash -o "$1" "$2"' "$IMGBUILD" "$WORK/squashed.tar" "$WORK/c"
check "   ... one" same 1 "$(field "$WORK/squashed.tar" "len(m['layers'])")"

reason=$(why_no_user)
if [ "$(id -u)" -eq 0 ] && [ -z "$reason" ]; then
	user_home
	chmod -R go+rX "$WORK/bases" "$WORK/c"
	printf 'FROM busybox\nRUN echo 1 >/1 && chown 12:34 /1\nRUN rm -r /var/data\n' >"$WORK/c/Dockerfile"
	as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox >/dev/null
	check "an ordinary user squashes" as_user "$IMGBUILD" -q --squash -o "type=tar,dest=$WORK/home/root.tar" "$WORK/c"
	check "   ... with owners and without what was removed" sh -c 'tar -tvf "$0" --numeric-owner >"$1" && grep " 12/34 .* 1$" "$1" && ! grep " var/data/" "$1"' "$WORK/home/root.tar" "$WORK/list"
else
	skip "an ordinary user squashes" "${reason:-the caller is one}"
fi
finish
