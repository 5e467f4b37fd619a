"""ADD of archives that no archiver writes: odd names, kinds, orders, headers."""
from makers import Case, Maker

NAMES = ["a", "b", "d", "d/e", "d/f", "one", "deep", "deep/three", "link", "x"]
PREFIX = ["", "", "", "./", "/", "//", ".//", "a/../", "./d/../"]


class Archives(Maker):
    def name(self):
        return self.choice(PREFIX) + self.choice(NAMES)

    def target(self):
        return self.pick((3, self.choice(NAMES)), (1, "../" + self.choice(NAMES)),
                         (1, "/" + self.choice(NAMES)), (1, "/var/data/one"),
                         (1, "."), (1, "/tmp"), (1, "nowhere"))

    def common(self):
        words = ["mode=" + self.choice(["0644", "0755", "0600", "01777", "04755",
                                        "0", "02755", "0100644"]),
                 "mtime=%d" % self.choice([1000000000, 0, 1, 1100000000])]
        if self.chance(40):
            words.append("uid=%d gid=%d" % (self.random.randrange(4),
                                            self.random.randrange(4)))
        if self.chance(15):
            words.append("magic=" + self.choice(["gnu", "none"]))
        return words

    def header(self):
        """What stands before an entry."""
        key = self.choice(["path", "linkpath", "mtime", "uid", "comment",
                           "SCHILY.xattr.user.a", "gname", "ctime"])
        value = {"path": self.name, "linkpath": self.target}.get(
            key, lambda: self.choice(["1234567890", "1234567890.9", "5"]))()
        return "type=%s name=p pax:%s=%s" % (self.choice("xxxg"), key, value)

    def entry(self):
        kind = self.pick((6, "0"), (4, "5"), (3, "2"), (3, "1"), (1, "6"),
                         (1, "3"), (1, "nul"))
        words = ["type=" + kind, "name=" + self.name()] + self.common()
        if kind == "5" and self.chance(50):
            words[1] += "/"
        if kind == "2":
            words.append("link=" + self.target())
        if kind == "1":
            words.append("link=" + self.choice(["", "./", "/"]) +
                         self.choice(NAMES))
        if kind == "3":
            words.append("device=1,%d" % self.choice([3, 5]))
        if kind in ("0", "nul") and self.chance(80):
            words.append("body=" + self.choice(["x", "yy", "''"]))
        return " ".join(words)

    def entries(self):
        lines = []
        if self.chance(40):
            lines.append("type=5 mode=0700 name=" +
                         self.choice(["./", ".", "/", "''", "a/.."]))
        for _ in range(self.random.randint(1, 8)):
            if self.chance(15):
                lines.append(self.header())
            lines.append(self.entry())
        return "".join(l + "\n" for l in lines)

    def archive(self, name):
        pack = self.pick((5, ""), (1, "gzip -c"), (1, "xz -c"), (1, "bzip2 -c"),
                         (1, "zstd -qc"))
        return "python3 \"$CONFORMANCE/raw_tar.py\" %s>%s <<'E'\n%sE\n" % (
            "| " + pack + " " if pack else "", name, self.entries())

    def add(self):
        flags = []
        if self.chance(20):
            flags.append("--chown=" + self.choice(["5:6", "alice", "0:9"]))
        if self.chance(10):
            flags.append("--chmod=755")
        if self.chance(15):
            flags.append("--link")
        return " ".join(["ADD"] + flags + [
            self.choice(["a.tar", "a.tar", "b.tar", "*.tar", "a.tar b.tar"]),
            self.pick((3, "/var/data/"), (2, "/new/"), (1, "/"),
                      (1, "/var/link-to-data/"), (1, "rel/"), (1, "/tmp/"))])

    def make(self):
        setup = self.archive("a.tar") + self.archive("b.tar")
        lines = ["FROM conformance/base"] + self.some(1, 3, self.add)
        if self.chance(30):
            lines.append("RUN rm -rf /var/data/d /var/data/one; echo >/var/data/a")
            lines.append(self.add())
        return Case(lines, setup)
