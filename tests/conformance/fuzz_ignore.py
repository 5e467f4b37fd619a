"""Contexts with a .dockerignore, COPY --exclude and mounts of the context."""
from makers import Case, Maker

NAMES = ["a", "b", "ab", ".x", "c.txt", "d.md", "[q]", "A"]
PIECES = ["*", "**", "?", "a", "b", "ab", ".x", "c.txt", "*.txt", "[ab]",
          "[^a]", "a*", "*b", ".*", "d.*", "\\[q]", "[a-c]*", "A", "??"]


class Ignore(Maker):
    def tree(self):
        folders, lines = [""], []
        for _ in range(self.random.randint(4, 14)):
            path = (self.choice(folders) + "/" + self.choice(NAMES)).lstrip("/")
            if path.count("/") > 3:
                continue
            if self.chance(45):
                folders.append(path)
                lines.append("mkdir -p '%s'" % path)
            elif self.chance(12):
                lines.append("ln -s %s '%s'" % (self.choice(NAMES[:5]), path))
            else:
                lines.append("echo x >'%s'" % path)
        return "".join(l + "\n" for l in lines)

    def pattern(self):
        text = "/".join(self.some(1, 3, lambda: self.choice(PIECES)))
        if self.chance(20):
            text = self.choice(["/", "./", "../", "//", "a/../"]) + text
        if self.chance(15):
            text += self.choice(["/", "/.", "/..", "//"])
        return text

    def ignore_line(self):
        text = self.pattern()
        if self.chance(30):
            text = self.choice(["!", "! ", "!/"]) + text
        return self.pick((12, text), (1, " " + text), (1, text + " "),
                         (1, "# " + text), (1, ""), (1, "\t" + text))

    def exclude(self):
        text = self.pattern()
        return "--exclude=" + (self.choice(["!", ""]) + text
                               if self.chance(25) else text)

    def copy(self):
        flags = self.some(0, 2, self.exclude) if self.chance(50) else []
        if self.chance(10):
            flags.append("--link")
        source = self.pick((4, "."), (1, "*"), (1, "a"), (1, "a*"), (1, "*/*"),
                           (1, "[ab]"), (1, "./"), (1, "b/"), (1, "*/a"),
                           (1, "ab/."), (1, "?"), (1, ".x"), (1, "*.txt"))
        return " ".join([self.choice(["COPY", "COPY", "ADD"])] + flags +
                        [source, "/%s/" % self.choice("opqr")])

    def make(self):
        lines = ["FROM conformance/base"] + self.some(1, 3, self.copy)
        if self.chance(40):
            lines.append("RUN --mount=target=/m find /m | sort >/mounted")
        ignored = self.some(1, 6, self.ignore_line)
        keep = ["Dockerfile", ".dockerignore"]
        return Case(lines, self.tree(),
                    {".dockerignore": "".join(l + "\n" for l in ignored + keep)})
