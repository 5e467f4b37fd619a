#!/usr/bin/env python3
"""An editor's session with `imgbuild lsp`, and what no editor would send.
Prints TAP."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback

IMGBUILD = os.environ["IMGBUILD"]
URI = "file:///nowhere/Dockerfile"
# no shellcheck is found here: most sessions are without
NOTHING = tempfile.TemporaryDirectory(prefix="imgbuild-lsp-empty-")
EMPTY = NOTHING.name


class Server:
    def __init__(self, cwd, initialize=True, capabilities={}, path=None,
                 **params):
        self.process = subprocess.Popen(
            [IMGBUILD, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=cwd,
            env={"PATH": path or EMPTY, "HOME": "/nonexistent",
                 "IMGBUILD_ROOT": os.environ.get("LSP_STORE",
                                                 "/nonexistent")})
        self.next_id = 0
        self.notifications = []
        self.requests = []
        if initialize:
            self.capabilities = self.request(
                "initialize", processId=None, capabilities=capabilities,
                rootUri="file://" + cwd, **params)["result"]["capabilities"]
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
                self.take(message)
                continue
            assert message["id"] == id, message
            return message

    def take(self, message):
        """What the server sends by itself; its requests are answered."""
        if "id" not in message:
            self.notifications.append(message)
            return
        self.requests.append(message)
        self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})

    def diagnostics(self):
        while True:
            message = self.notifications.pop(0) if self.notifications else \
                self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                return message["params"]
            if "id" in message:
                self.take(message)

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


class Text:
    """A text with places: what lies between marks, in any unit."""

    def __init__(self, text, eol="\n", encoding="utf-16"):
        self.text = text.replace("\n", eol)
        self.eol = eol
        self.encoding = encoding

    def units(self, s):
        if self.encoding == "utf-32":
            return len(s)
        if self.encoding == "utf-8":
            return len(s.encode())
        return len(s.encode("utf-16-le")) // 2

    def position(self, offset):
        before = self.text[:offset]
        line = before.count("\n")
        return position(line, self.units(before[before.rfind("\n") + 1:]))

    def offset(self, at):
        lines = self.text.split("\n")
        start = sum(len(l) + 1 for l in lines[:at["line"]])
        n = 0
        while self.units(self.text[start:start + n]) < at["character"]:
            n += 1
        return start + n

    def find(self, needle, part=None, nth=0):
        """The range of part in the nth needle."""
        at = -1
        for _ in range(nth + 1):
            at = self.text.index(needle, at + 1)
        part = part or needle
        at += needle.index(part)
        return {"start": self.position(at),
                "end": self.position(at + len(part))}

    def cut(self, range):
        return self.text[self.offset(range["start"]):
                         self.offset(range["end"])]

    def edited(self, edits):
        text = self.text
        for e in sorted(edits, key=lambda e: self.offset(
                e["range"]["start"]), reverse=True):
            text = text[:self.offset(e["range"]["start"])] + e["newText"] + \
                text[self.offset(e["range"]["end"]):]
        return text


ALL = """\
# syntax=docker/dockerfile:1
# \U0001f433 the base
ARG VERSION=12
FROM debian:${VERSION} AS Base
ARG VERSION
ENV WHALE="\U0001f433\U0001f433" HOME_OF="/h/$VERSION" PORT=80
RUN echo "\U0001f433ä $WHALE ${VERSION:-x}" && \\
    # \U0001f433
    PORT=1 cmd "$PORT"
