#!/usr/bin/env python3
"""docs/seed-rows.md against the tests: every row of the two seed systems stands in the table once, and every file
that the table names for a row has a test with that row's name."""
import re
import unittest

from page_table import end_to_end_tests, read, rows_of

ROWS = [f"Q{n}" for n in range(1, 13)] + [f"T{n}" for n in range(1, 13)]
# They show a row for the whole product, under names of their own.
OF_ALL_ROWS = {"secrets_stay_in_test", "revoke_at_once_test"}


def shown_by(test_name):
    """test_T1_T10_the_seeds_line shows T1 and T10."""
    return set(re.match(r"test_((?:[QT]\d+_)*)", test_name).group(1).split("_")) - {""}


class Table(unittest.TestCase):
    def setUp(self):
        self.table = [(row[0], row[-1]) for row in rows_of(read("docs", "seed-rows.md"), r"[QT]\d+")]
        self.tests = end_to_end_tests()

    def test_every_row_stands_there_once(self):
        self.assertEqual([row for row, _ in self.table], ROWS)

    def test_every_row_has_the_tests_that_it_names(self):
        for row, tests in self.table:
            files = re.findall(r"\b[a-z_0-9]+_test\b(?!\.cc)", tests)
            self.assertTrue(files, row)
            for name in set(files) - OF_ALL_ROWS:
                shown = {one for test in self.tests[name] for one in shown_by(test)}
                self.assertIn(row, shown, f"{name}.py has no test_{row}_…")

    def test_every_test_of_a_row_stands_in_the_table(self):
        table = dict(self.table)
        for file, tests in self.tests.items():
            for test in tests:
                for row in shown_by(test):
                    self.assertIn(file, table[row], f"{test} shows {row}")


if __name__ == "__main__":
    unittest.main()
