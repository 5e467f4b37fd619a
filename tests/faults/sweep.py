#!/usr/bin/env python3
"""Let every system call of small builds fail, one at a time, and look.

    sweep.py [--imgbuild PROGRAM] [--faults PROGRAM] [OPTION...] [SCENARIO...]

For each scenario the calls of imgbuild's own processes are counted once
(`faults count`). Then, for the n-th call of each name and each error of ERRORS
(KILL: the process dies there), the scenario runs with that one fault
(`faults inject`), from the same store each time, and again with a call that
always fails. After each:

  - nothing crashed or hung, and no process outlived it;
  - it ended well with the very same result, or badly with an error that is
    named; what stands where the output belongs is whole or not there;
  - no file is beside the outputs, no mount and no control group is left;
  - the same command then gives the right result on that store, and nothing
    lies in the store's tmp/.

    sweep.py                            all of it; takes long
    sweep.py --limit 200 --seed 7       a sample: unlike calls first
    sweep.py cold --call fsync --error EIO
    sweep.py cold --call openat --n 17 --error EMFILE --verbose

As root, for the kernel's interface. Exit 1: there were findings.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import pwd
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "conformance"))
import base  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
ERRORS = ["ENOSPC", "EIO", "EMFILE", "ENOMEM", "EPERM", "ENOSYS", "KILL"]
SECONDS = 20  # a build takes a thirtieth of one
EPOCH = "1000000000"
USER = "imgbuild-test"

DOCKERFILE = """\
FROM busybox AS first
ARG V=1
WORKDIR /w
COPY f /w/
RUN echo made >/w/made
FROM busybox
ADD a.tar /unpacked/
COPY --from=first /w /w
RUN rm -r /unpacked/d/l && echo x >/y
"""

MOUNTS = """\
FROM busybox
WORKDIR /w
RUN --mount=type=cache,target=/c --mount=type=bind,source=d,target=/d \\
    --mount=type=tmpfs,target=/t --mount=type=secret,id=s \\
    --mount=type=bind,from=busybox,target=/b,rw \\
    cp /d/x /t/ && cp /t/x /w/ && cat /run/secrets/s >/b/s
