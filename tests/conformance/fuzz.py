#!/usr/bin/env python3
"""Compare imgbuild with BuildKit over Dockerfiles that nobody wrote.

    fuzz.py [--kind KIND] [--seed N] [--count N] [--keep FOLDER]

Each seed gives one build context and one Dockerfile of the kind: `files`
(operations on files), `language` (config, variables, heredocs), `ignore`
(.dockerignore, --exclude, mounts of the context), `archives` (odd ones in ADD).
Both builders build it; what compare.py finds different is printed with its
seed, after lines that do not matter were taken away, and written to FOLDER as a
case. The same seed makes the same case everywhere. $IMGBUILD and $PEER_DOCKER
name the two, as for compare.py.

Exit code 1 where something was different.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile

import compare
from fuzz_archives import Archives
from fuzz_files import Files
from fuzz_ignore import Ignore
from fuzz_language import Language
from makers import Case

KINDS = {"files": Files, "language": Language, "ignore": Ignore,
         "archives": Archives}


def write_case(name, case):
    folder = os.path.join(compare.CASES, name)
    files = {".dockerignore": "Dockerfile\n.dockerignore\n",
             "setup.sh": "set +e\n" + case.setup + "true\n",
             "Dockerfile": "\n".join(case.lines) + "\n", **case.files}
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for file, text in files.items():
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    return compare.Case(name)


class Fuzzer:
    def __init__(self, runner, peer, builder):
        self.runner, self.peer, self.builder = runner, peer, builder

    def difference(self, name, made):
        """What differs, "" where nothing does."""
        case = write_case(name, made)
        try:
            want = self.runner.result(self.peer, case)
            got = self.runner.result(self.builder, case)
        except SystemExit as problem:  # its setup.sh, shrunk too far
            return "broken: %s" % problem
        if "broken" in want or "broken" in got:
            return "broken: %s\n%s" % (want.get("broken"), got.get("broken"))
        if "error" in want and "error" in got:
            return ""
        if "error" in want or "error" in got:
            who = "the peer" if "error" in want else "imgbuild"
            return "only %s refuses it: %s" % (who, compare.error_line(
                want.get("error") or got.get("error")))
        return compare.differences(want, json.loads(json.dumps(got)))

    def shrink(self, name, made, text):
        """made with fewer lines that still differ, and how."""
        files = {k: v.splitlines() for k, v in made.files.items()}
        setup = made.setup.splitlines()

        def small():
            return Case(made.lines, "".join(l + "\n" for l in setup),
                        {k: "".join(l + "\n" for l in v)
                         for k, v in files.items()})
        for part in (made.lines, setup, *files.values()):
            for i in reversed(range(len(part))):
                line = part.pop(i)
                smaller = self.difference(name, small())
                if smaller and not smaller.startswith("broken"):
                    text = smaller
                else:
                    part.insert(i, line)
        return small(), text


def parse_options():
    parser = argparse.ArgumentParser(
        description="Compare imgbuild with BuildKit over random Dockerfiles.")
    parser.add_argument("--imgbuild", metavar="PATH",
                        default=os.environ.get("IMGBUILD", "imgbuild"))
    parser.add_argument("--peer", metavar="COMMAND",
                        default=os.environ.get("PEER_DOCKER", "docker"))
    parser.add_argument("--kind", choices=sorted(KINDS), default="files")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--keep", metavar="FOLDER",
                        help="where cases that differ are written")
    parser.add_argument("--show", action="store_true",
                        help="print the cases and build nothing")
    return parser.parse_args()


def text_of(case):
    files = "".join("%s:\n%s--\n" % f for f in case.files.items())
    return "%s--\n%s%s\n" % (case.setup, files, "\n".join(case.lines))


def make(options, seed):
    return KINDS[options.kind](seed).make()


def show(options):
    for seed in range(options.seed, options.seed + options.count):
        print("# seed %d\n%s" % (seed, text_of(make(options, seed))))


def run(options, scratch):
    compare.CASES = os.path.join(scratch, "cases")
    runner = compare.Runner(argparse.Namespace(again=False, strict=False,
                                               verbose=False), scratch)
    fuzzer = Fuzzer(runner, runner.prepare(compare.Peer(options.peer)),
                    runner.prepare(compare.Imgbuild(
                        [os.path.abspath(options.imgbuild)],
                        os.path.join(scratch, "store"))))
    found = 0
    for seed in range(options.seed, options.seed + options.count):
        case = make(options, seed)
        name = "fuzz-%d" % seed
        text = fuzzer.difference(name, case)
        if not text:
            continue
        found += 1
        case, text = fuzzer.shrink(name, case, text)
        print("seed %d:\n%s--\n%s\n" % (seed, text_of(case), text))
        sys.stdout.flush()
        if options.keep:
            write_case(name, case)
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
