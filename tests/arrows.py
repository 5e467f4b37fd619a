#!/usr/bin/env python3
"""Hold the include arrows of docs/design.md.

Every top-level folder with C in it has a line here that says whose headers it
may include; a line needs a sentence in the README too. Third-party headers
stay in the files named below.
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
    "builder": ["base", "parser", "oci", "registry", "cache"],
    "cli": ["base", "parser", "lint", "oci", "registry", "cache", "builder"],
    "tests": ["base", "parser", "lint", "oci", "registry", "cache", "builder",
              "cli", "tests"],
    "fuzz": ["base", "parser", "lint", "oci", "registry", "cache", "builder",
             "cli"],
    "bench": ["base", "parser", "oci", "registry", "cache", "builder"],
}

# header's beginning: the files (below the root, without suffix) that may
THIRD_PARTY = {
    "curl/": r"registry/transport",
    "openssl/": r"base/(digest|sha256)\w*",
    "archive.h": r"oci/\w*(tar|archive|layer)\w*",
    "archive_entry.h": r"oci/\w*(tar|archive|layer)\w*",
    "zlib.h": r"oci/\w*(compress|codec|isal)\w*",
    "zstd.h": r"oci/\w*(compress|codec)\w*",
    "isa-l": r"oci/\w*(compress|codec|isal)\w*",
    "yaml.h": r"cli/lint_config",
    "seccomp.h": r"builder/seccomp\w*",
}
JANSSON_IN_HEADERS = "jansson.h"

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def sources():
    for folder in sorted(os.listdir(ROOT)):
        top = os.path.join(ROOT, folder)
        if folder.startswith((".", "build")) or not os.path.isdir(top):
            continue
        for where, folders, names in os.walk(top):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".re")):
                    yield folder, os.path.relpath(os.path.join(where, name),
                                                  ROOT)


def problems_of(folder, path):
    with open(os.path.join(ROOT, path), errors="replace") as file:
        text = file.read()
    stem = os.path.splitext(path)[0]
    for kind, header in INCLUDE.findall(text):
        top = header.split("/")[0]
        own = top == folder or "/" not in header
        if kind == '"' and not own and top in ARROWS and \
                top not in ARROWS[folder]:
            yield "%s includes %s: no arrow from %s to %s" % (
                path, header, folder, top)
        for start, allowed in THIRD_PARTY.items():
            if kind == "<" and header.startswith(start) and \
                    folder != "tests" and not re.fullmatch(allowed, stem):
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
            found += problems_of(folder, path)
    for folder in sorted(folders):
        if folder not in ARROWS:
            found.append("%s/ has no line in tests/arrows.py" % folder)
        if "`%s/`" % folder not in readme:
            found.append("%s/ has no sentence in README.md" % folder)
    print("\n".join(found) or "%d files hold the arrows" % n_files)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
