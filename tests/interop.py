#!/usr/bin/env python3
"""interop.py [--write docs/interop.md]: images from imgbuild to other programs
and back, over archives, layouts and a registry of its own on loopback.

$IMGBUILD is the program; $PEER_RUN, if set, is put before the commands of the others
(as "ssh host" would be; they share the network and the temporary folder). What
is not installed is named as that. A row passes where config, platform and the
layers' bytes (their diff_ids) are those of the original; where bytes may not
change at all (imgbuild copying), digests are compared too. --write puts the
table into the file. The exit status is the number of rows that fail.
"""
import argparse
import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
IMGBUILD = os.environ.get("IMGBUILD", "imgbuild")
PEER = shlex.split(os.environ.get("PEER_RUN", ""))


class Failed(Exception):
    pass


def run(argv, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, **more)
    if done.returncode:
        raise Failed("%s: %s" % (" ".join(argv[-4:]),
                                 done.stderr.decode(errors="replace")
                                 .strip().split("\n")[-1][:200]))
    return done.stdout.decode(errors="replace")


def peer(*argv):
    return run(PEER + list(argv))


def has(program):
    try:
        peer("sh", "-c", "command -v " + program)
        return True
    except (Failed, OSError):
        return False


class Work:
    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="imgbuild-interop-")
        os.chmod(self.top, 0o755)
        self.env = dict(os.environ, IMGBUILD_ROOT=self.path("store"),
                        CONTAINERS_REGISTRIES_CONF=os.devnull)
        self.count = 0
        self.host, self.server = self.registry()

    def path(self, *names):
        return os.path.join(self.top, *names)

    def fresh(self, stem):
        self.count += 1
        return self.path("%s-%d" % (stem, self.count))

    def registry(self):
        with open(self.path("registry.yml"), "w") as file:
            file.write('version: 0.1\nlog: {level: info}\nstorage: '
                       '{filesystem: {rootdirectory: %s}}\nhttp: {addr: '
                       '"127.0.0.1:0", secret: interop}\n' %
                       self.path("registry"))
        log = open(self.path("registry.log"), "wb")
        server = subprocess.Popen(
            ["docker-registry", "serve", self.path("registry.yml")],
            stdout=log, stderr=log)
        for _ in range(100):
            with open(self.path("registry.log")) as file:
                found = re.search(r"listening on 127.0.0.1:(\d+)",
                                  file.read())
            if found:
                return "localhost:" + found[1], server
            time.sleep(0.05)
        raise SystemExit("interop.py: docker-registry does not start")

    def imgbuild(self, *argv):
        return run([IMGBUILD] + list(argv), env=self.env)

    def close(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.top, ignore_errors=True)


# --- facts of an image ---------------------------------------------------------


def facts_of(manifest, blob):
    """What a round trip has to keep; blob reads one by digest."""
    config = json.loads(blob(manifest["config"]["digest"]))
    layers = []
    for layer in manifest["layers"]:
        data = blob(layer["digest"])
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        elif data[:4] == b"\x28\xb5\x2f\xfd":
            data = subprocess.run(["zstd", "-dc"], input=data, check=True,
                                  stdout=subprocess.PIPE).stdout
        layers.append("sha256:" + hashlib.sha256(data).hexdigest())
    if layers != config["rootfs"]["diff_ids"]:
        raise Failed("layers are not what the config says")
    inner = {key: value for key, value in (config.get("config") or {}).items()
             if value}
    return {"layers": layers, "config": inner,
            "platform": [config["os"], config["architecture"]]}


