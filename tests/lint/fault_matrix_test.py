"""Every fault of tests/e2e/fault_matrix.py has a test that is there, or a reason; prints how many.

Runs as //tests/lint:fault_matrix_test, or by itself: python3 tests/lint/fault_matrix_test.py
"""

import os
import re
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, ROOT)

from tests.e2e import fault_matrix  # noqa: E402  (the tree that is looked at)

# The faults that are ours to have a row for: 3.1, 3.2, 3.4 and 3.5 of the reference.
WANTED = ["F%d" % number for first, last in ((1, 53), (78, 116)) for number in range(first, last + 1)]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def is_there(test, text):
    """Whether a file with this text has that test; "Suite.*" and "*" are any of them."""
    if test.startswith("test_"):
        return re.search(r"^\s+def %s\(self" % re.escape(test), text, re.M) is not None
    suite, _, name = test.partition(".")
    if suite == "*":
        return re.search(r"^TEST(_F|_P)?\(", text, re.M) is not None
    name = r"\w+" if name == "*" else re.escape(name)
    return re.search(r"^TEST(?:_F|_P)?\(%s, %s\)" % (re.escape(suite), name), text, re.M) is not None


def targets(folder):
    """The BUILD file that must know a test."""
    return re.sub(r"#[^\n]*", "", read(os.path.join(folder, "BUILD")))


class FaultMatrixTest(unittest.TestCase):
    def test_every_row_has_a_test_that_is_there_or_a_reason(self):
        problems, tested, reasons = [], 0, 0
        for number, (what, *proofs) in fault_matrix.ROWS.items():
            if proofs[0] == fault_matrix.NOT_TESTED:
                reasons += 1
                if len(proofs) != 2 or len(proofs[1]) < 20:
                    problems.append("%s (%s): no reason" % (number, what))
                continue
            tested += 1
            problems += ["%s (%s): %s" % (number, what, problem) for problem in map(self.wrong, proofs) if problem]
        problems += ["%s has no row" % number for number in WANTED if number not in fault_matrix.ROWS]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))
        print("fault matrix: %d of %d rows tested, %d with a reason" % (tested, tested + reasons, reasons))

    @staticmethod
    def wrong(proof):
        path, _, test = proof.partition(": ")
        if not os.path.exists(os.path.join(ROOT, path)):
            return "there is no " + path
        if not is_there(test, read(path)):
            return "%s has no test %s" % (path, test)
        folder, name = os.path.split(path)
        stem = name.rpartition(".")[0]
        if not re.search(r'"%s(\.py|\.cc)?"' % re.escape(stem), targets(folder)):
            return "no target runs " + path
        return None

    def test_reasons_are_in_the_guarantees(self):
        text = read("docs/GUARANTEES.md")
        for number, (_, *proofs) in fault_matrix.ROWS.items():
            if proofs[0] == fault_matrix.NOT_TESTED:
                self.assertTrue(re.search(r"\b%s\b" % number, text), number + " is not in docs/GUARANTEES.md")


class LooksTest(unittest.TestCase):
    """The test sees what is missing."""

    def test_names(self):
        text = "TEST_F(A, B) {\nTEST(C, D) {\n    def test_e(self):\n"
        for test in ("A.B", "C.D", "test_e", "A.*", "*"):
            self.assertTrue(is_there(test, text), test)
        for test in ("A.D", "B.*", "test_f", "C.", "A"):
            self.assertFalse(is_there(test, text), test)
        self.assertIsNone(FaultMatrixTest.wrong("tests/lint/fault_matrix_test.py: test_names"))
        for proof in ("tests/lint/gone.py: test_names", "tests/lint/fault_matrix_test.py: test_nothing",
                      "tests/e2e/harness.py: test_something"):
            self.assertTrue(FaultMatrixTest.wrong(proof), proof)


if __name__ == "__main__":
    unittest.main(verbosity=1)
