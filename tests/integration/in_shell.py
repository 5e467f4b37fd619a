"""in_shell.py SCENARIO [COMMAND...]: types into the shells that imgbuild opens,
in a terminal. For shell.sh, which makes the store. COMMAND runs imgbuild, as
another user maybe."""
import os
import re
import sys
import tempfile
import termios

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from terminal import Terminal  # noqa: E402

IMGBUILD = sys.argv[2:] or [os.environ["IMGBUILD"]]
TOKEN = os.environ["TOKEN"]  # an argument of what must not outlive us
PROMPT = re.compile(r"[#$]$")


def context(text):
    folder = tempfile.mkdtemp(dir=os.environ["WORK"])
    os.chmod(folder, 0o755)
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write(text)
    return folder


def run(text, *args, **env):
    return Terminal([*IMGBUILD, *args, context(text)], env=env)


def prompt(t):
    t.wait(lambda lines: PROMPT.search(t.text().rstrip()))


def type_in(t, command, want):
    """A command's answer has a line that is want."""
    prompt(t)
    t.send(command + "\n")
    t.wait(lambda lines: want in lines)


def restored(t):
    assert termios.tcgetattr(t.fd)[3] & termios.ECHO, "no echo any more"


FAILING = """FROM busybox
ENV GREETING=hello
WORKDIR /work
USER 7
RUN --mount=type=cache,id=shell,target=/cache,uid=7 \\
    echo made >/tmp/made; echo cached >/cache/file; exit 3
"""


def on_error():
    t = run(FAILING, "build", "--progress=tty", "--on-error=shell")
    t.shows("a shell; `exit` ends it")
    assert t.lines()[0].endswith(" FAILED"), t.text()
    assert any(line.startswith(" => ERROR") for line in t.lines()), t.text()
    type_in(t, "cat /tmp/made", "made")
    type_in(t, "cat /cache/file", "cached")
    type_in(t, "echo $GREETING $PWD $(id -u)", "hello /work 7")
    type_in(t, "tty", "/dev/pts/0")
    type_in(t, "echo $TERM", "xterm-256color")
    prompt(t)
    t.send("exit\n")
    assert t.finish() == 1
    assert any("did not complete successfully: exit code: 3" in line
               for line in t.lines()), t.text()
    assert any(">>> RUN --mount" in line for line in t.lines()), t.text()
    restored(t)


def job_control():
    t = run(FAILING, "build", "--progress=plain", "--on-error=shell")
    prompt(t)
    t.send("sleep %s\n" % TOKEN)
    t.idle(0.5)  # until it sleeps
    t.send("\x03")
    type_in(t, "echo code $?", "code 130")
    prompt(t)
    t.send("sleep %s\n" % TOKEN)
    t.idle(0.5)
    t.send("\x1a")
    t.shows("Stopped")
    type_in(t, "kill -9 %1; echo killed", "killed")
    type_in(t, "stty size", "24 80")
    t.resize(30, 100)
    t.idle(0.5)  # it is asked for the size now and then
    type_in(t, "stty size", "30 100")
    prompt(t)
    t.send("exit\n")
    assert t.finish() == 1
    restored(t)


def others_end():
    t = run("FROM busybox AS slow\nRUN sleep " + TOKEN + "\nFROM busybox AS bad\n"
            "RUN sleep 0.5; exit 4\nFROM busybox\n"
            "COPY --from=slow /bin/sh /a\nCOPY --from=bad /bin/sh /b\n",
            "build", "--progress=tty", "--jobs=2", "--on-error=shell")
    t.shows("a shell; `exit` ends it")
    assert any(line.startswith(" => CANCELED [slow") for line in t.lines())
    type_in(t, "echo here", "here")
    prompt(t)
    t.send("exit\n")
    assert t.finish() == 1
    assert any("exit code: 4" in line for line in t.lines()), t.text()


def success():
    t = run("FROM busybox\nRUN true\n", "build", "--on-error=shell")
    assert t.finish() == 0


STAGES = """FROM busybox AS one
RUN echo one >/one
FROM busybox AS two
WORKDIR /two
ENV AT=three
RUN --mount=from=one,target=/mnt cat /mnt/one >three; echo ran
ENV AT=end
RUN echo last >/last
FROM busybox
RUN no-such-program
"""


def shell(place, *commands):
    t = run(STAGES, "shell", place)
    for command, want in commands:
        type_in(t, command, want)
    prompt(t)
    t.send("exit 9\n")
    assert t.finish() == 0, t.text()
    restored(t)
    return t


def at_the_end():
    shell("two", ("cat three; cat /last", "last"),
          ("echo $AT $PWD; touch /mark", "end /two"))
    shell("two", ("ls /mark || echo forgotten", "forgotten"))


def at_a_run():
    shell("two:6", ("ls three || echo not yet", "not yet"),
          ("cat /mnt/one", "one"), ("echo $AT", "three"))


def at_another_line():
    shell("two:7", ("cat three", "one"), ("echo $AT", "three"))
    shell("one:1", ("ls /one || echo nothing", "nothing"))


def last_stage():
    shell(":10", ("echo here", "here"))


def wrong():
    t = run(STAGES, "shell", "two:2")
    assert t.finish() == 2
    assert "no instruction of the target stage" in t.text(), t.text()
    t = run(STAGES, "shell", "two:99")
    assert t.finish() == 1
    assert "no line 99" in t.text(), t.text()


def killed():
    """SIGTERM ends the shell and leaves the terminal as it was."""
    t = run(FAILING, "build", "--on-error=shell")
    prompt(t)
    os.kill(t.pid, 15)
    assert t.finish() == 1
    restored(t)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
