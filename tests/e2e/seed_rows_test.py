#!/usr/bin/env python3
"""The rows of docs/seed-rows.md that are about keys themselves, each in a workspace of its profile. The rows about
requests to the protected API are shown through real gateways (gateways_test.py, browser_test.py).

Usage: seed_rows_test.py PATH-OF-keyledger
"""
import datetime
import re
import sys
import unittest
import zlib

from server import Client, Server

PROGRAM = sys.argv.pop()
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
THE_TEN = ["ALL", "ANALYTICS_READ", "ANALYTICS_WRITE", "AUDIENCE_READ", "AUDIENCE_WRITE", "BLOG_READ", "BLOG_WRITE",
           "FLOW_TRIGGER", "MEMORY_READ", "MEMORY_WRITE"]
PUBLIC = ["ANALYTICS_WRITE", "AUDIENCE_WRITE", "BLOG_READ", "FLOW_TRIGGER"]


def setUpModule():
    global SERVER
    SERVER = Server(PROGRAM)
    SERVER.start()


def tearDownModule():
    SERVER.stop()
    SERVER.__exit__()


def faults(answer):
    return [(error["field"], error["code"]) for error in answer["errors"]]


def check_digits(text):
    value, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits = BASE62[digit] + digits
    return digits


class Profile(unittest.TestCase):
    """A workspace of the profile, its owner, and members of the other roles."""
    profile = None

    @classmethod
    def setUpClass(cls):
        if cls.profile is None:
            raise unittest.SkipTest("the parent of the two")
        made, _ = SERVER.client().expect(201, "POST", "/v1/workspaces", {
            "name": cls.profile, "profile": cls.profile, "owner": {"name": "Olga", "email": "olga@example.com"}})
        cls.owner = Client(SERVER.port, made["management_key"]["secret"])

    def member(self, role):
        body = {"name": role, "email": "m@example.com", "role": role}
        member, _ = self.owner.expect(201, "POST", "/v1/members", body)
        key, _ = self.owner.expect(201, "POST", f"/v1/members/{member['id']}/management_keys", {})
        return Client(SERVER.port, key["secret"])

    def refused(self, body, client=None):
        """A create that must be refused and must write nothing; its faults."""
        client = client or self.owner
        before = self.owner.expect(200, "GET", "/v1/ledger")[0]["size"]
        status, answer, _ = client.request("POST", "/v1/keys", body)
        self.assertEqual(status, 400, answer)
        self.assertEqual(self.owner.expect(200, "GET", "/v1/ledger")[0]["size"], before)
        return faults(answer)


