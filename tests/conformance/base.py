#!/usr/bin/env python3
"""Make the base images of the conformance cases, reproducibly.

    base.py FOLDER

writes into FOLDER, from the busybox of Debian's busybox-static package:

    base.tar        the root file system, for `import`
    base.oci.tar    conformance/base:latest   that root, no config but PATH
    rich.oci.tar    conformance/rich:latest   two layers and a config that sets
                    everything a Dockerfile can inherit

Both images are OCI archives with fixed times, so every builder that loads
them starts from the same digests. $BUSYBOX names another static busybox.
"""
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile

TIME = 981173106  # 2001-02-03T04:05:06Z
CREATED = "2001-02-03T04:05:06Z"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
alice:x:1000:1000:Alice:/home/alice:/bin/sh
bob:x:1001:100:Bob:/home/bob:/bin/sh
nohome:x:1002:1002:No Home::/bin/sh
"""
GROUP = """\
root:x:0:
daemon:x:1:
users:x:100:alice
staff:x:50:alice,bob
alice:x:1000:
bob:x:1001:
wheel:x:10:root
"""


class Layer:
    """An uncompressed layer tar, built entry by entry."""

    def __init__(self):
        self.file = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.file, mode="w",
                                format=tarfile.USTAR_FORMAT)

    def add(self, name, kind, mode, body=b"", link="", uid=0, gid=0):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = kind, mode, TIME
        info.uid, info.gid, info.linkname = uid, gid, link
        info.size = len(body)
        self.tar.addfile(info, io.BytesIO(body))

    def folder(self, name, mode=0o755, **owner):
        self.add(name, tarfile.DIRTYPE, mode, **owner)

    def text(self, name, body, mode=0o644, **owner):
        self.add(name, tarfile.REGTYPE, mode, body.encode(), **owner)

    def link(self, name, target):
        self.add(name, tarfile.SYMTYPE, 0o777, link=target)

    def bytes(self):
        self.tar.close()
        return self.file.getvalue()


def find_busybox():
    path = os.environ.get("BUSYBOX") or shutil.which("busybox")
    if not path:
        sys.exit("base.py: no busybox: install busybox-static or set $BUSYBOX")
    return path


def base_layer(busybox):
    applets = subprocess.run([busybox, "--list"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.split()
    layer = Layer()
    layer.folder("bin")
    with open(busybox, "rb") as file:
        layer.add("bin/busybox", tarfile.REGTYPE, 0o755, file.read())
    for name in sorted(set(applets) - {"busybox"}):
        layer.link("bin/" + name, "busybox")
    for name in ["dev", "proc", "sys"]:
        layer.folder(name)
    layer.folder("etc")
    layer.text("etc/group", GROUP)
    layer.text("etc/passwd", PASSWD)
    layer.folder("home")
    layer.folder("home/alice", 0o750, uid=1000, gid=1000)
    layer.folder("root", 0o700)
    layer.folder("tmp", 0o1777)
    layer.folder("usr")
    layer.folder("usr/bin")
    layer.text("usr/bin/setuid-tool", "#!/bin/sh\n", 0o4755)
    layer.folder("var")
    layer.folder("var/data")
    layer.text("var/data/one", "one\n")
    layer.text("var/data/two", "two\n")
    layer.folder("var/data/deep")
    layer.text("var/data/deep/three", "three\n")
    layer.link("var/link-to-data", "data")
    layer.link("var/absolute-link", "/var/data")
    layer.link("var/link-to-one", "data/one")
    return layer.bytes()


def rich_layer():
    layer = Layer()
    layer.folder("srv")
    layer.folder("srv/app", uid=1000, gid=1000)
    layer.text("srv/app/base-file", "from the base\n", uid=1000, gid=1000)
    layer.folder("srv/volume")
    layer.text("srv/volume/kept", "kept\n")
    return layer.bytes()


RICH = {
    "User": "alice",
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    "Env": ["PATH=" + PATH, "COLOUR=red", "SHAPE=round thing"],
    "Entrypoint": ["/bin/sh", "-c"],
    "Cmd": ["echo base"],
    "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 30000000000},
    "Volumes": {"/srv/volume": {}},
    "WorkingDir": "/srv/app",
    "OnBuild": ["RUN echo triggered > /srv/app/onbuild",
                "LABEL from.onbuild=yes"],
    "Labels": {"base.label": "one", "shared": "base"},
    "StopSignal": "SIGUSR1",
    "Shell": ["/bin/sh", "-e", "-c"],
}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media, data, **more):
    return dict(mediaType="application/vnd.oci.image." + media,
                digest=digest(data), size=len(data), **more)


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def image(name, layers, config):
    """The bytes of an OCI archive that holds one image."""
    config = dump({
        "architecture": "amd64", "os": "linux", "created": CREATED,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest(l) for l in layers]},
        "history": [{"created": CREATED, "created_by": "base.py layer %d" % i}
                    for i, _ in enumerate(layers)],
    })
    manifest = dump({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", config),
        "layers": [descriptor("layer.v1.tar", l) for l in layers],
    })
    names = {"io.containerd.image.name": "docker.io/" + name,
             "org.opencontainers.image.ref.name": "docker.io/" + name}
    index = dump({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor("manifest.v1+json", manifest,
                                 annotations=names,
                                 platform={"architecture": "amd64",
                                           "os": "linux"})],
    })
    out = Layer()
    out.folder("blobs")
    out.folder("blobs/sha256")
    for blob in {digest(b): b for b in [config, manifest, *layers]}.values():
        out.add("blobs/sha256/" + digest(blob)[7:], tarfile.REGTYPE, 0o444,
                blob)
    out.add("index.json", tarfile.REGTYPE, 0o444, index)
    out.add("oci-layout", tarfile.REGTYPE, 0o444,
            b'{"imageLayoutVersion":"1.0.0"}')
    return out.bytes()


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    base = base_layer(find_busybox())
    write(folder, "base.tar", base)
    write(folder, "base.oci.tar",
          image("conformance/base:latest", [base], {"Env": ["PATH=" + PATH]}))
    write(folder, "rich.oci.tar",
          image("conformance/rich:latest", [base, rich_layer()], RICH))


if __name__ == "__main__":
    main()
