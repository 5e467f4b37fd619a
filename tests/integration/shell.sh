#!/bin/bash
# --on-error=shell and `imgbuild shell`: shells with a terminal of their own,
# driven by keys through a pty.
. "$(dirname "$0")/lib.sh"
python=
for p in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! $p -c 'import pyte' 2>/dev/null || python=$p
done
[ -n "$python" ] || skip_all "python3-pyte is not installed"
bases
export WORK IMGBUILD TOKEN=86403.$$

scenario() {
	"$python" "$SOURCE/tests/integration/in_shell.py" "$@"
}

alive() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -ax "[8]${TOKEN#8}" || :
}

check "a RUN that failed is a shell with its files, mounts, environment and user" scenario on_error
check "keys end, stop and resume what runs in it; it knows the terminal's size" scenario job_control
check "what else ran was ended before" scenario others_end
check "a build that succeeds opens none" scenario success
check "SIGTERM ends the shell" scenario killed
check "no process of a shell is left" same "" "$(alive)"
check "nor a draft" same "" "$(ls -A "$IMGBUILD_ROOT/tmp")"
check "nor a mount" sh -c '! grep "$0" /proc/mounts' "$WORK"
check "imgbuild shell STAGE comes after the stage's last step, and is forgotten" scenario at_the_end
check "STAGE:LINE of a RUN comes before it, with its mounts" scenario at_a_run
check "and of another line before that" scenario at_another_line
check "an empty stage is the last" scenario last_stage
check "a line that is not the stage's is a mistake" scenario wrong
mkdir "$WORK/c"
echo "FROM busybox" >"$WORK/c/Dockerfile"
refuse "without a terminal it says so" 2 "$IMGBUILD" shell x "$WORK/c" </dev/null
refuse "and so does --on-error=shell" 2 "$IMGBUILD" build --on-error=shell "$WORK/c" </dev/null
refuse "--on-error knows nothing else" 2 "$IMGBUILD" build --on-error=cry "$WORK/c"

if [ "$(id -u)" -ne 0 ]; then
	note "ran as an ordinary user"
else
	reason=$(why_no_user)
	if [ -n "$reason" ]; then
		skip "an ordinary user gets a shell in a failed RUN" "$reason"
	else
		user_home
		chmod -R a+rX "$WORK/bases"
		check "an ordinary user imports a base" as_user "$IMGBUILD" import "$WORK/bases/base.tar" busybox
		check "an ordinary user gets a shell in a failed RUN" scenario on_error \
			setpriv --reuid=imgbuild-test --regid=imgbuild-test --init-groups \
			env HOME="$WORK/home" IMGBUILD_ROOT="$WORK/home/store" "$IMGBUILD"
	fi
fi
finish
