#!/usr/bin/env python3
"""The house rules that no compiler checks, read off the source tree. ctest -L tidy runs it.

Usage: tidy.py ROOT      prints one line per breach, "path:line: rule: what to do", and exits 1.
Each rule is shown to fail by tidy_selftest.py. The rules themselves are argued in docs/architecture.md.
"""

import dataclasses
import pathlib
import re
import sys

import source

ROOMS = ["events", "core", "projections", "http", "tools"]  # each rests only on those before it
HEADER_LINES, SOURCE_LINES, TEST_LINES = 200, 400, 600
FUNCTION_LINES, LINE_COLUMNS = 70, 100
EXCEPTIONS = "tests/tidy/exceptions.txt"

# A heavy library and the only places that may include it: what starts with one of these names.
OWNERS = [
    ("cereal", r"<cereal/", ["events/event_codec.cc", "events/event_archive.h"]),
    ("RocksDB", r"<rocksdb/",
     ["events/log/rocksdb_", "projections/store.cc", "tests/", "tools/bench/"]),
    ("cpp-httplib", r"<httplib\.h>", ["http/server.cc", "http/front/", "http/client.cc", "tests/"]),
    ("nlohmann json", r"<nlohmann/", ["http/", "tools/", "tests/"]),
    ("spdlog", r"<spdlog/", ["http/", "tools/", "events/log/rocksdb_"]),
    ("OpenSSL", r"<openssl/", ["events/crypto.cc"]),
    ("zlib", r"<zlib\.h>", ["events/checksum.cc"]),
    ("libpsl", r"<libpsl\.h>", ["http/public_suffix.cc"]),
    ("libidn2", r"<idn2\.h>", ["http/idna.cc"]),
    ("simdjson", r"<simdjson", ["http/verify_fields.cc"]),
    ("CLI11", r"<CLI/", ["tools/", "tests/tools/"]),
    ("GoogleTest", r"<g(test|mock)/", ["tests/"]),
]

# The pure centre: what happened, and what may happen. Time, ids and hashes reach it as values.
PURE = re.compile(r"core/(?!ledger[._])|events/(\w+_events|event|access_rules|policy)\.h$")
IMPURE_INCLUDE = re.compile(
    r"<(chrono|ctime|time\.h|random|iostream|fstream|filesystem|mutex|shared_mutex|thread|atomic"
    r"|condition_variable|future|semaphore|unistd\.h|spdlog/.*|nlohmann/.*|rocksdb/.*)>"
    r'|"events/crypto\.h"')
IMPURE_CODE = re.compile(
    r"\bstd::(chrono|mutex|thread|atomic|filesystem|rand|getenv)\b|\b(system|steady)_clock\b")

BANNED_ANYWHERE = [  # comments count too
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "do it, or write an issue"),
]
BANNED_IN_CODE = [  # (what, where it is banned, what to do instead)
    (re.compile(r"\busing\s+namespace\b(?!\s+std::(\w+::)*\w*literals\b)"), re.compile(r""),
     "name what you use"),
    (re.compile(r"\bstd::(cout|cerr|clog|printf)\b"),
     re.compile(r"(events|core|projections|http)/"),
     "return an error, or log in http/ and above"),
]


@dataclasses.dataclass(frozen=True)
class Breach:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


def room_of(path):
    return path.split("/", 1)[0]


def check_includes(file, files):
    """Includes: downward only, written from the root, heavy libraries at their owner, a pure centre."""
    for line, target in file.includes:
        if target.startswith('"'):
            name = target.strip('"')
            if name not in files:
                yield Breach(file.path, line, "include-root",
                             f"{target} is no file: write includes from the repository's root")
                continue
            here, there = room_of(file.path), room_of(name)
            if here in ROOMS and (there not in ROOMS or ROOMS.index(there) > ROOMS.index(here)):
                yield Breach(file.path, line, "include-upward", f"{here} may not know {target}")
        for library, pattern, owners in OWNERS:
            if re.match(pattern, target) and not file.path.startswith(tuple(owners)):
                yield Breach(file.path, line, "library-owner",
                             f"{library} belongs to {', '.join(owners)}")
        if PURE.match(file.path) and IMPURE_INCLUDE.match(target):
            yield Breach(file.path, line, "pure", f"{target}: time, ids and hashes come as values")


