#!/usr/bin/env python3
"""docs/compliance.md against the tree: every requirement has one row and one paragraph, every test that it names is
there, every call and command that it shows is one of the program's, and none that it says is missing."""
import json
import re
import unittest
import urllib.parse

from page_table import end_to_end_tests, read, rows_of, unit_tests

REQUIREMENTS = [f"E{n}" for n in range(1, 38)]
ANSWERS = {"yes", "in part", "no", "yours"}
CALL = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)(?:\?([^`]*))?`")
COMMAND = re.compile(r"`keyledger ([a-z]+)[^`]*`")
MISSING = "## What is not there"


class Api:
    """What http/openapi.json says of calls."""

    def __init__(self):
        self.document = json.loads(read("http", "openapi.json"))

    def fault_of(self, method, path, query):
        """None if the program has this call with these parameters, else what it has not."""
        for pattern, operations in self.document["paths"].items():
            operation = operations.get(method.lower())
            if operation and self.fits(pattern, path, operation):
                return self.fault_of_query(operation, query)
        return "no such call"

    def parameters(self, operation, place):
        named = [self.document["components"]["parameters"][one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
                 for one in operation.get("parameters", [])]
        return {one["name"]: one["schema"] for one in named if one["in"] == place}

    def fits(self, pattern, path, operation):
        """/v1/reports/unused is a /v1/reports/{name}, since unused is a name there; `{id}` fits any parameter."""
        wanted, given = pattern.split("/"), path.split("/")
        schemas = self.parameters(operation, "path")
        return len(wanted) == len(given) and all(
            one == other or (one[:1] == "{" and (other[:1] == "{" or other in schemas[one[1:-1]].get("enum", [])))
            for one, other in zip(wanted, given))

    def fault_of_query(self, operation, query):
        known = self.parameters(operation, "query")
        for name, value in urllib.parse.parse_qsl(query or "", keep_blank_values=True):
            if name not in known:
                return f"no parameter {name}"
            if value and value not in known[name].get("enum", [value]):
                return f"no {name}={value}"
        return None


class Page(unittest.TestCase):
    def setUp(self):
        self.page = read("docs", "compliance.md")
        self.there, _, self.missing = self.page.partition(MISSING)
        self.rows = rows_of(self.page, r"E\d+")
        self.paragraphs = [(name, " ".join(text.split()))
                           for name, text in re.findall(r"^\*\*(E\d+)\.\*\* (.*?)\n\n", self.page, re.M | re.S)]
        self.api = Api()
        self.commands = set(re.findall(r"add_command\(\s*app,\s*\"(\w+)\"", read("tools", "keyledger.cc")))

    def test_every_requirement_has_one_row_and_one_paragraph(self):
        self.assertEqual([row[0] for row in self.rows], REQUIREMENTS)
        self.assertEqual([name for name, _ in self.paragraphs], REQUIREMENTS)

    def test_every_row_has_an_answer_and_what_shows_it(self):
        for name, asked, answer, shown in self.rows:
            self.assertIn(answer, ANSWERS, name)
            self.assertTrue(asked, name)
            if answer in ("yes", "in part"):
                self.assertRegex(shown, r"`.+`|\]\(.+\)", name)

    def test_every_test_that_it_names_is_there(self):
        known = unit_tests() | set(end_to_end_tests())
        answers = {row[0]: row[2] for row in self.rows}
        for name, text in self.paragraphs:
            tests = re.findall(r"`([^`]*)`", text.partition("Tests: ")[2])
            self.assertTrue(tests or answers[name] in ("no", "yours"), f"{name} names no test")
            self.assertEqual([test for test in tests if test not in known], [], name)

    def test_every_call_and_command_that_it_shows_is_there(self):
        calls = CALL.findall(self.there)
        self.assertTrue(calls)
        for call in calls:
            self.assertIsNone(self.api.fault_of(*call), call)
        self.assertLessEqual(set(COMMAND.findall(self.there)), self.commands)

    def test_what_it_says_is_missing_is_missing(self):
        self.assertTrue(self.missing)
        for call in CALL.findall(self.missing):
            self.assertIsNotNone(self.api.fault_of(*call), f"{call} is there now: say in its rows what it shows")
        self.assertFalse(set(COMMAND.findall(self.missing)) & self.commands, "they are there now: say so in their rows")


if __name__ == "__main__":
    unittest.main()
