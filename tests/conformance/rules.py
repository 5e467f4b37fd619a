#!/usr/bin/env python3
"""The file `rules`, checked, and as the part of docs/conformance.md it gives.

    rules.py [--write]      check; with --write, bring the document up to date

Each rule must name tests that exist, and the document must hold what the rules
and its own table of results say: a rule's verdict is that of its cases.
"""
import collections
import fnmatch
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CASES = os.path.join(HERE, "cases")
DOCUMENT = os.path.join(ROOT, "docs", "conformance.md")
BEGIN, END = "<!-- rules -->\n", "<!-- end of rules -->\n"

Rule = collections.namedtuple("Rule", "group text cases claims")


def split_references(line):
    """Case patterns, or one FILE or FILE:CLAIM."""
    if "/" in line:
        return [], [line]
    return line.split(), []


def read_rules(path):
    rules, group = [], ""
    with open(path) as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("## "):
                group = line[3:]
            elif line.startswith("- "):
                rules.append(Rule(group, [line[2:]], [], []))
            elif line.startswith("  = "):
                cases, claims = split_references(line[4:].strip())
                rules[-1].cases.extend(cases)
                rules[-1].claims.extend(claims)
            elif line.startswith("  "):
                rules[-1].text.append(line.strip())
    return rules


def matching(rule, names):
    return [n for n in names
            if any(fnmatch.fnmatchcase(n, p) for p in rule.cases)]


def holds(reference):
    """Whether the file is there and has the claim's words."""
    path, _, claim = reference.partition(":")
    path = os.path.join(ROOT, path)
    if not claim:
        return os.path.exists(path)
    try:
        with open(path, errors="replace") as file:
            return claim in file.read()
    except OSError:
        return False


def problems_of(rule, names):
    title = " ".join(rule.text)[:50]
    if not rule.cases and not rule.claims:
        yield "'%s…' names no test" % title
    for pattern in rule.cases:
        if not fnmatch.filter(names, pattern):
            yield "'%s…': no case is called %s" % (title, pattern)
    for reference in rule.claims:
        if not holds(reference):
            yield "'%s…': there is no %s" % (title, reference)


def verdicts_of(document):
    """What the document's table says of each case."""
    return dict(re.findall(r"(?m)^\| \[([^]]+)\]\([^)]*\) \| (\w+) \|",
                           document))


def verdict_line(rule, names, verdicts):
    cases = matching(rule, names)
    counts = collections.Counter(verdicts.get(c, "new") for c in cases)
    out = []
    if cases:
        out.append(", ".join("%d %s" % (n, v)
                             for v, n in sorted(counts.items())) + ": " +
                   ", ".join("[%s](../tests/conformance/cases/%s)" % (c, c)
                             for c in cases))
    for reference in rule.claims:
        path, _, claim = reference.partition(":")
        out.append("[%s](../%s)%s" % (path, path, ": " + claim.replace(
            "_", " ") if claim else ""))
    return "; ".join(out)


def render(rules, names, verdicts):
    lines, group = [], None
    for rule in rules:
        if rule.group != group:
            group = rule.group
            lines += ["### " + group, ""]
        lines += ["- " + " ".join(rule.text) + "  ",
                  "  " + verdict_line(rule, names, verdicts), ""]
    return "\n".join(lines)


def updated(document, rules, names):
    head, _, rest = document.partition(BEGIN)
    tail = rest.partition(END)[2]
    return head + BEGIN + render(rules, names, verdicts_of(document)) + END + \
        tail


def main():
    names = sorted(os.listdir(CASES))
    rules = read_rules(os.path.join(HERE, "rules"))
    problems = [p for rule in rules for p in problems_of(rule, names)]
    with open(DOCUMENT) as file:
        document = file.read()
    new = updated(document, rules, names)
    if "--write" in sys.argv[1:]:
        with open(DOCUMENT, "w") as file:
            file.write(new)
    elif new != document:
        problems.append("docs/conformance.md is older than the rules: run "
                        "tests/conformance/rules.py --write")
    missing = set(names) - set(verdicts_of(new))
    problems += ["docs/conformance.md has no result of %s: write it with "
                 "compare.py --report" % n for n in sorted(missing)]
    stale = set(verdicts_of(new)) - set(names)
    problems += ["docs/conformance.md tells of %s, which is no case" % n
                 for n in sorted(stale)]
    for problem in problems:
        print("rules.py: " + problem)
    print("%d rules, %d cases" % (len(rules), len(names)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
