#!/usr/bin/env python3
"""kill -9 loses at most what was counted since the last flush; a restart loses nothing.

usage_test.py PROGRAM"""
import re
import sys
import time
import unittest
import urllib.request

from server import Server, program

PROGRAM = program()


def flush_age(port):
    """Seconds since counts were last brought to disk; a large number if they never were."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = re.search(r"^keyledger_usage_flush_age_seconds ([0-9.e+-]+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 1e9


class Usage(unittest.TestCase):
    def test_what_was_flushed_survives_kill_9_and_a_stop_loses_nothing(self):
        with Server(PROGRAM) as server:
            def start():
                return server.start("--metrics-listen", "127.0.0.1:0")["metrics"]

            def shown():
                return server.client().expect(200, "GET", path + "/usage")[0]

            metrics = start()
            made = server.client().create_key("ci")
            path = "/v1/keys/" + made["key"]["id"]
            for _ in range(5):
                server.client().expect(200, "POST", "/v1/keys/verify",
                                       {"key": made["secret"], "ip": "203.0.113.7"})
            counted = time.monotonic()
            self.assertEqual(shown()["use_count"], 5, "at once")
            while flush_age(metrics) > time.monotonic() - counted:
                self.assertLess(time.monotonic() - counted, 120, "nothing was flushed")
                time.sleep(0.2)
            server.kill()
            metrics = start()
            before = shown()
            self.assertEqual((before["use_count"], before["last_ip"]), (5, "203.0.113.7"))
            server.client().expect(200, "POST", "/v1/keys/verify", {"key": made["secret"]})
            server.stop()
            start()
            after = shown()
            self.assertEqual(after["use_count"], 6)
            self.assertEqual(after["known_since"], before["known_since"])
            self.assertEqual(sum(day["verdicts"]["VALID"] for day in after["days"]), 6)
            server.stop()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
