#!/usr/bin/env python3
"""Measure imgbuild beside floors: see run.sh.

Every row is a pair of commands. They run in turn (first, second, first, ...),
each with an untimed preparation before it; what counts is the user and system
CPU time of the whole process tree, as wait4 tells it, and the median over the
runs. What threads are for is measured in elapsed time, and says so. Peak memory
is imgbuild's own, read from /proc while it runs.
"""
import argparse
import json
import os
import pwd
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
IMGBUILD = os.path.realpath(os.environ["IMGBUILD"])
USER = "imgbuild-test"


def start(argv, env=None):
    quiet = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    return os.posix_spawnp(argv[0], argv, env or os.environ,
                           file_actions=quiet)


def cpu(argv, env=None):
    """CPU milliseconds of argv and all that it starts."""
    _, status, usage = os.wait4(start(argv, env), 0)
    if status != 0:
        sys.exit("measure.py: failed: %s" % " ".join(argv))
    return (usage.ru_utime + usage.ru_stime) * 1000


def elapsed(argv, env=None):
    """Milliseconds that argv takes."""
    begin = time.monotonic()
    cpu(argv, env)
    return (time.monotonic() - begin) * 1000


def peak(argv, env):
    """The most memory, in MiB, that argv's process had at once."""
    pid, most = start(argv, env), 0
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        with open("/proc/%d/status" % pid) as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    most = max(most, int(line.split()[1]) / 1024)
        time.sleep(0.003)
    return most


class Side:
    """One of a pair: a command, what comes before each run, and divisors."""

    def __init__(self, argv, prepare=None, store=None, user=None,
                 measure=cpu):
        self.argv = argv if isinstance(argv, list) else ["sh", "-c", argv]
        self.prepare = prepare or (lambda: None)
        self.env = dict(os.environ)
        if store:
            self.env["IMGBUILD_ROOT"] = store
        if user:
            self.argv = ["setpriv", "--reuid=" + user, "--regid=" + user,
                         "--init-groups"] + self.argv
        self.times = []
        self.measure = measure

    def run(self):
        self.prepare()
        self.times.append(self.measure(self.argv, self.env))


def median(side):
    return statistics.median(side.times)


