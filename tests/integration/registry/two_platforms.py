#!/usr/bin/env python3
"""two_platforms.py FILE: an OCI archive of an index for two platforms, with an
attestation beside them, annotations that nothing here knows, and white space
that no writer of ours makes."""
import gzip
import hashlib
import io
import json
import sys
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
blobs = {}


def put(data, media_type, **more):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    blobs[digest] = data
    return dict(mediaType=media_type, digest=digest, size=len(data), **more)


def document(value, media_type, **more):
    return put(json.dumps(value, indent=3).encode() + b"\n", media_type, **more)


def layer(text):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as out:
        entry = tarfile.TarInfo("file")
        entry.size = len(text)
        out.addfile(entry, io.BytesIO(text))
    return tar.getvalue()


def image(architecture):
    tar = layer(architecture.encode())
    config = document({
        "architecture": architecture, "os": "linux", "x-unknown": [1, None],
        "rootfs": {"type": "layers", "diff_ids": [
            "sha256:" + hashlib.sha256(tar).hexdigest()]}}, CONFIG)
    blob = put(gzip.compress(tar, mtime=0),
               "application/vnd.oci.image.layer.v1.tar+gzip",
               annotations={"io.github.containers.zstd-chunked.x": "kept"})
    return document({"schemaVersion": 2, "mediaType": MANIFEST,
                     "config": config, "layers": [blob],
                     "annotations": {"org.example": architecture}}, MANIFEST,
                    platform={"architecture": architecture, "os": "linux"})


def attestation(of):
    statement = document({"_type": "https://in-toto.io/Statement/v0.1"},
                         "application/vnd.in-toto+json")
    config = document({"architecture": "unknown", "os": "unknown",
                       "rootfs": {"type": "layers", "diff_ids": [
                           statement["digest"]]}}, CONFIG)
    return document({"schemaVersion": 2, "mediaType": MANIFEST,
                     "config": config, "layers": [statement]}, MANIFEST,
                    platform={"architecture": "unknown", "os": "unknown"},
                    annotations={
                        "vnd.docker.reference.digest": of["digest"],
                        "vnd.docker.reference.type": "attestation-manifest"})


def main():
    images = [image("amd64"), image("arm64")]
    index = document({"schemaVersion": 2, "mediaType": INDEX,
                      "manifests": images + [attestation(images[0])],
                      "annotations": {"org.example": "index"}}, INDEX)
    with tarfile.open(sys.argv[1], "w") as out:
        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))
        add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add("index.json", json.dumps(
            {"schemaVersion": 2, "manifests": [index]}).encode())
        for digest, data in blobs.items():
            add("blobs/" + digest.replace(":", "/"), data)


if __name__ == "__main__":
    main()
