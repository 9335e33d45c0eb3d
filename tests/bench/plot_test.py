"""The picture of the README: well-formed, complete, and its bars as long as they should be."""

import unittest
import xml.etree.ElementTree as ElementTree

from bench import plot

NAMESPACE = "{http://www.w3.org/2000/svg}"


def ratio(median):
    return {"median": median, "min": median, "max": median, "pairs": 7}


def rival(name, times):
    return {"name": name, "rival": {"gb_per_s": 99}, "times": ratio(times)}


FIGURES = {
    "machine": {"cpu": "CPU <x> & y", "cores": 2, "kernel": "6.1"},
    "build": {"version": "shunt 1", "commit": "abc"},
    "tables": {
        "pipes": [{"corpus": "dense", "line": "450 B"},
                  {"corpus": "rows", "line": "450 B", "cat": {"gb_per_s": 1.0}, "full": {"ratio": ratio(1.0)},
                   "envelope": {"ratio": ratio(1.25)}}],
        "rivals": [rival("cat", 1.0), rival("C++ getline loop", 2.0), rival("JVM worker", 10.0),
                   {"name": "pydantic models"}]}}


class PlotTest(unittest.TestCase):
    def setUp(self):
        self.root = ElementTree.fromstring(plot.svg(FIGURES))
        self.texts = [text.text for text in self.root.iter(NAMESPACE + "text")]
        self.bars = [float(bar.get("width")) for bar in self.root.iter(NAMESPACE + "rect")]

    def test_the_fastest_comes_first_and_what_is_missing_is_left_out(self):
        self.assertEqual([name for name, _, _ in plot.bars(FIGURES)],
                         ["shunt, envelope", "cat", "shunt, full", "C++ getline loop", "JVM worker"])
        for name in ("shunt, envelope", "cat", "JVM worker"):
            self.assertIn(name, self.texts)

    def test_speeds_come_from_the_ratios(self):
        speeds = {name: speed for name, speed, _ in plot.bars(FIGURES)}
        self.assertEqual(speeds["shunt, envelope"], 1.25)
        self.assertEqual(speeds["C++ getline loop"], 0.5)
        self.assertAlmostEqual(speeds["JVM worker"], 0.1)

    def test_a_factor_is_a_length(self):
        envelope, cat, full, getline, jvm = self.bars
        self.assertTrue(envelope > cat == full > getline > jvm > 0)
        picture = plot.Picture(plot.bars(FIGURES))
        self.assertAlmostEqual(picture.x(1) - picture.x(0.1), picture.x(0.1) - picture.x(0.01))
        self.assertLess(plot.LEFT + envelope, plot.WIDTH)

    def test_it_says_what_was_measured_and_where(self):
        self.assertTrue(any("CPU <x> & y, 2 cores" in text for text in self.texts))
        self.assertIn("0.1 GB/s", self.texts)

    def test_it_reads_the_same_twice(self):
        self.assertEqual(plot.svg(FIGURES), plot.svg(FIGURES))


if __name__ == "__main__":
    unittest.main()
