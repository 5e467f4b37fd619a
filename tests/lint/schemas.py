#!/usr/bin/env python3
"""schemas.py SCHEMAS FIXTURES: each machine's format, over all fixtures of the
rules and over names and texts that have to be escaped, against its schema.
Prints TAP."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMAS, FIXTURES = map(os.path.abspath, sys.argv[1:])
# how a format's text is cut into documents
JSON = {
    "json": ("json", lambda text: [text]),
    "sarif": ("sarif", lambda text: [text]),
    "sonarqube": ("sonarqube", lambda text: [text]),
    "codacy": ("codacy", lambda text: text.splitlines()),
    "codeclimate": ("codeclimate", lambda text: text.split("\0")[:-1]),
    "gitlab_codeclimate": ("codeclimate", lambda text: [
        json.dumps(issue) for issue in json.loads(text)]),
}
XML = ["checkstyle", "junit"]
ODD = b"""FROM debian:12 AS \xff\xfe
FROM "<a>&'b'\x01\x1b[31m" AS "]]>
COPY --from=<x>&\\"y\\" "'\xc3\xa4\xf0\x9f\x90\xb3' b
RUN cd "<&>" && sudo \xc3\x28
\x00UNKNOWN <!-- -->
"""


def report(form, files):
    run = subprocess.run(
        [os.environ["IMGBUILD"], "lint", "--no-shellcheck", "-f", form] + files,
        stdout=subprocess.PIPE, env={"HOME": "/nonexistent"}, check=False)
    return run.stdout


def check_json(form, files):
    name, cut = JSON[form]
    with open("%s/%s.json" % (SCHEMAS, name)) as f:
        validator = jsonschema.Draft7Validator(json.load(f))
    documents = cut(report(form, files).decode())
    assert documents, "nothing was reported"
    for text in documents:
        errors = list(validator.iter_errors(json.loads(text)))
        assert not errors, "%s in %s" % (errors[0].message, text[:200])


def check_xml(form, files):
    run = subprocess.run(
        ["xmllint", "--noout", "--schema", "%s/%s.xsd" % (SCHEMAS, form), "-"],
        input=report(form, files), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()[-500:]


def claims(files):
    for what, paths in files.items():
        for form in JSON:
            yield ("%s over %s" % (form, what), check_json, form, paths,
                   None if jsonschema else "python3-jsonschema is missing")
        for form in XML:
            yield ("%s over %s" % (form, what), check_xml, form, paths,
                   None if shutil.which("xmllint") else "xmllint is missing")


def main():
    failed = n = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open(b"odd \"<&'>\x01\xff \n.Dockerfile", "wb") as f:
            f.write(ODD)
        with open("clean", "w") as f:
            f.write("FROM debian:12\n")
        files = {
            "all fixtures": sorted(glob.glob(FIXTURES + "/*.dockerfile")),
            "odd names and texts": ["."],
        }
        for n, (claim, function, form, paths, missing) in \
                enumerate(claims(files), 1):
            if missing:
                print("ok %d - %s # SKIP %s" % (n, claim, missing))
                continue
            try:
                function(form, paths)
                print("ok %d - %s" % (n, claim))
            except (AssertionError, ValueError) as e:
                failed = 1
                print("not ok %d - %s\n# %s" % (
                    n, claim, str(e).replace("\n", "\n# ")))
    print("1..%d" % n)
    sys.exit(failed)


main()
