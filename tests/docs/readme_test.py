"""The README's C++ example is the code that the tests compile, and its links lead somewhere."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.readme = (ROOT / "README.md").read_text()

    def test_the_embedding_example_is_the_compiled_one(self):
        compiled = (ROOT / "tests/router/embedding_test.cc").read_text().split("// [README]\n")[1]
        blocks = re.findall(r"```cpp\n(.*?)```", self.readme, re.S)
        self.assertIn(compiled, blocks)

    def test_every_linked_file_of_the_docs_exists(self):
        links = re.findall(r"\]\((docs/[^)#]+)", self.readme)
        self.assertTrue(links)
        for link in links:
            self.assertTrue((ROOT / link).exists(), link)

    def test_every_test_that_the_guarantees_name_exists(self):
        guarantees = (ROOT / "docs/GUARANTEES.md").read_text()
        named = set(re.findall(r"`(tests/[\w/.]+?\.(?:cc|py))`", guarantees))
        self.assertGreater(len(named), 10)
        for name in sorted(named):
            self.assertTrue((ROOT / name).exists(), name)


if __name__ == "__main__":
    unittest.main()
