#!/usr/bin/env python3
"""Unit tests of compare.py's reading of layers."""
import io
import os
import sys
import tarfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compare  # noqa: E402


def layer(*entries):
    """A layer of (path, kind, body or link target) triples."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, kind, body in entries:
            info = tarfile.TarInfo(path)
            info.type, info.mode = kind, 0o644
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname, body = body, ""
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body.encode()))
    return compare.read_layer(out.getvalue())


FILE, DIR, LINK, HARD = (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE,
                         tarfile.LNKTYPE)


def flat(*layers):
    root = {}
    for entries, _ in layers:
        compare.apply_layer(root, entries)
    return sorted(root)


class Layers(unittest.TestCase):
    def test_whiteout_hides_what_lies_below(self):
        self.assertEqual(["a"], flat(
            layer(("a", FILE, ""), ("b", FILE, "")),
            layer((".wh.b", FILE, ""))))

    def test_whiteout_does_not_hide_its_own_layers_files(self):
        self.assertEqual(["b"], flat(
            layer(("b", FILE, "old")),
            layer((".wh.b", FILE, ""), ("b", FILE, "new"))))

    def test_opaque_whiteout_keeps_the_folder_and_new_files(self):
        self.assertEqual(["d", "d/new"], flat(
            layer(("d", DIR, ""), ("d/old", FILE, "")),
            layer(("d/new", FILE, ""), ("d/.wh..wh..opq", FILE, ""))))

    def test_whiteout_of_a_prefix_keeps_the_longer_name(self):
        self.assertEqual(["ab"], flat(
            layer(("a", DIR, ""), ("a/x", FILE, ""), ("ab", FILE, "")),
            layer((".wh.a", FILE, ""))))

    def test_file_over_folder_removes_its_children(self):
        self.assertEqual(["d"], flat(
            layer(("d", DIR, ""), ("d/x", FILE, "")),
            layer(("d", FILE, ""))))

    def test_hard_links_are_one_entry(self):
        entries, problems = layer(("a", FILE, "x"), ("b", HARD, "a"))
        self.assertEqual([], problems)
        self.assertEqual({"a": ["a", "b"], "b": ["a", "b"]},
                         compare.hard_links(entries))

    def test_link_to_a_later_entry_is_a_problem(self):
        _, problems = layer(("b", HARD, "a"), ("a", FILE, "x"))
        self.assertEqual(["link to a later entry: b"], problems)

    def test_path_twice_is_a_problem(self):
        _, problems = layer(("a", FILE, "x"), ("./a", FILE, "y"))
        self.assertEqual(["path twice: a"], problems)

    def test_mentioned_folder_is_no_change(self):
        below, _ = layer(("d", DIR, ""))
        above, _ = layer(("d", DIR, ""), ("d/x", FILE, "x"))
        self.assertEqual(["d/x"],
                         list(compare.describe_layer(below, above, False)))
        self.assertEqual(["d", "d/x"],
                         list(compare.describe_layer(below, above, True)))


if __name__ == "__main__":
    unittest.main()
