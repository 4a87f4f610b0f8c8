#!/usr/bin/env python3
"""Shows that each rule of tidy.py can fail, on small made-up trees, and that it spares what it should."""

import pathlib
import tempfile
import unittest

import source
import tidy


def breaches(tree, listed=True):
    """(path, line, rule) of a tree given as {path: text}; every file is listed, unless told otherwise."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        names = [path for path in tree if path.endswith((".h", ".cc"))]
        tree = {**tree, "CMakeLists.txt": "\n".join(names)} if listed else tree
        for path, text in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return [(b.path, b.line, b.rule) for b in tidy.breaches(root)[1]]


def function(lines, name="f"):
    return f"void {name}() {{\n" + "  g();\n" * (lines - 2) + "}\n"


class Includes(unittest.TestCase):
    def test_each_room_may_know_those_below_it_only(self):
        headers = {f"{room}/a.h": "#pragma once\n" for room in tidy.ROOMS}
        for here, room in enumerate(tidy.ROOMS):
            for there, other in enumerate(tidy.ROOMS):
                file = f"{room}/b.cc"
                found = breaches({**headers, file: f'\n#include "{other}/a.h"\n'})
                self.assertEqual(found, [(file, 2, "include-upward")] if there > here else [])

    def test_a_room_may_not_know_the_tests_and_the_tests_may_know_all(self):
        tree = {"tests/support/a.h": "#pragma once\n", "tools/a.h": "#pragma once\n",
                "tools/b.cc": '#include "tests/support/a.h"\n',
                "tests/b.cc": '#include "tools/a.h"\n#include "tests/support/a.h"\n'}
        self.assertEqual(breaches(tree), [("tools/b.cc", 1, "include-upward")])

    def test_quoted_includes_are_written_from_the_root(self):
        tree = {"events/a.h": "#pragma once\n", "events/b.cc": '#include "a.h"\n'}
        self.assertEqual(breaches(tree), [("events/b.cc", 1, "include-root")])

    def test_an_include_in_a_comment_is_none(self):
        tree = {"events/b.cc": '// #include "tools/a.h"\n/*\n#include "tools/a.h"\n*/\n'}
        self.assertEqual(breaches(tree), [])

    def test_a_heavy_library_stays_with_its_owner(self):
        rows = [("cereal/cereal.hpp", "events/event_codec.cc", "events/event.cc"),
                ("rocksdb/db.h", "events/log/rocksdb_log.cc", "events/log/memory_log.cc"),
                ("rocksdb/db.h", "projections/store.cc", "projections/store_rows.cc"),
                ("rocksdb/db.h", "tools/bench/append.cc", "tools/verify.cc"),
                ("httplib.h", "http/server.cc", "http/key_routes.cc"),
                ("nlohmann/json.hpp", "http/json.cc", "projections/key_table.cc"),
                ("spdlog/spdlog.h", "events/log/rocksdb_log.cc", "core/ledger.cc"),
                ("openssl/evp.h", "events/crypto.cc", "http/secret.cc"),
                ("zlib.h", "events/checksum.cc", "http/secret.cc"),
                ("CLI/CLI.hpp", "tools/keyledger.cc", "http/server.cc"),
                ("gtest/gtest.h", "tests/core/key_test.cc", "core/key_test.cc")]
        for header, owner, stranger in rows:
            text = f"#include <{header}>\n"
            self.assertEqual(breaches({owner: text}), [], header)
            self.assertEqual(breaches({stranger: text}), [(stranger, 1, "library-owner")], header)


class Pure(unittest.TestCase):
    def test_the_pure_centre_includes_nothing_that_acts(self):
        for file in ["core/decide_key.cc", "core/judge.cc", "events/key_events.h", "events/event.h"]:
            for header in ["<chrono>", "<random>", "<mutex>", "<thread>", "<filesystem>", "<iostream>"]:
                text = f"#pragma once\n#include {header}\n"
                self.assertEqual(breaches({file: text}), [(file, 2, "pure")], (file, header))

    def test_json_logging_storage_and_cryptography_are_outside_too(self):
        for header in ["<nlohmann/json.hpp>", "<spdlog/spdlog.h>", "<rocksdb/db.h>"]:
            found = breaches({"core/key.cc": f"#include {header}\n"})
            self.assertIn(("core/key.cc", 1, "pure"), found, header)
        tree = {"events/crypto.h": "#pragma once\n", "core/key.cc": '#include "events/crypto.h"\n'}
        self.assertEqual(breaches(tree), [("core/key.cc", 1, "pure")])

    def test_a_clock_by_name_is_caught_without_its_include(self):
        text = "\nauto now = std::chrono::system_clock::now();\n"
        self.assertEqual(breaches({"core/judge.cc": text}), [("core/judge.cc", 2, "pure")])

    def test_the_ledger_and_the_rest_of_events_may(self):
        text = "#include <chrono>\n#include <mutex>\nstd::mutex m;\n"
        self.assertEqual(breaches({"core/ledger.cc": text, "events/log/memory_log.cc": text}), [])


class Words(unittest.TestCase):
    def test_what_was_left_for_later(self):
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X"]:
            tree = {"http/a.cc": f"int a;\n// {word}: finish\n"}
            self.assertEqual(breaches(tree), [("http/a.cc", 2, "banned")])
        self.assertEqual(breaches({"http/a.cc": "// TODOS and XXXL are words\n"}), [])

    def test_using_namespace(self):
        self.assertEqual(breaches({"tests/a.cc": "using namespace std;\n"}),
                         [("tests/a.cc", 1, "banned")])
        self.assertEqual(breaches({"tests/a.cc": "using namespace std::chrono_literals;\n"}), [])
        self.assertEqual(breaches({"tests/a.cc": "// no using namespace here\n"}), [])

    def test_standard_output_belongs_to_tools(self):
        for room in tidy.ROOMS:
            found = breaches({f"{room}/a.cc": 'void f() { std::cout << "x"; }\n'})
            self.assertEqual(found, [] if room == "tools" else [(f"{room}/a.cc", 1, "banned")])


class Form(unittest.TestCase):
    def test_pragma_once(self):
        self.assertEqual(breaches({"core/key.h": "// #pragma once\n"}),
                         [("core/key.h", 1, "pragma-once")])

    def test_line_length_in_characters_not_bytes(self):
        text = "// " + "é" * 97 + "\n"
        self.assertEqual(breaches({"core/key.cc": text}), [])
        self.assertEqual(breaches({"core/key.cc": "\n" + text[:-1] + "x\n"}),
                         [("core/key.cc", 2, "line-length")])

    def test_every_file_is_listed_by_its_path_from_the_list(self):
        tree = {"core/key.cc": "", "core/deep/rule.cc": "", "core/CMakeLists.txt": "key.cc\n"}
        self.assertEqual(breaches(tree, listed=False), [("core/deep/rule.cc", 1, "unlisted")])
        tree["core/CMakeLists.txt"] = "key.cc\n# deep/rule.cc\n"
        self.assertEqual(breaches(tree, listed=False), [("core/deep/rule.cc", 1, "unlisted")])
        tree["core/CMakeLists.txt"] = "key.cc\ndeep/rule.cc\n"
        self.assertEqual(breaches(tree, listed=False), [])


class Budgets(unittest.TestCase):
    def test_files(self):
        rows = [("core/key.h", tidy.HEADER_LINES, "header-lines"),
                ("core/key.cc", tidy.SOURCE_LINES, "source-lines"),
                ("tests/core/key_test.cc", tidy.TEST_LINES, "test-lines"),
                ("tests/events/log/contract.h", tidy.TEST_LINES, "test-lines")]
        for path, budget, rule in rows:
            text = "#pragma once\n" + "\n" * (budget - 1)
            self.assertEqual(breaches({path: text}), [])
            self.assertEqual(breaches({path: text + "\n"}), [(path, 1, rule)])

    def test_functions_from_signature_to_brace(self):
        budget = tidy.FUNCTION_LINES
        self.assertEqual(breaches({"core/key.cc": function(budget)}), [])
        self.assertEqual(breaches({"core/key.cc": "\n\n" + function(budget + 1)}),
                         [("core/key.cc", 3, "function-lines")])

    def test_an_exception_holds_one_size_and_only_shrinks(self):
        def found(lines, exceptions):
            return breaches({"core/key.cc": function(lines, "Key::load"), tidy.EXCEPTIONS: exceptions})

        line = "# why\nfunction-lines core/key.cc:Key::load 80\n"
        self.assertEqual(found(80, line), [])
        self.assertEqual(found(81, line), [("core/key.cc", 1, "function-lines")])
        self.assertEqual(found(79, line), [(tidy.EXCEPTIONS, 2, "exception")])
        self.assertEqual(found(70, line), [(tidy.EXCEPTIONS, 2, "exception")])


class Functions(unittest.TestCase):
    """The scan that the function budget rests on."""

    def scan(self, text):
        return [(line, name, length) for line, name, length in source.SourceFile("a.cc", text).functions()]

    def test_free_member_template_operator_and_test(self):
        text = ("namespace k {\n"
                "int a(int x) {\n  if (x) {\n    return 1;\n  }\n  return 2;\n}\n"
                "template <class T>\nT b() {\n  return {};\n}\n"
                "struct S {\n  int c() const noexcept { return 1; }\n"
                "  bool operator()(int) const {\n    return true;\n  }\n};\n"
                "TEST(Suite, Case) {\n}\n"
                "}\n")
        self.assertEqual(self.scan(text), [(2, "a", 6), (8, "b", 4), (13, "c", 1),
                                           (14, "operator()", 3), (18, "Suite.Case", 2)])

    def test_a_constructor_counts_from_its_signature_over_its_member_list(self):
        text = "K::K(int x)\n    : a_(x),\n      b_{x},\n      c_{} {\n  f();\n}\nint d() {\n}\n"
        self.assertEqual(self.scan(text), [(1, "K::K", 6), (7, "d", 2)])

    def test_a_lambda_is_part_of_its_function(self):
        text = "void f() {\n  g([](int x) {\n    return x;\n  });\n}\n"
        self.assertEqual(self.scan(text), [(1, "f", 5)])

    def test_tables_enums_and_default_arguments_are_no_functions(self):
        text = ('const Row kRows[] = {\n    {"a", f(1)},\n};\nenum class E { kA };\n'
                "int f(A a = {}, B b = B{}) {\n  return 1;\n}\n")
        self.assertEqual(self.scan(text), [(5, "f", 3)])

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        text = ('#define M(x) { x\nint f() {\n  g("{", \'{\', R"({{)");  // {\n  /* { */\n'
                "  return 1'000;\n}\nint h() {\n}\n")
        self.assertEqual(self.scan(text), [(2, "f", 5), (7, "h", 2)])


if __name__ == "__main__":
    unittest.main()