def facts_of_dir(folder):
    """Of skopeo's dir: one entry a platform, and the digest of the whole."""
    def read(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    def blob(digest):
        return read(digest.partition(":")[2])
    text = read("manifest.json")
    top = json.loads(text)
    digest = "sha256:" + hashlib.sha256(text).hexdigest()
    if "manifests" not in top:
        return [facts_of(top, blob)], digest
    found = []
    for entry in top["manifests"]:
        if (entry.get("platform") or {}).get("os") == "unknown":
            continue
        child = json.loads(read(entry["digest"].partition(":")[2] +
                                ".manifest.json"))
        found.append(facts_of(child, blob))
    return found, digest


class Matrix:
    def __init__(self):
        self.work = Work()
        self.rows = []
        self.have = {name: has(name) for name in [
            "skopeo", "umoci", "podman", "buildah", "docker"]}

    def facts(self, place):
        folder = self.work.fresh("facts")
        self.work.imgbuild("copy", "-q", place, "dir:" + folder)
        return facts_of_dir(folder)

    def facts_by_skopeo(self, place, *options):
        folder = self.work.fresh("facts")
        peer("skopeo", "--insecure-policy", "copy", "-q", *options,
             "--src-tls-verify=false", place, "dir:" + folder)
        return facts_of_dir(folder)

    def row(self, source, target, carrier, what, needs, function):
        missing = [name for name in needs if not self.have[name]]
        if missing:
            verdict = "not here: " + ", ".join(missing)
        else:
            try:
                verdict = function() or "equal"
            except (Failed, OSError, KeyError, ValueError,
                    subprocess.SubprocessError) as error:
                verdict = "FAILS: %s" % error
        self.rows.append((source, target, carrier, what, verdict))
        print("%-9s -> %-9s %-14s %-22s %s" % self.rows[-1], flush=True)

    def same(self, found, wanted):
        if found != wanted:
            raise Failed("another image: %.300s" % json.dumps(found))

    # --- fixtures

    def fixtures(self):
        work = self.work
        context = work.path("context")
        os.makedirs(os.path.join(context, "folder"))
        with open(os.path.join(context, "folder", "file"), "w") as file:
            file.write("text\n")
        with open(os.path.join(context, "Dockerfile"), "w") as file:
            file.write('FROM scratch\nCOPY folder /folder\nCOPY --chown=5:6 '
                       'folder/file /other\nENV A=b\nLABEL c=d\nUSER 5\n'
                       'CMD ["/none", "x y"]\nEXPOSE 80\nWORKDIR /folder\n')
        self.images = {}
        for kind in ("gzip", "zstd"):
            name = "%s/one-%s:1" % (work.host, kind)
            work.imgbuild("build", "-q", "-o", "type=image,name=%s,push=true,"
                          "compression=%s" % (name, kind), context)
            self.images[kind] = name
        two = work.path("two.tar")
        subprocess.run([sys.executable, os.path.join(
            HERE, "integration/registry/two_platforms.py"), two], check=True)
        self.images["two"] = "%s/two:1" % work.host
        work.imgbuild("copy", "-q", "oci-archive:" + two,
                      "docker://" + self.images["two"])
        self.wanted = {what: self.facts("docker://" + name)
                       for what, name in self.images.items()}
        work.imgbuild("pull", "-q", "--all-platforms", self.images["two"])

    WORDS = {"gzip": "gzip, one platform", "zstd": "zstd, one platform",
             "two": "gzip, two platforms"}

    # --- from imgbuild

    def to_skopeo(self):
        for what, name in self.images.items():
            every = ("--all",) if what == "two" else ()
            for carrier in ("oci-archive:", "oci:", "dir:", "docker://"):
                def go():
                    place = carrier + self.work.fresh("out")
                    if carrier == "docker://":
                        place = "docker://%s/copied-%d:1" % (
                            self.work.host, self.work.count)
                    elif carrier != "dir:":
                        place += ":x"
                    self.work.imgbuild("copy", "-q", name, place)
                    found = self.facts_by_skopeo(place, *every)
                    self.same(found[0], self.wanted[what][0])
                    return "equal, same digest" \
                        if found[1] == self.wanted[what][1] else "equal"
                self.row("imgbuild", "skopeo", carrier, self.WORDS[what],
                         ["skopeo"], go)

    def to_umoci(self):
        def go():
            layout, bundle = self.work.fresh("layout"), self.work.fresh("b")
            self.work.imgbuild("copy", "-q", self.images["gzip"],
                               "oci:%s:x" % layout)
            rootless = [] if os.getuid() == 0 else ["--rootless"]
            peer("umoci", "unpack", *rootless, "--image", layout + ":x",
                 bundle)
            with open(os.path.join(bundle, "rootfs/folder/file")) as file:
                self.same(file.read(), "text\n")
            with open(os.path.join(bundle, "config.json")) as file:
                process = json.load(file)["process"]
            self.same([process["args"], process["cwd"],
                       "A=b" in process["env"]],
                      [["/none", "x y"], "/folder", True])
        self.row("imgbuild", "umoci", "oci:", self.WORDS["gzip"], ["umoci"],
                 go)

    def to_engine(self, engine):
        """docker and podman: load, and pull."""
        def saved(reference):
            archive = self.work.fresh("saved")
            peer(engine, "save", "-o", archive, reference)
            peer("chmod", "a+r", archive)
            return self.facts("docker-archive:" + archive)[0] \
                if engine == "podman" else \
                self.facts("oci-archive:" + archive)[0]
        for what in ("gzip", "zstd"):
            def load():
                archive = self.work.fresh("load")
                self.work.imgbuild("save", self.images[what], "-o",
                                   "type=docker,dest=" + archive)
                peer(engine, "load", "-i", archive)
                self.same(saved(self.images[what]), self.wanted[what][0])
            self.row("imgbuild", engine, "docker archive", self.WORDS[what],
                     [engine], load)

            def pull():
                options = ["--tls-verify=false"] if engine == "podman" else []
                peer(engine, "rmi", "-f", self.images[what])
                peer(engine, "pull", *options, self.images[what])
                self.same(saved(self.images[what]), self.wanted[what][0])
            self.row("imgbuild", engine, "registry", self.WORDS[what],
                     [engine], pull)
            if self.have[engine]:
                try:
                    peer(engine, "rmi", "-f", self.images[what])
                except Failed:
                    pass

    # --- to imgbuild

    def round(self, place, wanted, digest=None):
        """Into the store, out of it again: the same, with the same digest."""
        name = "%s/in-%d:1" % (self.work.host, self.work.count)
        self.work.count += 1
        self.work.imgbuild("copy", "-q", place, "store:" + name)
        found, got = self.facts("store:" + name)
        self.same(found, wanted)
        self.work.imgbuild("push", "-q", name)
        self.same(self.facts("docker://" + name)[1], got)
        if digest:
            self.same(got, digest)
        return "equal, same digest" if digest else "equal"

    def from_skopeo(self):
        for what, name in self.images.items():
            for carrier in ("oci-archive:", "oci:", "dir:", "docker-archive:",
                            "docker://"):
                if carrier == "docker-archive:" and what == "two":
                    continue

                def go():
                    place = carrier + self.work.fresh("in")
                    if carrier == "docker://":
                        place = "docker://%s/skopeo-%d:1" % (
                            self.work.host, self.work.count)
                    elif carrier != "dir:":
                        place += ":x/y:1"
                    options = ["--all"] if what == "two" else []
                    if carrier == "docker-archive:":
                        options += ["--format", "v2s2"]
                    peer("skopeo", "--insecure-policy", "copy", "-q",
                         "--src-tls-verify=false", "--dest-tls-verify=false",
                         *options, "docker://" + name, place)
                    if carrier == "docker-archive:":
                        return self.round(place, self.wanted[what][0])
                    return self.round(place, self.wanted[what][0],
                                      self.facts(place)[1])
                self.row("skopeo", "imgbuild", carrier, self.WORDS[what],
                         ["skopeo"], go)

    def from_umoci(self):
        def go():
            layout = self.work.fresh("umoci")
            peer("umoci", "init", "--layout", layout)
            peer("umoci", "new", "--image", layout + ":tag")
            peer("umoci", "insert", *(
                [] if os.getuid() == 0 else ["--rootless"]), "--image",
                layout + ":tag", self.work.path("context/folder"), "/in")
            peer("umoci", "config", "--image", layout + ":tag",
                 "--config.env", "A=b")
            peer("chmod", "-R", "a+rX", layout)
            output = self.work.imgbuild("load", "-i", layout)
            name = os.path.basename(layout) + ":tag"
            if name not in output:
                raise Failed("loaded without its name: " + output)
            place = "oci:%s:tag" % layout
            found, digest = self.facts(place)
            self.same(found[0]["config"], {"Env": ["A=b"]})
            return self.round(place, found, digest)
        self.row("umoci", "imgbuild", "oci:", self.WORDS["gzip"], ["umoci"],
                 go)

    def from_docker(self):
        name = self.images["gzip"]

        def load():
            archive = self.work.fresh("docker")
            peer("docker", "pull", "-q", name)
            peer("docker", "save", "-o", archive, name)
            peer("chmod", "a+r", archive)
            output = self.work.imgbuild("load", "-i", archive)
            if name not in output:
                raise Failed("loaded without its name: " + output)
            return self.round("store:" + name, self.wanted["gzip"][0])
        self.row("docker", "imgbuild", "docker archive", self.WORDS["gzip"],
                 ["docker"], load)

        def pull():
            other = "%s/docker:1" % self.work.host
            peer("docker", "tag", name, other)
            peer("docker", "push", "-q", other)
            found = self.round("docker://" + other, self.wanted["gzip"][0])
            peer("docker", "rmi", "-f", other, name)
            return found
        self.row("docker", "imgbuild", "registry", self.WORDS["gzip"],
                 ["docker"], pull)

        def buildx():
            archive = self.work.fresh("buildx")
            peer("docker", "buildx", "build", "-q", "--provenance=mode=max", "-o",
                 "type=oci,dest=" + archive, self.work.path("context"))
            peer("chmod", "a+r", archive)
            with tarfile.open(archive) as tar:
                digest = json.load(tar.extractfile("index.json"))[
                    "manifests"][0]["digest"]
            found, got = self.facts("oci-archive:" + archive)
            self.same(got, digest)
            return self.round("oci-archive:" + archive, found, digest)
        self.row("buildx", "imgbuild", "oci-archive:",
                 "with provenance", ["docker"], buildx)

    def from_buildah(self):
        for kind in ("oci", "docker"):
            def go():
                other = "%s/buildah-%s:1" % (self.work.host, kind)
                peer("buildah", "build", "-q", "--format", kind, "--isolation",
                     "chroot", "-t", other, self.work.path("context"))
                peer("buildah", "push", "-q", "--tls-verify=false", other)
                peer("buildah", "rmi", "-f", other)
                place = "docker://" + other
                found, digest = self.facts(place)
                self.same(found[0]["config"]["Env"][-1], "A=b")
                return self.round(place, found, digest)
            self.row("buildah", "imgbuild", "registry", "format " + kind,
                     ["buildah"], go)

    def run(self):
        self.fixtures()
        self.to_skopeo()
        self.to_umoci()
        self.to_engine("docker")
        self.to_engine("podman")
        self.from_skopeo()
        self.from_umoci()
        self.from_docker()
        self.from_buildah()

    def versions(self):
        for name, argv in [("skopeo", ["skopeo", "--version"]),
                           ("umoci", ["umoci", "--version"]),
                           ("docker", ["docker", "--version"]),
                           ("podman", ["podman", "--version"]),
                           ("buildah", ["buildah", "--version"])]:
            if self.have[name]:
                yield peer(*argv).strip().split("\n")[0]

    def page(self):
        lines = ["# Other programs", "",
                 "Written by [tests/interop.py](../tests/interop.py): images "
                 "that go from imgbuild to", "others and from them to "
                 "imgbuild, into its store, out of it again and into a "
                 "registry.", "*Equal* means that config, platform and every "
                 "layer's uncompressed bytes are the", "original's; *same "
                 "digest* that the manifest or index has its bytes too.", "",
                 "Measured with " + "; ".join(self.versions()) + ".", "",
                 "| from | to | by | image | result |", "|---|---|---|---|---|"]
        lines += ["| %s | %s | %s | %s | %s |" % row for row in self.rows]
        return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", metavar="FILE")
    options = parser.parse_args()
    matrix = Matrix()
    try:
        matrix.run()
        page = matrix.page()
    finally:
        matrix.work.close()
    failed = sum(row[-1].startswith("FAILS") for row in matrix.rows)
    print("%d rows, %d fail" % (len(matrix.rows), failed))
    if options.write:
        with open(options.write, "w") as file:
            file.write(page)
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main())
