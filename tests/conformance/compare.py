#!/usr/bin/env python3
"""Compare the images that imgbuild makes with the ones BuildKit makes.

    compare.py [CASE...]            check imgbuild against each recorded result
    compare.py --record [CASE...]   build with the peer, write expected.json
    compare.py --live [CASE...]     build with both and compare

A case is a folder below cases/, named as a claim. Every file in it belongs to
the build context, except:

    expected.json   the peer's image in canonical form, written by --record
    setup.sh        run with sh in a copy of the context: makes what git can't
                    hold (modes, links, FIFOs, xattrs, times, archives;
                    $CONFORMANCE/raw_tar.py writes odd ones)
    args            arguments for `build`, as one shell line; $BASES is the
                    folder of base.py's images, $BASE_DIGEST and $RICH_DIGEST
                    the digests of their manifests, which differ by machine
    expect-error    the build must fail; holds an extended regular expression
                    that imgbuild's message must match (empty: any message)
    notes           why the expectation is not what the peer made, or what to
                    know about it; a first line `hand-written` keeps --record
                    away from expected.json
    needs           words: root (to make the context), many-ids; skipped
                    with the reason where absent

The canonical form has four parts. `files` lists what the image's root has
beyond its base (or lost: `gone`), `layers` what each new layer says, `config`
the image config without its history, `history` what the history says.
Times newer than 2010 read `now`: contexts are older, what a build creates is
not. Folders that a layer only mentions (nothing but the time differs from
what lies below) are left out of `layers` unless --strict is given: BuildKit
writes them, a canonical layer does not.

The peer is $PEER_DOCKER (default `docker`), called as docker is. Names of cases
in the file `pending` (or --pending FILE) are expected to fail: they are counted
by themselves, and one that passes is a failure until its line is removed.
--under PROGRAM runs imgbuild as the program's argument. --report FILE writes a
table between the lines `<!-- results -->` and `<!-- end -->` of FILE.
--digests FILE writes the digests that two machines, or two users of one, must
agree about.
"""
import argparse
import collections
import gzip
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases")
META = {"expected.json", "setup.sh", "args", "expect-error", "notes", "needs"}
CONTEXT_TIME = 981173106  # 2001-02-03T04:05:06Z
RECENT = 1262304000  # 2010
BASES = ["base.oci.tar", "rich.oci.tar"]
ALL_SKIPPED = 77
KNOWN = {}  # digests of files that differ by machine, and their names


class BuildFailed(Exception):
    pass


# ---- reading an image -----------------------------------------------------

class Archive:
    """An OCI archive (tar) with random access to its blobs."""

    def __init__(self, path):
        self.tar = tarfile.open(path)
        self.members = {m.name.removeprefix("./"): m for m in self.tar}

    def read(self, name):
        return self.tar.extractfile(self.members[name]).read()

    def blob(self, descriptor):
        algorithm, digest = descriptor["digest"].split(":")
        data = self.read("blobs/%s/%s" % (algorithm, digest))
        if len(data) != descriptor["size"]:
            raise ValueError("blob %s: size is not %d" %
                             (digest, descriptor["size"]))
        if hashlib.sha256(data).hexdigest() != digest:
            raise ValueError("blob %s: wrong digest" % digest)
        return data

    def json(self, descriptor):
        return json.loads(self.blob(descriptor))

    def manifest(self):
        document = json.loads(self.read("index.json"))
        while "manifests" in document:
            images = [d for d in document["manifests"]
                      if d.get("platform", {}).get("os") != "unknown"]
            document = self.json(images[0])
        return document


def inflate(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dcq"], input=data, check=True,
                              stdout=subprocess.PIPE).stdout
    return data


KINDS = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file",
         tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "link",
         tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block",
         tarfile.FIFOTYPE: "fifo"}


