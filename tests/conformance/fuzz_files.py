"""Contexts and Dockerfiles of file operations: COPY and ADD with their flags,
WORKDIR, USER, and RUNs that make, move, link, change and delete what earlier
steps left."""
import os

from makers import Case, Maker

NAMES = ["a", "b", "c", "d1", ".e", "data", "one"]
MODES = ["600", "640", "644", "700", "711", "755", "1777", "2755", "4755", "0"]
OWNERS = ["alice", "bob:staff", "5:6", "1000", ":staff", "7:root", "nonesuch"]
CHMODS = ["755", "0640", "4711", "u+x,g-w", "a=rX", "go=", "u=rwX,go=rX", "+x",
          "g+s", "o=u"]
RUN_FOLDERS = ["/w", "/w/a", "/w/b", "/var/data", "/var/data/deep", "/var"]
PLACES = ["/w", "/w/a", "/w/b/c", "/var/data", "/var/link-to-data", "/var",
          "/var/absolute-link", "/new/deep", "rel", "."]


class Files(Maker):
    def __init__(self, seed):
        super().__init__(seed)
        self.folders, self.files, self.links = [""], [], []

    def name(self):
        return self.random.choice(NAMES)

    # -- the context

    def fresh(self):
        """A path that the context does not have."""
        known = set(self.folders + self.files + self.links)
        for _ in range(20):
            folder = self.random.choice(self.folders)
            path = (folder + "/" + self.name()).lstrip("/")
            if path not in known and path.count("/") < 3:
                return path
        return None

    def context(self):
        """Shell lines that make the context in an empty folder."""
        lines = []
        for _ in range(self.random.randrange(3, 12)):
            path = self.fresh()
            if path is None:
                break
            kind = self.pick((4, "file"), (4, "dir"), (3, "link"),
                             (1, "hard"), (1, "fifo"))
            if kind == "hard" and not self.files:
                kind = "file"
            lines.append(getattr(self, "make_" + kind)(path))
        for path in self.files + self.folders[1:]:
            if self.chance(25):
                lines.append("chmod %s %s" % (self.random.choice(MODES), path))
        return "\n".join(lines) + "\n"

    def make_file(self, path):
        self.files.append(path)
        return "echo %s >%s" % (path.replace("/", "-"), path)

    def make_dir(self, path):
        self.folders.append(path)
        return "mkdir " + path

    def make_link(self, path):
        self.links.append(path)
        return "ln -s %s %s" % (self.link_target(), path)

    def make_hard(self, path):
        target = self.random.choice(self.files)
        self.files.append(path)
        return "ln %s %s" % (target, path)

    def make_fifo(self, path):
        self.links.append(path)
        return "mkfifo " + path

    def link_target(self):
        return self.pick(
            (4, self.name()), (2, "../" + self.name()), (2, "/" + self.name()),
            (1, self.name() + "/" + self.name()), (1, "../../" + self.name()),
            (1, "/var/data"), (1, "."), (1, ".."))

    # -- the Dockerfile

    def source(self):
        """A source of COPY from the context; mostly one that is there."""
        known = self.files + self.folders[1:] + self.links
        path = self.random.choice(known) if known else "a"
        return self.pick(
            (8, path), (2, path + "/"), (1, "."), (1, path + "/."),
            (2, (os.path.dirname(path) + "/*").lstrip("/")), (1, "*/*"),
            (1, path[:-1] + "?"), (1, "/" + path), (1, "../" + path),
            (1, "[a-c]*"), (1, self.name() + "*"))

    def stage_source(self):
        return self.pick((3, self.random.choice(RUN_FOLDERS)),
                         (2, self.random.choice(RUN_FOLDERS) + "/" +
                          self.name()),
                         (1, self.random.choice(RUN_FOLDERS) + "/*"),
                         (1, "/var/link-to-data"), (1, "/var/l*"))

    def destination(self):
        place = self.random.choice(PLACES)
        return self.pick((3, place), (3, place.rstrip("/") + "/"),
                         (4, place + "/" + self.name()),
                         (1, place + "/" + self.name() + "/"),
                         (1, "/" + self.name()), (1, place + "/../x"))

    def flags(self):
        out = []
        if self.chance(20):
            out.append("--chown=" + self.random.choice(OWNERS))
        if self.chance(20):
            out.append("--chmod=" + self.random.choice(CHMODS))
        if self.chance(20):
            out.append("--link")
        if self.chance(15):
            out.append("--exclude=" + self.pick(
                (2, self.name()), (1, "**/" + self.name()), (1, "*/*"),
                (1, self.name() + "/*"), (1, "*")))
        return out

    def copy(self):
        sources = [self.source() for _ in range(self.pick(
            (6, 1), (2, 2), (1, 3)))]
        return " ".join([self.pick((3, "COPY"), (1, "ADD"))] + self.flags() +
                        sources + [self.destination()])

    def copy_from(self, stages):
        stage = self.random.choice(stages + ["conformance/base"])
        return " ".join(["COPY --from=" + stage] + self.flags() +
                        [self.stage_source(), self.destination()])

    def heredoc(self):
        return " ".join(["COPY"] + [f for f in self.flags()
                                    if "exclude" not in f] +
                        ["<<" + self.name().strip("."),
                         self.destination()])

    def run_path(self):
        return self.random.choice(RUN_FOLDERS) + "/" + self.name()

    def command(self):
        one, two = self.run_path(), self.run_path()
        return self.pick(
            (4, "echo %d >%s" % (self.random.randrange(3), one)),
            (4, "mkdir -p " + one), (3, "rm -rf " + one), (2, "rm " + one),
            (3, "mv %s %s" % (one, two)), (2, "ln %s %s" % (one, two)),
            (3, "ln -s %s %s" % (self.link_target(), one)),
            (2, "chmod %s %s" % (self.random.choice(MODES), one)),
            (2, "chown %d:%d %s" % (self.random.randrange(3),
                                    self.random.randrange(3), one)),
            (1, "touch -d '2001-01-01 00:00:00' " + one), (1, "mkfifo " + one),
            (2, "cp -a %s %s" % (one, two)),
            (1, "rm -rf %s && mkdir %s" % (one, one)),
            (1, "mv %s %s.t && mv %s.t %s" % (one, one, one, one)),
            (1, "rmdir " + one), (1, "cat %s >>%s" % (one, two)))

    def run(self):
        return "RUN " + "; ".join(
            "(%s) 2>/dev/null" % self.command()
            for _ in range(self.random.randrange(1, 7))) + "; true"

    def stage(self, number, stages):
        base = self.pick((5, "conformance/base"), (1, "scratch"),
                         *([(4, self.random.choice(stages))] if stages else []))
        lines = ["FROM %s AS s%d" % (base, number)]
        can_run = base != "scratch"
        for _ in range(self.random.randrange(1, 7)):
            kind = self.pick((6, "copy"), (3, "from"), (1, "heredoc"),
                             (1, "workdir"), (1, "user"),
                             (6 if can_run else 0, "run"))
            if kind == "copy":
                lines.append(self.copy())
            elif kind == "from":
                lines.append(self.copy_from(stages))
            elif kind == "heredoc":
                line = self.heredoc()
                word = line.split("<<")[1].split()[0]
                lines.append("%s\ntext\n%s" % (line, word))
            elif kind == "workdir":
                lines.append("WORKDIR " + self.destination())
            elif kind == "user":
                lines.append("USER " + self.random.choice(
                    ["alice", "0", "1001:50"]))
            else:
                lines.append(self.run())
        return lines

    def make(self):
        setup = self.context()
        lines, stages = [], []
        for number in range(self.pick((3, 1), (3, 2), (1, 3))):
            lines += self.stage(number, stages)
            stages.append("s%d" % number)
        return Case(lines, setup)