RUN --network=none cat /etc/hosts >/t && rm /t
"""


# --- results ----------------------------------------------------------------

def sha256_file(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def listing_of_tar(path):
    """All of a tar but its times, which are those of the build."""
    rows = []
    with tarfile.open(path) as tar:
        for m in tar:
            body = tar.extractfile(m).read() if m.isreg() else b""
            rows.append((m.name, m.type, m.mode, m.uid, m.gid, m.linkname,
                         hashlib.sha256(body).hexdigest()))
    return sha256_text(repr(rows))


def listing_of_folder(top):
    rows = []
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            st = os.lstat(path)
            body = ""
            if os.path.islink(path):
                body = os.readlink(path)
            elif os.path.isfile(path):
                body = sha256_file(path)
            rows.append((os.path.relpath(path, top), st.st_mode, st.st_uid,
                         st.st_gid, body))
    return sha256_text(repr(rows))


def sha256_text(text):
    return hashlib.sha256(text.encode()).hexdigest()


# --- scenarios --------------------------------------------------------------

class Scenario:
    """A command over a world (a folder {w} with inputs, store and out/)."""

    def __init__(self, name, command, outputs=None, prepare=(), then=None,
                 stdout=True, user=False):
        self.name = name
        self.command = command
        self.outputs = outputs or {}  # name below out/: what describes it
        self.prepare = prepare        # commands that make the world's store
        self.then = then              # commands after it, else itself again
        self.stdout = stdout          # whether what it prints is a result
        self.user = user              # run by an ordinary user


def build(*options, file="Dockerfile"):
    return ["build", "-q", "--jobs", "1", "-f", "{w}/c/" + file, *options,
            "{w}/c"]


def output(kind):
    return ["-o", f"type={kind},dest={{w}}/out/o,rewrite-timestamp=true"]


IMPORT = ["import", "{w}/base.tar", "busybox"]
OCI = build(*output("oci"))
TAR = build("-o", "type=tar,dest={w}/out/o")
FILES = ["--iidfile", "{w}/out/iid", "--metadata-file", "{w}/out/meta"]
WRITTEN = {"iid": sha256_file, "meta": sha256_file}


def scenarios():
    whole = {"o": sha256_file}
    cold = [
        Scenario("cold", build(*output("oci"), *FILES, "-t", "x"),
                 {**whole, **WRITTEN}, [IMPORT]),
        Scenario("cached", build(*output("oci"), *FILES, "-t", "x"),
                 {**whole, **WRITTEN}, [IMPORT, OCI]),
        Scenario("mounts", build(*output("oci"), "--secret",
                                 "id=s,src={w}/c/f", file="Mounts"),
                 whole, [IMPORT]),
    ]
    rest = [
        Scenario("docker", build(*output("docker")), whole, [IMPORT, OCI]),
        Scenario("tar", TAR, {"o": listing_of_tar}, [IMPORT, OCI],
                 stdout=False),
        Scenario("local", build("-o", "type=local,dest={w}/out/o"),
                 {"o": listing_of_folder}, [IMPORT, OCI], stdout=False),
        Scenario("zstd", build("-o", "type=oci,dest={w}/out/o,"
                               "compression=zstd,rewrite-timestamp=true"),
                 whole, [IMPORT, OCI]),
        Scenario("squash", build(*output("oci"), "--squash"), whole,
                 [IMPORT, OCI]),
        Scenario("import", IMPORT, {}, [], then=[IMPORT, TAR]),
        Scenario("load", ["load", "-i", "{w}/base.oci.tar"], {}, [],
                 then=[["load", "-i", "{w}/base.oci.tar"],
                       ["inspect", "loaded"],
                       ["save", "-o", "{w}/out/o", "loaded"]]),
        Scenario("save", ["save", "-o", "{w}/out/o", "x"], whole,
                 [IMPORT, build("-t", "x")]),
        Scenario("lint", ["lint", "{w}/c/Dockerfile", "{w}/c/Mounts"]),
        Scenario("parse", ["parse", "{w}/c/Dockerfile"]),
        Scenario("plan", build("--plan"), {}, [IMPORT]),
    ]
    def as_user(s):
        return Scenario("user-" + s.name, s.command, s.outputs, s.prepare,
                        s.then, s.stdout, user=True)
    return cold + [as_user(s) for s in cold] + rest + [
        as_user(s) for s in rest if s.name in ("tar", "local", "import")]


# --- worlds -----------------------------------------------------------------

def make_inputs(top):
    """The part of a world that no command made."""
    context = top / "c"
    (context / "d").mkdir(parents=True)
    (context / "f").write_text("hello\n")
    (context / "d" / "x").write_text("x\n")
    (context / "d" / "l").symlink_to("x")
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "Mounts").write_text(MOUNTS)
    with tarfile.open(context / "a.tar", "w") as tar:
        tar.add(context / "d", "d")
    for path in [context, *context.rglob("*")]:
        os.utime(path, (int(EPOCH), int(EPOCH)), follow_symlinks=False)
    (top / "out").mkdir()
    make_base(top)


def make_base(top):
    """As tests/conformance/base.py's, with fewer links and so fewer calls."""
    layer = base.Layer()
    with open(base.find_busybox(), "rb") as f:
        layer.folder("bin/")
        layer.add("bin/busybox", tarfile.REGTYPE, 0o755, f.read())
    for name in ["sh", "cat", "cp", "rm"]:
        layer.link("bin/" + name, "busybox")
    layer.folder("etc/")
    layer.text("etc/passwd", base.PASSWD)
    layer.text("etc/group", base.GROUP)
    layer.folder("tmp/", 0o1777)
    tar = layer.bytes()
    (top / "base.tar").write_bytes(tar)
    (top / "base.oci.tar").write_bytes(
        base.image("loaded:latest", [tar], {"Env": ["PATH=/bin"]}))