class Entry:
    """One path of a layer; hard links share one Entry."""

    def __init__(self, tar, member):
        self.kind = KINDS.get(member.type, "type-%r" % member.type)
        self.mode, self.uid, self.gid = member.mode, member.uid, member.gid
        self.mtime = member.mtime
        self.target = member.linkname if self.kind == "link" else ""
        self.device = ""
        if self.kind in ("char", "block"):
            self.device = "%d,%d" % (member.devmajor, member.devminor)
        self.size, self.digest = 0, ""
        if self.kind == "file":
            data = tar.extractfile(member).read()
            self.size = len(data)
            self.digest = hashlib.sha256(data).hexdigest()[:16]
            if self.digest in KNOWN:
                self.size, self.digest = 0, KNOWN[self.digest]
            if len(data) <= 40 and data.isascii():
                self.digest = json.dumps(data.decode())
        prefix = "SCHILY.xattr."
        self.xattrs = {k[len(prefix):]: v for k, v in
                       member.pax_headers.items() if k.startswith(prefix)}

    def state(self):
        """What makes two entries the same, time aside."""
        return (self.kind, self.mode, self.uid, self.gid, self.target,
                self.device, self.size, self.digest,
                tuple(sorted(self.xattrs.items())))

    def text(self, names=()):
        words = [self.kind]
        if self.kind != "link":
            words.append("%04o" % self.mode)
        words.append("%d:%d" % (self.uid, self.gid))
        if self.kind == "file":
            words.append("%d %s" % (self.size, self.digest))
        if self.target:
            words.append("-> " + self.target)
        if self.device:
            words.append("device=" + self.device)
        for name, value in sorted(self.xattrs.items()):
            words.append("%s=%r" % (name, value))
        now = self.mtime > RECENT
        words.append("mtime=" + ("now" if now else "%d" % self.mtime))
        if names:
            words.append("= " + " ".join(names))
        return " ".join(words)


def clean(name):
    name = name.strip("/")
    while name.startswith("./"):
        name = name[2:]
    return "" if name == "." else name


def read_layer(data):
    """The layer's entries by path, and its problems."""
    entries, problems = {}, []
    tar = tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8",
                       errors="surrogateescape")
    for member in tar:
        path = clean(member.name)
        if path in entries:
            problems.append("path twice: " + path)
        if member.type == tarfile.LNKTYPE:
            target = entries.get(clean(member.linkname))
            if target is None:
                problems.append("link to a later entry: " + path)
            else:
                entries[path] = target
        else:
            entries[path] = Entry(tar, member)
    return entries, problems


def whiteout(path):
    """The path that a whiteout hides, or None; '' base means opaque."""
    folder, _, name = path.rpartition("/")
    if name == ".wh..wh..opq":
        return folder, True
    if name.startswith(".wh."):
        return (folder + "/" + name[4:]).lstrip("/"), False
    return None


def remove(root, path, children_only=False):
    for known in list(root):
        if known.startswith(path + "/") or (path == "" and children_only) or \
                (known == path and not children_only):
            del root[known]


def apply_layer(root, entries):
    hidden = [w for w in map(whiteout, entries) if w]
    for path, opaque in hidden:
        remove(root, path, opaque)
    for path, entry in entries.items():
        if whiteout(path):
            continue
        old = root.get(path)
        if old and old.kind == "dir" and entry.kind != "dir":
            remove(root, path)
        root[path] = entry


def hard_links(entries):
    groups = {}
    for path, entry in entries.items():
        groups.setdefault(id(entry), []).append(path)
    return {path: sorted(g) for g in groups.values() if len(g) > 1 for path in g}


def describe(entries, paths):
    links = hard_links(entries)
    return {p or "/": entries[p].text(links.get(p, ())) for p in sorted(paths)}


def describe_layer(root, entries, strict):
    out = {}
    text = describe(entries, entries)
    for path in sorted(entries):
        entry, old = entries[path], root.get(path)
        hidden = whiteout(path)
        if hidden:
            out[path] = "whiteout" if entry.kind == "file" else \
                "whiteout that is a " + entry.kind
        elif entry.kind == "dir" and not strict and \
                (old and old.state() == entry.state() or path == ""):
            continue
        else:
            out[path or "/"] = text[path or "/"]
    return out


def recent(text):
    """A config's time, or `now`."""
    if not text:
        return text
    year = int(text[:4])
    return "now" if year >= 2010 else text


