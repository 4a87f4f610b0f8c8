"""Clients that present wrong keys: refused with 401, then with 429, by address; who has a valid key is never
refused for the address that it comes from."""
import sys
import unittest

from server import Client, Server

PROGRAM = sys.argv.pop()
A_MINUTE = 5


class Guessing(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.__exit__)

    def start(self, *arguments):
        self.server.start(*arguments)
        self.owner = self.server.client()

    def status(self, key, address, path="/v1/keys"):
        """Of a request that a proxy on this machine passes on for `address`; None: it does not say whose."""
        headers = {"X-Forwarded-For": address} if address else {}
        client = Client(self.server.port, key)
        status, _, self.headers = client.request("GET", path, headers=headers)
        client.connection.close()
        return status

    def guess_too_often(self, address):
        for _ in range(A_MINUTE):
            self.assertEqual(self.status("mk_live_wrong", address), 401)
        self.assertEqual(self.status("mk_live_wrong", address), 429)

    def test_wrong_keys_are_limited_by_address(self):
        self.start("--refusals-per-minute", str(A_MINUTE))
        self.guess_too_often("203.0.113.7")
        self.assertIn(int(self.headers["Retry-After"]), range(1, 13))
        self.assertEqual(self.status("sk_live_wrong", "203.0.113.7", "/v1/whoami"), 429)
        self.assertEqual(self.status("mk_live_wrong", "203.0.113.8"), 401, "another address")
        self.guess_too_often("2001:db8:0:1::1")
        self.assertEqual(self.status("mk_live_wrong", "2001:db8:0:1:ffff::2"), 429, "the same network")

    def test_a_valid_key_is_never_refused_for_its_address(self):
        self.start("--refusals-per-minute", str(A_MINUTE))
        secret = self.owner.create_key("crm")["secret"]
        self.guess_too_often("203.0.113.7")
        for _ in range(2 * A_MINUTE):
            self.assertEqual(self.status(self.server.owner, "203.0.113.7"), 200)
            self.assertEqual(self.status(secret, "203.0.113.7", "/v1/whoami"), 200)
            self.assertEqual(self.status(secret, "203.0.113.7", "/v1/authorize"), 200)

    def test_the_question_of_a_gateway_counts_as_well(self):
        self.start("--refusals-per-minute", str(A_MINUTE))
        for _ in range(A_MINUTE):
            self.assertEqual(self.status("sk_live_wrong", "203.0.113.7", "/v1/authorize"), 401)
        self.assertEqual(self.status("sk_live_wrong", "203.0.113.7", "/v1/authorize"), 429)
        self.assertEqual(self.status("sk_live_wrong", "203.0.113.7", "/v1/authorize?nginx=1"), 403)
        self.assertEqual(self.headers["X-Status"], "429")
        self.assertIsNotNone(self.headers["Retry-After"])
        self.assertEqual(self.status(None, "203.0.113.7", "/v1/authorize"), 401, "no key is no guess")

    def test_a_proxy_that_does_not_say_for_whom_it_speaks_may_be_everybody(self):
        self.start("--refusals-per-minute", str(A_MINUTE))
        for _ in range(4 * A_MINUTE):
            self.assertEqual(self.status("mk_live_wrong", None), 401)
            self.assertEqual(self.status("sk_live_wrong", None, "/v1/authorize"), 401)

    def test_it_can_be_switched_off(self):
        self.start("--refusals-per-minute", "0")
        for _ in range(100):
            self.assertEqual(self.status("mk_live_wrong", "203.0.113.7"), 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