FROM base AS final
COPY --from=Base /a$PORT /b
RUN --mount=type=bind,from=base,target=/x true
COPY --from=0 <<EOF /c
\U0001f433 $PORT
EOF
EXPOSE $PORT
"""


def everyway(f):
    """Runs the session with each unit of positions and each line end."""
    def test(cwd):
        for encoding in ["utf-16", "utf-8", "utf-32"]:
            for eol in ["\n", "\r\n"]:
                text = Text(ALL, eol, encoding)
                s = Server(cwd, capabilities={"general": {
                    "positionEncodings": [encoding, "utf-16"]}})
                assert s.capabilities["positionEncoding"] == encoding
                s.open(text.text)
                f(s, text)
                assert s.stop() == 1
    test.__name__ = f.__name__
    test.__module__ = f.__module__
    return test


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
    actions = [a for a in actions if "Ignore" not in a["title"]]
    assert [a["title"] for a in actions] == [
        "Add -y (DL3014)", "Add --no-install-recommends (DL3015)"], actions
    fixed = apply(text, actions[0]["edit"]["changes"][URI])
    assert fixed == text.replace("install", "install -y")
    assert actions[0]["diagnostics"][0]["code"] == "DL3014"
    all, = s.ask("codeAction", range=span(0, 0, 0, 0),
                 context={"diagnostics": [], "only": ["source.fixAll"]})
    fixed = apply(text, all["edit"]["changes"][URI])
    # what may change the image is offered alone, and not among all
    assert fixed == text.replace("install", "install -y").replace(
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


@everyway
def definitions_are_where_a_name_was_set(s, t):
    def goes(needle, part, to, to_part, nth=0):
        found = s.ask("definition",
                      position=t.find(needle, part, nth)["start"])
        assert found == {"uri": URI, "range": t.find(to, to_part)}, \
            (needle, part, found)
    goes("FROM base AS final", "base", "AS Base", "Base")
    goes("--from=Base", "Base", "AS Base", "Base")
    goes("from=base", "base", "AS Base", "Base")
    goes("--from=0", "0", "AS Base", "Base")
    goes("debian:${VERSION}", "VERSION", "ARG VERSION=12", "VERSION")
    goes("$WHALE", "WHALE", "ENV WHALE", "WHALE")
    goes("/h/$VERSION", "VERSION", "ARG VERSION" + t.eol, "VERSION")
    goes("${VERSION:-x}", "VERSION", "ARG VERSION" + t.eol, "VERSION")
    goes("ARG VERSION" + t.eol, "VERSION", "ARG VERSION=12", "VERSION")
    goes("EXPOSE $PORT", "PORT", " PORT=80", "PORT")
    assert s.ask("definition", position=t.find("true")["start"]) is None


@everyway
def references_and_highlights_are_all_uses_of_one_name(s, t):
    at = t.find("AS Base", "Base")["start"]
    found = s.ask("references", position=at,
                  context={"includeDeclaration": True})
    assert [t.cut(x["range"]) for x in found] == [
        "Base", "base", "Base", "base", "0"], found
    found = s.ask("references", position=at,
                  context={"includeDeclaration": False})
    assert len(found) == 4
    at = t.find("EXPOSE $PORT", "PORT")["end"]
    found = s.ask("documentHighlight", position=at)
    assert [t.cut(x["range"]) for x in found] == ["PORT"] * 6, found
    assert [x["kind"] for x in found] == [3, 3, 2, 2, 2, 2], found
    at = t.find("debian:")["start"]
    assert s.ask("references", position=at, context={}) == []


@everyway
def a_name_is_changed_wherever_it_stands(s, t):
    def renamed(at, name):
        edit = s.ask("rename", position=at, newName=name)
        return t.edited(edit["changes"][URI])
    at = t.find("EXPOSE $PORT", "PORT")["start"]
    assert t.cut(s.ask("prepareRename", position=at)["range"]) == "PORT"
    assert renamed(at, "P2") == t.text.replace("PORT", "P2")
    at = t.find("FROM base AS", "base")["start"]
    assert renamed(at, "b2") == t.text.replace("AS Base", "AS b2").replace(
        "FROM base", "FROM b2").replace("from=Base", "from=b2").replace(
            "from=base", "from=b2")
    at = t.find("debian:${VERSION}", "VERSION")["start"]
    assert renamed(at, "V") == t.text.replace("VERSION=12", "V=12").replace(
        "${VERSION}", "${V}").replace("ARG VERSION", "ARG V").replace(
            "${VERSION:-x}", "${V:-x}").replace("/h/$VERSION", "/h/$V")
    for name in ["", "a b", "WHALE", "1x"]:
        answer = s.request("textDocument/rename", textDocument={"uri": URI},
                           position=at, newName=name)
        assert answer["error"]["code"] == -32602, (name, answer)
    at = t.find("EXPOSE")["start"]
    assert s.ask("prepareRename", position=at) is None


def a_variable_is_found_wherever_it_is_read(cwd):
    """and nowhere else: @ stands for it where it is one, A where it is not."""
    text = """ARG @=1