class Quo(Profile):
    profile = "quo"

    def test_Q2_owners_and_admins_change_keys_auditors_see_them_others_get_403(self):
        made = self.owner.create_key("by-the-owner")
        path = "/v1/keys/" + made["key"]["id"]
        admin, auditor, verifier = self.member("admin"), self.member("auditor"), self.member("verifier")
        admin.create_key("by-an-admin")
        admin.expect(200, "PATCH", path, {"description": "seen"})
        auditor.expect(200, "GET", path)
        for client in (auditor, verifier):
            answer, _ = client.expect(403, "POST", "/v1/keys", {"type": "private", "name": "nope"})
            self.assertIn("owner or admin", answer["detail"])
        verifier.expect(403, "GET", path)

    def test_Q3_every_key_has_full_access_and_no_other_scope_can_be_chosen(self):
        made = self.owner.create_key("full-access")
        self.assertEqual(made["key"]["scopes"], ["ALL"])
        self.assertTrue(self.owner.verify(made["secret"], scopes=["users.read", "anything"])["valid"])
        self.assertEqual(self.refused({"type": "private", "name": "narrow", "scopes": ["users.read"]}),
                         [("scopes[0]", "not_allowed")])
        self.assertEqual(self.refused({"type": "public", "name": "open"}), [("type", "not_allowed")])

    def test_Q4_a_name_is_required_and_has_no_white_space(self):
        self.assertEqual(self.refused({"type": "private"}), [("name", "required")])
        for name, character in (("crm sync", "a space"), ("crm\u00a0sync", "a no-break space")):
            status, answer, _ = self.owner.request("POST", "/v1/keys", {"type": "private", "name": name})
            self.assertEqual(status, 400)
            self.assertIn("no_whitespace", answer["errors"][0]["message"])
            self.assertIn(character, answer["errors"][0]["message"])
        for name in ("crm-sync", "claude-agent", "staging-tests"):  # the seed's own
            self.owner.create_key(name)

    def test_Q5_a_name_is_unique_among_live_keys_and_deleting_one_touches_no_other(self):
        first, other = self.owner.create_key("one-per-integration"), self.owner.create_key("another")
        answer, _ = self.owner.expect(409, "POST", "/v1/keys", {"type": "private", "name": "one-per-integration"})
        self.assertEqual(answer["code"], "name_taken")
        self.owner.create_key("one-per-integration", environment="test")
        self.owner.expect(200, "DELETE", "/v1/keys/" + first["key"]["id"])
        self.assertEqual(self.owner.verify(first["secret"])["code"], "REVOKED")
        self.assertEqual(self.owner.verify(other["secret"])["code"], "VALID")
        self.owner.create_key("one-per-integration")

    def test_Q6_the_secret_is_shown_once(self):
        made = self.owner.create_key("shown-once")
        path = "/v1/keys/" + made["key"]["id"]
        rotated, _ = self.owner.expect(200, "POST", path + "/rotate", {})
        self.assertNotEqual(made["secret"], rotated["secret"])
        for place in (path, path + "/history", "/v1/keys?name=shown-once", "/v1/audit?key=" + made["key"]["id"]):
            text = str(self.owner.expect(200, "GET", place)[0])
            for secret in (made["secret"], rotated["secret"]):
                self.assertNotIn(secret, text)
                self.assertNotIn(secret[-20:], text)

    def test_Q9_a_rotation_gives_a_new_secret_with_or_without_an_overlap(self):
        made = self.owner.create_key("to-rotate")
        path = "/v1/keys/" + made["key"]["id"]
        second, _ = self.owner.expect(200, "POST", path + "/rotate", {"overlap_seconds": 600})
        self.assertTrue(self.owner.verify(made["secret"])["valid"])
        self.assertTrue(self.owner.verify(second["secret"])["valid"])
        third, _ = self.owner.expect(200, "POST", path + "/rotate", {})
        codes = [self.owner.verify(answer["secret"])["code"] for answer in (made, second, third)]
        self.assertEqual(codes, ["SECRET_RETIRED", "SECRET_RETIRED", "VALID"])

    def test_Q10_a_text_that_contains_a_secret_is_refused_whole(self):
        secret = self.owner.create_key("careful")["secret"]
        attempts = [("POST", "/v1/keys", {"type": "private", "name": "my-" + secret}, {}),
                    ("POST", "/v1/keys", {"type": "private", "name": "fine", "description": "is " + secret}, {}),
                    ("GET", "/v1/keys?q=" + secret, None, {}),
                    ("GET", "/v1/keys", None, {"X-Reason": secret})]
        for method, path, body, headers in attempts:
            answer, _ = self.owner.expect(400, method, path, body, headers)
            self.assertEqual(answer["code"], "secret_in_request")
            self.assertNotIn(secret, str(answer))
        self.assertNotIn(secret, SERVER.log())


