"""The lines that the benchmarks measure with are what they say they are, and the same in every run."""

import json
import os
import tempfile
import unittest

from bench import corpus, mixes

TEMPLATE_BYTES = 200_000


def messages(lines):
    return [json.loads(line) for line in lines]


class CorpusTest(unittest.TestCase):
    def test_every_line_is_a_record_of_about_its_length(self):
        for size, wanted in corpus.SIZES.items():
            for kind in (corpus.rows, corpus.dense):
                lines = kind(size, template_bytes=TEMPLATE_BYTES)
                for message in messages(lines):
                    self.assertEqual(list(message), ["type", "record"])
                    self.assertEqual(message["record"]["stream"], "users")
                    self.assertIsInstance(message["record"]["data"], dict)
                self.assertAlmostEqual(corpus.mean_bytes(lines), wanted, delta=0.2 * wanted)

    def test_a_seed_is_a_corpus(self):
        one, same, other = (corpus.rows("1 KB", seed=seed, template_bytes=TEMPLATE_BYTES) for seed in (1, 1, 2))
        self.assertEqual(one, same)
        self.assertNotEqual(one, other)

    def test_rows_hold_what_rows_hold(self):
        text = b"".join(corpus.rows("1 KB", template_bytes=TEMPLATE_BYTES)).decode()
        for sample in ("null", "true", '\\"', "\\n", "é", "+00:00", "@example.com"):
            self.assertIn(sample, text)

    def test_streams_are_all_used(self):
        names = ["a", "b", "c"]
        lines = corpus.rows("450 B", template_bytes=TEMPLATE_BYTES, streams=names)
        self.assertEqual({message["record"]["stream"] for message in messages(lines)}, set(names))


class WriteTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "file")

    def read(self, path=None):
        with open(path or self.path, "rb") as source:
            return source.read().splitlines(keepends=True)

    def test_a_file_is_whole_lines_of_the_asked_size(self):
        lines = [b"a\n", b"bb\n", b"ccc\n"]
        for total, wanted in ((9, lines), (10, lines + lines[:1]), (12, lines + lines[:2]), (18, lines * 2), (1, lines[:1])):
            self.assertEqual(corpus.write(self.path, lines, total), sum(map(len, wanted)))
            self.assertEqual(self.read(), wanted)

    def test_a_state_stands_after_every_so_many_records(self):
        lines = corpus.rows("450 B", template_bytes=5_000)
        size, records = mixes.write(self.path, lines, 50_000, 10, lambda number: mixes.state(number, 10))
        kinds = [message["type"] for message in messages(self.read())]
        self.assertEqual(kinds, (["RECORD"] * 10 + ["STATE"]) * (len(kinds) // 11))
        self.assertEqual(size, os.path.getsize(self.path))
        self.assertEqual(size - records, sum(len(line) for line in self.read() if b'"STATE"' in line))

    def test_what_is_kept_lacks_what_was_put_in(self):
        lines, kept = corpus.rows("450 B", template_bytes=5_000), self.path + ".kept"
        mixes.write(self.path, lines, 50_000, 4, mixes.log_line, kept)
        self.assertEqual(self.read(kept), [line for line in self.read() if b'"type":"LOG"' not in line])


if __name__ == "__main__":
    unittest.main()
