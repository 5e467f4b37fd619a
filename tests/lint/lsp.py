#!/usr/bin/env python3
"""An editor's session with `imgbuild lsp`, and what no editor would send.
Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile
import traceback

IMGBUILD = os.environ["IMGBUILD"]
URI = "file:///nowhere/Dockerfile"


class Server:
    def __init__(self, cwd, initialize=True):
        self.process = subprocess.Popen(
            [IMGBUILD, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
        self.next_id = 0
        self.notifications = []
        if initialize:
            self.capabilities = self.request(
                "initialize", processId=None, capabilities={},
                rootUri="file://" + cwd)["result"]["capabilities"]
            self.notify("initialized")

    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        body = message if isinstance(message, bytes) else \
            json.dumps(message).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method, **params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def receive(self):
        length = None
        while True:
            line = self.process.stdout.readline()
            assert line.endswith(b"\r\n"), line
            if line == b"\r\n":
                break
            name, value = line.split(b":")
            if name == b"Content-Length":
                length = int(value)
        return json.loads(self.process.stdout.read(length))

    def request(self, method, **params):
        self.next_id += 1
        self.send({"jsonrpc": "2.0", "id": self.next_id, "method": method,
                   "params": params})
        return self.answer(self.next_id)

    def answer(self, id):
        while True:
            message = self.receive()
            if "method" in message:
                self.notifications.append(message)
                continue
            assert message["id"] == id, message
            return message

    def diagnostics(self):
        while True:
            message = self.notifications.pop(0) if self.notifications else \
                self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                return message["params"]

    def open(self, text, uri=URI):
        self.notify("textDocument/didOpen", textDocument={
            "uri": uri, "languageId": "dockerfile", "version": 1,
            "text": text})
        return self.diagnostics()

    def change(self, version, *changes):
        self.notify("textDocument/didChange",
                    textDocument={"uri": URI, "version": version},
                    contentChanges=list(changes))
        return self.diagnostics()

    def ask(self, method, **params):
        return self.request("textDocument/" + method,
                            textDocument={"uri": URI}, **params)["result"]

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(timeout=20)


def position(line, character):
    return {"line": line, "character": character}


def span(l1, c1, l2, c2):
    return {"start": position(l1, c1), "end": position(l2, c2)}


def apply(text, edits):
    """As an editor does: positions are UTF-16, edits do not overlap."""
    lines = text.split("\n")
    units = text.encode("utf-16-le")

    def offset(at):
        n = sum(len(l.encode("utf-16-le")) + 2 for l in lines[:at["line"]])
        return n + 2 * at["character"]

    for edit in sorted(edits, key=lambda e: offset(e["range"]["start"]),
                       reverse=True):
        units = units[:offset(edit["range"]["start"])] + \
            edit["newText"].encode("utf-16-le") + \
            units[offset(edit["range"]["end"]):]
    return units.decode("utf-16-le")


def codes(published):
    return [d["code"] for d in published["diagnostics"]]


def a_session_from_initialize_to_exit(cwd):
    s = Server(cwd)
    assert s.capabilities["textDocumentSync"]["change"] == 2
    assert s.request("shutdown")["result"] is None
    assert s.request("textDocument/hover")["error"]["code"] == -32600
    s.notify("exit")
    assert s.stop() == 0


def an_exit_without_shutdown_is_1(cwd):
    s = Server(cwd)
    s.notify("exit")
    assert s.stop() == 1


def findings_come_when_a_file_is_opened(cwd):
    s = Server(cwd)
    published = s.open("FROM debian:12\nRUN cd /a\n")
    assert published["uri"] == URI and published["version"] == 1
    finding, = published["diagnostics"]
    assert finding["code"] == "DL3003" and finding["severity"] == 2
    assert finding["source"] == "imgbuild"
    assert finding["range"] == span(1, 4, 1, 9), finding


def findings_follow_a_full_change(cwd):
    s = Server(cwd)
    s.open("FROM debian:12\nRUN cd /a\n")
    published = s.change(2, {"text": "FROM debian\n"})
    assert codes(published) == ["DL3006"] and published["version"] == 2


def incremental_changes_count_utf16_units(cwd):
    s = Server(cwd)
    s.open("FROM debian:12\n# \U0001f433\U0001f433 ä\nRUN echo \U0001f433\n")
    # behind the two whales (two units each) and in front of the ä
    s.change(2, {"range": span(1, 7, 1, 8), "text": "x"})
    # two changes, the second in the text that the first made
    published = s.change(
        3, {"range": span(2, 11, 2, 11), "text": " && cd /a"},
        {"range": span(2, 4, 2, 8), "text": "printf"})
    finding, = published["diagnostics"]
    assert finding["range"] == span(2, 17, 2, 22), finding
    # the document is what the editor has
    hovered = s.ask("hover", position=position(2, 18))
    assert "DL3003" in hovered["contents"]["value"]


def a_position_behind_the_end_is_the_end(cwd):
    s = Server(cwd)
    s.open("FROM debian:12\n")
    published = s.change(2, {"range": span(99, 0, 99, 5),
                             "text": "RUN cd /a\n"})
    assert codes(published) == ["DL3003"]


def a_closed_file_has_no_findings(cwd):
    s = Server(cwd)
    s.open("FROM debian\n")
    s.notify("textDocument/didClose", textDocument={"uri": URI})
    assert s.diagnostics() == {"uri": URI, "diagnostics": []}
    assert s.request("textDocument/hover", textDocument={"uri": URI},
                     position=position(0, 0))["error"]["code"] == -32602


def hover_explains_rules_and_instructions(cwd):
    s = Server(cwd)
    s.open("FROM debian:12\nHEALTHCHECK CMD [\"x\"]\nONBUILD COPY a /b\n")
    text = s.ask("hover", position=position(1, 3))["contents"]["value"]
    assert "HEALTHCHECK NONE" in text and "--interval=duration" in text, text
    text = s.ask("hover", position=position(2, 9))["contents"]["value"]
    assert "**COPY**" in text, text
    nothing = s.ask("hover", position=position(1, 16))
    assert nothing is None, nothing


def quick_fixes_mend_the_text(cwd):
    text = "FROM debian:12\nRUN apt-get install a=1 # \U0001f433\nuser 1\n"
    s = Server(cwd)
    s.open(text)
    actions = s.ask("codeAction", range=span(1, 0, 1, 0),
                    context={"diagnostics": []})
    assert [a for a in actions if a["kind"] == "quickfix"] == []
    actions = s.ask("codeAction", range=span(1, 6, 1, 6),
                    context={"diagnostics": [], "only": ["quickfix"]})
    assert [a["title"] for a in actions] == [
        "Add -y (DL3014)", "Add --no-install-recommends (DL3015)"], actions
    fixed = apply(text, actions[0]["edit"]["changes"][URI])
    assert fixed == text.replace("install", "install -y")
    assert actions[0]["diagnostics"][0]["code"] == "DL3014"
    all, = s.ask("codeAction", range=span(0, 0, 0, 0),
                 context={"diagnostics": [], "only": ["source.fixAll"]})
    fixed = apply(text, all["edit"]["changes"][URI])
    assert fixed == text.replace(
        "install", "install -y --no-install-recommends").replace(
            "user", "USER"), fixed


def formatting_is_one_edit_of_what_differs(cwd):
    text = "FROM debian:12\nrun  a \\\n b\nUSER 1\n"
    s = Server(cwd)
    s.open(text)
    edits = s.ask("formatting", options={"tabSize": 4, "insertSpaces": True})
    assert len(edits) == 1 and edits[0]["range"] == span(1, 0, 3, 0), edits
    fixed = apply(text, edits)
    assert fixed == "FROM debian:12\nRUN a \\\n    b\nUSER 1\n"
    s.change(2, {"text": fixed})
    assert s.ask("formatting", options={}) == []
    s.change(3, {"text": "FROM debian:12\nRUNN\n"})
    assert s.ask("formatting", options={}) is None


def symbols_are_stages_with_instructions(cwd):
    s = Server(cwd)
    s.open("ARG A\nFROM debian:12 AS Build\nRUN a \\\n  b\nUSER 1\n"
           "FROM scratch\n")
    stages = s.ask("documentSymbol")
    assert [(x["name"], x["detail"]) for x in stages] == [
        ("Build", "debian:12"), ("1", "scratch")], stages
    assert stages[0]["range"] == span(1, 0, 4, 6), stages[0]
    assert stages[0]["selectionRange"] == span(1, 18, 1, 23)
    assert [(x["name"], x["detail"]) for x in stages[0]["children"]] == [
        ("RUN", "a   b"), ("USER", "1")]


def the_workspace_config_and_dockerignore_count(cwd):
    with open(cwd + "/.imgbuild.yaml", "w") as f:
        f.write("ignored: [DL3003]\n")
    with open(cwd + "/.dockerignore", "w") as f:
        f.write("secret\n")
    s = Server(cwd)
    uri = "file://" + cwd.replace("imgbuild", "%69mgbuild") + "/Dockerfile"
    published = s.open("FROM debian:12\nRUN cd /a\nCOPY secret /\n", uri)
    assert codes(published) == ["CopyIgnoredFile"], published


def a_broken_config_is_said_and_not_used(cwd):
    with open(cwd + "/.imgbuild.yaml", "w") as f:
        f.write("nope: 1\n")
    s = Server(cwd)
    assert codes(s.open("FROM debian\n")) == ["DL3006"]
    # the answer to initialize came behind the message
    s.process.stdin.close()
    assert s.process.wait(timeout=20) == 1


def requests_before_initialize_are_refused(cwd):
    s = Server(cwd, initialize=False)
    assert s.request("textDocument/hover")["error"]["code"] == -32002
    s.notify("textDocument/didOpen")
    assert "capabilities" in s.request("initialize")["result"]
    assert s.request("initialize")["error"]["code"] == -32600


def what_is_no_request_is_answered_with_an_error(cwd):
    s = Server(cwd)
    for body, code in [(b"{", -32700), (b"", -32700), (b"\xff\xfe", -32700),
                       (b"[]", -32600), (b'"x"', -32600), (b"7", -32600),
                       (b'{"id":1}', -32600),
                       (b'{"id":1,"method":7}', -32600),
                       (b"[" * 100000, -32700)]:
        s.send(body)
        assert s.receive()["error"]["code"] == code, body[:20]
    assert s.request("no/such")["error"]["code"] == -32601
    s.notify("$/cancelRequest", id=1)
    s.notify("no/such")
    s.send({"jsonrpc": "2.0", "id": 5, "result": None})
    assert codes(s.open("FROM debian\n")) == ["DL3006"]


def params_of_any_shape_do_no_harm(cwd):
    s = Server(cwd)
    s.open("FROM debian:12\n")
    odd = [None, 1, "x", [], {}, {"textDocument": 1}, {"textDocument": {}},
           {"textDocument": {"uri": 1}}, {"textDocument": {"uri": "\0"}},
           {"textDocument": {"uri": URI}, "position": {"line": -1},
            "range": 1, "contentChanges": [1, {"text": 2}]},
           {"textDocument": {"uri": URI}, "range": span(5, 0, 0, 0),
            "contentChanges": [{"range": span(0, 5, 0, 0), "text": "x"}],
            "position": {"line": 1 << 40, "character": 1 << 60}}]
    for method in ["didOpen", "didChange", "didClose", "hover", "codeAction",
                   "formatting", "documentSymbol"]:
        for params in odd:
            if method == "didClose" and params in odd[-2:]:
                continue
            s.next_id += 1
            s.send({"jsonrpc": "2.0", "id": s.next_id,
                    "method": "textDocument/" + method, "params": params})
            s.answer(s.next_id)
    text = s.ask("hover", position=position(0, 0))["contents"]["value"]
    assert "**FROM**" in text


def a_text_with_a_nul_and_bad_surrogates_is_a_text(cwd):
    s = Server(cwd)
    assert "DL1000" in codes(s.open("FROM a\0b\r# x\rRUN \U0001f433"))


def a_message_that_is_too_large_is_skipped(cwd):
    s = Server(cwd)
    n = (64 << 20) + 1
    s.raw(b"Content-Length: %d\r\n\r\n" % n)
    s.raw(b" " * n)
    assert s.receive()["error"]["code"] == -32600
    assert codes(s.open("FROM debian\n")) == ["DL3006"]


def other_headers_and_any_case_are_fine(cwd):
    s = Server(cwd)
    body = b'{"jsonrpc":"2.0","id":9,"method":"shutdown"}'
    s.raw(b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n"
          b"content-length:%d\r\n\r\n%s" % (len(body), body))
    assert s.receive() == {"jsonrpc": "2.0", "id": 9, "result": None}


def what_is_no_protocol_ends_the_server(cwd):
    for data in [b"\r\n\r\n", b"hello\n\n", b"x" * 100000,
                 b"Content-Length: 10\r\n\r\n{}", b"Content-Length: 1\r\n",
                 b"Content-Length: -5\r\n\r\n"]:
        s = Server(cwd)
        try:
            s.raw(data)
        except BrokenPipeError:
            pass
        assert s.stop() == 1, data[:20]
        assert s.process.stderr.read().startswith(b"imgbuild: "), data[:20]


def main():
    tests = [value for name, value in globals().items()
             if callable(value) and "_" in name and
             getattr(value, "__module__", "") == "__main__"]
    failed = 0
    for i, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="imgbuild-lsp-") as folder:
            try:
                test(folder)
                print("ok %d - %s" % (i, test.__name__))
            except Exception:
                failed = 1
                print("not ok %d - %s" % (i, test.__name__))
                for line in traceback.format_exc().splitlines():
                    print("# " + line)
    print("1..%d" % len(tests))
    sys.exit(failed)


main()
