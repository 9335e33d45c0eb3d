"""The oracle of the mixed lines test, held against lines whose meaning is known because we made them so."""

import random
import unittest

from tests.e2e import harness as h
from tests.e2e import mixed_lines
from tests.e2e import reference


class Reference(unittest.TestCase):
    def setUp(self):
        self.maker = mixed_lines.Maker(random.Random(h.seed()))

    def kinds(self, raw):
        return [piece.kind for piece in reference.read_line(raw)]

    def test_every_kind_is_read_as_what_it_was_made_to_be(self):
        for kind in ("record", "state", "control", "log", "trace", "other", "text"):
            for _ in range(500):
                raw = getattr(self.maker, kind)().encode()
                self.assertEqual(self.kinds(raw), [kind], raw)

    def test_every_fault_is_malformed(self):
        for _ in range(1000):
            raw = self.maker.fault()
            self.assertEqual(self.kinds(raw), ["malformed"], raw)

    def test_glued_messages_come_apart_and_lose_no_byte(self):
        for _ in range(1000):
            raw = self.maker.glued().encode()
            pieces = reference.read_line(raw)
            self.assertGreaterEqual(len(pieces), 2)
            self.assertEqual(b"".join(piece.raw for piece in pieces), raw)
            self.assertFalse({"text", "malformed"} & {piece.kind for piece in pieces}, raw)

    def test_messages_behind_text(self):
        for _ in range(1000):
            raw = self.maker.behind_text().encode()
            self.assertEqual(self.kinds(raw)[0], "text", raw)
            self.assertGreaterEqual(len(self.kinds(raw)), 3, raw)

    def test_lines_by_hand(self):
        for raw, kinds in (
                (b"", ["empty"]), (b" \t\r", ["empty"]), (b"words", ["text"]), (b"{words}", ["text"]), (b"{", ["text"]),
                (b"{}", ["text"]), (b'{"a":1}', ["text"]), (b'{"a":1', ["malformed"]), (b'{"type":1}', ["text"]),
                (b'{"type":1,"record":{}}', ["malformed"]), (b'{"type":"X"}', ["other"]), (b'{"type":"X"} y', ["malformed"]),
                (b'y {"type":"X"}', ["text", "other"]), (b'y {"type":"X"} z', ["text"]), (b'y {"type":"X"', ["malformed"]),
                (b'y { "record" : ', ["malformed"]), (b'y {"other": ', ["text"]), (b'{"type":"X"}{"type":"Y"}', ["other"] * 2),
                (b'{"type":"X"}{"type":"Y"', ["malformed"]), (b'\xff', ["text"]), (b'{"type":"X\xff"}', ["malformed"]),
                (b'\xef\xbb\xbf{"type":"X"}', ["text", "other"])):
            self.assertEqual(self.kinds(raw), kinds, raw)


if __name__ == "__main__":
    h.main()
