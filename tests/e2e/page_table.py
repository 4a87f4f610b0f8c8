"""Pages of docs/ that say which test shows what: their tables, and the tests that the tree has. For the tests that
hold such a page against the tree; nothing is built or started."""
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(*path):
    """A file of the tree, named from its root."""
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def rows_of(page, first_cell):
    """The cells of every table row that begins with a match of `first_cell`, in the page's order."""
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in page.splitlines() if line.startswith("|")]
    return [row for row in rows if re.fullmatch(first_cell, row[0])]


def end_to_end_tests():
    """{"kill9_test": the names of its test functions}, of all files in tests/e2e."""
    return {file[:-3]: re.findall(r"def (test_\w+)", read("tests", "e2e", file))
            for file in sorted(os.listdir(os.path.join(ROOT, "tests", "e2e"))) if file.endswith("_test.py")}


def unit_tests():
    """{"Suite.Name"} of all GoogleTests below tests/."""
    found = set()
    for folder, _, files in os.walk(os.path.join(ROOT, "tests")):
        for file in files:
            if file.endswith("_test.cc"):
                tests = re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", read(folder, file), re.M)
                found |= {f"{suite}.{name}" for suite, name in tests}
    return found
