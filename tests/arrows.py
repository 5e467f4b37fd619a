#!/usr/bin/env python3
"""Hold the include arrows of docs/design.md.

Every folder with C in it, and every room of builder/ and cli/, has a line here
that says whose headers it may include; a folder's line needs a sentence in the
README too. From a folder outside an arrow is one to all of the rooms.
Third-party headers stay in the files named below.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

ARROWS = {
    "base": [],
    "parser": ["base"],
    "lint": ["base", "parser"],
    "oci": ["base"],
    "registry": ["base", "oci"],
    "cache": ["base", "oci"],
    "builder": ["base"],
    "builder/plan": ["base", "parser", "oci"],
    "builder/sandbox": ["base"],
    "builder/files": ["base", "parser", "oci", "registry", "cache"],
    "builder/chroot": ["base", "parser", "oci", "cache", "builder/sandbox",
                       "builder/files"],
    "builder/image": ["base", "oci", "cache", "builder", "builder/plan",
                      "builder/files"],
    "builder/engine": ["base", "parser", "oci", "registry", "cache",
                       "builder", "builder/plan", "builder/sandbox",
                       "builder/files", "builder/chroot", "builder/image"],
    "cli": ["base", "parser", "lint", "oci", "registry", "cache", "builder"],
    "cli/lint": ["base", "parser", "lint", "oci", "cache", "builder", "cli"],
    "cli/lsp": ["base", "parser", "lint", "oci", "cache", "builder", "cli",
                "cli/lint"],
    "tests": ["base", "parser", "lint", "oci", "registry", "cache", "builder",
              "cli", "tests"],
    "fuzz": ["base", "parser", "lint", "oci", "registry", "cache", "builder",
             "cli"],
    "bench": ["base", "parser", "oci", "registry", "cache", "builder"],
}

# header's beginning: the files (below the root, without suffix) that may
THIRD_PARTY = {
    "curl/": r"registry/transport_curl",
    "openssl/": r"base/(digest|sha256)\w*",
    "archive.h": r"oci/\w*(tar|archive|layer)\w*",
    "archive_entry.h": r"oci/\w*(tar|archive|layer)\w*",
    "zlib.h": r"oci/\w*(compress|codec|isal)\w*",
    "zstd.h": r"oci/\w*(compress|codec)\w*",
    "isa-l": r"oci/\w*(compress|codec|isal)\w*",
    "yaml.h": r"cli/lint/config",
    "seccomp.h": r"builder/sandbox/seccomp\w*",
}
JANSSON_IN_HEADERS = "jansson.h"

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def sources():
    for folder in sorted(os.listdir(ROOT)):
        top = os.path.join(ROOT, folder)
        if folder.startswith(".") or not os.path.isdir(top) or \
                os.path.exists(os.path.join(top, "meson-private")):
            continue  # not ours, or where something was built
        for where, folders, names in os.walk(top):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".re")):
                    yield folder, os.path.relpath(os.path.join(where, name),
                                                  ROOT)


def home_of(path):
    """The folder or room of ARROWS that a file lies in, or None."""
    folder = os.path.dirname(path)
    while folder and folder not in ARROWS:
        folder = os.path.dirname(folder)
    return folder or None


def has_arrow(home, to):
    """Whether files of home may include headers of to."""
    top = to.split("/")[0]
    outside = home.split("/")[0] != top
    return home == to or to in ARROWS[home] or \
        outside and top in ARROWS[home]


def problems_of(path):
    home = home_of(path)
    with open(os.path.join(ROOT, path), errors="replace") as file:
        text = file.read()
    stem = os.path.splitext(path)[0]
    for kind, header in INCLUDE.findall(text):
        to = home_of(header)
        if kind == '"' and to and not has_arrow(home, to):
            yield "%s includes %s: no arrow from %s to %s" % (
                path, header, home, to)
        for start, allowed in THIRD_PARTY.items():
            if kind == "<" and header.startswith(start) and \
                    home != "tests" and not re.fullmatch(allowed, stem):
                yield "%s includes <%s>, which has its own place" % (
                    path, header)
        if header == JANSSON_IN_HEADERS and path.endswith(".h"):
            yield "%s includes <%s>: only .c files do" % (path, header)


def main():
    with open(os.path.join(ROOT, "README.md")) as file:
        readme = file.read()
    found, n_files, folders = [], 0, set()
    for folder, path in sources():
        n_files += 1
        folders.add(folder)
        if folder in ARROWS:
            found += problems_of(path)
    for folder in sorted(folders):
        if folder not in ARROWS:
            found.append("%s/ has no line in tests/arrows.py" % folder)
        if "`%s/`" % folder not in readme:
            found.append("%s/ has no sentence in README.md" % folder)
    print("\n".join(found) or "%d files hold the arrows" % n_files)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
