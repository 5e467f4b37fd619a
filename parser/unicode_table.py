#!/usr/bin/env python3
"""Writes unicode_table.c: ranges of letters (L*) and decimal digits (Nd).

Names of variables may hold any letter or digit of Unicode, as in Go's
unicode.IsLetter and unicode.IsDigit. Run again when Unicode grows:
    parser/unicode_table.py > parser/unicode_table.c
"""
import sys
import unicodedata


def ranges(wanted):
    out, start = [], None
    for c in range(0x80, sys.maxunicode + 2):
        hit = c <= sys.maxunicode and wanted(unicodedata.category(chr(c)))
        if hit and start is None:
            start = c
        if not hit and start is not None:
            out.append((start, c - 1))
            start = None
    return out


def table(name, rows):
    print(f"const struct rune_range {name}[] = {{")
    for i in range(0, len(rows), 3):
        cells = (f"{{0x{a:05x}, 0x{b:05x}}}," for a, b in rows[i:i + 3])
        print("\t" + " ".join(cells))
    print("};")
    print(f"const size_t {name}_n = {len(rows)};")


print(f"/* Made by unicode_table.py from Unicode {unicodedata.unidata_version}. */")
print('#include "parser/utf8.h"\n')
table("rune_letters", ranges(lambda c: c[0] == "L"))
print()
table("rune_digits", ranges(lambda c: c == "Nd"))
