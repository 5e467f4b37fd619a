#!/usr/bin/env python3
"""Changes files of a store, then builds from it in every form of output.

    damage.py [--rounds N] [--seed S]

Each round changes one file, folder or link of a good store in one way, and then
builds the same image as oci, docker, tar and local, each again where it was
an error, and once more with --no-cache. What counts as right: the image of the untouched store, or a
named error (exit 1 or 2, a sentence). An error must be over by the second try,
unless what was damaged is a base's own bytes or a name, which nobody can make
again. Exit 0 with another image is the one thing that must never be.

TAP output. $IMGBUILD is the program, $BASE a root file system's tar.
"""
import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile

IMGBUILD = os.path.realpath(os.environ["IMGBUILD"])
KINDS = ["snapshots", "seals", "steps", "variants", "stat", "blobs", "traces",
         "listings", "index.json", "index.json.copy", "oci-layout", "version"]
DOCKERFILE = """FROM busybox
COPY --chown=7:8 data /data
RUN mkdir /made && echo made >/made/file && ln /made/file /made/link
WORKDIR /there
RUN rm /etc/passwd; echo end >/end
"""
FORMS = ["oci", "docker", "tar", "local"]


def of_tree(root):
    """What a folder holds, as one digest; times of what is made anew vary."""
    h = hashlib.sha256()
    for folder, names, files in os.walk(root):
        names.sort()
        for name in sorted(names + files):
            path = os.path.join(folder, name)
            st = os.lstat(path)
            h.update(("%s %o %d %d " % (os.path.relpath(path, root), st.st_mode,
                                        st.st_uid, st.st_gid)).encode())
            if os.path.islink(path):
                h.update(os.readlink(path).encode())
            elif os.path.isfile(path):
                with open(path, "rb") as f:
                    h.update(f.read())
    return h.hexdigest()


def content(path):
    """The same for any form of output: files, never digests that hold times."""
    if os.path.isdir(path):
        return of_tree(path)
    h = hashlib.sha256()
    with tarfile.open(path) as tar:
        names = tar.getnames()
        if "index.json" not in names and "manifest.json" not in names:
            add_entries(h, tar)
            return h.hexdigest()
        import json
        if "manifest.json" in names:
            layers = json.load(tar.extractfile("manifest.json"))[0]["Layers"]
            config = json.load(tar.extractfile("manifest.json"))[0]["Config"]
        else:
            blob = lambda d: "blobs/" + d.replace(":", "/")
            index = json.load(tar.extractfile("index.json"))
            manifest = json.load(tar.extractfile(
                blob(index["manifests"][0]["digest"])))
            layers = [blob(l["digest"]) for l in manifest["layers"]]
            config = blob(manifest["config"]["digest"])
        diff_ids = json.load(tar.extractfile(config))["rootfs"]["diff_ids"]
        for name, diff_id in zip(layers, diff_ids, strict=True):
            data = tar.extractfile(name).read()
            if data[:2] == b"\x1f\x8b":
                import gzip
                data = gzip.decompress(data)
            if "sha256:" + hashlib.sha256(data).hexdigest() != diff_id:
                return "a layer that is not its diff_id"
            import io
            with tarfile.open(fileobj=io.BytesIO(data)) as layer:
                add_entries(h, layer)
    return h.hexdigest()


def add_entries(h, tar):
    for m in tar:
        h.update(("%s %s %o %d %d %s" % (m.name, m.type, m.mode, m.uid, m.gid,
                                         m.linkname)).encode())
        if m.isreg():
            h.update(tar.extractfile(m).read())


