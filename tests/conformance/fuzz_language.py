"""Dockerfiles of config: variables and their forms, quotes, escapes, heredocs,
comments, continuations, triggers, stages. They hardly touch files."""
from makers import Case, Maker

NAMES = ["A", "B", "C", "FOO", "a", "Bar_1", "PATH", "HOME", "TARGETARCH"]
PLAIN = ["x", "one", "foo-bar", "a.b", "/p/q", "1", "0", "ab*c", "aXbXc", "é",
         "k=v", "~", "#h", ":", "@"]
PATTERNS = ["*", "a*", "*b", "?", "x", "/*", "*/", "[ab]", "o", "X", "\\*", ""]
USERS = ["alice", "0", "1001:50", "bob:staff", "1000", "root:root", "5:6"]
PORTS = ["80", "80/tcp", "53/udp", "8000-8002", "9/TCP", "7000-7001/udp",
         "80:80", "1-1"]
SIGNALS = ["SIGTERM", "9", "KILL", "sigusr1", "RTMIN+3", "SIGRTMAX-1"]


class Language(Maker):
    def name(self):
        return self.choice(NAMES[:6] if self.chance(85) else NAMES)

    # -- words

    def variable(self, depth):
        name = self.name()
        if self.chance(45):
            return self.pick((1, "$" + name), (1, "${%s}" % name))
        form = self.pick(*[(2, f) for f in (":-", "-", ":+", "+")],
                         *[(1, f) for f in ("#", "##", "%", "%%")],
                         (1, "/"), (1, "//"))
        if form in ("#", "##", "%", "%%"):
            return "${%s%s%s}" % (name, form, self.choice(PATTERNS))
        if form in ("/", "//"):
            return "${%s%s%s/%s}" % (name, form, self.choice(PATTERNS).replace(
                "/", "\\/"), self.choice(["", "r", "$A", "${B}"]))
        return "${%s%s%s}" % (name, form, self.word(depth + 1))

    def piece(self, depth):
        if depth > 2:
            return self.choice(PLAIN)
        return self.pick(
            (6, self.choice(PLAIN)), (5, self.variable(depth)),
            (2, '"' + self.inside(depth) + '"'),
            (2, "'" + self.choice(PLAIN + ["$A", "\\", '"', "a b"]) + "'"),
            (1, self.choice(["\\$A", "\\ ", "\\\\", '\\"', "\\'", "\\n", "$$",
                             "$", "${", "$1", "\\x"] if self.chance(60)
                            else ["\\$A"])))

    def inside(self, depth):
        return "".join(self.some(0, 3, lambda: self.pick(
            (3, self.choice(PLAIN)), (3, self.variable(depth + 1)), (1, " "),
            (1, "\\$A"), (1, '\\"'), (1, "\\\\"), (1, "'"), (1, "\\a"))))

    def word(self, depth=0):
        return "".join(self.some(1, 3, lambda: self.piece(depth)))

    def value(self):
        return self.pick((6, self.word()), (1, ""), (1, '""'))

    def pairs(self, n):
        out = []
        for _ in range(self.random.randint(1, n)):
            if self.chance(25) and out:
                out.append(self.choice(["\\\n", "\\\n  ", "\\\n# comment\n  ",
                                        "\\\n\n"]))
            out.append("%s=%s" % (self.name(), self.value()))
        return " ".join(out)

    def json(self):
        words = self.some(0, 3, lambda: self.choice(
            ['"a"', '"$A"', '"b c"', '"\\u0041"', '"\\\\"', '"\\n"', '""',
             '"/bin/sh"', '"-c"']))
        return "[" + self.choice([", ", ",", " , "]).join(words) + "]"

    def command(self):
        return self.pick((4, self.json()), (3, "echo " + self.word()),
                         (1, "echo a  b   c"), (1, "a \\\n  b"),
                         (1, "[ \"a\", ]"), (1, "[a]"), (1, "'x y' \"z\""),
                         (1, "a # b"), (1, "a && \\\n# gone\n  b"))

    # -- instructions

    def env(self):
        if self.chance(15):
            return "ENV %s %s %s" % (self.name(), self.word(), self.word())
        return "ENV " + self.pairs(3)

    def arg(self):
        return "ARG " + " ".join(self.some(1, 2, lambda: self.pick(
            (1, self.name()), (2, "%s=%s" % (self.name(), self.value())))))

    def label(self):
        key = self.pick((3, self.name()), (1, '"a b"'), (1, "k.$A"),
                        (1, "a-b.c"), (1, "'q'"))
        return "LABEL %s=%s %s" % (key, self.value(),
                                   self.pairs(2) if self.chance(30) else "")

    def healthcheck(self):
        if self.chance(15):
            return "HEALTHCHECK NONE"
        flags = self.some(0, 3, lambda: self.choice(
            ["--interval=5s", "--timeout=1m30s", "--retries=3", "--retries=0",
             "--start-period=2h", "--start-interval=100ms", "--interval=0"]))
        flags = list({f.split("=")[0]: f for f in flags}.values())
        return " ".join(["HEALTHCHECK"] + flags + ["CMD", self.command()])

    def heredoc(self):
        end = self.choice(["E", "EOF", "x.txt"])
        form = self.choice(["<<%s", "<<-%s", "<<'%s'", '<<"%s"', '<<-"%s"'])
        body = self.some(0, 3, lambda: self.pick(
            (2, self.word()), (1, "\ttab " + self.variable(0)), (1, "\\$A"),
            (1, "# no comment"), (1, "end \\"), (1, "  spaces"), (1, "")))
        dest = self.pick((2, "/h/"), (1, "/h/$A-" + str(self.random.randrange(9))),
                         (1, "rel/"), (1, "/one"))
        return "%s %s %s\n%s%s" % (
            self.choice(["COPY", "ADD", "copy"]), form % end, dest,
            "".join(l + "\n" for l in body), end)

    def simple(self):
        return self.pick(
            (3, "WORKDIR " + self.pick((3, self.word()), (1, "/w"), (1, "rel"),
                                       (1, "..//x/."), (1, "/a b"))),
            (1, "USER " + self.choice(USERS + ["$A", "${B:-alice}"])),
            (2, "EXPOSE " + " ".join(self.some(1, 3, lambda: self.choice(
                PORTS + ["$C", "${FOO:-81}"])))),
            (1, "VOLUME " + self.choice(["/v", "/v $A", '["/v", "$A"]', "[]",
                                         '["/a b"]', "/v/ /v"])),
            (1, "STOPSIGNAL " + self.choice(SIGNALS + ["${A:-9}"])),
            (2, "CMD " + self.command()), (2, "ENTRYPOINT " + self.command()),
            (1, "SHELL " + self.choice(['["/bin/sh", "-c"]',
                                        '["/bin/sh", "-ec"]', '["sh"]'])),
            (1, "MAINTAINER " + self.word()))

    def trigger(self):
        return "ONBUILD " + self.pick(
            (2, self.env), (1, self.label), (2, self.simple), (1, self.arg),
            (1, lambda: "RUN echo \"$A\" >>/onbuild"))()

    def run(self):
        return self.pick(
            (2, "RUN echo \"A=$A B=$B C=$C FOO=$FOO a=$a\" >>/env"),
            (1, "RUN pwd >>/pwd; id >>/id"),
            (1, "RUN env | grep -v -e ^HOSTNAME -e ^SHLVL | sort >>/env"),
            (1, "RUN <<E\necho \"$A\" >>/env\n# c\ncat >>/env <<I\n$B\nI\nE"),
            (1, 'RUN ["/bin/sh", "-c", "echo $A >>/env"]'),
            (1, "RUN echo \\\n  a \\\n# c\n  b   c >>/env"))

    def instruction(self, can_run):
        text = self.pick(
            (6, self.env), (4, self.arg), (3, self.label), (6, self.simple),
            (1, self.healthcheck), (2, self.heredoc), (1, self.trigger),
            (4 if can_run else 0, self.run))()
        if "<<" not in text and self.chance(8):
            word, _, rest = text.partition(" ")
            text = "%s %s" % (self.choice([word.lower(), "  " + word,
                                           word + " \\\n "]), rest)
        if self.chance(6):
            text = self.choice(["# comment\n", "\n", "  # indented\n"]) + text
        return text

    def stage(self, number):
        bases = ["conformance/base", "conformance/rich", "scratch"] + \
            ["s%d" % n for n in range(number)] * 2
        base = self.choice(bases)
        named = self.chance(20)
        if named:
            base = "${BASE:-%s}" % base
        lines = ["FROM %s AS s%d" % (base, number)]
        can_run = "scratch" not in base and "s%d" % 0 not in base
        return lines + self.some(1, 8, lambda: self.instruction(can_run))

    def make(self):
        lines = ["# escape=`"] if self.chance(3) else []
        lines += self.some(0, 2, self.arg)
        for number in range(self.pick((4, 1), (3, 2), (1, 3))):
            lines += self.stage(number)
        args = self.some(0, 2, lambda: "--build-arg %s=%s" % (
            self.name(), self.choice(["v", "''", "'a b'", "'$A'"])))
        if self.chance(10):
            args.append("--label L='$A x'")
        return Case(lines, files={"args": " ".join(args) + "\n"})
