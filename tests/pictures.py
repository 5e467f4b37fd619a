#!/usr/bin/env python3
"""pictures.py IMGBUILD: draw docs/tty-running.svg and docs/tty-failing.svg, as
they come on a terminal of 80 columns and 24 rows. Needs python3-pyte."""
import os
import subprocess
import sys
import tempfile

from terminal import Terminal

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONTEXT = SOURCE + "/fixtures/pictures"


def save(name, terminal):
    with open("%s/docs/%s.svg" % (SOURCE, name), "w") as file:
        file.write(terminal.svg())


def build(imgbuild, *options):
    return Terminal([imgbuild, "build", "--jobs=2", *options, "-t", "program",
                     CONTEXT])


def main():
    imgbuild = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IMGBUILD_ROOT"] = folder + "/store"
        subprocess.run([sys.executable, SOURCE + "/tests/conformance/base.py",
                        folder + "/bases"], check=True)
        subprocess.run([imgbuild, "import", folder + "/bases/base.tar",
                        "busybox"], check=True)
        running = build(imgbuild)
        running.shows("# cc -O2 -c plan.c")
        running.shows("rendering build.md")
        save("tty-running", running)
        assert running.finish() == 0
        failing = build(imgbuild, "--target=check")
        assert failing.finish() == 1
        save("tty-failing", failing)


if __name__ == "__main__":
    main()
