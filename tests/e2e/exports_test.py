#!/usr/bin/env python3
"""Exports of the audit trail over a real socket, taken by curl: cut and gone on with, by a slow client, in all formats.

exports_test.py PROGRAM"""
import csv
import hashlib
import io
import json
import re
import socket
import subprocess
import sys
import unittest
import urllib.parse

from server import Server, program

PROGRAM = program()
KEYS = 3000


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM)
        cls.server.start()
        cls.client = cls.server.client()
        for batch in range(0, KEYS, 1000):
            keys = [{"type": "private", "name": f"key {n}", "description": "=" + "x" * 200,
                     "sha256": hashlib.sha256(str(n).encode()).hexdigest()} for n in range(batch, batch + 1000)]
            cls.client.expect(201, "POST", "/v1/keys/import", {"keys": keys, "reason": "brought, \"all\" of them"})
        cls.entries = cls.listed()

    @classmethod
    def tearDownClass(cls):
        cls.client.connection.close()
        cls.server.__exit__()

    @classmethod
    def listed(cls):
        """All entries, oldest first, page by page."""
        entries, cursor = [], ""
        while True:
            page, _ = cls.client.expect(200, "GET", "/v1/audit?order=asc&limit=1000" + cursor)
            entries += page["data"]
            if page["next_cursor"] is None:
                return entries
            cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])

    def curl(self, query, *options):
        return ["curl", "-sSN", "-H", f"Authorization: Bearer {self.server.owner}", *options,
                f"http://127.0.0.1:{self.server.port}/v1/audit?{query}"]

    def export(self, query):
        return subprocess.run(self.curl(query, "-f"), check=True, capture_output=True, timeout=120).stdout.decode()

    def ndjson(self, query):
        return [json.loads(line) for line in self.export(query).splitlines()]

    def test_every_format_is_the_whole_list_with_the_same_ids(self):
        ids = [entry["id"] for entry in self.entries]
        self.assertGreater(len(ids), KEYS)
        self.assertEqual(self.ndjson("format=ndjson&order=asc"), self.entries)
        self.assertEqual(self.ndjson("format=ndjson"), self.entries[::-1], "newest first")
        self.assertEqual([event["id"] for event in self.ndjson("format=cloudevents&order=asc")], ids)
        self.assertEqual([event["metadata"]["uid"] for event in self.ndjson("format=ocsf&order=asc")], ids)
        table = csv.DictReader(io.StringIO(self.export("format=csv&order=asc"), newline=""))
        rows = [{name: re.sub(r"(^|[;\t\r\n])'", r"\1", cell) for name, cell in row.items()} for row in table]
        self.assertEqual([row["id"] for row in rows], ids)
        self.assertEqual([row["reason"] or None for row in rows], [entry["reason"] for entry in self.entries])
        self.assertEqual(json.loads(rows[-1]["changes"]), self.entries[-1]["changes"])

    def test_a_client_that_went_away_goes_on_where_it_was(self):
        for order, go_on in (("asc", lambda last: f"from=position:{last + 1}"),
                             ("desc", lambda last: f"to=position:{last}")):
            query = "format=ndjson&order=" + order
            with subprocess.Popen(self.curl(query), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as curl:
                taken = [json.loads(curl.stdout.readline()) for _ in range(700)]
                curl.kill()
            rest = self.ndjson(f"{query}&{go_on(taken[-1]['position'])}")
            self.assertEqual(taken + rest, self.entries[::1 if order == "asc" else -1])

    def test_a_slow_client_gets_all_and_holds_nobody_up(self):
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(60)
            slow.connect(("127.0.0.1", self.server.port))
            slow.sendall((f"GET /v1/audit?format=ndjson&order=asc&to=position:{len(self.entries)} HTTP/1.0\r\n"
                          f"Host: 127.0.0.1\r\nAuthorization: Bearer {self.server.owner}\r\n\r\n").encode())
            answer = slow.recv(1000)
            for _ in range(20):
                self.client.expect(200, "GET", "/v1/audit?limit=1")
            while piece := slow.recv(65536):
                answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertEqual([json.loads(line) for line in body.decode().splitlines()], self.entries)

    def test_a_head_is_without_a_body(self):
        done = subprocess.run(self.curl("format=csv", "-I"), check=True, capture_output=True, timeout=60)
        self.assertIn(b"filename=\"audit.csv\"", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
