"""The seeds through the gateways of docs/gateways: real nginx and real Caddy with the files that the docs
give away, a small API behind them, and the seeds' own curl lines. Tests are named after the rows of the
two systems that they show."""
import http.client
import json
import sys
import time
import unittest

from gateway import Api, Caddy, Nginx, curl
from server import Server

PROGRAM = sys.argv.pop()

QUO = '''curl %s/users?limit=1 \\
  --header "Authorization: YOUR_API_KEY" \\
  --header "Quo-Api-Version: 2026-03-30"''' % "https://api.quo.com"
QUOTIENT = '''curl -X POST https://api.quotient.com/api/v0/analytics \\
  -H "Authorization: Bearer pk_test_1234567890abcdef" \\
  -H "Content-Type: application/json" \\
  -d '{"eventType": "pageView"}\''''

QUO_VERSION = {"Quo-Api-Version": "2026-03-30"}


class World:
    """One keyledger with a workspace of each profile, and the API."""

    def __init__(self):
        self.server = Server(PROGRAM)
        unittest.addModuleCleanup(self.server.__exit__)
        self.server.start()
        self.api = Api()
        unittest.addModuleCleanup(self.api.close)
        operator = self.server.client()
        self.owners, self.workspaces = {}, {}
        for profile in ("quo", "quotient"):
            made, _ = operator.expect(201, "POST", "/v1/workspaces", {
                "name": profile, "profile": profile,
                "owner": {"name": "Ada", "email": "ada@example.com"}})
            self.workspaces[profile] = made["workspace"]["id"]
            self.owners[profile] = self.server.client(made["management_key"]["secret"])


def setUpModule():
    global WORLD
    WORLD = World()


