#!/usr/bin/env python3
"""lying_registry.py FOLDER: a registry whose repositories each lie in their own
way; prints "port N". What a lie needs of the requests is in FOLDER/seen: one
line a request, its host, path and whether it had an Authorization header.

All repositories have a tag 1: an image of one layer of 100,000 bytes.
"""
import gzip
import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import time

SEEN = os.path.join(sys.argv[1], "seen")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer():
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as out:
        entry = tarfile.TarInfo("file")
        entry.size = 100000
        out.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    return tar.getvalue()


PLAIN = layer()
LAYER = gzip.compress(PLAIN)
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
    "type": "layers", "diff_ids": [digest(PLAIN)]}}).encode()


def manifest(layers=None):
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                   "digest": digest(CONFIG), "size": len(CONFIG)},
        "layers": layers or [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": digest(LAYER), "size": len(LAYER)}]}).encode()


def nested(depth):
    """An index in an index in an index …; all of them by digest."""
    documents, child = {}, manifest()
    for i in range(depth):
        documents[digest(child)] = child
        child = json.dumps({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": [{
                "mediaType": INDEX if i else MANIFEST, "digest": digest(child),
                "size": len(child)}]}).encode()
    documents["1"] = documents[digest(child)] = child
    return documents


MANY = [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
         "digest": digest(b"%d" % i), "size": 1} for i in range(25000)]
MANIFESTS = {
    "huge": {"1": manifest() + b" " * (9 << 20)},
    "deep": {"1": b'{"a":' + b"[" * 100 + b"]" * 100 + b"}"},
    "nested": nested(6),
    "many": {"1": manifest(MANY)},
    "html": {"1": b"<html>sign in</html>"},
    "old": {"1": b'{"schemaVersion": 1, "name": "x"}'},
    "digest": {digest(manifest()): manifest() + b"\n"},
}
counts = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def times(self, what):
        counts[what] = counts.get(what, 0) + 1
        return counts[what]

    def do_GET(self):
        with open(SEEN, "a") as file:
            file.write("%s %s %s\n" % (
                self.headers["Host"].split(":")[0], self.path,
                "secret" if self.headers.get("Authorization") else "none"))
        if self.path.startswith("/token/"):
            return self.token()
        if self.path.startswith("/file/"):
            return self.file()
        parts = self.path.split("/")
        lie, kind, reference = parts[2], parts[-2], parts[-1]
        if kind == "manifests":
            return self.manifest(lie, reference)
        if reference == digest(CONFIG):
            return self.answer(200, CONFIG)
        return self.blob(lie)

    do_HEAD = do_GET

    def file(self):
        """Files for ADD: /file/coded, /file/a/../b%41, /file/away."""
        if self.path == "/file/away":
            return self.answer(302, Location="http://127.0.0.1:%d/file/coded" %
                               self.port())
        if self.path == "/file/coded":
            return self.answer(200, gzip.compress(b"plain\n"),
                               Content_Encoding="gzip")
        return self.answer(200, self.path.encode())

    def token(self):
        self.answer(200, {
            "/token/html": b"<html>",
            "/token/inject": json.dumps({"token": "a\r\nX-Evil: 1"}).encode(),
        }[self.path.split("?")[0]])

    def port(self):
        return self.server.server_address[1]

    def manifest(self, lie, reference):
        if lie == "basic" or lie == "elsewhere":
            if not self.headers.get("Authorization"):
                return self.answer(401, WWW_Authenticate='Basic realm="x"')
        if lie in ("html-token", "inject-token"):
            return self.answer(401, WWW_Authenticate='Bearer realm="http://'
                               'localhost:%d/token/%s"' % (
                                   self.port(), lie.split("-")[0]))
        if lie == "no-realm":
            return self.answer(401, WWW_Authenticate='Bearer realm="ftp://x"')
        if lie == "odd-login":
            return self.answer(401, WWW_Authenticate="Negotiate")
        if lie == "loop":
            return self.answer(307, Location=self.path)
        if lie == "no-url":
            return self.answer(307, Location="javascript:1")
        if lie == "busy" and self.times(lie) < 3:
            return self.answer(429, Retry_After="1")
        if lie == "busy-long":
            return self.answer(429, Retry_After="3600")
        if lie == "fails":
            return self.answer(503)
        if lie == "stall":
            time.sleep(30)
        if lie == "headers":
            return self.answer(200, **{"X-%d" % i: "x" * 900
                                       for i in range(1000)})
        documents = MANIFESTS.get(lie, {"1": manifest()})
        body = documents.get(reference)
        if body is None:
            return self.answer(404)
        return self.answer(200, body, Content_Type=MANIFEST)

    def blob(self, lie):
        asked = self.headers.get("Range")
        if lie == "endless":
            self.answer(200, b"", Content_Length=str(1 << 40))
            try:
                while True:
                    self.wfile.write(LAYER)
            except OSError:
                return None
        if lie == "other":
            return self.answer(200, bytes(len(LAYER)))
        if lie == "short":
            self.close_connection = True
            return self.answer(200, LAYER[:-10], Content_Length=len(LAYER))
        if lie in ("range", "no-range", "resume") and not asked:
            if lie == "range" or self.times(lie) == 1:
                self.close_connection = True
                return self.answer(200, LAYER[:50000],
                                   Content_Length=len(LAYER))
        if lie == "range" and asked:
            return self.answer(206, LAYER[1000:], Content_Range="bytes 1000-"
                               "%d/%d" % (len(LAYER) - 1, len(LAYER)))
        if lie == "resume" and asked:
            first = int(asked[len("bytes="):-1])
            return self.answer(206, LAYER[first:], Content_Range="bytes %d-"
                               "%d/%d" % (first, len(LAYER) - 1, len(LAYER)))
        if lie == "elsewhere" and self.headers["Host"].startswith("localhost"):
            return self.answer(307, Location="http://127.0.0.1:%d%s" % (
                self.port(), self.path))
        return self.answer(200, LAYER)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("port %d" % server.server_address[1], flush=True)
server.serve_forever()