class Quotient(Profile):
    profile = "quotient"

    def test_T1_two_types_with_20_to_40_characters_after_the_prefix(self):
        for kind, prefix in (("public", "pk_"), ("private", "sk_")):
            secret = self.owner.create_key("typed", type=kind)["secret"]
            self.assertRegex(secret, f"^{prefix}(live|test)_[0-9A-Za-z]{{33}}$")
            self.assertTrue(20 <= len(secret) - len(prefix) <= 40)
            self.assertEqual(secret[-6:], check_digits(secret[:-6]), "a scanner knows it offline")

    def test_T2_a_private_scope_on_a_public_key_is_refused_and_all_means_all_public_ones(self):
        for scope in sorted(set(THE_TEN) - set(PUBLIC) - {"ALL"}):
            self.assertEqual(self.refused({"type": "public", "name": "web", "scopes": ["BLOG_READ", scope]}),
                             [("scopes[1]", "not_allowed")])
        secret = self.owner.create_key("web", type="public", allowed_origins=["*"])["secret"]
        for scope in THE_TEN[1:]:
            verdict = self.owner.verify(secret, scopes=[scope])
            self.assertEqual(verdict["code"], "VALID" if scope in PUBLIC else "SCOPE_NOT_GRANTED", scope)
        reached = self.owner.verify(secret, method="GET", path="/api/v0/blog/posts/1")
        self.assertEqual(reached["code"], "VALID")
        refused = self.owner.verify(secret, method="DELETE", path="/api/v0/blog/posts/1")
        self.assertEqual(refused["code"], "ENDPOINT_NOT_ALLOWED")
        self.assertEqual(refused["decided_by"]["type"], "policy.set")

    def test_T3_private_keys_have_all_scopes_and_an_ip_allow_list(self):
        made = self.owner.create_key("server", allowed_ips=["192.0.2.0/24", "2001:db8::/32"])
        self.assertTrue(self.owner.verify(made["secret"], ip="192.0.2.7", scopes=THE_TEN[1:])["valid"])
        self.assertTrue(self.owner.verify(made["secret"], ip="2001:db8::7")["valid"])
        for source in ({"ip": "198.51.100.1"}, {"ip": "2001:db9::1"}, {}):
            self.assertEqual(self.owner.verify(made["secret"], **source)["code"], "IP_NOT_ALLOWED")
        self.assertEqual(self.refused({"type": "private", "name": "x", "allowed_ips": ["192.0.2.0/24", "300.1.1.1"]}),
                         [("allowed_ips[1]", "invalid")])

    def test_T5_the_ten_scopes_of_the_table_and_all_by_default(self):
        policy, _ = self.owner.expect(200, "GET", "/v1/workspace/policy")
        self.assertEqual([scope["name"] for scope in policy["scopes"]], THE_TEN)
        self.assertEqual(self.owner.create_key("plain")["key"]["scopes"], ["ALL"])
        made = self.owner.create_key("narrow", scopes=["MEMORY_READ"])
        self.assertTrue(self.owner.verify(made["secret"], scopes=["MEMORY_READ"])["valid"])
        self.assertEqual(self.owner.verify(made["secret"], scopes=["MEMORY_WRITE"])["code"], "SCOPE_NOT_GRANTED")
        self.assertEqual(self.refused({"type": "private", "name": "x", "scopes": ["BLOG_READ", "SING"]}),
                         [("scopes[1]", "not_allowed")])

    def test_T6_an_expiry_refuses_with_its_own_code_and_leaves_the_data(self):
        past = {"type": "private", "name": "x", "expires_at": "2020-01-01T00:00:00Z"}
        # Before there is a key that ends: the system records that at a time of its own.
        self.assertEqual(self.refused(past), [("expires_at", "invalid")])
        made = self.owner.create_key("trial", ttl_seconds=1, description="stays")
        path = "/v1/keys/" + made["key"]["id"]
        ends = datetime.datetime.fromisoformat(made["key"]["expires_at"].replace("Z", "+00:00"))
        while datetime.datetime.now(datetime.timezone.utc) <= ends:
            self.assertIn(self.owner.verify(made["secret"])["code"], ("VALID", "EXPIRED"))
        verdict = self.owner.verify(made["secret"])
        self.assertEqual((verdict["valid"], verdict["code"]), (False, "EXPIRED"))
        key, _ = self.owner.expect(200, "GET", path)
        self.assertEqual((key["status"], key["description"]), ("expired", "stays"))

    def test_T7_last_used_created_at_created_by(self):
        made = self.owner.create_key("counted")
        path = "/v1/keys/" + made["key"]["id"]
        self.assertEqual((made["key"]["last_used_at"], made["key"]["use_count"]), (None, 0))
        self.owner.verify(made["secret"])
        self.owner.verify(made["secret"], environment="test")  # refused, so no use
        key, _ = self.owner.expect(200, "GET", path)
        self.assertEqual(key["use_count"], 1)
        self.assertGreaterEqual(key["last_used_at"], key["created_at"])
        self.assertEqual((key["created_by"]["type"], key["created_by"]["name"]), ("member", "Olga"))

    def test_T8_the_fields_of_a_key_and_both_types_over_the_api(self):
        for kind in ("public", "private"):
            origins = ["example.com"] if kind == "public" else []
            made = self.owner.create_key("Production Web App", type=kind, description="our site",
                                         allowed_origins=origins)
            key, _ = self.owner.expect(200, "GET", "/v1/keys/" + made["key"]["id"])
            self.assertEqual((key["name"], key["description"], key["type"]), ("Production Web App", "our site", kind))
            self.assertEqual(key["allowed_origins"], origins)

    def test_T9_every_origin_gives_a_warning_and_a_policy_can_forbid_it_for_live_keys(self):
        made = self.owner.create_key("open", type="public", allowed_origins=["*"])
        self.assertEqual([(w["field"], w["code"]) for w in made["warnings"]], [("allowed_origins", "wildcard_origin")])
        policy, _ = self.owner.expect(200, "GET", "/v1/workspace/policy")
        strict = {**policy, "forbid_wildcard_origin_live": True}
        tried, _ = self.owner.expect(200, "PUT", "/v1/workspace/policy?dry_run=true", strict)
        affected = {key["id"]: key["effects"] for key in tried["affected_keys"]}
        self.assertEqual([e["rule"] for e in affected[made["key"]["id"]]], ["forbid_wildcard_origin_live"])
        self.owner.expect(200, "PUT", "/v1/workspace/policy", strict)
        self.assertEqual(self.refused({"type": "public", "name": "x", "allowed_origins": ["example.com", "*"]}),
                         [("allowed_origins[1]", "not_allowed")])
        self.owner.create_key("x", type="public", allowed_origins=["*"], environment="test")
        self.owner.expect(200, "PUT", "/v1/workspace/policy", policy)

    def test_T12_a_verify_of_one_environment_refuses_keys_of_the_other(self):
        test = self.owner.create_key("in-test", environment="test")["secret"]
        self.assertEqual(self.owner.verify(test, environment="live")["code"], "ENVIRONMENT_NOT_ALLOWED")
        self.assertTrue(self.owner.verify(test, environment="test")["valid"])
        self.assertTrue(re.match("sk_test_", test))


if __name__ == "__main__":
    unittest.main()
