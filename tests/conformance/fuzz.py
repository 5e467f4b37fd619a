#!/usr/bin/env python3
"""Compare imgbuild with BuildKit over Dockerfiles that nobody wrote.

    fuzz.py [--seed N] [--count N] [--keep FOLDER]

Each seed gives one build context and one Dockerfile of file operations: COPY
and ADD with their flags, WORKDIR, USER, and RUNs that make, move, link, change
and delete what earlier steps left. Both builders build it; what compare.py
finds different is printed with its seed, after lines that do not matter were
taken away, and written to FOLDER as a case. The same seed makes the same case
everywhere. $IMGBUILD and $PEER_DOCKER name the two, as for compare.py.

Exit code 1 where something was different.
"""
import argparse
import json
import os
import random
import shutil
import sys
import tempfile

import compare

NAMES = ["a", "b", "c", "d1", ".e", "data", "one"]
MODES = ["600", "640", "644", "700", "711", "755", "1777", "2755", "4755", "0"]
OWNERS = ["alice", "bob:staff", "5:6", "1000", ":staff", "7:root", "nonesuch"]
CHMODS = ["755", "0640", "4711", "u+x,g-w", "a=rX", "go=", "u=rwX,go=rX", "+x",
          "g+s", "o=u"]
RUN_FOLDERS = ["/w", "/w/a", "/w/b", "/var/data", "/var/data/deep", "/var"]
PLACES = ["/w", "/w/a", "/w/b/c", "/var/data", "/var/link-to-data", "/var",
          "/var/absolute-link", "/new/deep", "rel", "."]


