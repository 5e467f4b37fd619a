#!/bin/bash
# The tutorials' Dockerfiles. Their bases (python:3.5, figlet-base) are made
# with imgbuild itself from a Debian base and imported.
. "$(dirname "$0")/lib.sh"
need_debian
check "the Debian base imports" debian_base

# base NAME PACKAGES...: a Debian with them, imported as NAME
base() {
	local name=$1
	shift
	mkdir -p "$WORK/base"
	printf 'FROM debian:bookworm\nRUN apt-get update && apt-get install -y --no-install-recommends %s\n' "$*" >"$WORK/base/Dockerfile"
	build -o "type=tar,dest=$WORK/base.tar" "$WORK/base" &&
		"$IMGBUILD" import "$WORK/base.tar" "$name" && rm "$WORK/base.tar"
}

check "a Debian with python3, imported as python:3.5" base python:3.5 python3-minimal libpython3-stdlib python-is-python3
check "http-server builds" build -t http-server -o "$WORK/http.tar" "$FIXTURES/http-server"
check "its shell-form CMD" same "['/bin/sh', '-c', 'python -m http.server 8080']" "$(field "$WORK/http.tar" 'c["config"]["Cmd"]')"
check "its port" same "{'8080/tcp': {}}" "$(field "$WORK/http.tar" 'c["config"]["ExposedPorts"]')"

cp -r "$FIXTURES/flask" "$WORK/flask"
check "flask builds" build -t flask "$WORK/flask"
printf 'print("changed")\n' >>"$WORK/flask/app.py"
check "with changed code" build -t flask "$WORK/flask"
check "only the code's COPY runs again" same 1 "$(uncached_steps | wc -l)"
check "the install step is cached" same "" "$(uncached_steps | grep RUN || :)"
find "$WORK/flask" -exec touch {} +
check "with touched times" build -t flask "$WORK/flask"
check "everything is cached" all_cached
echo 'greeter==1.0 ' >"$WORK/flask/requirements.txt"
check "with changed requirements" build -t flask "$WORK/flask"
check "the install step runs" test -n "$(uncached_steps | grep RUN)"
printf 'FROM flask\nRUN python app.py >/out && grep -q "hello, service" /out\n' >"$WORK/flask/Runs"
check "the service runs" build -f "$WORK/flask/Runs" "$WORK/flask"

check "the blog builder builds" build -t blog -o "$WORK/blog.tar" "$FIXTURES/blog"
check "its CMD keeps the backslash" same "find . -name \\*.rst | entr -n make -f /build/Makefile" "$(field "$WORK/blog.tar" 'c["config"]["Cmd"][2]')"
check "its WORKDIR" same /source "$(field "$WORK/blog.tar" 'c["config"]["WorkingDir"]')"
check "MAINTAINER is the author" same "A Blogger <blogger@blog.example>" "$(field "$WORK/blog.tar" 'c["author"]')"

check "a Debian with figlet" base figlet-base figlet
check "figlet builds, in lower case" build -t figlet -o "$WORK/figlet.tar" "$FIXTURES/figlet"
check "ENTRYPOINT and CMD" same "['figlet', '-f', 'script', 'hello', 'world']" "$(field "$WORK/figlet.tar" 'c["config"]["Entrypoint"] + c["config"]["Cmd"]')"
finish
