#!/usr/bin/env python3
"""How long an editor waits: a session with `imgbuild lsp` and a Dockerfile of
3,000 lines.

    lsp.py IMGBUILD [ROUNDS]

For a file with few findings and for one with many: the median and the longest
time from an edit to its findings, and from a question to its answer, and what of
it the server computed (where the machine has other work, that is what counts).
ShellCheck is not found, as it runs beside the server. Targets: an edit 20 ms,
completion 10 ms.
"""
import json
import subprocess
import sys
import time

URI = "file:///nowhere/Dockerfile"
LINES = 3000


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={"PATH": "/nonexistent", "HOME": "/nonexistent"})
        self.id = 0

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
        return self.process.stdout.read(length)

    def ask(self, method, **params):
        self.id += 1
        self.send(id=self.id, method=method, params=params)
        return self.receive()

    def tell(self, method, **params):
        self.send(method=method, params=params)
        return self.receive()


def text_of(run):
    lines = ["ARG V=1", "FROM debian:12 AS base", "ARG V"]
    n = 0
    while len(lines) < LINES - 1:
        n += 1
        lines += ["ENV A%d=$V B%d=x" % (n, n), *(run % n).split("\n"),
                  "COPY a%d /b%d/" % (n, n), "LABEL x%d=1" % n,
                  "WORKDIR /x/$A%d" % n]
        if n % 40 == 0:
            lines.append("FROM base AS s%d" % n)
    return "\n".join(lines + ["RUN echo $"]) + "\n"


FEW = "RUN set -eux; \\\n    make t%d; \\\n    echo $V"
MANY = "RUN apt-get update && apt-get install -y \\\n    curl x%d \\\n" \
    "    && cd /tmp && echo $V | grep x"


class Clock:
    """What passed, and what of it the server computed, in ms."""

    def __init__(self, server):
        self.path = "/proc/%d/schedstat" % server.process.pid
        self.times = []

    def computed(self):
        with open(self.path) as f:
            return int(f.read().split()[0]) / 1e6

    def measure(self, function):
        start, computed = time.perf_counter(), self.computed()
        function()
        self.times.append(((time.perf_counter() - start) * 1000,
                           self.computed() - computed))

    def show(self, what):
        passed, computed = (sorted(t) for t in zip(*self.times))
        print("  %-34s %6.1f ms, at most %6.1f; computed %6.1f ms" % (
            what, passed[len(passed) // 2], passed[-1],
            computed[len(computed) // 2]))


def session(program, name, text, rounds):
    server = Server(program)
    server.ask("initialize", capabilities={})
    document = {"uri": URI, "version": 1, "languageId": "dockerfile",
                "text": text}
    published = json.loads(server.tell("textDocument/didOpen",
                                       textDocument=document))
    print("%s: %d lines, %d findings" % (
        name, text.count("\n"), len(published["params"]["diagnostics"])))
    lines = text.split("\n")
    middle = {"line": LINES // 2, "character": 0}
    end = {"line": len(lines) - 2, "character": len(lines[-2])}

    def edit():
        server.tell("textDocument/didChange",
                    textDocument={"uri": URI, "version": 2},
                    contentChanges=[{"range": {"start": middle, "end": middle},
                                     "text": " "}])

    edits, completions = Clock(server), Clock(server)
    for _ in range(rounds):
        edits.measure(edit)
        completions.measure(lambda: server.ask(
            "textDocument/completion", textDocument={"uri": URI},
            position=end))
    edits.show("an edit")
    completions.show("variables completed after an edit")
    for method, params in [
            ("completion", {"position": {"line": 1, "character": 2}}),
            ("hover", {"position": middle}),
            ("references", {"position": {"line": 0, "character": 4},
                            "context": {"includeDeclaration": True}}),
            ("semanticTokens/full", {}), ("foldingRange", {}),
            ("formatting", {"options": {}})]:
        clock = Clock(server)
        for _ in range(rounds):
            clock.measure(lambda: server.ask(
                "textDocument/" + method, textDocument={"uri": URI},
                **params))
        clock.show(method)
    server.process.kill()
    server.process.wait()


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    session(program, "few findings", text_of(FEW), rounds)
    session(program, "many findings", text_of(MANY), rounds)


main()
