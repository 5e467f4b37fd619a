#!/usr/bin/env python3
"""Check parsedump's JSON for every fixture against docs/parse-json.md.

    check-json.py PARSEDUMP DOCUMENT FOLDER [MORE FOLDERS...]

The folders are searched for Dockerfiles, all the way down.

The schema is the JSON block of the document; of JSON Schema, only what it uses
is understood here. Every property of the schema must appear in some fixture.
"""
import glob
import json
import os
import re
import subprocess
import sys

dump, document, *folders = sys.argv[1:]
schema = json.loads(re.search(r"```json\n(.*?)```", open(document).read(), re.S)[1])
types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
seen = set()


def resolve(s):
    return (s["$ref"], schema["$defs"][s["$ref"]]) if "$ref" in s else (None, s)


def check(value, s, path):
    name, s = resolve(s)
    if "const" in s and value != s["const"]:
        yield f"{path}: {value!r} is not {s['const']!r}"
    if "enum" in s and value not in s["enum"]:
        yield f"{path}: {value!r} is none of {s['enum']}"
    if "type" in s and not isinstance(value, types[s["type"]]):
        yield f"{path}: {value!r} is no {s['type']}"
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from check(item, s["items"], f"{path}[{i}]")
    elif isinstance(value, dict):
        for key in s.get("required", []):
            if key not in value:
                yield f"{path}: no {key}"
        for key, item in value.items():
            if key not in s["properties"]:
                yield f"{path}: unknown key {key}"
                continue
            seen.add((name, key))
            yield from check(item, s["properties"][key], f"{path}.{key}")


def is_dockerfile(path):
    return re.fullmatch(r"(Dockerfile|Containerfile|.*\.dockerfile)", os.path.basename(path), re.I)


errors = []
files = [f for folder in folders
         for f in sorted(glob.glob(folder + "/**/*ockerfile*", recursive=True)) if is_dockerfile(f)]
for file in files:
    out = subprocess.run([dump, "json", file], capture_output=True).stdout
    errors += [f"{file}: {e}" for e in check(json.loads(out), schema, "")]
for name, d in [(None, schema), *schema["$defs"].items()]:
    for key in d["properties"]:
        if (name, key) not in seen:
            errors.append(f"no fixture shows {name or 'top'}.{key}")
print("\n".join(errors))
print(f"{len(files)} files checked, {len(errors)} errors")
sys.exit(bool(errors) or not files)