def canonical(path, base_layers, strict):
    """The canonical form of the image in an OCI archive."""
    archive = Archive(path)
    manifest = archive.manifest()
    config = archive.json(manifest["config"])
    diff_ids = config["rootfs"]["diff_ids"] or []
    blobs = manifest["layers"] or []
    if len(diff_ids) != len(blobs):
        raise ValueError("%d layers but %d diff_ids" %
                         (len(blobs), len(diff_ids)))
    n_base = 0
    for known in base_layers:
        if diff_ids[:len(known)] == known:
            n_base = max(n_base, len(known))
    root, base, layers, problems = {}, {}, [], []
    for i, descriptor in enumerate(blobs):
        data = inflate(archive.blob(descriptor))
        if "sha256:" + hashlib.sha256(data).hexdigest() != diff_ids[i]:
            problems.append("layer %d: its diff_id is wrong" % i)
        entries, layer_problems = read_layer(data)
        problems += ["layer %d: %s" % (i, p) for p in layer_problems]
        if i >= n_base:
            layers.append(describe_layer(root, entries, strict))
        apply_layer(root, entries)
        if i < n_base:
            base = dict(root)
    changed = [p for p in root if p not in base or
               base[p] is not root[p] and
               (base[p].state() != root[p].state() or root[p].kind != "dir")]
    made = [h for h in (config.get("history") or []) if not h.get("empty_layer")]
    if len(made) != len(diff_ids):
        problems.append("history has %d layers, the image %d" %
                        (len(made), len(diff_ids)))
    out = {
        "files": describe(root, [p for p in changed if p != ""]),
        "gone": sorted(p for p in base if p not in root),
        "layers": layers,
        "config": {k: v for k, v in config.items()
                   if k not in ("rootfs", "history", "created")},
        "created": recent(config.get("created")),
        "history": [dict(h, created=recent(h.get("created")))
                    for h in (config.get("history") or [])],
    }
    if problems:
        out["problems"] = problems
    return out


def manifest_digest(archive):
    return json.loads(Archive(archive).read("index.json"))[
        "manifests"][0]["digest"]


def base_diff_ids(folder):
    """Each base's layers; learns busybox, which differs by machine."""
    with tarfile.open(os.path.join(folder, "base.tar")) as tar:
        data = tar.extractfile("bin/busybox").read()
    KNOWN[hashlib.sha256(data).hexdigest()[:16]] = "busybox"
    out = []
    for name in BASES:
        archive = Archive(os.path.join(folder, name))
        config = archive.json(archive.manifest()["config"])
        out.append(config["rootfs"]["diff_ids"])
    return out


# ---- building -------------------------------------------------------------

