#!/usr/bin/env python3
"""Write a tar archive as no archiver would: header by header.

    raw_tar.py >a.tar <<'E'
    type=5 mode=0700 name=./
    name=x body='a line'
    type=g pax:comment=hello
    E

Each line of the input is an entry, in words of the shell: `type` (default 0;
`nul` is the type byte of old archives), `name`, `mode`, `uid`, `gid`, `mtime`,
`link`, `device` (major,minor), `magic` (default ustar; `none`, `gnu`) and
`body`. Words `pax:KEY=VALUE` are the records that make the body of type x or g.
"""
import shlex
import sys

MAGIC = {"ustar": b"ustar\x0000", "gnu": b"ustar  \x00", "none": b""}


def record(key, value):
    line = b" %s=%s\n" % (key.encode(), value.encode())
    size = len(line)
    while len(b"%d" % size) + len(line) != size:
        size = len(b"%d" % size) + len(line)
    return b"%d" % size + line


def put(header, at, field):
    header[at:at + len(field)] = field


def entry(fields, body):
    header = bytearray(512)
    put(header, 0, fields.get("name", "").encode()[:100])
    for at, size, key, default in (
            (100, 8, "mode", "0644"), (108, 8, "uid", "0"), (116, 8, "gid", "0"),
            (136, 12, "mtime", "07346545000")):
        value = fields.get(key, default)
        put(header, at, b"%0*o\0" % (size - 1, int(value, 8 if value[0] == "0"
                                                   else 10)))
    put(header, 124, b"%011o\0" % len(body))
    kind = fields.get("type", "0")
    put(header, 156, b"\0" if kind == "nul" else kind.encode())
    put(header, 157, fields.get("link", "").encode()[:100])
    put(header, 257, MAGIC[fields.get("magic", "ustar")])
    if "device" in fields:
        for at, number in zip((329, 337), fields["device"].split(",")):
            put(header, at, b"%07o\0" % int(number))
    put(header, 148, b" " * 8)
    put(header, 148, b"%06o\0" % sum(header))
    return bytes(header) + body + bytes(-len(body) % 512)


def main():
    for line in sys.stdin:
        words = shlex.split(line)
        fields = dict(w.split("=", 1) for w in words)
        pax = b"".join(record(k[4:], v) for k, v in fields.items()
                       if k.startswith("pax:"))
        body = fields.get("body", "").encode()
        sys.stdout.buffer.write(entry(fields, pax or body))
    sys.stdout.buffer.write(bytes(1024))


if __name__ == "__main__":
    main()