def check_words(file, _files):
    for number, text in enumerate(file.lines, 1):
        for pattern, advice in BANNED_ANYWHERE:
            if pattern.search(text):
                yield Breach(file.path, number, "banned", f"{pattern.search(text)[0]}: {advice}")
    for number, text in enumerate(file.code_lines, 1):
        for pattern, where, advice in BANNED_IN_CODE:
            if where.match(file.path) and pattern.search(text):
                yield Breach(file.path, number, "banned", f"{pattern.search(text)[0]}: {advice}")
        if PURE.match(file.path) and IMPURE_CODE.search(text):
            yield Breach(file.path, number, "pure",
                         f"{IMPURE_CODE.search(text)[0]}: time, ids and hashes come as values")


def check_form(file, _files):
    if file.path.endswith(".h") and "#pragma once" not in file.code_lines:
        yield Breach(file.path, 1, "pragma-once", "a header says #pragma once")
    for number, text in enumerate(file.lines, 1):
        if len(text) > LINE_COLUMNS:
            yield Breach(file.path, number, "line-length",
                         f"{len(text)} columns, at most {LINE_COLUMNS}")


def sizes(file):
    """(line, rule, name in the exception list, size, budget) of the file and of its functions."""
    if file.path.startswith("tests/"):  # a header there may hold a whole contract suite
        rule, budget = "test-lines", TEST_LINES
    elif file.path.endswith(".h"):
        rule, budget = "header-lines", HEADER_LINES
    else:
        rule, budget = "source-lines", SOURCE_LINES
    yield 1, rule, file.path, len(file.lines), budget
    for line, name, length in file.functions():
        yield line, "function-lines", f"{file.path}:{name}", length, FUNCTION_LINES


def read_exceptions(root):
    """{(rule, name): (line, size)} from lines "rule name size"; the file may be absent."""
    path = root / EXCEPTIONS
    found = {}
    if path.exists():
        for number, text in enumerate(path.read_text().splitlines(), 1):
            words = text.split("#")[0].split()
            if words:
                found[(words[0], words[1])] = (number, int(words[2]))
    return found


def check_budgets(files, exceptions):
    """Sizes within their budgets. An exception holds one size, and must go down with it."""
    largest = {}  # overloads share a name: the longest counts
    for file in files.values():
        for line, rule, name, size, budget in sizes(file):
            key = (rule, name)
            if size > budget and size > largest.get(key, (0,))[0]:
                largest[key] = (size, budget, file.path, line)
    for key, (size, budget, path, line) in largest.items():
        if key not in exceptions:
            yield Breach(path, line, key[0], f"{key[1]} has {size} lines, at most {budget}")
        elif size > exceptions[key][1]:
            yield Breach(path, line, key[0], f"{key[1]} grew from {exceptions[key][1]} to {size}")
        elif size < exceptions[key][1]:
            yield Breach(EXCEPTIONS, exceptions[key][0], "exception",
                         f"{key[1]} shrank: write {size} here")
    for key, (line, _) in exceptions.items():
        if key not in largest:
            yield Breach(EXCEPTIONS, line, "exception",
                         f"{key[1]} keeps {key[0]} now: remove this line")


def check_listed(root, files):
    """Every source and header stands in the CMakeLists.txt of its directory or of one above it."""
    listed = set()
    for lists in [root / "CMakeLists.txt", *(p for d in ROOMS + ["tests"]
                                             for p in (root / d).rglob("CMakeLists.txt"))]:
        if lists.exists():
            text = re.sub(r"#.*", "", lists.read_text())
            for name in re.findall(r"\w[\w./-]*\.(?:cc|h)\b", text):
                listed.add((lists.parent / name).relative_to(root).as_posix())
    for path in files:
        if path not in listed:
            yield Breach(path, 1, "unlisted", "add it to the CMakeLists.txt of its room")


def breaches(root):
    root = pathlib.Path(root)
    files = source.read_tree(root, ROOMS + ["tests"])
    found = []
    for file in files.values():
        for check in (check_includes, check_words, check_form):
            found += check(file, files)
    found += check_budgets(files, read_exceptions(root))
    found += check_listed(root, files)
    return files, sorted(found, key=lambda b: (b.path, b.line, b.rule))


def main():
    files, found = breaches(sys.argv[1])
    if not files:
        sys.exit("tidy: no sources here; is this the root?")
    for breach in found:
        print(breach)
    print(f"tidy: {len(files)} files read, {len(found)} breaches")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