def run(argv, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


class Peer:
    """docker with BuildKit."""
    name = "peer"

    def __init__(self, command):
        self.command = shlex.split(command)

    def load(self, archive):
        result = run(self.command + ["load", "-q", "-i", archive])
        if result.returncode:
            sys.exit("compare.py: the peer does not load %s:\n%s" %
                     (archive, result.stdout))

    def build(self, context, args, out):
        # The peer may have no bridge: its default network is not compared.
        network = [] if any(a.startswith("--network") for a in args) else \
            ["--network=host"]
        result = run(self.command + ["build", "--no-cache", "--progress=plain",
                                     "--provenance=false"] + network + args +
                     ["-o", "type=oci,dest=" + out, "."], cwd=context,
                     timeout=300)
        if result.returncode:
            raise BuildFailed(result.stdout)
        return result.stdout


class Imgbuild:
    name = "imgbuild"

    def __init__(self, command, store):
        self.command = command
        self.env = dict(os.environ, IMGBUILD_ROOT=store)
        self.env.pop("SOURCE_DATE_EPOCH", None)

    def load(self, archive):
        result = run(self.command + ["load", "-i", archive], env=self.env)
        if result.returncode:
            sys.exit("compare.py: imgbuild does not load %s:\n%s" %
                     (archive, result.stdout))

    def build(self, context, args, out):
        result = run(self.command + ["build", "--progress=plain"] + args +
                     ["-o", "type=oci,dest=" + out, "."], cwd=context,
                     env=self.env, timeout=300)
        if result.returncode in (1, 2):
            raise BuildFailed(result.stdout)
        if result.returncode:
            raise ValueError("exit code %d:\n%s" %
                             (result.returncode, result.stdout))
        return result.stdout


class Reproducible(Imgbuild):
    """Builds whose bytes depend on nothing but the case."""

    def __init__(self, command, store):
        super().__init__(command, store)
        self.env["SOURCE_DATE_EPOCH"] = "1262304000"

    def build(self, context, args, out):
        return super().build(context, args, out + ",rewrite-timestamp=true")


# ---- cases ----------------------------------------------------------------

class Case:
    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(CASES, name)
        if not os.path.isdir(self.folder):
            sys.exit("compare.py: no case " + name)

    def meta(self, name):
        try:
            with open(os.path.join(self.folder, name)) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def args(self, base_folder):
        text = (self.meta("args") or "").replace("$BASES", base_folder)
        for name in BASES:
            variable = "$%s_DIGEST" % name.partition(".")[0].upper()
            if variable in text:
                text = text.replace(variable, manifest_digest(
                    os.path.join(base_folder, name)))
        return shlex.split(text)

    def missing_need(self):
        for need in (self.meta("needs") or "").split():
            if need == "root" and os.geteuid() != 0:
                return "needs root: its context or its RUN makes what others can't"
            if need == "many-ids" and os.geteuid() != 0:
                return "needs more ids than an ordinary user has"
        return None

    def hand_written(self):
        return (self.meta("notes") or "").startswith("hand-written")

    def make_context(self, folder):
        """A copy of the case with the modes and times every machine gets."""
        def ignore(where, names):
            return [n for n in names if n in META] \
                if where == self.folder else []
        shutil.copytree(self.folder, folder, symlinks=True, ignore=ignore)
        for where, folders, files in os.walk(folder):
            os.chmod(where, 0o755)
            for name in files:
                path = os.path.join(where, name)
                if not os.path.islink(path):
                    executable = os.stat(path).st_mode & 0o100
                    os.chmod(path, 0o755 if executable else 0o644)
        if self.meta("setup.sh") is not None:
            result = run(["sh", "-eu", os.path.join(self.folder, "setup.sh")],
                         cwd=folder, umask=0o022,
                         env=dict(os.environ, CONFORMANCE=HERE))
            if result.returncode:
                sys.exit("compare.py: %s: setup.sh:\n%s" %
                         (self.name, result.stdout))
        for where, folders, files in os.walk(folder, topdown=False):
            for path in [os.path.join(where, n) for n in files + folders] + \
                    [where]:
                if os.lstat(path).st_mtime > RECENT:
                    os.utime(path, (CONTEXT_TIME, CONTEXT_TIME),
                             follow_symlinks=False)


def error_line(output):
    """The line of the peer's output that says what went wrong."""
    lines = [l for l in output.splitlines() if l.startswith("ERROR: ")]
    line = lines[-1] if lines else output.strip().splitlines()[-1]
    line = re.sub(r"^ERROR: (failed to build: )?(failed to solve: )?", "", line)
    line = re.sub(r"ref \S+::\S+", "ref", line)
    line = re.sub(r": failed to do request: .*", "", line)
    return re.sub(r"moby::\S+|sha256:[0-9a-f]{64}|/(var|tmp)/[^ :\"]+", "…",
                  line)


class Runner:
    def __init__(self, options, scratch):
        self.options = options
        self.scratch = scratch
        self.bases = os.path.join(scratch, "bases")
        subprocess.run([sys.executable, os.path.join(HERE, "base.py"),
                        self.bases], check=True)
        self.base_layers = base_diff_ids(self.bases)

    def prepare(self, builder):
        for name in BASES:
            builder.load(os.path.join(self.bases, name))
        return builder

    def result(self, builder, case):
        """The canonical image, or {"error": message}."""
        folder = tempfile.mkdtemp(dir=self.scratch)
        out = os.path.join(folder, "image.tar")
        try:
            # The peer's transfers trust name, size and time: a folder name
            # that came before would bring that one's files back.
            context = os.path.join(folder, os.path.basename(folder))
            case.make_context(context)
            output = builder.build(context, case.args(self.bases), out)
            if self.options.verbose:
                print(output)
            if self.options.again and builder.name == "imgbuild":
                self.build_again(builder, context, case, out)
            return canonical(out, self.base_layers, self.options.strict)
        except BuildFailed as failure:
            return {"error": str(failure)}
        except (ValueError, KeyError, tarfile.TarError, OSError,
                subprocess.TimeoutExpired) as problem:
            return {"broken": "%s: %s" % (type(problem).__name__, problem)}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def build_again(self, builder, context, case, out):
        output = builder.build(context, case.args(self.bases), out + ".again")
        ran = set(re.findall(r"(?m)^(#\d+) \[.*?\] ", output)) - \
            set(re.findall(r"(?m)^(#\d+) CACHED", output))
        if ran:
            raise ValueError("built again, steps run again:\n" + output)
        with open(out, "rb") as one, open(out + ".again", "rb") as two:
            if one.read() != two.read():
                raise ValueError("built again, it is another archive")


def write_expected(case, image):
    with open(os.path.join(case.folder, "expected.json"), "w") as file:
        json.dump(image, file, indent=1, sort_keys=True)
        file.write("\n")


def record(runner, case, peer):
    if case.hand_written():
        return "SKIP", "its expectation is hand-written"
    image = runner.result(peer, case)
    if "broken" in image:
        return "FAIL", image["broken"]
    wants_error = case.meta("expect-error") is not None
    if wants_error != ("error" in image):
        return "FAIL", image.get("error") or "the peer builds it"
    if wants_error:
        image["error"] = error_line(image["error"])
    write_expected(case, image)
    return "PASS", ""


def flatten(value, path, out):
    if isinstance(value, dict):
        for key in value:
            flatten(value[key], path + [key], out)
        if not value:
            out[" ".join(path)] = "{}"
    elif isinstance(value, list) and any(isinstance(v, dict) for v in value):
        for i, item in enumerate(value):
            flatten(item, path + [str(i)], out)
    else:
        out[" ".join(path)] = json.dumps(value, ensure_ascii=False)
    return out


def differences(expected, got):
    left, right = flatten(expected, [], {}), flatten(got, [], {})
    lines = []
    for key in sorted(left.keys() | right.keys()):
        if left.get(key) != right.get(key):
            lines.append("    %s\n      want %s\n      got  %s" %
                         (key, left.get(key, "nothing"),
                          right.get(key, "nothing")))
    return "\n".join(lines)


def without_folder_times(image):
    """A hand-written expectation says nothing about folders' times."""
    text = json.dumps(image)
    return json.loads(re.sub(r'(": "dir [^"]*?) mtime=\w+', r"\1", text))


def check_error(case, image):
    pattern = case.meta("expect-error").strip()
    if "error" not in image:
        return "FAIL", "    it builds, and must fail: %s" % (
            json.loads(case.meta("expected.json") or "{}").get("error"))
    if not re.search(pattern, image["error"], re.I):
        return "FAIL", "    the message does not match /%s/:\n%s" % (
            pattern, indent(image["error"]))
    return "PASS", ""


def indent(text):
    return "\n".join("      | " + l for l in text.strip().splitlines()[-12:])


def check(runner, case, builder, peer):
    if case.missing_need():
        return "SKIP", case.missing_need()
    image = runner.result(builder, case)
    if "broken" in image:
        return "FAIL", "    " + image["broken"]
    if case.meta("expect-error") is not None:
        return check_error(case, image)
    if "error" in image:
        return "FAIL", "    it fails, and must build:\n" + \
            indent(image["error"])
    if peer:
        expected = runner.result(peer, case)
    elif case.meta("expected.json") is None:
        return "FAIL", "    no expected.json: record it with the peer"
    else:
        expected = json.loads(case.meta("expected.json"))
    image = json.loads(json.dumps(image))
    if case.hand_written():
        image = without_folder_times(image)
    text = differences(expected, image)
    return ("FAIL", text) if text else ("PASS", "")


def digest(runner, case, builder):
    """The digest of the case's image, `refused`, or what went wrong."""
    if case.missing_need():
        return "SKIP", case.missing_need()
    folder = tempfile.mkdtemp(dir=runner.scratch)
    out = os.path.join(folder, "image.tar")
    try:
        context = os.path.join(folder, "context")
        case.make_context(context)
        builder.build(context, case.args(runner.bases), out)
        return "PASS", manifest_digest(out)
    except BuildFailed:
        return "PASS", "refused"
    except (ValueError, KeyError, tarfile.TarError, OSError,
            subprocess.TimeoutExpired) as problem:
        return "FAIL", "    %s: %s" % (type(problem).__name__, problem)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_digests(path, results):
    with open(path, "w") as file:
        for case, verdict, text in results:
            if verdict == "PASS":
                file.write("%s %s\n" % (case.name, text))


def pending_names(path):
    with open(path) as file:
        return {l.split()[0] for l in file if l.strip() and l[0] != "#"}


def report_line(case, verdict):
    remark = " ".join((case.meta("notes") or "").split())
    if case.meta("expect-error") is not None:
        remark = ("Refused by both. " + remark).strip()
    return "| [%s](../tests/conformance/cases/%s) | %s | %s |" % (
        case.name, case.name, verdict.lower(), remark.replace("|", "\\|"))


def write_report(path, results):
    """One line per case, between the two markers."""
    with open(path) as file:
        head, _, rest = file.read().partition("<!-- results -->\n")
    tail = rest.partition("<!-- end -->\n")[2]
    lines = [report_line(case, verdict) for case, verdict, _ in results]
    total = "%d cases: %s." % (len(lines), ", ".join(
        "%d %s" % (n, verdict.lower()) for verdict, n in
        sorted(collections.Counter(v for _, v, _ in results).items())))
    with open(path, "w") as file:
        file.write(head + "<!-- results -->\n" + total +
                   "\n\n| case | verdict | remark |\n|---|---|---|\n" +
                   "\n".join(lines) + "\n<!-- end -->\n" + tail)


TAP = {"PASS": "ok %d - %s", "FAIL": "not ok %d - %s",
       "SKIP": "ok %d - %s # SKIP ", "PENDING": "not ok %d - %s # TODO pending"}


def print_verdict(options, number, case, verdict, text):
    details = text if verdict == "FAIL" or options.verbose else ""
    if options.tap:
        print(TAP[verdict] % (number, case.name) +
              (text if verdict == "SKIP" else ""))
        details = re.sub("^", "# ", details, flags=re.M) if details else ""
    else:
        print(verdict, case.name + (": " + text if verdict == "SKIP" else ""))
    if details:
        print(details)
    sys.stdout.flush()


def parse_options():
    parser = argparse.ArgumentParser(
        description="Compare imgbuild's images with BuildKit's.")
    parser.add_argument("--imgbuild", metavar="PATH",
                        default=os.environ.get("IMGBUILD", "imgbuild"))
    parser.add_argument("--peer", metavar="COMMAND",
                        default=os.environ.get("PEER_DOCKER", "docker"))
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--verbose", "-v", action="store_true")
    parser.add_argument("--tap", action="store_true",
                        help="print TAP, for `meson test`")
    parser.add_argument("--again", action="store_true", help="build twice: the "
                        "second time must be cached and give the same bytes")
    parser.add_argument("--report", metavar="FILE")
    parser.add_argument("--pending", metavar="FILE",
                        default=os.path.join(HERE, "pending"))
    parser.add_argument("--under", metavar="PROGRAM")
    parser.add_argument("--digests", metavar="FILE", help="compare nothing: "
                        "write each case's name and its image's digest, built "
                        "with SOURCE_DATE_EPOCH and rewrite-timestamp")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    options.command = [os.path.abspath(path) for path in
                       (options.under, options.imgbuild) if path]
    options.cases = [os.path.basename(c.rstrip("/")) for c in options.cases] \
        or sorted(os.listdir(CASES))
    return options


def main():
    options = parse_options()
    scratch = tempfile.mkdtemp(prefix="conformance-")
    counts = {"PASS": 0, "FAIL": 0, "PENDING": 0, "SKIP": 0}
    pending = set() if options.record else pending_names(options.pending)
    results = []
    try:
        runner = Runner(options, scratch)
        peer = builder = None
        if options.record or options.live:
            peer = runner.prepare(Peer(options.peer))
        if not options.record:
            store = os.path.join(scratch, "store")
            kind = Reproducible if options.digests else Imgbuild
            builder = runner.prepare(kind(options.command, store))
        for case in map(Case, options.cases):
            if options.record:
                verdict, text = record(runner, case, peer)
            elif options.digests:
                verdict, text = digest(runner, case, builder)
            else:
                verdict, text = check(runner, case, builder, peer)
            if case.name in pending and verdict == "FAIL":
                verdict = "PENDING"
            elif case.name in pending and verdict == "PASS":
                verdict, text = "FAIL", "    it passes: remove it from pending"
            counts[verdict] += 1
            results.append((case, verdict, text))
            print_verdict(options, len(results), case, verdict, text)
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", scratch], check=False,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(scratch, ignore_errors=True)
        if os.path.exists(scratch):  # files of subordinate ids
            subprocess.run(["unshare", "-Ur", "--map-auto", "rm", "-rf",
                            scratch], check=False)
    if options.digests:
        write_digests(options.digests, results)
    if options.report:
        write_report(options.report, results)
    if options.tap:
        print("1..%d" % len(results))
        return 1 if counts["FAIL"] else 0
    print("%d passed, %d failed, %d pending, %d skipped" %
          (counts["PASS"], counts["FAIL"], counts["PENDING"], counts["SKIP"]))
    return 1 if counts["FAIL"] else 0 if counts["PASS"] else ALL_SKIPPED


if __name__ == "__main__":
    sys.exit(main())
