"""on_terminal.py SCENARIO: builds in a terminal; fails where the screen is not as it
should be. For tty.sh, which makes the store."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from terminal import Terminal  # noqa: E402

IMGBUILD = os.environ["IMGBUILD"]
STORE = os.environ["IMGBUILD_ROOT"]
GATE = ("RUN --mount=type=cache,id=%s,target=/g,mode=0777 %s; "
        "until [ -e /g/open ]; do sleep 0.05; done")


def context(text):
    folder = tempfile.mkdtemp(dir=os.environ["WORK"])
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write(text)
    return folder


def build(text, *options, rows=24, columns=80, **env):
    return Terminal([IMGBUILD, "build", "--no-cache", *options, context(text)],
                    rows, columns, env)


def open_gate():
    for folder in glob.glob(STORE + "/mounts/*"):
        open(folder + "/open", "w").close()


def close_gate():
    for file in glob.glob(STORE + "/mounts/*/open"):
        os.unlink(file)


def two_stages(first="echo hello from a", second="echo hello from b"):
    return "\n".join(["FROM busybox AS a", GATE % ("gate", first),
                      "FROM busybox AS b", GATE % ("gate", second),
                      "FROM busybox", "COPY --from=a /bin/sh /a",
                      "COPY --from=b /bin/sh /b", ""])


def find(lines, pattern):
    found = [line for line in lines if re.search(pattern, line)]
    assert found, "no /%s/ in:\n%s" % (pattern, "\n".join(lines))
    return found[0]


def running():
    t = build(two_stages(), "--progress=tty", "--jobs=2")
    t.shows("hello from a")
    lines = t.shows("hello from b")
    assert re.fullmatch(r"\[\+\] Building \d+\.\ds \(\d/7\)", lines[0]), lines[0]
    for stage in "ab":
        step = find(lines, r"^ => \[%s 2/2\] RUN " % stage)
        assert re.search(r" \d+\.\ds$", step) and len(step) == 80, step
        log = find(lines, "^ => => # hello from %s$" % stage)
        assert lines.index(log) == lines.index(step) + 1
    find(lines, r"^ => CACHED \[a 1/2\] FROM docker.io/library/busybox.* 0\.0s$")
    before = find(lines, "RUN")
    t.wait(lambda now: find(now, "RUN")[-5:] != before[-5:])  # time goes on
    open_gate()
    assert t.finish() == 0
    assert re.fullmatch(r"\[\+\] Building \d+\.\ds \(7/7\) FINISHED",
                        t.lines()[0]), t.text()
    assert not any("=> =>" in line for line in t.lines()), t.text()
    find(t.lines(), r"^image sha256:")
    assert not t.screen.cursor.hidden
    assert t.bytes.count(b"\x1b[?25l") == t.bytes.count(b"\x1b[?25h")


def failing():
    t = build("FROM busybox\nRUN echo works\nRUN echo so far; echo but no; "
              "exit 3\nRUN echo never\n", "--progress=tty")
    assert t.finish() == 1
    lines = t.lines()
    assert re.fullmatch(r"\[\+\] Building \d+\.\ds \(3/4\) FAILED", lines[0])
    find(lines, r"^ => ERROR \[3/4\] RUN echo so far.* \d\.\ds$")
    assert not any("RUN echo never" in l for l in lines if l.startswith(" =>"))
    find(lines, "^but no$")
    find(lines, r"^   3 \| >>> RUN echo so far")
    find(lines, "exit code: 3$")


def small():
    """More than fits: no line scrolls away, and what runs is shown."""
    steps = "".join("RUN echo step %d\n" % i for i in range(12))
    t = build("FROM busybox\n" + steps + GATE % ("gate", "seq 100") + "\n",
              "--progress=tty", rows=8, columns=40)
    lines = t.shows("# 100")
    assert lines[0].startswith("[+] Building"), lines
    assert t.scrolled() == [], t.scrolled()
    find(lines, r"^ => \[14/14\] RUN .* \d+\.\ds$")
    assert max(len(line) for line in lines) <= 40
    open_gate()
    assert t.finish() == 0
    whole = t.scrolled() + t.lines()
    assert sum(line.startswith(" => [") for line in whole) == 13, whole


def is_redrawn(lines, columns):
    """One picture as wide as the terminal, and nothing left of another."""
    return (any(len(l) == columns and re.search(r"\ds$", l) for l in lines)
            and sum(l.startswith("[+] Building") for l in lines) == 1
            and sum("[a 2/2]" in l for l in lines) == 1)


def resize():
    t = build(two_stages(), "--progress=tty", "--jobs=2")
    t.shows("hello from b")
    for rows, columns in (12, 50), (24, 100), (10, 30):
        t.resize(rows, columns)
        t.wait(lambda lines: is_redrawn(lines, columns))
    open_gate()
    assert t.finish() == 0


def colours():
    t = build("FROM busybox\nRUN false\n", "--progress=tty")
    assert t.finish() == 1
    row = next(y for y, l in enumerate(t.lines()) if " => ERROR" in l)
    assert t.screen.buffer[row][5].fg == "red"


def no_color():
    t = build("FROM busybox\nRUN false\n", "--progress=tty", NO_COLOR="1")
    assert t.finish() == 1
    assert not re.search(rb"\x1b\[[0-9;]*m", t.bytes), t.bytes


def escapes():
    """What a step prints can't reach the terminal's controls."""
    t = build(two_stages("printf 'one\\033[2J\\033]0;evil\\007two\\n'; "
                         "printf 'old\\rnew\\n'"), "--progress=tty", "--jobs=2")
    lines = t.shows("# new")
    find(lines, r"# one\\x1b\[2J\\x1b\]0;evil\\x07two$")
    assert not any("old" in l for l in lines if "# " in l)
    assert b"\x1b]" not in t.bytes and b"\x1b[2J" not in t.bytes
    open_gate()
    assert t.finish() == 0


def auto():
    t = build("FROM busybox\nRUN echo hi\n")
    assert t.finish() == 0
    assert t.lines()[0].startswith("[+] Building"), t.text()


def dumb():
    t = build("FROM busybox\nRUN echo hi\n", "--progress=tty", TERM="dumb")
    assert t.finish() == 0
    find(t.lines(), r"^#2 \[2/2\] RUN echo hi$")
    assert b"\x1b" not in t.bytes


def pipe():
    folder = context("FROM busybox\nRUN echo hi\n")
    done = subprocess.run([IMGBUILD, "build", "--progress=tty", folder],
                          capture_output=True, text=True, check=True)
    find(done.stderr.splitlines(), r"^#2 \[2/2\] RUN echo hi$")
    assert "\x1b" not in done.stderr


def rawjson():
    """Every line on stderr is an object of docs/progress.md."""
    folder = context("FROM busybox\nRUN printf 'a\\377\\n' >&2; exit 3\n")
    done = subprocess.run([IMGBUILD, "build", "--progress=rawjson", folder],
                          capture_output=True, text=True)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1 and done.stdout == ""
    assert [e["event"] for e in events] == [
        "build-start", "step-cached", "step-start", "step-reason",
        "step-output", "step-failed", "error"], events
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", e["time"])
               for e in events), events
    start, base, step, reason, output, failed, error = events
    assert start["steps"] == 2
    assert base["step"] == 1 and base["title"].startswith("[1/2] FROM ")
    assert step["step"] == 2 and step["title"].startswith("[2/2] RUN printf")
    assert (reason["step"], reason["kind"]) == (2, "first")
    assert (output["step"], output["stream"], output["text"]) == \
        (2, "stderr", "a\ufffd\n"), output
    assert failed["error"].endswith("exit code: 3") and failed["seconds"] > 0
    assert ">>> RUN printf" in error["text"]
    folder = context("FROM busybox\nRUN true\n")
    done = subprocess.run([IMGBUILD, "build", "--progress=rawjson", "-t",
                           "json", folder], capture_output=True, text=True,
                          check=True)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert events[-3]["event"] == "step-done", events
    assert events[-2]["event"] == "message"
    assert events[-1]["event"] == "image"
    assert events[-1]["digest"].startswith("sha256:")


def interrupt():
    t = build(two_stages(), "--progress=tty", "--jobs=2")
    t.shows("hello from b")
    t.send("\x03")
    assert t.finish() == 1
    find(t.lines(), r"^ => CANCELED \[a 2/2\] RUN ")
    find(t.lines(), "cancelled; what was built stays cached")


if __name__ == "__main__":
    close_gate()
    globals()[sys.argv[1]]()
