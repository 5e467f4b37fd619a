#!/usr/bin/env python3
"""Validate every document of an image layout against the image-spec's schemas.

check_schemas.py SCHEMAS LAYOUT
"""
import json
import os
import sys
import warnings

import jsonschema

warnings.simplefilter("ignore", DeprecationWarning)

SCHEMAS, LAYOUT = sys.argv[1:3]


def schemas():
    out = {}
    for name in os.listdir(SCHEMAS):
        if name.endswith(".json"):
            with open(os.path.join(SCHEMAS, name), encoding="utf-8") as f:
                out[name] = json.load(f)
    return out


ALL = schemas()


def local(url):
    """The schemas name each other by address; all of them lie beside each other."""
    return ALL[url.split("#")[0].rsplit("/", 1)[1]]


def check(document, schema_name):
    schema = ALL[schema_name]
    resolver = jsonschema.RefResolver(
        schema["id"], schema, handlers={"https": local, "http": local}
    )
    jsonschema.Draft4Validator(schema, resolver=resolver).validate(document)
    print("ok", schema_name)


def load(path):
    with open(os.path.join(LAYOUT, path), encoding="utf-8") as f:
        return json.load(f)


def blob(descriptor):
    return load("blobs/" + descriptor["digest"].replace(":", "/"))


check(load("oci-layout"), "image-layout-schema.json")
index = load("index.json")
check(index, "image-index-schema.json")
for entry in index["manifests"]:
    manifest = blob(entry)
    check(manifest, "image-manifest-schema.json")
    check(blob(manifest["config"]), "config-schema.json")
