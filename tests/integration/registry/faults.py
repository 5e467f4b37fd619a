#!/usr/bin/env python3
"""faults.py IMGBUILD HOST IMAGE ROUNDS SEED: pulls and pushes through a proxy
that spoils one byte of what passes.

HOST is a registry on loopback that has IMAGE (its name there, "a/b:1"). In each
round the proxy cuts, stalls, corrupts or repeats at the n-th byte in one
direction, once or every time it is reached. A round is right where the command
  - succeeds, and what it made is what was asked for, or
  - fails with code 1 and a sentence,
and the store is whole: each blob has its digest, a later pull without the proxy
makes the image complete. Prints what was wrong and a last line that counts;
the exit status is 0 where nothing was.
"""
import hashlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

KINDS = ["cut", "stall", "corrupt", "repeat"]
TIMEOUT_S = 60  # of a command: one that hangs is a failure


class Proxy:
    """Forwards to HOST; spoils the byte `at` of a round's bytes in one
    direction, counted over all its connections."""

    def __init__(self, host):
        self.target = ("127.0.0.1", int(host.rpartition(":")[2]))
        self.lock = threading.Lock()
        self.reset(None, "down", 0, False)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def reset(self, kind, direction, at, always):
        with self.lock:
            self.kind, self.direction, self.at = kind, direction, at
            self.always, self.hit = always, 0
            self.passed = {"up": 0, "down": 0}
            self.round = object()

    def spoil(self, data, direction, own):
        """What is to be sent, and whether the connection ends or stalls."""
        with self.lock:
            start = own["passed"] if self.always else self.passed[direction]
            own["passed"] += len(data)
            self.passed[direction] += len(data)
            i = self.at - start
            if self.kind is None or direction != self.direction or \
                    not 0 <= i < len(data) or (self.hit and not self.always):
                return data, None
            self.hit += 1
            if self.kind == "corrupt":
                return data[:i] + bytes([data[i] ^ 1]) + data[i + 1:], None
            if self.kind == "repeat":
                return data[:i] + data[i:i + 1] + data[i:], None
            return data[:i], self.kind

    def pump(self, source, sink, direction):
        own = {"passed": 0}
        stalled = False
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if stalled:
                    continue
                data, end = self.spoil(data, direction, own)
                sink.sendall(data)
                if end == "cut":
                    break
                stalled = end == "stall"
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            for a, b, direction in ((client, server, "up"),
                                    (server, client, "down")):
                threading.Thread(target=self.pump, args=(a, b, direction),
                                 daemon=True).start()


class Wrong(Exception):
    pass