class Test:
    def __init__(self, work, rng):
        self.work, self.rng = work, rng
        self.context = os.path.join(work, "c")
        os.makedirs(self.context + "/data/sub")
        for i in range(4):
            with open(self.context + "/data/sub/%d" % i, "w") as f:
                f.write("%d\n" % i * 300)
        with open(self.context + "/Dockerfile", "w") as f:
            f.write(DOCKERFILE)
        self.good = os.path.join(work, "good")
        self.store = os.path.join(work, "store")
        self.out = os.path.join(work, "out")
        subprocess.run([IMGBUILD, "import", os.environ["BASE"], "busybox"],
                       check=True, env=self.env(self.good),
                       stdout=subprocess.DEVNULL)
        self.wanted = {}
        for form in FORMS:
            code, text = self.build(self.good, form)
            assert code == 0, text
            self.wanted[form] = content(self.out)

    def env(self, store):
        return dict(os.environ, IMGBUILD_ROOT=store)

    def build(self, store, form, *more):
        if os.path.isdir(self.out):
            shutil.rmtree(self.out)
        elif os.path.exists(self.out):
            os.unlink(self.out)
        done = subprocess.run(
            [IMGBUILD, "build", "--progress=plain", *more, "-o",
             "type=%s,dest=%s" % (form, self.out), self.context],
            env=self.env(store), stdout=subprocess.PIPE, timeout=60,
            stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode(errors="replace")

    def files(self, kind):
        top = os.path.join(self.store, kind)
        if not os.path.isdir(top):
            return [top] if os.path.lexists(top) else []
        found = []
        for folder, names, files in os.walk(top):
            found += [os.path.join(folder, n) for n in names + files]
        return sorted(found)

    def change(self, path, kind):
        """Change what is at path; says how, or None where that can't be."""
        regular = os.path.isfile(path) and not os.path.islink(path)
        how = self.rng.choice(["truncate", "flip", "swap", "link", "fifo",
                               "owner", "mode", "remove", "append"])
        if how in ("truncate", "flip", "append") and not regular:
            how = "remove"
        if how == "truncate":
            os.truncate(path, self.rng.randrange(os.path.getsize(path) + 1)
                        if self.rng.random() < .7 else 0)
        elif how == "flip":
            if not os.path.getsize(path):
                return None
            with open(path, "r+b") as f:
                f.seek(self.rng.randrange(os.path.getsize(path)))
                byte = f.read(1)[0] ^ 1 << self.rng.randrange(8)
                f.seek(-1, os.SEEK_CUR)
                f.write(bytes([byte]))
        elif how == "append":
            with open(path, "ab") as f:
                f.write(b"more")
        elif how == "swap":
            others = [o for o in self.files(kind)
                      if os.path.dirname(o) == os.path.dirname(path)
                      and o != path]
            if not others:
                return None
            other = self.rng.choice(others)
            os.rename(path, path + ".swap")
            os.rename(other, path)
            os.rename(path + ".swap", other)
            how += " with " + os.path.relpath(other, self.store)
        elif how == "owner":
            os.chown(path, 12, 34, follow_symlinks=False)
        elif how == "mode":
            if os.path.islink(path):
                return None
            os.chmod(path, self.rng.choice([0, 0o777, 0o4755, 0o600]))
        else:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
            if how == "link":
                os.symlink(self.rng.choice(["/etc/passwd", "none", "/"]), path)
            elif how == "fifo":
                os.mkfifo(path)
        return how

    def look(self, form, *more):
        """None where all is right, else what is not; and the exit code."""
        code, text = self.build(self.store, form, *more)
        if code == 0:
            got = content(self.out)
            return code, (None if got == self.wanted[form]
                          else "exit 0 with another image:\n" + text)
        if code not in (1, 2) or "imgbuild: " not in text and \
                "error" not in text:
            return code, "exit %d without a sentence:\n%s" % (code, text)
        return code, None

    def round(self):
        if os.path.exists(self.store):
            shutil.rmtree(self.store)
        subprocess.run(["cp", "-a", self.good, self.store], check=True)
        # a copy's seals are those of the original: let it make its own
        code, text = self.build(self.store, "tar")
        assert code == 0, text
        how = None
        while not how:
            kind = self.rng.choice(KINDS)
            files = self.files(kind)
            if files:
                path = self.rng.choice(files)
                how = self.change(path, kind)
        name = "%s: %s" % (os.path.relpath(path, self.store), how)
        wrong, errors = [], 0
        for form in FORMS:
            code, bad = self.look(form)
            errors += code != 0
            if not bad and code:
                code, bad = self.look(form)  # what was found is put away
                errors += code != 0
            if bad:
                wrong.append("%s: %s" % (form, bad))
        code, bad = self.look("tar", "--no-cache")
        if bad:
            wrong.append("--no-cache: " + bad)
        healed = code == 0
        return name, kind, wrong, errors, healed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="imgbuild-damage.")
    os.chmod(work, 0o755)
    failed = unhealed = with_error = 0
    try:
        if os.geteuid() != 0:
            print("1..0 # SKIP owners of files are changed: needs root")
            return 0
        test = Test(work, random.Random(options.seed))
        for i in range(options.rounds):
            name, kind, wrong, errors, healed = test.round()
            with_error += errors != 0
            # a base's blobs and names, and folders in the way of a file
            if not healed and kind not in ("blobs", "index.json", "version",
                                           "index.json.copy", "oci-layout"):
                wrong.append("the store does not heal with --no-cache")
            unhealed += not healed
            if wrong or errors:
                print("# round %d, %s: %d errors%s" % (
                    i, name, errors, "" if healed else ", not healed"))
            for text in wrong:
                failed += 1
                print("#   " + text.replace("\n", "\n#   "))
        print("# %d changes, seed %d: %d with an error first, %d that only "
              "the base's own bytes or a file in the way would mend" %
              (options.rounds, options.seed, with_error, unhealed))
        print("%s 1 - after each of %d changes the image is right or an error "
              "says why" % ("not ok" if failed else "ok", options.rounds))
        print("1..1")
        return int(failed != 0)
    finally:
        shutil.rmtree(work)


sys.exit(main())