class Maker:
    """One case from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.folders, self.files, self.links = [""], [], []

    def pick(self, *weighted):
        """One of (weight, value) pairs."""
        values = [v for _, v in weighted]
        return self.random.choices(values, [w for w, _ in weighted])[0]

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def name(self):
        return self.random.choice(NAMES)

    # -- the context

    def fresh(self):
        """A path that the context does not have."""
        known = set(self.folders + self.files + self.links)
        for _ in range(20):
            folder = self.random.choice(self.folders)
            path = (folder + "/" + self.name()).lstrip("/")
            if path not in known and path.count("/") < 3:
                return path
        return None

    def context(self):
        """Shell lines that make the context in an empty folder."""
        lines = []
        for _ in range(self.random.randrange(3, 12)):
            path = self.fresh()
            if path is None:
                break
            kind = self.pick((4, "file"), (4, "dir"), (3, "link"),
                             (1, "hard"), (1, "fifo"))
            if kind == "hard" and not self.files:
                kind = "file"
            lines.append(getattr(self, "make_" + kind)(path))
        for path in self.files + self.folders[1:]:
            if self.chance(25):
                lines.append("chmod %s %s" % (self.random.choice(MODES), path))
        return "\n".join(lines) + "\n"

    def make_file(self, path):
        self.files.append(path)
        return "echo %s >%s" % (path.replace("/", "-"), path)

    def make_dir(self, path):
        self.folders.append(path)
        return "mkdir " + path

    def make_link(self, path):
        self.links.append(path)
        return "ln -s %s %s" % (self.link_target(), path)

    def make_hard(self, path):
        target = self.random.choice(self.files)
        self.files.append(path)
        return "ln %s %s" % (target, path)

    def make_fifo(self, path):
        self.links.append(path)
        return "mkfifo " + path

    def link_target(self):
        return self.pick(
            (4, self.name()), (2, "../" + self.name()), (2, "/" + self.name()),
            (1, self.name() + "/" + self.name()), (1, "../../" + self.name()),
            (1, "/var/data"), (1, "."), (1, ".."))

    # -- the Dockerfile

    def source(self):
        """A source of COPY from the context; mostly one that is there."""
        known = self.files + self.folders[1:] + self.links
        path = self.random.choice(known) if known else "a"
        return self.pick(
            (8, path), (2, path + "/"), (1, "."), (1, path + "/."),
            (2, (os.path.dirname(path) + "/*").lstrip("/")), (1, "*/*"),
            (1, path[:-1] + "?"), (1, "/" + path), (1, "../" + path),
            (1, "[a-c]*"), (1, self.name() + "*"))

    def stage_source(self):
        return self.pick((3, self.random.choice(RUN_FOLDERS)),
                         (2, self.random.choice(RUN_FOLDERS) + "/" +
                          self.name()),
                         (1, self.random.choice(RUN_FOLDERS) + "/*"),
                         (1, "/var/link-to-data"), (1, "/var/l*"))

    def destination(self):
        place = self.random.choice(PLACES)
        return self.pick((3, place), (3, place.rstrip("/") + "/"),
                         (4, place + "/" + self.name()),
                         (1, place + "/" + self.name() + "/"),
                         (1, "/" + self.name()), (1, place + "/../x"))

    def flags(self):
        out = []
        if self.chance(20):
            out.append("--chown=" + self.random.choice(OWNERS))
        if self.chance(20):
            out.append("--chmod=" + self.random.choice(CHMODS))
        if self.chance(20):
            out.append("--link")
        if self.chance(15):
            out.append("--exclude=" + self.pick(
                (2, self.name()), (1, "**/" + self.name()), (1, "*/*"),
                (1, self.name() + "/*"), (1, "*")))
        return out

    def copy(self):
        sources = [self.source() for _ in range(self.pick(
            (6, 1), (2, 2), (1, 3)))]
        return " ".join([self.pick((3, "COPY"), (1, "ADD"))] + self.flags() +
                        sources + [self.destination()])

    def copy_from(self, stages):
        stage = self.random.choice(stages + ["conformance/base"])
        return " ".join(["COPY --from=" + stage] + self.flags() +
                        [self.stage_source(), self.destination()])

    def heredoc(self):
        return " ".join(["COPY"] + [f for f in self.flags()
                                    if "exclude" not in f] +
                        ["<<" + self.name().strip("."),
                         self.destination()])

    def run_path(self):
        return self.random.choice(RUN_FOLDERS) + "/" + self.name()

    def command(self):
        one, two = self.run_path(), self.run_path()
        return self.pick(
            (4, "echo %d >%s" % (self.random.randrange(3), one)),
            (4, "mkdir -p " + one), (3, "rm -rf " + one), (2, "rm " + one),
            (3, "mv %s %s" % (one, two)), (2, "ln %s %s" % (one, two)),
            (3, "ln -s %s %s" % (self.link_target(), one)),
            (2, "chmod %s %s" % (self.random.choice(MODES), one)),
            (2, "chown %d:%d %s" % (self.random.randrange(3),
                                    self.random.randrange(3), one)),
            (1, "touch -d '2001-01-01 00:00:00' " + one), (1, "mkfifo " + one),
            (2, "cp -a %s %s" % (one, two)),
            (1, "rm -rf %s && mkdir %s" % (one, one)),
            (1, "mv %s %s.t && mv %s.t %s" % (one, one, one, one)),
            (1, "rmdir " + one), (1, "cat %s >>%s" % (one, two)))

    def run(self):
        return "RUN " + "; ".join(
            "(%s) 2>/dev/null" % self.command()
            for _ in range(self.random.randrange(1, 7))) + "; true"

    def stage(self, number, stages):
        base = self.pick((5, "conformance/base"), (1, "scratch"),
                         *([(4, self.random.choice(stages))] if stages else []))
        lines = ["FROM %s AS s%d" % (base, number)]
        can_run = base != "scratch"
        for _ in range(self.random.randrange(1, 7)):
            kind = self.pick((6, "copy"), (3, "from"), (1, "heredoc"),
                             (1, "workdir"), (1, "user"),
                             (6 if can_run else 0, "run"))
            if kind == "copy":
                lines.append(self.copy())
            elif kind == "from":
                lines.append(self.copy_from(stages))
            elif kind == "heredoc":
                line = self.heredoc()
                word = line.split("<<")[1].split()[0]
                lines.append("%s\ntext\n%s" % (line, word))
            elif kind == "workdir":
                lines.append("WORKDIR " + self.destination())
            elif kind == "user":
                lines.append("USER " + self.random.choice(
                    ["alice", "0", "1001:50"]))
            else:
                lines.append(self.run())
        return lines

    def make(self):
        """(setup.sh, instructions)."""
        setup = self.context()
        lines, stages = [], []
        for number in range(self.pick((3, 1), (3, 2), (1, 3))):
            lines += self.stage(number, stages)
            stages.append("s%d" % number)
        return setup, lines


def write_case(name, setup, lines):
    folder = os.path.join(compare.CASES, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for file, text in (("setup.sh", setup),
                       ("Dockerfile", "\n".join(lines) + "\n"),
                       (".dockerignore", "Dockerfile\n.dockerignore\n")):
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    return compare.Case(name)


class Fuzzer:
    def __init__(self, runner, peer, builder):
        self.runner, self.peer, self.builder = runner, peer, builder

    def difference(self, name, setup, lines):
        """What differs, "" where nothing does."""
        case = write_case(name, "set +e\n" + setup + "true\n", lines)
        want = self.runner.result(self.peer, case)
        got = self.runner.result(self.builder, case)
        if "broken" in want or "broken" in got:
            return "broken: %s\n%s" % (want.get("broken"), got.get("broken"))
        if "error" in want and "error" in got:
            return ""
        if "error" in want or "error" in got:
            who = "the peer" if "error" in want else "imgbuild"
            return "only %s refuses it: %s" % (who, compare.error_line(
                want.get("error") or got.get("error")))
        return compare.differences(want, json.loads(json.dumps(got)))

    def shrink(self, name, setup, lines, text):
        """Fewer lines that still differ, and how."""
        setup = setup.splitlines()
        for part in (lines, setup):
            for i in reversed(range(len(part))):
                line = part.pop(i)
                smaller = self.difference(name, "\n".join(setup) + "\n", lines)
                if smaller and not smaller.startswith("broken"):
                    text = smaller
                else:
                    part.insert(i, line)
        return "\n".join(setup) + "\n", lines, text


def parse_options():
    parser = argparse.ArgumentParser(
        description="Compare imgbuild with BuildKit over random Dockerfiles.")
    parser.add_argument("--imgbuild", metavar="PATH",
                        default=os.environ.get("IMGBUILD", "imgbuild"))
    parser.add_argument("--peer", metavar="COMMAND",
                        default=os.environ.get("PEER_DOCKER", "docker"))
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--keep", metavar="FOLDER",
                        help="where cases that differ are written")
    parser.add_argument("--show", action="store_true",
                        help="print the cases and build nothing")
    return parser.parse_args()


def show(options):
    for seed in range(options.seed, options.seed + options.count):
        setup, lines = Maker(seed).make()
        print("# seed %d\n%s--\n%s\n" % (seed, setup, "\n".join(lines)))


def run(options, scratch):
    compare.CASES = os.path.join(scratch, "cases")
    runner = compare.Runner(argparse.Namespace(again=False, strict=False,
                                               verbose=False), scratch)
    fuzzer = Fuzzer(runner, runner.prepare(compare.Peer(options.peer)),
                    runner.prepare(compare.Imgbuild(
                        options.imgbuild, os.path.join(scratch, "store"))))
    found = 0
    for seed in range(options.seed, options.seed + options.count):
        setup, lines = Maker(seed).make()
        name = "fuzz-%d" % seed
        text = fuzzer.difference(name, setup, lines)
        if not text:
            continue
        found += 1
        setup, lines, text = fuzzer.shrink(name, setup, lines, text)
        print("seed %d:\n%s--\n%s\n--\n%s\n" %
              (seed, setup, "\n".join(lines), text))
        sys.stdout.flush()
        if options.keep:
            write_case(name, setup, lines)
            shutil.copytree(os.path.join(compare.CASES, name),
                            os.path.join(options.keep, name),
                            dirs_exist_ok=True)
    print("%d cases, %d differ" % (options.count, found))
    return 1 if found else 0


def main():
    options = parse_options()
    if options.show:
        show(options)
        return 0
    scratch = tempfile.mkdtemp(prefix="conformance-fuzz-")
    try:
        return run(options, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