class Rounds:
    def __init__(self, program, host, image, seed):
        self.program, self.host, self.image = program, host, image
        self.proxy = Proxy(host)
        self.random = random.Random(seed)
        self.work = tempfile.mkdtemp(prefix="imgbuild-faults-")
        conf = os.path.join(self.work, "registries.conf")
        with open(conf, "w") as file:
            file.write('[[registry]]\nprefix = "localhost:%d"\n'
                       'timeout = 1\n' % self.proxy.port)
        self.env = dict(os.environ, IMGBUILD_REGISTRIES=conf)
        self.full = os.path.join(self.work, "full")
        self.run(self.full, "pull", "-q", self.name(host), expect=0)
        self.wanted = self.digest(self.full, self.name(host))
        self.counts = {"right": 0, "named error": 0}

    def name(self, host):
        return "localhost:%s/%s" % (host.rpartition(":")[2], self.image)

    def run(self, store, *args, expect=None):
        try:
            done = subprocess.run(
                [self.program] + list(args), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=TIMEOUT_S,
                env=dict(self.env, IMGBUILD_ROOT=store))
        except subprocess.TimeoutExpired:
            raise Wrong("%s: hangs" % args[0])
        text = done.stderr.decode(errors="replace")
        if expect is not None and done.returncode != expect:
            raise Wrong("%s: code %d: %s" % (args[0], done.returncode, text))
        if done.returncode not in (0, 1):
            raise Wrong("%s: code %d: %s" % (args[0], done.returncode, text))
        if done.returncode and not re.search(r"^imgbuild: .{20,}", text, re.M):
            raise Wrong("%s: no sentence: %r" % (args[0], text))
        return done.returncode, done.stdout.decode()

    def digest(self, store, name):
        with open(os.path.join(store, "index.json")) as file:
            for entry in json.load(file)["manifests"]:
                if name in (entry.get("annotations") or {}).values():
                    return entry["digest"]
        raise Wrong("%s is not in the store's index" % name)

    def check_store(self, store):
        blobs = os.path.join(store, "blobs", "sha256")
        for name in os.listdir(blobs):
            with open(os.path.join(blobs, name), "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != name:
                    raise Wrong("blob %s has other bytes" % name)
        left = os.listdir(os.path.join(store, "tmp"))
        if left:
            raise Wrong("left in tmp: %s" % left)

    def pull(self):
        store = os.path.join(self.work, "store")
        shutil.rmtree(store, ignore_errors=True)
        through = "localhost:%d/%s" % (self.proxy.port, self.image)
        code, _ = self.run(store, "pull", "-q", through)
        self.check_store(store)
        if code == 0 and self.digest(store, through) != self.wanted:
            raise Wrong("pulled another image")
        self.proxy.reset(None, "down", 0, False)
        self.run(store, "pull", "-q", through, expect=0)
        self.run(store, "save", through, "-o", os.devnull, expect=0)
        self.check_store(store)
        return code

    def push(self, number):
        fresh = "faults/r%d:1" % number
        through = "localhost:%d/%s" % (self.proxy.port, fresh)
        code, _ = self.run(self.full, "push", "-q", self.name(self.host),
                           through)
        self.check_store(self.full)
        self.proxy.reset(None, "down", 0, False)
        direct = "localhost:%s/%s" % (self.host.rpartition(":")[2], fresh)
        if code:
            self.run(self.full, "push", "-q", self.name(self.host), direct,
                     expect=0)
        store = os.path.join(self.work, "back")
        shutil.rmtree(store, ignore_errors=True)
        self.run(store, "pull", "-q", direct, expect=0)
        if self.digest(store, direct) != self.wanted:
            raise Wrong("pushed another image")
        return code

    def lengths(self):
        """How many bytes a pull and a push pass in each direction."""
        out = {}
        for what in ("pull", "push"):
            self.proxy.reset(None, "down", 0, False)
            if what == "pull":
                store = os.path.join(self.work, "measure")
                self.run(store, "pull", "-q", "localhost:%d/%s" % (
                    self.proxy.port, self.image), expect=0)
            else:
                self.run(self.full, "push", "-q", self.name(self.host),
                         "localhost:%d/faults/measure:1" % self.proxy.port,
                         expect=0)
            out[what] = dict(self.proxy.passed)
        return out

    def one(self, number, lengths):
        what = ("pull", "push")[number % 2]
        kind = KINDS[number // 2 % len(KINDS)]
        direction = self.random.choice(["down", "up"])
        always = self.random.random() < 0.2
        at = self.random.randrange(lengths[what][direction])
        if self.random.random() < 0.3:
            at = min(at, self.random.randrange(2000))  # headers
        self.proxy.reset(kind, direction, at, always)
        label = "round %d: %s, %s at byte %d %s%s" % (
            number, what, kind, at, direction, ", always" if always else "")
        try:
            code = self.pull() if what == "pull" else self.push(number)
        except Wrong as wrong:
            print("%s: %s" % (label, wrong), flush=True)
            return False
        self.counts["named error" if code else "right"] += 1
        return True


def main():
    program, host, image, n, seed = sys.argv[1:]
    rounds = Rounds(program, host, image, int(seed))
    try:
        lengths = rounds.lengths()
        wrong = sum(not rounds.one(i, lengths) for i in range(int(n)))
    finally:
        shutil.rmtree(rounds.work, ignore_errors=True)
    print("%d rounds: %d right, %d with a named error, %d wrong (seed %s)" % (
        int(n), rounds.counts["right"], rounds.counts["named error"], wrong,
        seed))
    return 1 if wrong or int(n) and not rounds.counts["right"] else 0


if __name__ == "__main__":
    sys.exit(main())