class World:
    """Where one scenario runs, again and again from the same beginning."""

    def __init__(self, args, scenario, top):
        self.args, self.scenario = args, scenario
        self.path = top
        self.template = args.work / ("template-" + scenario.name)

    def argv(self, command):
        return [str(self.args.imgbuild),
                *(a.replace("{w}", str(self.path)) for a in command)]

    def wrapped(self, argv):
        if not self.scenario.user:
            return argv
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}",
                "--init-groups", *argv]

    def env(self):
        return {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": EPOCH,
                "HOME": str(self.path), "LC_ALL": "C",
                "IMGBUILD_ROOT": str(self.path / "store")}

    def run(self, argv):
        return subprocess.run(argv, env=self.env(), cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=10 * SECONDS)

    def must(self, command):
        r = self.run(self.wrapped(self.argv(command)))
        if r.returncode != 0:
            raise SystemExit(f"{self.scenario.name}: {command} fails without "
                             f"a fault:\n{r.stderr.decode()}")

    def make_template(self):
        shutil.copytree(self.args.inputs, self.path, symlinks=True)
        if self.scenario.user:
            user = pwd.getpwnam(USER)
            for path in [self.path, *self.path.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid,
                         follow_symlinks=False)
        for command in self.scenario.prepare:
            self.must(command)
        for path in (self.path / "out").iterdir():
            path.unlink()
        subprocess.run(["cp", "-a", self.path, self.template], check=True)

    def reset(self):
        subprocess.run(["sh", "-c", 'rm -rf "$1" && cp -a "$0" "$1"',
                        self.template, self.path], check=True)

    def then(self):
        return self.scenario.then or [self.scenario.command]

    def result(self, stdout):
        """What a run gave, as plain values."""
        found = {}
        for name, describe in self.scenario.outputs.items():
            path = self.path / "out" / name
            found[name] = describe(path) if os.path.lexists(path) else None
        if self.scenario.stdout:
            found["stdout"] = stdout.decode(errors="replace").replace(
                str(self.path), "{w}")
        return found

    def strangers(self):
        """Names beside the outputs."""
        return sorted(set(os.listdir(self.path / "out")) -
                      set(self.scenario.outputs))

    def drafts(self):
        tmp = self.path / "store" / "tmp"
        return sorted(os.listdir(tmp)) if tmp.is_dir() else []


def mounts(world):
    """Of this namespace, where there should be none below the world."""
    text = pathlib.Path("/proc/self/mountinfo").read_text()
    return [line for line in text.split("\n") if str(world.path) in line]


# --- faults -----------------------------------------------------------------

class Reference:
    """A scenario without a fault: its result, that of the next, its calls."""

    def __init__(self, world):
        world.reset()
        report = world.path / "calls"
        r = world.run([str(world.args.faults), "count", "-p",
                       str(world.args.imgbuild), "-o", str(report),
                       *world.wrapped(world.argv(world.scenario.command))])
        self.end = f"exit {r.returncode}"
        lines = report.read_text().split("\n")
        self.calls = [tuple(line.split()) for line in lines
                      if re.match(r"\w+ \d+ ", line)]
        self.result = world.result(r.stdout)
        self.then = self.run_then(world)

    @staticmethod
    def run_then(world):
        """The results of the commands that come after, or an error's text."""
        results = []
        for command in world.then():
            r = world.run(world.wrapped(world.argv(command)))
            if r.returncode not in (0, 3):
                return "the next command fails: " + last_line(r.stderr)
            results.append(world.result(r.stdout)
                           if command == world.scenario.command
                           else described(world, command, r.stdout))
        return results


def described(world, command, stdout):
    """The result of a command that is not the scenario's own."""
    path = world.path / "out" / "o"
    if command is TAR:
        return listing_of_tar(path)
    if command[0] == "save":
        return sha256_file(path)
    return stdout


def last_line(text):
    lines = [line for line in text.decode(errors="replace").split("\n") if line]
    return lines[-1] if lines else ""


class Outcome:
    def __init__(self, scenario, call, n, error):
        self.scenario, self.call, self.n, self.error = scenario, call, n, error
        self.findings = []
        self.hit = False
        self.well = False  # it ended as without a fault
        self.site = "-"
        self.end = ""
        self.said = ""

    def kind(self):
        """What tells it from findings that are no others."""
        findings = [re.sub(r"[0-9a-f-]{8,}|\b[0-9-]+\b", "N", f)
                    for f in self.findings]
        return (self.call, ",".join(self.site.split(",")[:2]), *findings)

    def row(self):
        return {k: v for k, v in vars(self).items()}


