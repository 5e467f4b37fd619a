#!/usr/bin/env python3
"""circles.py BUILD [NM]: files that call each other in a circle.

Reads the object files of the program's own libraries: a file has an arrow to
each file whose functions or data it names. Fails on a circle that is not among
KNOWN, and on a row of KNOWN that is none any more.
"""
import os
import subprocess
import sys

# Circles that there are, each with its reason; a new one has to be decided about.
KNOWN = {
    # a word holds $(commands), commands hold words
    ("parser/shell.c", "parser/shell_word.c"),
    # the table names the checks, one of which reads the table
    ("lint/rule_table.c", "lint/rules_style.c"),
    # a fix is linted again before it is offered
    ("lint/fix.c", "lint/fix_commands.c", "lint/fix_instructions.c",
     "lint/lint.c"),
    # a store owns what it has not published, which names it and its snapshots
    ("cache/keeping.c", "cache/snapshot.c", "cache/store.c"),
    # an exchange reads headers as the response that it fills does
    ("registry/transport.c", "registry/transport_curl.c"),
    # one switch performs operations that several files know
    ("builder/sandbox/sandbox_check.c", "builder/sandbox/sandbox_leave.c",
     "builder/sandbox/sandbox_mount.c", "builder/sandbox/sandbox_perform.c",
     "builder/sandbox/sandbox_prove.c", "builder/sandbox/sandbox_root.c",
     "builder/sandbox/sandbox_target.c"),
}


def objects(build):
    for where, folders, names in os.walk(build):
        for name in sorted(names):
            room = os.path.basename(where)
            if name.endswith(".c.o") and room.startswith("lib") and \
                    room.endswith(".a.p"):
                source = os.path.relpath(where, build)
                yield os.path.join(os.path.dirname(source),
                                   name[:-len(".o")]), \
                    os.path.join(where, name)


def symbols(path, nm):
    """(defined, undefined) names that other files can see."""
    defined, undefined = set(), set()
    text = subprocess.run([nm, "-g", path], check=True, encoding="utf-8",
                          stdout=subprocess.PIPE).stdout
    for line in text.splitlines():
        words = line.split()
        (undefined if words[-2] == "U" else defined).add(words[-1])
    return defined, undefined


def components(graph):
    """Tarjan's strongly connected components, without recursion."""
    index, low, stack, on, found = {}, {}, [], set(), []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, arrows = work[-1]
            for to in arrows:
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to)
                    on.add(to)
                    work.append((to, iter(graph[to])))
                    break
                if to in on:
                    low[node] = min(low[node], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while True:
                        part.append(stack.pop())
                        on.discard(part[-1])
                        if part[-1] == node:
                            break
                    if len(part) > 1:
                        found.append(frozenset(part))
    return found


def main():
    build, nm = sys.argv[1], (sys.argv[2:] or ["nm"])[0]
    home, needs = {}, {}
    for source, path in objects(build):
        defined, needs[source] = symbols(path, nm)
        for name in defined:
            home[name] = source
    graph = {source: sorted({home[n] for n in names if n in home} - {source})
             for source, names in needs.items()}
    found = {tuple(sorted(part)) for part in components(graph)}
    problems = ["a circle: " + " ".join(part) for part in found - KNOWN] + \
        ["no circle any more: " + " ".join(part) for part in KNOWN - found]
    print("\n".join(sorted(problems)) or
          "%d files, %d circles that are known" % (len(graph), len(KNOWN)))
    return 1 if problems or not graph else 0


if __name__ == "__main__":
    sys.exit(main())
