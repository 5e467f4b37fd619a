#!/usr/bin/env python3
"""put.py FILE: write the OCI archive golden/put:latest.

Its only program, /bin/put PATH TEXT, writes TEXT to PATH. It is 69 bytes of
x86-64 code in an ELF header, so the base has the same digest on every machine:

        open(argv[1], O_WRONLY|O_CREAT|O_TRUNC, 0644); write(fd, argv[2],
        strlen(argv[2])); exit(0), or exit(1) where open fails
"""
import os
import struct
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../conformance"))
import base  # noqa: E402

CODE = bytes.fromhex(
    "4889e3488b7b10be41020000baa4010000b8020000000f0585c0781d89c7488b731831d2"
    "803c16007404ffc2ebf6b8010000000f0531ffeb05bf01000000b83c0000000f05")
ADDRESS = 0x400000


def elf(code):
    start = 64 + 56
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1,
                         ADDRESS + start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = start + len(code)
    program = struct.pack("<IIQQQQQQ", 1, 5, 0, ADDRESS, ADDRESS, size, size,
                          0x1000)
    return header + program + code


def main():
    layer = base.Layer()
    for name in ["bin", "dev", "etc", "proc", "sys"]:
        layer.folder(name)
    layer.add("bin/put", tarfile.REGTYPE, 0o755, elf(CODE))
    layer.text("etc/passwd", base.PASSWD)
    archive = base.image("golden/put:latest", [layer.bytes()],
                         {"Env": ["PATH=/bin"]})
    with open(sys.argv[1], "wb") as file:
        file.write(archive)


if __name__ == "__main__":
    main()