def read_report(outcome, text):
    argument = None
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        if word == "hit":
            outcome.hit = True
            outcome.site, argument = rest.split()
        elif word in ("exit", "signal"):
            outcome.end = line
        elif word == "hang":
            outcome.end = line
            outcome.findings.append("it hangs")
        elif word == "left":
            outcome.findings.append("a process is left: " + rest)
    return argument


NAMED = re.compile(rb"(?m)^(ERROR|error|imgbuild)\b.*\w|\berror\b|out of memory"
                   rb"|^\S+: .*\w")


def check_failure(outcome, world, reference, r, argument):
    """It ended badly: was that said, and is what it left whole?"""
    mute = outcome.error == "KILL" or (
        outcome.call in ("write", "writev") and
        (argument in ("1", "2") or outcome.n.endswith("+")))
    if not mute and not NAMED.search(r.stderr):
        outcome.findings.append("no error is named")
    if outcome.n.endswith("+"):
        return  # what cleans up may need that call, too
    result = world.result(r.stdout)
    for name in world.scenario.outputs:
        if result[name] not in (None, reference.result[name]):
            outcome.findings.append(f"a part of {name} is left")


def inject(world, reference, call, n, error):
    outcome = Outcome(world.scenario.name, call, n, error)
    world.reset()
    report = world.path / "report"
    r = world.run([str(world.args.faults), "inject", "-p",
                   str(world.args.imgbuild), "-o", str(report), "-t",
                   str(SECONDS), call, str(n), error,
                   *world.wrapped(world.argv(world.scenario.command))])
    argument = read_report(outcome, report.read_text())
    outcome.said = last_line(r.stderr).replace(str(world.path), "{w}")
    if not outcome.hit:
        return outcome
    if outcome.end.startswith("signal") and not (
            error == "KILL" and outcome.end == "signal 9"):
        outcome.findings.append("it crashes: " + outcome.end)
    elif (outcome.end == reference.end and
          world.result(r.stdout) == reference.result):
        outcome.well = True
    elif outcome.end == "exit 0":
        outcome.findings.append("a good end with another result")
    elif outcome.end.startswith("exit"):
        check_failure(outcome, world, reference, r, argument)
    if world.strangers():
        outcome.findings.append(f"beside the outputs: {world.strangers()}")
    then = Reference.run_then(world)
    if then != reference.then:
        outcome.findings.append(
            then if isinstance(then, str) else "the next result is another")
    if world.drafts():
        outcome.findings.append(f"in tmp/: {world.drafts()}")
    if mounts(world):
        outcome.findings.append("a mount is left")
    return outcome


def faults_of(args, scenario, calls):
    """(call, n, error) in the order in which a sample takes them."""
    seen, rows = {}, []
    # what the loader calls before there is a program is no matter of ours
    calls = [c for c in calls if c[2] != "-"]
    for call, n, site in calls:
        kind = (call, ",".join(site.split(",")[:3]))
        seen[kind] = seen.get(kind, 0) + 1
        if not args.each or seen[kind] <= args.each:
            rows += [(seen[kind], call, n, e) for e in ERRORS]
    first = {}
    for call, n, site in calls:
        first.setdefault(call, n + "+")
    rows += [(1, call, n, e) for call, n in sorted(first.items())
             for e in ERRORS if e != "KILL"]
    rows = [r for r in rows if (not args.call or r[1] in args.call) and
            (not args.error or r[3] in args.error) and
            (not args.n or r[2] in args.n)]
    if args.limit:
        random.Random(f"{args.seed} {scenario.name}").shuffle(rows)
        rows.sort(key=lambda r: r[0])
        rows = rows[:args.limit]
    return [r[1:] for r in rows]


# --- all of it --------------------------------------------------------------

def sweep(args, scenario):
    local = threading.local()
    first = World(args, scenario, args.work / f"{scenario.name}-0")
    first.make_template()
    reference = Reference(first)
    plan = faults_of(args, scenario, reference.calls)

    def one(fault):
        if not hasattr(local, "world"):
            local.world = World(args, scenario, args.work /
                                f"{scenario.name}-{threading.get_ident()}")
        return inject(local.world, reference, *fault)

    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(one, plan):
            outcomes.append(outcome)
            if args.log:
                args.log.write(json.dumps(outcome.row()) + "\n")
                args.log.flush()
            if args.verbose:
                print_outcomes(args, [outcome])
    kinds = {}
    for outcome in outcomes:
        if outcome.findings:
            kinds.setdefault(outcome.kind(), []).append(outcome)
    for kind in sorted(kinds, key=lambda k: -len(kinds[k])):
        print_outcomes(args, kinds[kind])
    for path in args.work.glob(scenario.name + "-*"):
        shutil.rmtree(path)
    return outcomes