FROM x:$@ as one
ARG @
ENV B="q$@" "C"=2 \\
    D=${@:-${B}} \\
  # A
    E=$D'$A'
COPY ["$@", "/b${@}/"]
COPY <<-EOF /x
\tv=$@ \\$A
EOF
RUN --mount=type=cache,target=/c$@,id="x${@}" for A in 1; do echo ${#@} ${@%x} \\
  $((1 + $@)) '$A' "\\$A" `x $@`; done; export @=$@; @=2 b
EXPOSE $@/tcp
HEALTHCHECK CMD echo $@
CMD ["$A"]
FROM one
RUN echo $@ \\
  && echo $\\
@
FROM y
RUN echo $A
"""
    s = Server(cwd)
    s.open(text.replace("@", "A"))
    edit = s.ask("rename", position=position(0, 4), newName="ZZ")
    changed = Text(text.replace("@", "A")).edited(edit["changes"][URI])
    assert changed == text.replace("@", "ZZ"), changed


@everyway
def hover_tells_values_and_origins(s, t):
    def hovered(needle, part=None):
        found = s.ask("hover", position=t.find(needle, part)["start"])
        return found["contents"]["value"]
    text = hovered("EXPOSE $PORT", "PORT")
    assert "an ENV of stage base (line 6)" in text and "`80`" in text, text
    text = hovered("FROM base", "base")
    assert "stage 0 from `debian:${VERSION}`" in text, text
    text = hovered("ARG VERSION=12", "VERSION")
    assert "an ARG of the file" in text and "`12`" in text, text
    assert "--mount" in hovered("--mount")
    assert "syntax" in hovered("# syntax")


@everyway
def folds_are_stages_instructions_and_comments(s, t):
    folds = {(x["startLine"], x["endLine"], x.get("kind"))
             for x in s.ask("foldingRange")}
    lines = t.text.splitlines()
    last = len(lines) - 1
    assert (3, 8, None) in folds and (9, last, None) in folds, folds
    assert (6, 8, None) in folds and (12, 14, None) in folds, folds


@everyway
def tokens_lie_where_the_text_has_them(s, t):
    legend = s.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = s.ask("semanticTokens/full")["data"]
    line = character = 0
    found = []
    for i in range(0, len(data), 5):
        dl, dc, n, kind, _ = data[i:i + 5]
        line += dl
        character = dc if dl else character + dc
        found.append((t.cut(span(line, character, line, character + n)),
                      legend[kind]))
    for token in [("# syntax=docker/dockerfile:1", "macro"),
                  ("# \U0001f433 the base", "comment"), ("FROM", "keyword"),
                  ("AS", "keyword"), ("VERSION", "variable"),
                  ("Base", "namespace"), ("--from", "parameter"),
                  ("<<EOF", "string"), ("WHALE", "variable")]:
        assert token in found, (token, found)
    assert found.count(("PORT", "variable")) == 6, found


@everyway
def links_lead_to_images(s, t):
    s.change(2, {"text": t.text + "FROM nginx:1\nADD https://a.b/c /\n"})
    t.text += "FROM nginx:1\nADD https://a.b/c /\n"
    links = {t.cut(x["range"]): x["target"] for x in s.ask("documentLink")}
    assert links == {"nginx:1": "https://hub.docker.com/_/nginx",
                     "https://a.b/c": "https://a.b/c"}, links


@everyway
def workspace_symbols_are_the_stages_of_all_documents(s, t):
    s.open("FROM scratch AS otherfinal\n", "file:///x/Dockerfile")
    found = s.request("workspace/symbol", query="FINAL")["result"]
    assert [(x["name"], x["location"]["uri"]) for x in found] == [
        ("final", URI), ("otherfinal", "file:///x/Dockerfile")], found
    range = found[0]["location"]["range"]
    assert t.cut(range).startswith("FROM base AS final")


@everyway
def a_range_is_formatted_alone(s, t):
    bad = t.text.replace("EXPOSE", "expose  ").replace("ENV ", "env   ")
    s.change(2, {"text": bad})
    whole = t.text
    t.text = bad
    edits = s.ask("rangeFormatting", options={}, range=t.find("expose"))
    assert t.edited(edits) == whole.replace("ENV ", "env   "), edits


@everyway
def a_line_that_goes_on_is_indented_when_it_is_begun(s, t):
    eol = "\r\n" if "\r" in t.text else "\n"
    t.text += "RUN a \\" + eol + "  "
    s.change(2, {"text": t.text})
    at = t.position(len(t.text))
    edits = s.ask("onTypeFormatting", position=at, ch="\n", options={})
    assert t.edited(edits).endswith(eol + "    "), edits
    t.text = t.text[:t.text.index("RUN a")] + "run   a" + eol
    s.change(3, {"text": t.text})
    at = t.position(len(t.text))
    edits = s.ask("onTypeFormatting", position=at, ch="\n", options={})
    assert t.edited(edits).endswith("RUN a" + eol), edits


def completed(s, text, at=None):
    """What may stand at the end of text, or behind at."""
    s.change(s.next_id + 2, {"text": text})
    t = Text(text)
    offset = len(text) if at is None else text.index(at) + len(at)
    answer = s.ask("completion", position=t.position(offset))
    for item in answer["items"]:
        # what is replaced ends at the cursor
        assert item["textEdit"]["range"]["end"] == t.position(offset)
    return {i["label"]: i for i in answer["items"]}


def completion_knows_what_may_stand_there(cwd):
    os.mkdir(cwd + "/src")
    for name in ["src/\U0001f433.txt", "sink"]:
        open(cwd + "/" + name, "w").close()
    global URI
    before, URI = URI, "file://" + cwd + "/Dockerfile"
    try:
        s = Server(cwd)
        s.open("", URI)
        assert len(completed(s, "")) == 18
        assert set(completed(s, "FROM a\nE")) == {"ENTRYPOINT", "ENV",
                                                  "EXPOSE"}
        assert completed(s, "FROM a\nru")["run"]["textEdit"]["newText"] == \
            "run"
        assert "FROM" not in completed(s, "FROM a\nONBUILD ")
        head = "ARG V=1\nFROM a AS One\nENV W=2 X=${V}\n"
        assert set(completed(s, head + "FROM ")) == {"One", "scratch"}
        assert "VERSION" not in completed(s, head + "RUN $")
        assert set(completed(s, head + "RUN echo \U0001f433 \"${")) == {
            "W", "X"}
        assert completed(s, head + "RUN $")["W"]["detail"] == "2"
        assert "V" in completed(s, head + "FROM x$") and \
            "TARGETARCH" in completed(s, head + "FROM x-$TARGETA")
        assert set(completed(s, head + "FROM x\nCOPY --from=")) == {"One"}
        assert set(completed(s, head + "FROM x\nCOPY --")) == {
            "--chmod=", "--chown=", "--exclude=", "--from=", "--link",
            "--parents"}
        assert "sharing" in completed(s, head + "RUN --mount=type=cache,s")
        assert set(completed(s, head + "RUN --mount=type=")) == {
            "bind", "cache", "tmpfs", "secret", "ssh"}
        assert set(completed(s, head + "RUN --mount=from=")) == {"One"}
        assert "linux/arm64" in completed(s, "FROM --platform=linux/a")
        assert set(completed(s, head + "RUN --network=")) == {
            "default", "none", "host"}
        assert "src/" in completed(s, head + "COPY s") and \
            "sink" in completed(s, head + "COPY s")
        assert set(completed(s, head + "COPY src/")) == {"\U0001f433.txt"}
        assert completed(s, head + "COPY --from=One s") == {}
        assert "DL3008" in completed(s, "# hadolint ignore=DL3006,DL30")
        assert "StageNameCasing" in completed(s, "# check=skip=Stage")
        assert "SIGTERM" in completed(s, head + "STOPSIGNAL SIG")
        assert set(completed(s, head + "HEALTHCHECK ")) == {"CMD", "NONE"}
        # in a line that goes on, with a comment in it; in a heredoc nothing
        assert "W" in completed(s, head + "RUN a \\\n  # c\n  b $")
        assert completed(s, head + "RUN <<E\n$\nE\n", "<<E\n$") == {}
        # a choice replaces what was typed of it
        items = completed(s, "ENV \U0001f433=1\nFR")
        assert items["FROM"]["textEdit"]["range"] == span(1, 0, 1, 2)
    finally:
        URI = before


def completion_and_hover_know_the_store(cwd):
    """A store is read where there is one."""
    store = cwd + "/store"
    with open(cwd + "/Dockerfile", "w") as f:
        f.write("FROM scratch\nENV A=b\nCMD [\"c\"]\n")
    subprocess.run([IMGBUILD, "build", "-t", "mine:7", cwd], check=True,
                   capture_output=True,
                   env={"PATH": os.environ["PATH"], "IMGBUILD_ROOT": store})
    os.environ["LSP_STORE"] = store
    try:
        s = Server(cwd)
        s.open("FROM ")
        items = s.ask("completion", position=position(0, 5))["items"]
        assert "mine:7" in [i["label"] for i in items], items
        s.change(2, {"text": "FROM mine:7\n"})
        text = s.ask("hover", position=position(0, 6))["contents"]["value"]
        assert "`A=b`" in text and "CMD: `c`" in text, text
    finally:
        del os.environ["LSP_STORE"]
    # where there is no store, none is made
    s = Server(cwd)
    s.open("FROM ")
    assert s.ask("completion", position=position(0, 5))["items"]
    assert not os.path.exists("/nonexistent")


def signatures_show_the_form_and_the_parameter(cwd):
    s = Server(cwd)
    s.open("FROM a\nCOPY --link a b\nCMD [\"a\"]\n")
    help = s.ask("signatureHelp", position=position(1, 13))
    label = help["signatures"][help["activeSignature"]]["label"]
    assert label == "COPY [flags] source... destination", help
    assert help["activeParameter"] == 1, help
    help = s.ask("signatureHelp", position=position(2, 6))
    assert "[" in help["signatures"][help["activeSignature"]]["label"]
    assert s.ask("signatureHelp", position=position(1, 2)) is None


def findings_can_be_pulled(cwd):
    s = Server(cwd, capabilities={
        "textDocument": {"diagnostic": {}},
        "workspace": {"diagnostics": {"refreshSupport": True}}})
    s.notify("textDocument/didOpen", textDocument={
        "uri": URI, "languageId": "dockerfile", "version": 1,
        "text": "FROM debian\n"})
    first = s.ask("diagnostic")
    assert first["kind"] == "full"
    assert [d["code"] for d in first["items"]] == ["DL3006"]
    assert first["items"][0]["codeDescription"]["href"].endswith("DL3006")
    again = s.ask("diagnostic", previousResultId=first["resultId"])
    assert again == {"kind": "unchanged", "resultId": first["resultId"]}
    s.notify("workspace/didChangeConfiguration",
             settings={"imgbuild": {"ignored": ["DL3006"]}})
    third = s.ask("diagnostic", previousResultId=first["resultId"])
    assert third["items"] == [] and third["kind"] == "full"
    # nothing was pushed, and the change of settings was told
    assert s.notifications == []
    assert "workspace/diagnostic/refresh" in [r["method"] for r in s.requests]


def each_rule_has_a_page(cwd):
    s = Server(cwd)
    found = s.open("FROM debian as X\nRUN cd /a\n")["diagnostics"]
    pages = {d["code"]: d["codeDescription"]["href"] for d in found}
    assert pages["FromAsCasing"] == \
        "https://docs.docker.com/reference/build-checks/from-as-casing/", pages
    assert pages["DL3003"].endswith("/hadolint/wiki/DL3003"), pages


def a_rule_is_ignored_here_in_the_file_or_in_the_config(cwd):
    text = "# escape=\\\nFROM debian\nRUN a && \\\n  cd /a\nRUN cd /b\n"
    edits = {"workspaceEdit": {"documentChanges": True,
                               "resourceOperations": ["create"]}}
    s = Server(cwd, capabilities={"workspace": edits})
    s.open(text)

    def action(title, text):
        t = Text(text)
        at = t.find("cd /a")["start"]
        for a in s.ask("codeAction", range={"start": at, "end": at},
                       context={"diagnostics": []}):
            if a["title"] == title:
                return a["edit"]
        return None
    here = action("Ignore DL3003 here", text)
    now = Text(text).edited(here["changes"][URI])
    assert now == text.replace("RUN a", "# hadolint ignore=DL3003\nRUN a")
    assert codes(s.change(2, {"text": now})) == ["DL3006", "DL3003"]
    both = now.replace("DL3003", "DL4000 # why")
    s.change(3, {"text": both})
    here = action("Ignore DL3003 here", both)
    assert Text(both).edited(here["changes"][URI]) == both.replace(
        "DL4000 ", "DL4000,DL3003 ")
    s.change(4, {"text": text})
    file = action("Ignore DL3003 in this file", text)
    now = Text(text).edited(file["changes"][URI])
    assert now == text.replace(
        "FROM", "# hadolint global ignore=DL3003\nFROM"), now
    assert codes(s.change(5, {"text": now})) == ["DL3006"]
    s.change(6, {"text": text})
    create, change = action("Ignore DL3003 in the config file",
                            text)["documentChanges"]
    path = cwd + "/.imgbuild.yaml"
    assert create["kind"] == "create" and create["uri"] == "file://" + path
    assert change["edits"][0]["newText"] == "ignored: [DL3003]\n"
    for config, wanted in [
            ("ignored: [DL3006]\n", "ignored: [DL3006, DL3003]\n"),
            ("ignored: []\n", "ignored: [DL3003]\n"),
            ("ignored:\n  - DL3006\n", "ignored:\n  - DL3003\n  - DL3006\n"),
            ("# c\nno-fail: true", "# c\nno-fail: true\nignored: [DL3003]\n")]:
        with open(path, "w") as f:
            f.write(config)
        s.notify("workspace/didChangeWatchedFiles", changes=[])
        s.diagnostics()
        change, = action("Ignore DL3003 in the config file",
                         text)["documentChanges"]
        assert Text(config).edited(change["edits"]) == wanted, change
        with open(path, "w") as f:
            f.write(wanted)
        s.notify("workspace/didChangeWatchedFiles", changes=[])
        assert "DL3003" not in codes(s.diagnostics()), wanted


def changed_files_and_settings_are_read_again(cwd):
    s = Server(cwd, capabilities={"workspace": {"didChangeWatchedFiles": {
        "dynamicRegistration": True}}})
    uri = "file://" + cwd + "/Dockerfile"
    text = "FROM debian\nCOPY secret /\n"
    assert codes(s.open(text, uri)) == ["DL3006"]
    assert [r["method"] for r in s.requests] == ["client/registerCapability"]
    for name, content, wanted in [
            (".dockerignore", "secret\n", ["DL3006", "CopyIgnoredFile"]),
            (".imgbuild.yaml", "ignored: [DL3006]\n", ["CopyIgnoredFile"]),
            (".imgbuild.yaml", "ignored: []\n", ["DL3006", "CopyIgnoredFile"])
    ]:
        with open(cwd + "/" + name, "w") as f:
            f.write(content)
        s.notify("workspace/didChangeWatchedFiles",
                 changes=[{"uri": "file://%s/%s" % (cwd, name), "type": 2}])
        assert codes(s.diagnostics()) == wanted, name
    s.notify("workspace/didChangeConfiguration", settings={
        "imgbuild": {"preset": "buildkit"}})
    assert codes(s.diagnostics()) == ["CopyIgnoredFile"]
    s.notify("workspace/didChangeConfiguration",
             settings={"imgbuild": {"nope": 1}})
    message = s.receive()
    assert "nope" in message["params"]["message"], message
    assert codes(s.diagnostics()) == ["DL3006", "CopyIgnoredFile"]


def shellcheck_works_in_the_background(cwd):
    """A program of that name that waits to be told, and then finds something
    in each script: the server answers meanwhile."""
    tools = cwd + "/tools"
    os.mkdir(tools)
    with open(tools + "/shellcheck", "w") as f:
        f.write("""#!/bin/sh
for file; do :; done
n=0
while [ ! -e %s/go ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done
rm -f %s/go
column=$(grep -b -o unquoted "$file" | head -n 1 | cut -d: -f1)
[ -n "$column" ] || { echo '{"comments":[]}'; exit 0; }
echo '{"comments":[{"file":"'"$file"'","line":3,"endLine":3,"column":6,
"endColumn":14,"level":"info","code":2086,"message":"Double quote"}]}'
""" % (cwd, cwd))
    os.chmod(tools + "/shellcheck", 0o755)
    s = Server(cwd, path=tools + ":" + os.environ["PATH"])
    text = "FROM debian:12\nRUN echo unquoted\n"
    assert codes(s.open(text)) == []
    # it runs, or will: the answer comes without it
    assert s.ask("hover", position=position(0, 1))
    open(cwd + "/go", "w").close()
    published = s.diagnostics()
    finding, = published["diagnostics"]
    assert finding["code"] == "SC2086", published
    assert finding["range"] == span(1, 9, 1, 17), published
    assert finding["codeDescription"]["href"].endswith("/SC2086")
    # an edit above it moves it; one in it takes it away, until it is found anew
    published = s.change(2, {"range": span(1, 0, 1, 0), "text": "USER 1\n"})
    finding, = published["diagnostics"]
    assert finding["range"] == span(2, 9, 2, 17), published
    published = s.change(3, {"range": span(2, 12, 2, 12), "text": "x"})
    assert codes(published) == []
    open(cwd + "/go", "w").close()
    s.notify("shutdown")
    s.stop()


def without_shellcheck_nothing_is_missed(cwd):
    s = Server(cwd)
    assert codes(s.open("FROM debian:12\nRUN echo $x\n")) == []
    assert s.ask("hover", position=position(0, 1))


def five_hundred_documents_are_held(cwd):
    s = Server(cwd)
    for i in range(500):
        s.open("FROM debian\n", "file:///d/%d/Dockerfile" % i)
    found = s.request("workspace/symbol", query="0")["result"]
    assert len(found) == 500
    s.notify("workspace/didChangeConfiguration",
             settings={"imgbuild": {"ignored": ["DL3006"]}})
    for i in range(500):
        assert codes(s.diagnostics()) == []


def an_editor_that_goes_away_in_the_middle_ends_the_server(cwd):
    for data in [b"", b"Content-Len", b"Content-Length: 100\r\n\r\n{\"a\""]:
        s = Server(cwd)
        s.open("FROM debian\n")
        s.process.stdout.close()
        s.raw(data)
        assert s.stop() == 1, data


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
                   "formatting", "documentSymbol", "completion", "definition",
                   "references", "documentHighlight", "prepareRename",
                   "rename", "foldingRange", "semanticTokens/full",
                   "documentLink", "signatureHelp", "rangeFormatting",
                   "onTypeFormatting", "diagnostic"]:
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


def timeout(*_):
    raise TimeoutError("the server does not answer")


def main():
    signal.signal(signal.SIGALRM, timeout)
    tests = [value for name, value in globals().items()
             if callable(value) and "_" in name and
             getattr(value, "__module__", "") == "__main__"]
    failed = 0
    for i, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="imgbuild-lsp-") as folder:
            signal.alarm(60)  # a server that says nothing is a failure
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