class Through:
    """Requests through one gateway of `profile`, for the classes below."""

    environment = "live"
    made = 0

    @classmethod
    def setUpClass(cls):
        cls.owner = WORLD.owners[cls.profile]
        cls.gateway = cls.program(WORLD.server.port, WORLD.api.port, WORLD.workspaces[cls.profile],
                                  cls.environment)
        cls.addClassCleanup(cls.gateway.close)

    def key(self, **fields):
        """A new key, revoked after the test: its JSON and its secret."""
        Through.made += 1
        answer = self.owner.create_key(f"key-{Through.made}",
                                       **{"environment": self.environment, **fields})
        self.addCleanup(self.owner.request, "DELETE", f"/v1/keys/{answer['key']['id']}")
        return answer["key"], answer["secret"]

    def ask(self, method, path, secret=None, headers=None, body=None):
        """Status, body, headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            if secret:
                connection.putheader("Authorization", "Bearer " + secret)
            for name, value in (headers.items() if isinstance(headers, dict) else headers or ()):
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text), answer.headers
        except ValueError:
            return answer.status, text.decode("utf-8", "replace"), answer.headers

    def reached(self, call):
        """What the API saw of `call()`, which is not to be more than one request; None if nothing."""
        before = len(WORLD.api.seen)
        self.answer = call()
        seen = WORLD.api.seen[before:]
        self.assertLessEqual(len(seen), 1)
        return seen[0] if seen else None

    def refused(self, status, code, *request, **more):
        """The request does not reach the API, and the client is told why."""
        self.assertIsNone(self.reached(lambda: self.ask(*request, **more)), self.answer_text())
        got, body, headers = self.answer
        self.assertEqual((got, body["code"]), (status, code), self.gateway.log())
        self.assertEqual(body["status"], status)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertIsNone(headers.get("X-Verdict"), "which key it was is not the client's business")
        self.assertIsNone(headers.get("X-Status"))
        return body, headers

    def is_logged(self, request_id):
        """By keyledger, whose log comes through a pipe."""
        until = time.monotonic() + 60
        while f'"{request_id}"' not in WORLD.server.log():
            self.assertLess(time.monotonic(), until, f"{request_id} is not in the log")
            time.sleep(0.02)

    def answer_text(self):
        return str(getattr(self, "answer", ""))


class Quo(Through):
    profile = "quo"

    def test_Q1_the_seeds_line_with_the_key_alone_or_as_bearer(self):
        _, secret = self.key()
        status, body, _ = curl(QUO, self.gateway.url, secret)
        self.assertEqual((status, list(body)), (200, ["data"]), body)
        status, _, _ = curl(QUO.replace("YOUR_API_KEY", "Bearer YOUR_API_KEY"), self.gateway.url, secret)
        self.assertEqual(status, 200)

    def test_Q1_a_wrong_key_and_none_at_all_get_401(self):
        status, body, headers = curl(QUO, self.gateway.url, "sk_live_wrong")
        self.assertEqual((status, body["code"]), (401, "invalid_api_key"))
        self.assertTrue(headers["www-authenticate"].startswith("Bearer"), headers)
        self.refused(401, "invalid_api_key", "GET", "/users", headers=QUO_VERSION)

    def test_Q3_a_key_reaches_everything(self):
        _, secret = self.key()
        for method, path in (("GET", "/users?limit=1"), ("DELETE", "/calls/7"), ("PATCH", "/a/b/c")):
            seen = self.reached(lambda: self.ask(method, path, secret, QUO_VERSION))
            self.assertEqual(seen[:2], (method, path))
            self.assertEqual(self.answer[0], 200)

    def test_Q7_a_missing_or_unknown_version_gets_400_with_the_accepted_ones(self):
        _, secret = self.key()
        without = QUO.replace('--header "Quo-Api-Version: 2026-03-30"', "")
        for line in (without, QUO.replace("2026-03-30", "2020-01-01")):
            self.assertIsNone(self.reached(lambda: curl(line, self.gateway.url, secret)))
            status, body, _ = self.answer
            self.assertEqual((status, body["code"]), (400, "HEADER_REQUIRED"), body)
            self.assertIn("Quo-Api-Version", body["detail"])
            self.assertIn("2026-03-30", body["detail"])

    def test_Q8_a_good_key_gets_200_with_data(self):
        _, secret = self.key()
        status, body, _ = curl(QUO, self.gateway.url, secret)
        self.assertEqual(status, 200)
        self.assertIsInstance(body["data"], list)

    def test_Q10_the_secret_ends_at_the_gateway(self):
        _, secret = self.key()
        _, _, headers, _ = self.reached(lambda: curl(QUO, self.gateway.url, secret))
        self.assertNotIn(secret, str(headers))
        body, _ = self.refused(400, "secret_in_request", "GET", "/users?key=" + secret,
                               secret=secret, headers=QUO_VERSION)
        self.assertNotIn(secret, str(body))

    def test_Q11_a_revoked_key_is_refused_at_once(self):
        key, secret = self.key()
        for _ in range(3):  # the gateway has asked before, and remembers nothing
            self.assertEqual(curl(QUO, self.gateway.url, secret)[0], 200)
        self.owner.expect(200, "DELETE", f"/v1/keys/{key['id']}", {"reason": "left"})
        self.assertIsNone(self.reached(lambda: curl(QUO, self.gateway.url, secret)))
        self.assertEqual((self.answer[0], self.answer[1]["code"]), (401, "invalid_api_key"))

    def test_Q12_the_key_shows_what_was_used(self):
        key, secret = self.key()
        for _ in range(2):
            curl(QUO, self.gateway.url, secret)
        shown, _ = self.owner.expect(200, "GET", f"/v1/keys/{key['id']}")
        self.assertEqual(shown["use_count"], 2)
        self.assertIsNotNone(shown["last_used_at"])

    def test_a_limited_key_gets_429_and_is_told_when_to_come_back(self):
        _, secret = self.key(rate_limit={"limit": 2, "window_seconds": 3600})
        for left in (1, 0):
            status, _, headers = self.ask("GET", "/users", secret, QUO_VERSION)
            self.assertEqual(status, 200)
            self.assertEqual(headers["RateLimit-Policy"], '"key";q=2;w=3600')
            self.assertRegex(headers["RateLimit"], f'^"key";r={left};t=[0-9]+$')
            self.assertIsNone(headers["Retry-After"])
        _, headers = self.refused(429, "RATE_LIMITED", "GET", "/users", secret, QUO_VERSION)
        self.assertRegex(headers["RateLimit"], '^"key";r=0;t=[0-9]+$')
        self.assertTrue(1700 < int(headers["Retry-After"]) <= 1800, headers["Retry-After"])

    def test_an_address_rule_sees_the_client_and_not_what_it_claims(self):
        _, here = self.key(allowed_ips=["127.0.0.0/8"])
        _, there = self.key(allowed_ips=["203.0.113.0/24"])
        self.assertEqual(self.ask("GET", "/users", here, QUO_VERSION)[0], 200)
        for forged in ({}, {"X-Forwarded-For": "203.0.113.7"}, {"X-Real-Ip": "203.0.113.7"},
                       {"Forwarded": "for=203.0.113.7"}):
            self.refused(403, "IP_NOT_ALLOWED", "GET", "/users", there, {**QUO_VERSION, **forged})

    def test_what_the_api_is_told_of_the_key_cannot_be_forged(self):
        key, secret = self.key(external_id="café")
        forged = {name: "forged" for name in (
            "X-Key-Id", "X-Key-Name", "X-Key-Type", "X-Key-Environment", "X-Key-Scopes",
            "X-Key-External-Id", "X-Workspace-Id", "X_Key_Id", "x-key-SCOPES2")}
        _, _, headers, _ = self.reached(
            lambda: self.ask("GET", "/users", secret, {**QUO_VERSION, **forged}))
        self.assertEqual(headers.get_all("X-Key-Id"), [key["id"]])
        self.assertEqual(headers.get_all("X-Key-Name"), [key["name"]])
        self.assertEqual(headers.get_all("X-Key-Type"), ["private"])
        self.assertEqual(headers.get_all("X-Key-Environment"), ["live"])
        self.assertEqual(headers.get_all("X-Key-Scopes"), ["ALL"])
        self.assertEqual(headers.get_all("X-Key-External-Id"), ["caf%C3%A9"])
        self.assertEqual(headers.get_all("X-Workspace-Id"), [WORLD.workspaces["quo"]])
        self.assertIsNone(headers.get("X_Key_Id"))
        _, bare = self.key()
        _, _, headers, _ = self.reached(lambda: self.ask("GET", "/users", bare, {**QUO_VERSION, **forged}))
        self.assertNotEqual(headers.get("X-Key-External-Id"), "forged")

    def test_neither_another_spelling_nor_the_connection_header_forges_the_key(self):
        key, secret = self.key()
        true = {"X-Key-Id": key["id"], "X-Key-Type": "private", "X-Key-Scopes": "ALL",
                "X-Workspace-Id": WORLD.workspaces["quo"]}
        for connection in ("close", "close, X-Key-Id, X-Key-Type, X-Key-Scopes, X-Workspace-Id"):
            forged = {**QUO_VERSION, "Connection": connection, "X-Key_Id": "forged", "X_Key-Type": "forged",
                      "X_Key_Scopes": "forged", "X-Workspace_Id": "forged", "X_Workspace-Id": "forged"}
            _, _, headers, _ = self.reached(lambda: self.ask("GET", "/users", secret, forged))
            seen = [(name.replace("_", "-").lower(), value) for name, value in headers.items()]
            for name, value in true.items():
                self.assertEqual([v for n, v in seen if n == name.lower()], [value], connection)

    def test_nothing_steers_the_api_past_what_was_judged(self):
        _, secret = self.key()
        names = [f"X-Original-{what}" for what in ("Method", "URI", "URL", "Host", "Path", "For", "Prefix")]
        names += [f"X-Forwarded-{what}" for what in ("Method", "Uri", "Path", "Prefix", "Host", "Port", "Server",
                                                     "Scheme", "Ssl", "For", "Proto")]
        names += ["X-Rewrite-Url", "X-Rewrite-Uri", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
                  "Forwarded", "X-Real-IP", "X-Host", "X-Script-Name", "X-Envoy-Original-Path"]
        forged = {**QUO_VERSION, **{name: "/forged" for name in names}}
        _, path, headers, _ = self.reached(lambda: self.ask("GET", "/users", secret, forged))
        self.assertEqual((self.answer[0], path), (200, "/users"))
        self.assertEqual([name for name, value in headers.items() if "forged" in value], [])

    def test_a_request_has_one_name_for_the_client_the_api_and_keyledger(self):
        _, secret = self.key()
        twice = [("X-Request-Id", 'a "b"'), ("X-Request-Id", "c d"), *QUO_VERSION.items()]
        for sent, kept in (({**QUO_VERSION, "X-Request-Id": "0af7-Call.7"}, "0af7-Call.7"), (QUO_VERSION, None),
                           ({**QUO_VERSION, "X-Request-Id": 'caf\xe9 "} '}, None), (twice, None)):
            _, _, headers, _ = self.reached(lambda: self.ask("GET", "/users", secret, sent))
            names = headers.get_all("X-Request-Id") + self.answer[2].get_all("X-Request-Id")
            self.assertEqual(names, [names[0]] * 2)
            self.is_logged(names[0])
            self.assertIn(kept, (None, names[0]))
            if not kept:
                self.assertRegex(names[0], "^[0-9a-f-]{32,36}$")
            for key, status in ((None, 401), ("sk_live_x", 401), (secret, 400)):
                path = "/users?key=" + secret if status == 400 else "/users"
                got, body, headers = self.ask("GET", path, key, sent)
                self.assertEqual(got, status)
                self.assertEqual(headers.get_all("X-Request-Id"), [body["instance"].split(":")[-1]])
                self.is_logged(headers["X-Request-Id"])

    def test_headers_that_are_for_the_api_are_not_judged(self):
        _, secret = self.key()
        for name in ("X-Reason", "X-On-Behalf-Of", "Idempotency-Key"):  # nginx refuses two If-Match itself
            lines = [(name, "one"), (name, "two"), *QUO_VERSION.items()]
            seen = self.reached(lambda: self.ask("GET", "/users", secret, lines))
            self.assertEqual(self.answer[0], 200, name)
            self.assertEqual(seen[2].get_all(name), ["one", "two"])

    def test_a_request_with_too_many_headers_is_the_clients_fault(self):
        _, secret = self.key()
        for more in ({f"X-Extra-{i}": "1" for i in range(120)}, {f"X-Extra-{i}": "a" * 6000 for i in range(3)}):
            self.refused(413, "too_large", "GET", "/users", secret, {**QUO_VERSION, **more})

    def test_two_lines_of_a_header_that_decides_are_refused(self):
        _, secret = self.key()
        version, key = ("Quo-Api-Version", "2026-03-30"), ("Authorization", "Bearer " + secret)
        for lines in ((version, version, key), (version, ("Quo-Api-Version", "2020-01-01"), key),
                      (version, key, key), (version, key, ("Authorization", "Bearer sk_live_other"))):
            # Of two lines of Authorization nginx itself says so.
            self.assertIsNone(self.reached(lambda: self.ask("GET", "/users", headers=lines)))
            self.assertEqual(self.answer[0], 400, self.answer)

    def test_no_answer_from_keyledger_lets_nobody_in(self):
        _, secret = self.key()
        gateway = self.program(1, WORLD.api.port, WORLD.workspaces["quo"], "live")
        try:
            seen = self.reached(lambda: curl(QUO, gateway.url, secret))
            self.assertIsNone(seen)
            self.assertIn(self.answer[0], (502, 503))
        finally:
            gateway.close()


class Quotient(Through):
    profile = "quotient"

    def public(self, **fields):
        return self.key(type="public", **{"allowed_origins": ["example.com"], **fields})

    PAGE = {"Origin": "https://www.example.com"}

    def test_T2_a_public_key_reaches_the_public_endpoints_and_no_other(self):
        _, secret = self.public()
        for method, path in (("POST", "/api/v0/analytics"), ("POST", "/api/v0/audience/people"),
                             ("POST", "/api/v0/audience/companies"),
                             ("POST", "/api/v0/audience/lists/news/people"),
                             ("DELETE", "/api/v0/audience/lists/news/people"),
                             ("GET", "/api/v0/blog/posts/1"), ("POST", "/api/v0/flow/7/trigger"),
                             ("GET", "/api/v0/whoami")):
            seen = self.reached(lambda: self.ask(method, path, secret, self.PAGE, b""))
            self.assertEqual(seen and seen[:2], (method, path), self.answer)
        for method, path in (("GET", "/api/v0/analytics"), ("GET", "/api/v0/memory"),
                             ("GET", "/api/v0/audience/lists//people"), ("DELETE", "/api/v0/blog/posts"),
                             ("GET", "/api/v0/blog/../memory"), ("GET", "/api/v0/blog/%2e%2e/memory"),
                             ("GET", "/api/v0/blog/a%2fb")):
            self.refused(403, "ENDPOINT_NOT_ALLOWED", method, path, secret, self.PAGE)

    def test_T2_a_scope_that_is_not_public_is_refused_to_a_public_key(self):
        status, body, _ = self.owner.request("POST", "/v1/keys", {
            "type": "public", "name": "too much", "scopes": ["MEMORY_READ"]})
        self.assertEqual(status, 400)
        self.assertEqual([fault["field"] for fault in body["errors"]], ["scopes[0]"])
        _, narrow = self.public(scopes=["BLOG_READ"])
        self.assertEqual(self.ask("GET", "/api/v0/blog/posts", narrow, self.PAGE)[0], 200)
        self.refused(403, "SCOPE_NOT_GRANTED", "POST", "/api/v0/analytics", narrow, self.PAGE, b"{}")

    def test_T3_a_private_key_has_all_scopes_and_an_address_rule(self):
        _, secret = self.key()
        self.assertEqual(self.ask("GET", "/api/v0/memory", secret)[0], 200)
        _, elsewhere = self.key(allowed_ips=["2001:db8::/32"])
        self.refused(403, "IP_NOT_ALLOWED", "GET", "/api/v0/memory", elsewhere)

    def test_T4_origins_decide_for_public_keys(self):
        _, secret = self.public()
        self.assertEqual(self.ask("GET", "/api/v0/blog/posts", secret, self.PAGE)[0], 200)
        for origin in ("https://example.com.evil.org", "https://evilexample.com", "null",
                       "https://www.example.com:8443"):
            self.refused(403, "ORIGIN_NOT_ALLOWED", "GET", "/api/v0/blog/posts", secret,
                         {"Origin": origin})
        self.refused(403, "ORIGIN_NOT_ALLOWED", "GET", "/api/v0/blog/posts", secret)
        _, anywhere = self.public(allowed_origins=["*"])
        for headers in ({"Origin": "https://evil.org"}, {"Origin": "null"}, {}):
            self.assertEqual(self.ask("GET", "/api/v0/blog/posts", anywhere, headers)[0], 200)

    def test_T4_no_header_of_the_client_changes_what_was_asked(self):
        _, secret = self.public()
        good = {"Method": "GET", "URI": "/api/v0/blog/posts", "URL": "/api/v0/blog/posts"}
        forgeries = [
            {"X-Original-Method": "GET", "X-Original-URI": good["URI"]},
            {"X-Original-Method": "GET", "X-Original-URL": good["URL"]},
            {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": good["URI"]},
            {"X_Original_Method": "GET", "X_Original_URI": good["URI"]},
            {"X_Forwarded_Method": "GET", "X_Forwarded_Uri": good["URI"]},
        ]
        for forged in forgeries:
            with self.subTest(forged):
                self.refused(403, "ENDPOINT_NOT_ALLOWED", "DELETE", "/api/v0/memory/7", secret,
                             {**self.PAGE, **forged})
                # Nor does it get in the way, or reach the API.
                _, _, headers, _ = self.reached(lambda: self.ask(
                    "GET", "/api/v0/blog/posts/1", secret, {**self.PAGE, **forged}))
                self.assertEqual(self.answer[0], 200)
                self.assertEqual([name for name in headers if name in forged], [])

    def test_T6_an_expired_key_says_so(self):
        key, secret = self.key(ttl_seconds=1)
        until = time.monotonic() + 60
        while self.ask("GET", "/api/v0/memory", secret)[0] == 200 and time.monotonic() < until:
            time.sleep(0.05)
        self.refused(401, "EXPIRED", "GET", "/api/v0/memory", secret)
        self.assertEqual(self.owner.expect(200, "GET", f"/v1/keys/{key['id']}")[0]["status"], "expired")

    def test_T10_whoami_shows_the_key_and_its_client(self):
        key, secret = self.public()
        client = WORLD.server.client(secret)
        shown, _ = client.expect(200, "GET", "/v1/whoami", headers={
            **self.PAGE, "User-Agent": "a browser", "X-Forwarded-For": "203.0.113.7"})
        self.assertEqual(shown["key"]["id"], key["id"])
        self.assertEqual(shown["key"]["allowed_origins"], ["example.com"])
        self.assertEqual(shown["client"]["origin"], self.PAGE["Origin"])
        self.assertEqual(shown["client"]["user_agent"], "a browser")
        self.assertEqual(shown["client"]["ip"], "203.0.113.7")
        status, body, _ = self.ask("GET", "/api/v0/whoami", secret, self.PAGE)
        self.assertEqual((status, body["key"]), (200, key["id"]))

    def preflight(self, origin, method="POST", path="/api/v0/analytics?page=1"):
        before = len(WORLD.api.seen)
        answer = self.ask("OPTIONS", path, None, {
            "Origin": origin, "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type"})
        self.assertEqual(len(WORLD.api.seen), before, "the API is not asked")
        return answer

    def test_T11_a_preflight_is_answered_for_an_allowed_origin(self):
        self.public(allowed_origins=["https://app.preflight.dev"])
        status, body, headers = self.preflight("https://app.preflight.dev")
        self.assertEqual((status, body), (204, ""))
        self.assertEqual(headers.get_all("Access-Control-Allow-Origin"), ["https://app.preflight.dev"])
        self.assertIn("POST", headers["Access-Control-Allow-Methods"])
        self.assertIn("authorization", headers["Access-Control-Allow-Headers"].lower())
        self.assertIn("origin", headers["Vary"].lower())
        for origin, path in (("https://www.preflight.dev", "/api/v0/analytics"),
                             ("https://app.preflight.dev", "/api/v0/memory")):
            status, _, headers = self.preflight(origin, path=path)
            self.assertEqual(status, 403)
            self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_T11_what_is_almost_a_preflight_needs_a_key_and_reaches_the_api(self):
        _, secret = self.key()
        origin, asked = "https://www.example.com", "Access-Control-Request-Method"
        for headers in ({"Origin": origin}, {asked: "POST"}, {asked: "a:b:c"}, {},
                        {"Origin": origin, asked: ""}, {"Origin": "", asked: "POST"}):
            with self.subTest(headers):
                seen = self.reached(lambda: self.ask("OPTIONS", "/api/v0/memory", secret, headers))
                self.assertEqual(seen and seen[:2], ("OPTIONS", "/api/v0/memory"), self.answer)
                self.assertEqual(self.answer[0], 200)
                self.assertEqual([name for name in self.answer[2] if name.startswith("X-Key-")], [])
                self.refused(401, "invalid_api_key", "OPTIONS", "/api/v0/memory", None, headers)

    def test_T11_no_preflight_reaches_the_api_whatever_it_asks_for(self):
        _, secret = self.key()
        for origin, asked in (("https://www.example.com", "a:b"), ("evil", ":"), ("null", "G T")):
            self.assertIsNone(self.reached(lambda: self.ask(
                "OPTIONS", "/api/v0/memory", secret,
                {"Origin": origin, "Access-Control-Request-Method": asked})))
            self.assertEqual(self.answer[0], 403)

    def test_T11_answers_and_refusals_can_be_read_by_the_allowed_page_alone(self):
        page = {"Origin": "https://www.example.com"}
        _, secret = self.public()
        status, _, headers = self.ask("GET", "/api/v0/blog/posts", secret, page)
        self.assertEqual(status, 200)
        self.assertEqual(headers.get_all("Access-Control-Allow-Origin"), [page["Origin"]],
                         "the gateway's, once, and not the API's")
        self.assertIn("Retry-After", headers["Access-Control-Expose-Headers"])
        self.assertIn("Origin", str(headers.get_all("Vary")))
        _, headers = self.refused(401, "invalid_api_key", "GET", "/api/v0/blog/posts", "pk_live_x", page)
        self.assertEqual(headers.get_all("Access-Control-Allow-Origin"), [page["Origin"]])
        _, private = self.key()
        status, _, headers = self.ask("GET", "/api/v0/memory", private,
                                      {"Origin": "https://nobody-allowed.example.net"})
        self.assertEqual(status, 200)
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_T12_a_live_gateway_refuses_test_keys(self):
        _, secret = self.key(environment="test")
        self.refused(403, "ENVIRONMENT_NOT_ALLOWED", "GET", "/api/v0/memory", secret)


class QuotientTest(Through):
    """The seed's own line has a test key."""

    profile = "quotient"
    environment = "test"

    def test_T1_T10_the_seeds_line(self):
        _, secret = self.key(type="public", allow_missing_origin=True)
        seen = self.reached(lambda: curl(QUOTIENT, self.gateway.url, secret))
        self.assertEqual(self.answer[0], 200, self.answer)
        self.assertEqual(seen[:2], ("POST", "/api/v0/analytics"))
        self.assertEqual(json.loads(seen[3]), {"eventType": "pageView"}, "the body reaches the API")

    def test_T12_a_test_gateway_refuses_live_keys(self):
        _, secret = self.key(environment="live")
        self.refused(403, "ENVIRONMENT_NOT_ALLOWED", "GET", "/api/v0/memory", secret)