def print_outcomes(args, outcomes):
    """Those of one kind: how many, and the first of them in full."""
    first = outcomes[0]
    print(f"# {len(outcomes)} times, as in: {first.scenario} --call "
          f"{first.call} --n {first.n} --error {first.error}\n"
          f"#     {first.end}: {'; '.join(first.findings)}\n"
          f"#     at {where(args, first.site)}\n"
          f"#     said: {first.said}\n"
          f"#     errors: {sorted({o.error for o in outcomes})}", flush=True)


def where(args, site):
    if site == "-" or not shutil.which("addr2line"):
        return site
    r = subprocess.run(["addr2line", "-fse", str(args.imgbuild),
                        *site.split(",")], capture_output=True, text=True)
    lines = r.stdout.split("\n")
    return " < ".join(f"{name} ({place.split(' ')[0]})"
                      for name, place in zip(lines[::2], lines[1::2]))


def why_not():
    if os.geteuid() != 0:
        return "the faults are injected as root"
    if not shutil.which("busybox") and not os.environ.get("BUSYBOX"):
        return "busybox-static is not installed"
    return None


def why_no_user():
    if not shutil.which("newuidmap"):
        return "newuidmap is not installed (package uidmap)"
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin",
                        "--no-create-home", "--user-group",
                        "--add-subids-for-system", USER], check=True)
    r = subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={USER}",
                        "--init-groups", "unshare", "-Ur", "true"],
                       capture_output=True)
    return "user namespaces are not allowed here" if r.returncode else None


def parse_arguments():
    built = SOURCE / "build"
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--imgbuild", type=pathlib.Path, default=os.environ.get(
        "IMGBUILD", built / "cli" / "imgbuild"))
    p.add_argument("--faults", type=pathlib.Path, default=os.environ.get(
        "FAULTS", built / "tests" / "faults" / "faults"))
    p.add_argument("--each", type=int, help="of calls from one place")
    p.add_argument("--limit", type=int, help="faults of a scenario")
    p.add_argument("--seed", default="1")
    p.add_argument("--call", action="append")
    p.add_argument("--n", action="append")
    p.add_argument("--error", action="append")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--log", type=argparse.FileType("w"))
    p.add_argument("--verbose", action="store_true")
    p.add_argument("scenario", nargs="*")
    args = p.parse_args()
    args.faults = args.faults.resolve()
    return args


def main():
    args = parse_arguments()
    reason = why_not()
    if reason:
        print("1..0 # SKIP " + reason)
        return 0
    no_user = why_no_user()
    with tempfile.TemporaryDirectory(prefix="imgbuild-faults.") as work:
        args.work = pathlib.Path(work)
        args.work.chmod(0o755)
        args.inputs = args.work / "inputs"
        args.inputs.mkdir()
        make_inputs(args.inputs)
        shutil.copy(args.imgbuild, args.work / "imgbuild")
        args.imgbuild = args.work / "imgbuild"
        return sweep_all(args, no_user)


def sweep_all(args, no_user):
    n = n_failed = 0
    for scenario in scenarios():
        if args.scenario and scenario.name not in args.scenario:
            continue
        n += 1
        if scenario.user and no_user:
            print(f"ok {n} - {scenario.name} # SKIP {no_user}")
            continue
        outcomes = sweep(args, scenario)
        hits = [o for o in outcomes if o.hit]
        bad = [o for o in hits if o.findings]
        well = sum(o.well for o in hits)
        n_failed += bool(bad) or not hits
        print(f"{'not ' if bad or not hits else ''}ok {n} - {scenario.name}: "
              f"the right result or a named error, after each of the faults")
        print(f"# {scenario.name}: {len(hits)} faults ({len(outcomes)} tried), "
              f"{well} without effect, {len(bad)} findings", flush=True)
    print(f"1..{n}")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
