#!/usr/bin/env python3
"""The live feed over a real socket: curl and a small client read it, the server is killed and stopped, keys end.

Usage: audit_stream_test.py PATH-OF-keyledger
"""
import http.client
import json
import random
import subprocess
import sys
import threading
import unittest

from server import LONG, Server, program

PROGRAM = program()
KILLS = 30 if LONG else 4
PATIENCE = 60  # seconds; beyond it a test has failed


class Feed:
    """A client as the WHATWG describes it, standard library only."""

    def __init__(self, server, key=None, last=None, query=""):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        headers = {"Authorization": "Bearer " + (key or server.owner)}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection.request("GET", "/v1/audit/stream" + query, headers=headers)
        self.answer = self.connection.getresponse()
        self.last = last
        self.comments = []
        assert self.answer.status == 200, (self.answer.status, self.answer.read())

    def messages(self):
        """(id, event, data) of each, until the end of the feed; a cut raises OSError or HTTPException."""
        new, event, data = None, None, []
        while True:
            line = self.answer.readline().decode()
            if not line:
                return
            name, _, value = line.rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if line == "\n":
                if new is not None:
                    self.last = int(new)
                if data:
                    yield self.last, event, "\n".join(data)
                new, event, data = None, None, []
            elif name == "id":
                new = value
            elif name == "event":
                event = value
            elif name == "data":
                data.append(value)
            elif not name:
                self.comments.append(value)

    def take(self, count):
        feed = self.messages()
        return [next(feed) for _ in range(count)]

    def close(self):
        self.connection.close()


def trail(server, after):
    """What a feed is to say of everything after that position."""
    client, rows, cursor = server.client(), [], ""
    while cursor is not None:
        page, _ = client.expect(200, "GET", f"/v1/audit?order=asc&limit=1000{cursor}")
        rows += [(e["position"], e["action"], e) for e in page["data"] if e["position"] > after]
        cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
    return rows


def parsed(messages):
    return [(position, action, json.loads(data)) for position, action, data in messages]


class AuditStream(unittest.TestCase):
    def test_curl_reads_it_and_goes_on_after_a_kill(self):
        with Server(PROGRAM) as server:
            def curl(*options):
                return subprocess.Popen(
                    ["curl", "-sSN", "-D", "-", "-H", "Authorization: Bearer " + server.owner, *options,
                     f"http://127.0.0.1:{server.port}/v1/audit/stream"], stdout=subprocess.PIPE, text=True)

            def read_until(process, wanted):
                for line in process.stdout:
                    if line.strip() == wanted:
                        return
                self.fail(f"curl ended without {wanted}")

            server.start()
            process = curl()
            read_until(process, "retry: 3000")  # now it listens
            server.client().create_key("one")
            read_until(process, "event: key.created")
            position = server.client().expect(200, "GET", "/v1/ledger")[0]["size"] - 1
            data = process.stdout.readline()
            entry, _ = server.client().expect(200, "GET", f"/v1/audit/{position}")
            self.assertEqual(json.loads(data.removeprefix("data: ")), entry)
            server.kill()
            self.assertNotEqual(process.wait(PATIENCE), 0, "a cut is no end")
            process.stdout.close()

            server.start()
            server.client().create_key("two")
            process = curl("-H", f"Last-Event-ID: {position}")
            read_until(process, f"id: {position + 1}")
            server.stop()
            self.assertEqual(process.wait(PATIENCE), 0, "a server that stops ends it well")
            process.stdout.close()

    def test_no_gap_and_no_repeat_when_the_server_is_killed_under_load(self):
        seed = random.SystemRandom().getrandbits(32)
        random.seed(seed)
        with self.subTest(seed=seed), Server(PROGRAM) as server:
            read, last = [], 0
            for number in range(KILLS):
                server.start()
                feed = Feed(server, last=last)
                stop = threading.Event()

                def write(number=number, client=server.client(), stop=stop):
                    try:
                        for i in range(100_000):
                            if stop.is_set():
                                return
                            client.create_key(f"{number} {i}")
                    except (OSError, http.client.HTTPException):
                        pass  # the kill
                writers = [threading.Thread(target=write)]
                writers[0].start()
                wanted = random.randint(1, 100)
                try:
                    for message in feed.messages():
                        read.append(message)
                        wanted -= 1
                        if wanted == 0:
                            server.kill()
                except (OSError, http.client.HTTPException):
                    pass
                stop.set()
                writers[0].join()
                last = feed.last
                feed.close()
            server.start()
            expected = trail(server, 0)
            feed = Feed(server, last=last)
            read += feed.take(len(expected) - len(read))
            feed.close()
            self.assertEqual(parsed(read), expected)
            server.stop()

    def test_a_revoked_key_reads_no_more(self):
        with Server(PROGRAM) as server:
            server.start()
            owner = server.client()
            member, _ = owner.expect(201, "POST", "/v1/members",
                                     {"name": "Eve", "email": "e@example.com", "role": "auditor"})
            path = f"/v1/members/{member['id']}/management_keys"
            key, _ = owner.expect(201, "POST", path, {})
            feed = Feed(server, key=key["secret"])
            messages = feed.messages()
            made = owner.create_key("seen")
            self.assertEqual(json.loads(next(messages)[2])["target"]["id"], made["key"]["id"])
            receipt, _ = owner.expect(200, "POST", f"/v1/keys/{key['id']}/revoke", {})
            owner.create_key("not seen")
            self.assertEqual(list(messages), [], "it ends, and well")
            self.assertLess(feed.last, receipt["position"])
            self.assertEqual(feed.comments,
                             ["This management key may not read the audit trail any more."])
            status, _, _ = server.client(key["secret"]).request("GET", "/v1/audit/stream")
            self.assertEqual(status, 401)
            server.stop()

    def test_it_beats_while_nothing_happens_and_a_stop_need_not_wait_for_it(self):
        with Server(PROGRAM) as server:
            server.start()
            feeds = [Feed(server, query=f"?action={action}") for action in ("key.*", "member.*")]
            line = ""
            while line != ": heartbeat\n":  # a silence of more than PATIENCE is an error
                line = feeds[0].answer.readline().decode()
                self.assertTrue(line, "the feed has ended")
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            for feed in feeds:
                self.assertEqual(list(feed.messages()), [], "ended whole, so not cut off at the deadline")
                feed.close()
            stopping.join()
            self.assertEqual(server.process.returncode, 0)

    def test_there_are_only_so_many_and_who_leaves_makes_room(self):
        with Server(PROGRAM) as server:
            server.start()
            feeds = [Feed(server) for _ in range(4)]
            client = server.client()
            status, problem, headers = client.request("GET", "/v1/audit/stream")
            self.assertEqual((status, problem["code"]), (429, "rate_limited"))
            self.assertTrue(headers["Retry-After"])
            feeds.pop().close()
            while status == 429:  # until the server has noticed; the test's time-out is the limit
                status, _, _ = client.request("GET", "/v1/audit/stream")
            self.assertEqual(status, 200)
            for feed in feeds:
                feed.close()
            server.stop()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