class Balanced(Nginx):
    """Behind a load balancer on this machine, which names its client in X-Client."""

    def around(self, text):
        return super().around("set_real_ip_from 127.0.0.1; real_ip_header X-Client;\n" + text)


class NginxGuarded(Through, unittest.TestCase):
    profile = "quotient"
    program = Balanced

    def test_too_many_wrong_keys_from_one_address_get_429(self):
        _, secret = self.key()
        there = {"X-Client": "203.0.113.77"}
        for _ in range(60):
            self.refused(401, "invalid_api_key", "GET", "/api/v0/memory", "sk_live_wrong", there)
        revoked, old = self.key()
        self.owner.expect(200, "DELETE", f"/v1/keys/{revoked['id']}")
        for wrong in ("sk_live_wrong", old, self.owner.key, "a b"):
            body, headers = self.refused(429, "rate_limited", "GET", "/api/v0/memory", wrong, there)
            self.assertTrue(body["type"].endswith(":rate_limited"))
            self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertEqual(self.ask("GET", "/api/v0/memory", secret, there)[0], 200)
        self.refused(401, "invalid_api_key", "GET", "/api/v0/memory", "sk_live_wrong", {"X-Client": "203.0.113.78"})


class NginxStranger(unittest.TestCase):
    def test_a_gateway_that_is_not_trusted_says_so_in_its_log(self):
        with Server(PROGRAM) as server:
            server.start("--trusted-proxies", "none")
            owner = server.client()
            workspace = owner.expect(200, "GET", "/v1/workspace")[0]["id"]
            secret = owner.create_key("crm")["secret"]
            gateway = Nginx(server.port, WORLD.api.port, workspace, "live")
            self.addCleanup(gateway.close)
            through = Through()
            through.gateway = gateway
            before = len(WORLD.api.seen)
            for method, body in (("GET", None), ("POST", b"{}"), ("DELETE", None)):
                status, answer, headers = through.ask(method, "/users", secret, None, body)
                self.assertEqual((status, answer["code"]), (503, "unavailable"))
                self.assertEqual(headers["Content-Type"], "application/problem+json")
            self.assertEqual(len(WORLD.api.seen), before)
            self.assertEqual(gateway.log().count("does not trust this nginx: name its address in trusted-proxies"), 3)
            server.stop()


for program in (Nginx, Caddy):
    for rows in (Quo, Quotient, QuotientTest):
        name = f"{program.__name__}{rows.__name__}"
        globals()[name] = type(name, (rows, unittest.TestCase), {"program": program})

if __name__ == "__main__":
    unittest.main(verbosity=2)
