#!/usr/bin/env python3
"""fields.py KEYSDUMP docs/keys.md HEADER...

docs/keys.md is what the tables say, and the tables have a row for each member
of each struct that they are about, as the headers declare it, and no other: so
a member that is added and forgotten fails here.
"""
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.S)
STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\};", re.S | re.M)
UNION = re.compile(r"union \{(.*?)\}\s*;", re.S)
MEMBER = re.compile(r"(\w+)(?:\[[^]]*\])?\s*;")
SECTION = re.compile(r"^## (\w+)\n\n.*\n.*\n((?:\|.*\n)+)", re.M)


def members_of(headers):
    found = {}
    for path in headers:
        with open(path) as file:
            text = COMMENT.sub("", file.read())
        for name, body in STRUCT.findall(text):
            found[name] = MEMBER.findall(UNION.sub(r"\1", body))
    return found


def main():
    dump, page, headers = sys.argv[1], sys.argv[2], sys.argv[3:]
    text = subprocess.run([dump], check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout
    declared, problems, n = members_of(headers), [], 0
    with open(page) as file:
        if file.read() != text:
            problems.append("%s is not what the tables say: %s > %s" % (
                page, dump, page))
    for name, rows in SECTION.findall(text):
        listed = [row.split("|")[1].strip() for row in rows.splitlines()]
        n += len(listed)
        for member in declared.get(name, []):
            if member not in listed:
                problems.append("struct %s: %s has no row" % (name, member))
        for member in listed:
            if member not in declared.get(name, []):
                problems.append("%s.%s is no member" % (name, member))
    print("\n".join(problems) or "%d fields are decided about" % n)
    return 1 if problems or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
