"""Shows that events/FORMAT.md is enough: the reader written from it agrees with the program.

Usage: ledger_reader_test.py ROOT DUMP    DUMP is the program of random_dump.cc
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import unittest

import ledger_reader

KINDS = {"leaf": "leaves", "frame": "frames", "side": "sides", "blob": "blobs"}
ROOT, DUMP = pathlib.Path(sys.argv[1]), sys.argv[2]
GOLDEN = ROOT / "tests" / "golden"
FORMAT = (ROOT / "events" / "FORMAT.md").read_text(encoding="utf-8")


def golden(kind):
    for path in sorted((GOLDEN / KINDS[kind]).glob("*.hex")):
        yield path.stem, bytes.fromhex(path.read_text())


class LedgerReader(unittest.TestCase):
    maxDiff = None

    def test_golden_bytes_mean_their_json(self):
        for kind, folder in KINDS.items():
            for name, data in golden(kind):
                path = GOLDEN / folder / f"{name}.json"
                expected = json.loads(path.read_text(encoding="utf-8"))
                self.assertEqual(ledger_reader.READERS[kind](data), expected, name)

    def test_random_bytes_mean_what_the_program_says(self):
        dump = subprocess.run([DUMP], check=True, capture_output=True, encoding="utf-8").stdout
        lines = dump.strip("\n").split("\n")
        self.assertGreater(len(lines), 1000)
        types = set()
        for line in lines:
            kind, data, expected = line.split(" ", 2)
            value = ledger_reader.READERS[kind](bytes.fromhex(data))
            self.assertEqual(value, json.loads(expected))
            types.add(value.get("type"))
        self.assertLessEqual({name for name, _ in ledger_reader.PAYLOADS.values()}, types)

    def test_cut_bytes_are_refused(self):
        for kind in KINDS:
            for name, data in golden(kind):
                for size in range(len(data)):
                    with self.assertRaises(ledger_reader.Damaged, msg=f"{name} cut to {size}"):
                        ledger_reader.READERS[kind](data[:size])
                with self.assertRaises(ledger_reader.Damaged, msg=f"{name} with a byte more"):
                    ledger_reader.READERS[kind](data + b"\0")

    def test_the_table_of_types_is_complete(self):
        row = r"^\| ([0-9a-f]{4}) \| ([a-z_.]+)(?: \(notice\))? \| (\d+) \|"
        rows = re.findall(row, FORMAT, re.MULTILINE)
        documented = {(int(tag, 16), int(version)): name for tag, name, version in rows}
        known = {key: name for key, (name, _) in ledger_reader.PAYLOADS.items()}
        self.assertEqual(documented, known)

    def test_the_worked_example_is_a_golden_file(self):
        block = re.compile(r"^```hex (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
        examples = block.findall(FORMAT)
        self.assertTrue(examples)
        for name, lines in examples:
            data = bytes.fromhex("".join(line.split("#")[0] for line in lines.splitlines()))
            self.assertEqual(data, bytes.fromhex((GOLDEN / f"{name}.hex").read_text()), name)
            self.assertIn(hashlib.sha256(b"\0" + data).hexdigest(), FORMAT)

    def test_the_example_of_usage_means_what_stands_beside_it(self):
        lines = re.search(r"^```usage\n(.*?)^```", FORMAT, re.MULTILINE | re.DOTALL).group(1)
        data = bytes.fromhex("".join(line.split("#")[0] for line in lines.splitlines()))
        self.assertEqual(ledger_reader.read_usage(data), [
            {"key": "key_00041061050R3GG28A1C60T3GF", "verdicts": {"IP_NOT_ALLOWED": 1, "VALID": 3},
             "last_used_at": 1774872000000}])
        self.assertIn(hashlib.sha256(data).hexdigest(), FORMAT)
        for size in range(1, len(data)):
            with self.assertRaises(ledger_reader.Damaged, msg=f"cut to {size}"):
                ledger_reader.read_usage(data[:size])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