class Bench:
    def __init__(self, options):
        self.options = options
        self.scale = 10 if options.quick else 1
        self.dir = os.environ.get("BENCH_DIR") or \
            tempfile.mkdtemp(prefix="imgbuild-bench-")
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)
        self.own = "BENCH_DIR" not in os.environ
        print("| work | floor | imgbuild ms | floor ms | ratio | target |\n"
              "|---|---|---|---|---|---|")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def wanted(self, row):
        return not self.options.rows or \
            any(r in row for r in self.options.rows)

    def compare(self, work, floor, ours, theirs, target, runs, less=None,
                per=1, plus=0):
        """One row. less: a Side whose time is taken off ours, per: how many
        units of work ours holds, plus: milliseconds the target allows."""
        if self.options.quick:
            runs = min(runs, 3)
        for side in filter(None, [ours, theirs, less]):
            side.run()  # warms caches; not counted
            side.times.clear()
        for _ in range(runs):
            for side in filter(None, [ours, theirs, less]):
                side.run()
        mine = (median(ours) - (median(less) if less else 0)) / per
        base = median(theirs)
        print("| %s | `%s` | %.2f | %.2f | %.2f | ≤ %s%s |" % (
            work, floor.replace("|", "\\|"), mine, base,
            (mine - plus / per) / base, target,
            " + %g ms a build" % plus if plus else ""))
        sys.stdout.flush()

    # ---- data ----

    def files(self, name, count, size=200):
        top = self.path(name)
        if not os.path.isdir(top):
            for i in range(count):
                folder = os.path.join(top, "%03d" % (i // 100))
                if i % 100 == 0:
                    os.makedirs(folder)
                with open(os.path.join(folder, "f%05d" % i), "w") as file:
                    file.write(("%d\n" % i) * (size // 6))
            self.write(name + ".Dockerfile", "FROM scratch\nCOPY . /\n")
        return top

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def megabytes(self, count):
        """Files of 8 MB cut from the machine's programs and libraries."""
        top = self.path("bulk")
        if os.path.isdir(top):
            return top
        os.makedirs(top)
        listing = subprocess.run(
            ["find", "/usr/lib", "/usr/bin", "/usr/share", "-xdev", "-type",
             "f", "-size", "+100k", "-readable", "!", "-name", "*.gz", "!",
             "-name", "*.xz"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        names = sorted(listing.stdout.split(b"\n"))[1:]
        left, pending, n = count << 20, b"", 0
        while left > 0:
            for name in names:
                with open(name, "rb") as file:
                    pending += file.read()
                while len(pending) >= 8 << 20 and left > 0:
                    with open(os.path.join(top, "%04d" % n), "wb") as out:
                        out.write(pending[:8 << 20])
                    pending, n, left = pending[8 << 20:], n + 1, left - (8 << 20)
                if left <= 0:
                    break
        self.write("bulk.Dockerfile", "FROM scratch\nCOPY . /\n")
        return top

    def build(self, context, dockerfile, *more):
        return [IMGBUILD, "build", "-q", "-f", dockerfile, *more, context]

    def store(self, name, user=None):
        """A store with the busybox base in it."""
        top = self.path("store-" + name)
        if not os.path.isdir(top):
            os.makedirs(top)
            bases = self.path("bases")
            if not os.path.isdir(bases):
                subprocess.run([sys.executable, os.path.join(
                    HERE, "../tests/conformance/base.py"), bases], check=True)
            argv = [self.program(user), "import",
                    os.path.join(bases, "base.tar"), "busybox"]
            if user:
                shutil.chown(top, user, user)
                argv = ["setpriv", "--reuid=" + user, "--regid=" + user,
                        "--init-groups"] + argv
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL,
                           env=dict(os.environ, IMGBUILD_ROOT=top))
        return top

    def program(self, user=None):
        if not user:
            return IMGBUILD
        path = self.path("imgbuild")
        if not os.path.exists(path):
            shutil.copy(IMGBUILD, path)
            os.chmod(path, 0o755)
        return path

    # ---- rows ----

    def noop(self):
        for count, target, runs in [(10000, 1.3, 15), (100000, 1.35, 7)]:
            count //= self.scale
            row = "rebuild, nothing changed, %d files" % count
            if not self.wanted(row):
                continue
            top = self.files("files-%d" % count, count)
            reference = self.write("reference", "")
            self.compare(
                row, "find ctx -newer ref",
                Side(self.build(top, top + ".Dockerfile"),
                     store=self.store("noop")),
                Side(["find", top, "-newer", reference]), target, runs)

    def few(self):
        row = "rebuild, nothing changed, a few files"
        if self.wanted(row):
            top = self.files("files-5", 5)
            self.compare(row, "/bin/true",
                         Side(self.build(top, top + ".Dockerfile"),
                              store=self.store("noop")),
                         Side(["/bin/true"]), 3, 41)

    def one_changed(self):
        row = "1 of %d files changed" % (10000 // self.scale)
        if not self.wanted(row):
            return
        top = self.files("files-%d" % (10000 // self.scale),
                         10000 // self.scale)
        count = [0]

        def change():
            count[0] += 1
            with open(os.path.join(top, "000", "f00007"), "w") as file:
                file.write("change %d of %d\n" % (count[0], os.getpid()))
        self.compare(row, "tar c ctx | openssl dgst -sha256",
                     Side(self.build(top, top + ".Dockerfile"), change,
                          self.store("noop")),
                     Side("tar -C %s -c . | openssl dgst -sha256" % top), 1.0, 9)

    def run_steps(self):
        steps = 50
        context = self.path("empty")
        os.makedirs(context, exist_ok=True)
        text = "FROM busybox\n"
        none = self.write("none.Dockerfile", text + "LABEL a=b\n")
        one = self.write("steps.Dockerfile", text + "".join(
            'RUN ["/bin/true", "%d"]\n' % i for i in range(steps)))
        deep = self.write("deep.Dockerfile", text + "".join(
            "COPY f%d /\n" % i for i in range(120)) + "".join(
            'RUN ["/bin/true", "%d"]\n' % i for i in range(10)))
        row = "a RUN step's overhead, root"
        if self.wanted(row):
            if os.geteuid() != 0:
                print("| %s | skipped: not root | | | | |" % row)
            else:
                store = self.store("root")
                self.compare(
                    row, "unshare -mpiuf true",
                    Side(self.build(context, one, "--no-cache"), store=store),
                    Side(["unshare", "-mpiuf", "true"]), 1.0, 11,
                    Side(self.build(context, none, "--no-cache"), store=store),
                    per=steps)
        row = "a RUN step's overhead, rootless"
        if self.wanted(row):
            self.rootless(row, context, one, none, steps)
        row = "a RUN step over 120 layers"
        if self.wanted(row):
            self.over_layers(row, deep)

    def rootless(self, row, context, one, none, steps):
        user = None
        if os.geteuid() == 0:
            try:
                pwd.getpwnam(USER)
            except KeyError:
                print("| %s | skipped: no user %s, run the integration tests "
                      "first | | | | |" % (row, USER))
                return
            user = USER
        store = self.store("user", user)

        def side(dockerfile):
            argv = self.build(context, dockerfile, "--no-cache")
            argv[0] = self.program(user)
            return Side(argv, store=store, user=user)
        self.compare(row, "unshare -Umpiurf true", side(one),
                     Side(["unshare", "-Umpiurf", "true"], user=user), 1.2, 11,
                     side(none), per=steps, plus=2)

    def over_layers(self, row, deep):
        context = self.path("deep")
        os.makedirs(context, exist_ok=True)
        for i in range(120):
            with open(os.path.join(context, "f%d" % i), "w") as file:
                file.write("%d\n" % i)
        counter = [0]

        def salted(n_copies):
            """Ten steps over n_copies layers that stay cached."""
            lines = open(deep).read().splitlines()
            head = [l for l in lines if not l.startswith(("COPY", "RUN"))]
            copies = [l for l in lines if l.startswith("COPY")][:n_copies]
            name = self.path("deep-%d.Dockerfile" % n_copies)

            def prepare():
                counter[0] += 1
                runs = ['RUN ["/bin/true", "%d", "%d"]' % (i, counter[0])
                        for i in range(10)]
                with open(name, "w") as file:
                    file.write("\n".join(head + copies + runs) + "\n")
            return Side(self.build(context, name), prepare,
                        self.store("deep"))
        self.compare(row, "the same step over 1 layer", salted(120), salted(1),
                     2.0, 7)

    def mounts(self):
        """What a mount adds to a step: three kinds of them, 50 times."""
        row = "a mount of a RUN step"
        if not self.wanted(row):
            return
        if os.geteuid() != 0:
            print("| %s | skipped: not root | | | | |" % row)
            return
        context = self.path("mounted")
        os.makedirs(context, exist_ok=True)
        with open(os.path.join(context, "f"), "w") as file:
            file.write("f\n")
        flags = "".join("--mount=" + m + " " for m in [
            "type=bind,target=/a", "type=bind,from=busybox,target=/b",
            "type=cache,target=/c"])

        def side(name, flags):
            lines = ["FROM busybox"] + ['RUN %s["/bin/true", "%d"]' %
                                        (flags, i) for i in range(50)]
            return Side(self.build(context, self.write(
                name, "\n".join(lines) + "\n"), "--no-cache"),
                store=self.store("mounts"))
        self.compare(row, "unshare -m mount -t tmpfs none /mnt",
                     side("mounted.Dockerfile", flags),
                     Side(["unshare", "-m", "mount", "-t", "tmpfs", "none",
                           "/mnt"]), 1.0, 11, side("bare.Dockerfile", ""),
                     per=150)

    def copy_between(self):
        """COPY --from of a large file between two stages."""
        size = 200 // self.scale
        row = "COPY --from of %d MB between stages" % size
        if not self.wanted(row):
            return
        context = self.path("between")
        os.makedirs(context, exist_ok=True)
        counter = [0]
        name = self.path("between.Dockerfile")
        big = self.path("big")
        subprocess.run("head -c %dm /dev/urandom >%s" % (size, big),
                       shell=True, check=True)

        def fresh():
            counter[0] += 1
            with open(name, "w") as file:
                file.write("FROM busybox AS a\n"
                           "RUN head -c %dm /dev/urandom >/big\n"
                           "FROM scratch\n"
                           "COPY --from=a /big /copy-%d\n" %
                           (size, counter[0]))
        self.compare(row, "cp big copy; openssl dgst -sha256 copy",
                     Side(self.build(context, name), fresh,
                          self.store("between")),
                     Side("cp %s %s.copy; openssl dgst -sha256 %s.copy" %
                          (big, big, big)), 1.0, 5)

    def stages(self):
        """Six stages that need nothing but time."""
        row = "six independent stages that compute, --jobs 2 (elapsed)"
        if not self.wanted(row):
            return
        context = self.path("empty")
        os.makedirs(context, exist_ok=True)
        loop = "i=%d; while [ $i -lt {0} ]; do i=$((i+1)); done".format(
            600000 // self.scale)
        text = "".join("FROM busybox AS s%d\nRUN %s; echo $i >/out\n" %
                       (i, loop % i) for i in range(6))
        text += "FROM busybox\n" + "".join(
            "COPY --from=s%d /out /out%d\n" % (i, i) for i in range(6))
        dockerfile = self.write("stages.Dockerfile", text)
        store = self.store("stages")

        def side(jobs):
            return Side(self.build(context, dockerfile, "--no-cache",
                                   "--jobs", str(jobs)), store=store,
                        measure=elapsed)
        self.compare(row, "the same with --jobs 1", side(2), side(1), 0.55, 9)

    def bulk(self):
        size = 1024 // self.scale
        kinds = [("none", "", 1.0), ("gzip", " && cat {0}/* | igzip -1 ", 1.1),
                 ("zstd", " && cat {0}/* | zstd -1 -q ", 0.9)]
        for kind, packer, target in kinds:
            row = "%d MB layer to an OCI tar, %s" % (size, kind)
            if not self.wanted(row):
                continue
            top = self.megabytes(size)
            store, out = self.path("store-bulk"), self.path("bulk.tar")

            def fresh():
                shutil.rmtree(store, ignore_errors=True)
                if os.path.exists(out):
                    os.unlink(out)
            floor = "tar -C {0} -c . | openssl dgst -sha256".format(top)
            name = "tar c | openssl dgst -sha256"
            if kind != "none":
                program = packer.split("|")[1].strip()
                if not shutil.which(program.split()[0]):
                    print("| %s | skipped: no %s | | | | |" %
                          (row, program.split()[0]))
                    continue
                floor += packer.format(top)
                name += " and " + program
            self.compare(row, name, Side(self.build(
                top, top + ".Dockerfile", "-o",
                "type=oci,dest=%s,compression=%s" % (out, kind)), fresh, store),
                Side(floor), target, 5)
            fresh()

    def many_files(self):
        count = 50000 // self.scale
        row = "a RUN that makes %d files" % count
        if not self.wanted(row):
            return
        context = self.path("empty")
        os.makedirs(context, exist_ok=True)
        loop = "mkdir %s && cd %s && i=0; while [ $i -lt {0} ]; do " \
            "[ $((i %% 1000)) != 0 ] || mkdir $i; echo $i >$((i / 1000 * " \
            "1000))/$i; i=$((i+1)); done".format(count)
        dockerfile = self.write("many.Dockerfile", "FROM busybox\nRUN " +
                                loop % ("/many", "/many") + "\n")
        plain = self.path("many")

        def fresh():
            # Deleting here would slow down the creations that follow.
            if os.path.exists(plain):
                os.rename(plain, tempfile.mkdtemp(dir=self.path("empty-many")))
        os.makedirs(self.path("empty-many"), exist_ok=True)
        store = self.store("many")
        busybox = shutil.which("busybox")
        self.compare(
            row, "the same command outside, then tar c | openssl dgst -sha256",
            Side(self.build(context, dockerfile, "--no-cache"), store=store),
            Side("%s sh -c '%s' && tar -C %s -c . | openssl dgst -sha256" %
                 (busybox, loop % (plain, plain), plain), fresh), 1.0, 5)
        fresh()
        shutil.rmtree(self.path("empty-many"))

    def memory(self):
        row = "peak memory"
        if not self.wanted(row):
            return
        for size in [64, 1024 // self.scale]:
            top, store = self.path("bulk-memory"), self.path("store-memory")
            shutil.rmtree(top, ignore_errors=True)
            shutil.rmtree(store, ignore_errors=True)
            os.makedirs(top)
            for name in sorted(os.listdir(self.megabytes(size)))[:size // 8]:
                os.link(self.path("bulk", name), os.path.join(top, name))
            with open(os.path.join(top, "one-file"), "wb") as out:
                out.truncate(size << 20)
            env = dict(os.environ, IMGBUILD_ROOT=store)
            most = peak(self.build(
                top, self.path("bulk.Dockerfile"), "-o",
                "type=oci,dest=" + self.path("memory.tar")), env)
            print("| peak memory, %d MB layer | | %.0f MiB | | | flat |" %
                  (2 * size, most))
            shutil.rmtree(store, ignore_errors=True)
            os.unlink(self.path("memory.tar"))

    # ---- registries ----

    def registry(self):
        """A registry of our own on loopback; its host and process."""
        conf, log = self.path("registry.yml"), self.path("registry.log")
        self.write("registry.yml", """version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: %s}}
http: {addr: "127.0.0.1:0", secret: bench}
""" % self.path("registry"))
        with open(log, "wb") as out:
            server = subprocess.Popen(["docker-registry", "serve", conf],
                                      stdout=out, stderr=out)
        for _ in range(100):
            with open(log) as file:
                found = re.search(r"listening on 127.0.0.1:(\d+)", file.read())
            if found:
                return "localhost:" + found[1], server
            time.sleep(0.05)
        sys.exit("measure.py: the registry does not start")

    def eight_layers(self, size):
        """A context whose Dockerfile makes a layer of each eighth of it."""
        top = self.path("eight")
        names = sorted(os.listdir(self.megabytes(size)))[:size // 8]
        for i, name in enumerate(names):
            folder = os.path.join(top, str(i % 8))
            os.makedirs(folder, exist_ok=True)
            os.link(self.path("bulk", name), os.path.join(folder, name))
        return top, self.write("eight.Dockerfile", "FROM scratch\n" + "".join(
            "COPY %d /%d\n" % (i, i) for i in range(8)))

    def blob_urls(self, host, name):
        accept = "Accept: application/vnd.oci.image.manifest.v1+json"
        manifest = json.loads(subprocess.run(
            ["curl", "-sH", accept, "http://%s/v2/%s/manifests/1" % (
                host, name)], stdout=subprocess.PIPE, check=True).stdout)
        return ["http://%s/v2/%s/blobs/%s" % (host, name, blob["digest"])
                for blob in manifest["layers"]]

    def pull_and_push(self):
        rows = ["pull of 8 layers", "push of 8 layers", "push, unchanged",
                "peak memory of a pull", "peak memory of a push"]
        if not any(self.wanted(row) for row in rows):
            return
        if not shutil.which("docker-registry"):
            print("measure.py: no docker-registry here: rows of registries "
                  "are left out", file=sys.stderr)
            return
        size = 1024 // self.scale
        context, dockerfile = self.eight_layers(size)
        host, server = self.registry()
        try:
            self.registry_rows(rows, host, size, context, dockerfile)
        finally:
            server.terminate()
            server.wait()

    def registry_rows(self, rows, host, size, context, dockerfile):
        store, other = self.store("registry"), self.path("store-pulled")
        env = dict(os.environ, IMGBUILD_ROOT=store)
        name = host + "/bench/eight:1"
        cpu(self.build(context, dockerfile, "-t", name, "--push"), env)
        urls = self.blob_urls(host, "bench/eight")
        copies = self.path("copies")
        os.makedirs(copies, exist_ok=True)

        def fresh():
            shutil.rmtree(other, ignore_errors=True)

        pull = [IMGBUILD, "pull", "-q", name]
        if self.wanted(rows[0]):
            self.compare(
                "%s, %d MB (elapsed)" % (rows[0], size),
                "curl | tee copy | openssl dgst -sha256, each layer",
                Side(pull, fresh, store=other, measure=elapsed),
                Side("; ".join("curl -s %s | tee %s/%d | openssl dgst -sha256"
                               % (url, copies, i)
                               for i, url in enumerate(urls)),
                     measure=elapsed), 0.5, 5)
            self.compare(
                "%s, %d MB" % (rows[0], size),
                "curl | tee copy | openssl dgst -sha256, each layer",
                Side(pull, fresh, store=other),
                Side("; ".join("curl -s %s | tee %s/%d | openssl dgst -sha256"
                               % (url, copies, i)
                               for i, url in enumerate(urls))), 1.0, 5)
        count = [0]
        push = Side([], store=store, measure=elapsed)

        def elsewhere():
            count[0] += 1
            push.argv = [IMGBUILD, "push", "-q", name, "%s/to/%d:1" % (
                host, count[0])]
        push.prepare = elsewhere
        if self.wanted(rows[1]):
            folder = self.path("dir")
            cpu([IMGBUILD, "copy", "-q", name, "dir:" + folder], env)
            layers = " ".join(url.rpartition(":")[2] for url in urls)
            floor = Side([], measure=elapsed)

            def floor_elsewhere():
                count[0] += 1
                floor.argv = ["sh", "-c", """set -e
cd %s
for d in %s; do
    to=$(curl -si -X POST http://%s/v2/to/%d/blobs/uploads/ |
        sed -n 's/^Location: //Ip' | tr -d '\\r')
    curl -sT $d "$to&digest=sha256:$d"
done""" % (folder, layers, host, count[0])]
            floor.prepare = floor_elsewhere
            self.compare("%s, %d MB (elapsed)" % (rows[1], size),
                         "curl -T of each layer", push, floor, 1.0, 5)
        if self.wanted(rows[2]):
            self.compare("%s (elapsed)" % rows[2], "curl -sI of its manifest",
                         Side([IMGBUILD, "push", "-q", name], store=store,
                              measure=elapsed),
                         Side(["curl", "-sI", "http://%s/v2/bench/eight/"
                               "manifests/1" % host], measure=elapsed),
                         2.0, 20)
        fresh()
        for row, argv, root in ((rows[3], pull, other),
                                (rows[4], push.argv, store)):
            if not self.wanted(row):
                continue
            if row == rows[4]:
                elsewhere()
                argv = push.argv
            most = peak(argv, dict(os.environ, IMGBUILD_ROOT=root))
            print("| %s, %d MB | | %.0f MiB | | | < 32 MiB |" % (
                row, size, most))

    def run(self):
        try:
            self.few()
            self.noop()
            self.one_changed()
            self.run_steps()
            self.mounts()
            self.copy_between()

            self.stages()
            self.many_files()
            self.bulk()
            self.memory()
            self.pull_and_push()
        finally:
            if self.own:
                os.chdir("/")
                shutil.rmtree(self.dir, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="imgbuild beside its floors")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("rows", nargs="*", metavar="ROW",
                        help="only rows whose name holds one of these")
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
