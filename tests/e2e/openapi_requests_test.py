#!/usr/bin/env python3
"""The service against its own document: every example, then requests made up from the schemas,
whole and broken. No answer may be a 5xx or anything that http/openapi.json does not describe.

Usage: openapi_requests_test.py PATH-OF-keyledger
KEYLEDGER_SEED repeats a run, KEYLEDGER_LONG_TESTS=1 makes it fifty times as long.
"""
import base64
import collections
import json
import os
import random
import string
import subprocess
import sys
import tempfile
import time
import urllib.parse

import json_schema
import server

REQUESTS = 30_000 if server.LONG else 600
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ODD_TEXTS = ["naïve café", "日本語", "🔑", "e\u0301", "\"quoted\\\"", "'; drop", "<b>", "${x}",
             "%s%n", "null", " x ", "a" * 128, "ALL", "-1", "../..", "\u202e", "\ufeffx"]
BAD_TEXTS = ["", "\u0000", "a\nb", "\u007f", "\u0085", "x" * 1001, "x" * 70_000]
BAD_VALUES = [None, True, 0, -1, 1.5, 1e308, 2**63, 2**64, [], {}, [[]], {"a": {"b": [1]}}, "x",
              *BAD_TEXTS]
BAD_BODIES = [
    b"{", b"[]", b"null", b"1", b"\"x\"", b"\xff\xfe", b"{\"name\":\"a\",\"name\":\"b\"}",
    b"{\"name\":\"\xc3\x28\"}", b"{\"name\":\"\\ud800\"}", b"{\"n\":1e999}", b"\xef\xbb\xbf{}",
    b"[" * 100_000, b"{\"a\":" * 50 + b"1" + b"}" * 50, b" " * 1_100_000]
BAD_PARAMETERS = ["", "-1", "1e3", "x" * 3000, "\x00", "ü", "01", "null"]
BAD_HEADERS = ["", "\"", "\"a\"", "W/\"1\"", "ü", "x" * 300, "99999999999999999999"]
BAD_SEGMENTS = ["x", "%00", "..", "%2f", "a" * 300, "99999999999999999999", "-1", "%FF"]
BAD_TYPES = ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"]
TIMES = ["2099-01-01T00:00:00Z", "2030-06-01T12:00:00.5+02:00", "2020-01-01T00:00:00.000Z"]
ADDRESSES = ["a@b", "ada@example.com", "ü@example.com", "x" * 200 + "@example.com"]
METHODS = ["get", "post", "put", "patch", "delete", "options"]


class Signer:
    """A finder of leaks with a key of its own, in a directory that goes with it."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory(prefix="keyledger-signer-")
        self.key, self.keys = os.path.join(self.home.name, "key"), os.path.join(self.home.name, "keys")
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key)
        public = self.openssl("pkey", "-in", self.key, "-pubout").decode()
        with open(self.keys, "w", encoding="ascii") as file:
            json.dump({"public_keys": [{"key_identifier": "one", "key": public, "is_current": True}]}, file)

    @staticmethod
    def openssl(*arguments, given=b""):
        return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True,
                              timeout=60).stdout

    def headers_for(self, body):
        signature = self.openssl("dgst", "-sha256", "-sign", self.key, given=body)
        return {"Github-Public-Key-Identifier": "one",
                "Github-Public-Key-Signature": base64.b64encode(signature).decode()}


def ulid(rng):
    return rng.choice("01234567") + "".join(rng.choices(CROCKFORD, k=25))


class Values:
    """Random values that fit a schema."""

    def __init__(self, rng, schemas, ids):
        self.rng, self.schemas, self.ids = rng, schemas, ids

    def make(self, schema):
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in self.ids and self.rng.random() < 0.8:
            return self.rng.choice(self.ids[name])
        schema = self.schemas.resolve(schema)
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        if "anyOf" in schema:
            return self.make(self.rng.choice(schema["anyOf"]))
        kind = schema["type"]
        if isinstance(kind, list):
            kind = self.rng.choice(kind)
        return getattr(self, "_" + kind)(schema)

    def _null(self, _):
        return None

    def _boolean(self, _):
        return self.rng.random() < 0.5

    def _integer(self, schema):
        low, high = schema.get("minimum", 0), schema.get("maximum", 50)
        return self.rng.choice([low, high, self.rng.randint(low, high)])

    def _string(self, schema):
        if schema.get("format") == "date-time":
            return self.rng.choice(TIMES)
        if "examples" in schema and self.rng.random() < 0.8:
            return self.rng.choice(schema["examples"])
        pattern = schema.get("pattern", "")
        if pattern.endswith("[0-7][0-9A-HJKMNP-TV-Z]{25}$"):
            return pattern[1:pattern.index("_") + 1] + ulid(self.rng)
        if pattern == "^[0-9A-Fa-f]{64}$":
            return "".join(self.rng.choices("0123456789abcdefABCDEF", k=64))
        if pattern == "^[A-Za-z0-9_.:-]{1,64}$":
            return self.rng.choice(["ALL", "BLOG_READ", "a.b:c-d", "x" * 64])
        if pattern.startswith("^[^@ ]+@"):
            return self.rng.choice(ADDRESSES)
        if pattern.startswith("^(\"[0-9]"):
            return self.rng.choice(["*", "1", "\"1\"", "\"2\"", "\"77\""])
        if pattern:  # a header: printable ASCII
            letters = self.rng.choices(string.ascii_letters + " !'~", k=self.rng.randint(0, 20))
            return "h" + "".join(letters) + "h"
        most = schema.get("maxLength", 40)
        texts = ODD_TEXTS + ["word" + str(self.rng.randint(0, 10**9))] * 20
        texts += ["é" * most] + ([""] if schema.get("minLength", 0) == 0 else [])
        return self.rng.choice([text for text in texts if len(text) <= most])

    def _array(self, schema):
        low, high = schema.get("minItems", 0), min(schema.get("maxItems", 4), 4)
        return [self.make(schema["items"]) for _ in range(self.rng.randint(low, high))]

    def _object(self, schema):
        out = {}
        share = self.rng.random()
        for name, inner in schema.get("properties", {}).items():
            if name in schema.get("required", []) or self.rng.random() < share:
                out[name] = self.make(inner)
        if isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties"):
            names = ["a", "team", "X-A", "ключ", "z" * 40]
            for name in self.rng.sample(names, self.rng.randint(0, 3)):
                out[name] = self.make(schema["additionalProperties"])
        for name, others in schema.get("dependentRequired", {}).items():
            if name in out:
                out.update({other: self.make(schema["properties"][other]) for other in others})
        return out


class Request:
    """One call, before it is sent."""

    def __init__(self, method, template):
        self.method, self.template = method, template
        self.path, self.query, self.headers = {}, [], {}
        self.body = None  # any JSON value
        self.raw = None  # bytes instead of it
        self.key = None
        self.signed = False
        self.broken = []

    def target(self):
        target = self.template
        for name, value in self.path.items():
            target = target.replace("{" + name + "}", urllib.parse.quote(str(value), safe="%"))
        return target + ("?" + urllib.parse.urlencode(self.query) if self.query else "")

    def __str__(self):
        body = self.raw if self.raw is not None else json.dumps(self.body)
        return (f"{self.method.upper()} {self.target()[:300]} {self.headers} {body[:500]!r} "
                f"broken={self.broken}")


class Run:
    def __init__(self, served, seed, signer):
        self.served = served
        self.signer = signer
        self.rng = random.Random(seed)
        self.owner = served.client()
        _, self.document, _ = self.owner.request("GET", "/openapi.json")
        self.schemas = json_schema.Schemas(self.document)
        self.operations = [(path, method, operation)
                           for path, item in self.document["paths"].items()
                           for method, operation in item.items()]
        self.seen = collections.Counter()
        self.failures = []
        self.refused = {}  # made-up request ids of calls that were refused; what they were
        self.furnish()
        self.values = Values(self.rng, self.schemas, self.ids)

    def furnish(self):
        """Callers of each role, and things that can be found, changed and lost."""
        self.ids = {"KeyId": [], "MemberId": [], "WorkspaceId": []}
        self.callers = {"owner": self.served.owner}
        for role in ("admin", "auditor", "verifier"):
            member = self.add_member(role, role)
            path = f"/v1/members/{member['id']}/management_keys"
            key, _ = self.owner.expect(201, "POST", path, {})
            self.callers[role] = key["secret"]
        tenant = self.fresh("WorkspaceId")
        self.callers["tenant"] = tenant["management_key"]["secret"]
        made = self.owner.create_key("a client's")
        self.callers["client"] = made["secret"]
        self.ids["WorkspaceId"].clear()  # its owner must go on calling
        for _ in range(4):
            for kind in self.ids:
                self.fresh(kind)

    def add_member(self, name, role):
        body = {"name": name, "email": "a@b", "role": role}
        return self.owner.expect(201, "POST", "/v1/members", body)[0]

    def fresh(self, kind):
        """Makes one more thing of the kind and remembers its id."""
        name = f"fresh {len(self.ids[kind])} {self.rng.randint(0, 10**12)}"
        if kind == "KeyId":
            made = self.owner.create_key(name)
            self.ids[kind].append(made["key"]["id"])
        elif kind == "MemberId":
            made = self.add_member(name, "admin")
            self.ids[kind].append(made["id"])
        else:
            body = {"name": name, "owner": {"name": "n", "email": "a@b"}}
            made, _ = self.owner.expect(201, "POST", "/v1/workspaces", body)
            self.ids[kind].append(made["workspace"]["id"])
        return made

    def media_of(self, operation):
        return operation.get("requestBody", {}).get("content", {}).get("application/json")

    # --- Making requests ---

    def whole(self, path, method, operation):
        """A request as the document wants it."""
        request = Request(method, path)
        request.key = self.rng.choice(["owner"] * 12 + list(self.callers) + [None])
        for entry in operation.get("parameters", []):
            parameter = self.schemas.resolve(entry)
            schema, name = parameter["schema"], parameter["name"]
            if parameter["in"] == "path":
                request.path[name] = self.values.make(schema)
            elif self.rng.random() > 0.15 or name == "cursor":
                continue
            elif name == "Idempotency-Key":  # some of them used before, with this body or another
                request.headers[name] = self.rng.choice(["a", "b", self.values.make(schema)])
            elif parameter["in"] == "header":
                request.headers[name] = self.values.make(schema)
            elif name == "min_position":
                request.query.append((name, self.rng.randint(0, 5)))
            elif parameter.get("style") == "deepObject":
                request.query += [(f"{name}[{k}]", v) for k, v in self.values.make(schema).items()]
            elif schema.get("type") == "array":
                action = self.rng.choice(["key.*", "key.created", "member.added"])
                request.query.append((name, action))
            else:
                request.query.append((name, self.values.make(schema)))
        if operation["operationId"] == "setPolicy":  # made-up rules would refuse what the others need
            request.query = [("dry_run", "true")]
        request.signed = operation["x-permission"] == ["signed"] and self.rng.random() < 0.8
        media = self.media_of(operation)
        if media and (operation["requestBody"]["required"] or self.rng.random() < 0.7):
            request.body = self.values.make(media["schema"])
        return request

    def break_it(self, request):
        """Spoils the request in one way."""
        rng = self.rng
        ways = ["query", "header", "path", "credential", "media", "secret"]
        ways += ["query", "body"] if request.method == "get" else ["body"] * 6
        way = rng.choice(ways)
        request.broken.append(way)
        if way == "query":
            names = [name for name, _ in request.query]
            names += ["limit", "cursor", "min_position", "from", "key", "status"]
            name = rng.choice(names + ["unknown", "a[b]", ""])
            request.query.append((name, rng.choice(BAD_PARAMETERS)))
        elif way == "header":
            name = rng.choice(["If-Match", "Idempotency-Key", "X-Request-Id", "X-Reason",
                               "X-On-Behalf-Of", "X-Unknown"])
            request.headers[name] = rng.choice(BAD_HEADERS)
        elif way == "path":
            for name in request.path:
                unknown = ["key_" + ulid(rng), "mem_" + ulid(rng), "key_" + ulid(rng).lower()]
                request.path[name] = rng.choice(BAD_SEGMENTS + unknown)
        elif way == "credential":
            request.key = rng.choice([None, "mk_live_nonsense", "\u00fc", "x" * 600])
        elif way == "media":
            request.headers["Content-Type"] = rng.choice(BAD_TYPES)
            request.body = request.body or {}
        elif way == "secret":
            place = rng.choice(["query", "header", "body"])
            if place == "query":
                request.query.append(("q", self.served.owner))
            elif place == "header":
                request.headers["X-Reason"] = "because " + self.served.owner
            else:
                secret = {"name": "my " + self.served.owner, "reason": self.served.owner}
                whole = request.body if isinstance(request.body, dict) else {}
                request.body = {**whole, **secret}
        else:
            self.break_body(request)

    def break_body(self, request):
        rng = self.rng
        if not isinstance(request.body, dict):
            request.body = {}
        text = json.dumps(request.body)
        ways = ["unknown", "drop", "replace", "replace", "replace", "raw"]
        way = rng.choice(ways)
        if way == "unknown":
            name = rng.choice(["id", "unknown", "", "x" * 200, "\u0007", "🔑"])
            request.body[name] = rng.choice(BAD_VALUES)
        elif way == "drop" and request.body:
            del request.body[rng.choice(list(request.body))]
        elif way == "replace" and request.body:
            request.body[rng.choice(list(request.body))] = rng.choice(BAD_VALUES)
        else:
            request.raw = rng.choice([*BAD_BODIES, text.encode()[:-1], text.encode() + b"x"])

    # --- Sending and judging ---

    def send(self, request):
        client = server.Client(self.served.port, None)
        headers = dict(request.headers)
        if request.key is not None:
            headers["Authorization"] = "Bearer " + self.callers.get(request.key, request.key)
        raw = request.raw
        if raw is None and request.body is not None:
            raw = json.dumps(request.body).encode()
        if request.signed:
            headers.update(self.signer.headers_for(raw or b""))
        headers = {name: value.encode("utf-8") for name, value in headers.items()}
        status, answer, answer_headers = client.request(
            request.method.upper(), request.target(), headers=headers, raw=raw)
        client.connection.close()
        return status, answer, answer_headers

    def judge(self, operation, status, answer, headers):
        """What is wrong with the answer, by the document."""
        if status >= 500 and not (status == 503 and answer.get("code") == "behind"):
            yield f"a {status}"
        described = operation["responses"].get(str(status))
        if described is None:
            yield f"status {status} is not described"
            return
        described = self.schemas.resolve(described)
        kind = headers.get("Content-Type", "").split(";")[0]
        media = described["content"].get(kind)
        if media is None:
            yield f"content type {kind!r} of {status} is not described"
            return
        yield from self.schemas.faults(media["schema"], answer)
        for name, header in described["headers"].items():
            header = self.schemas.resolve(header)
            value = headers.get(name)
            if value is None:
                if header.get("required"):
                    yield f"{status} lacks the header {name}"
            elif header["schema"].get("type") == "integer":
                yield from self.schemas.faults(header["schema"], int(value), name)
            else:
                yield from self.schemas.faults(header["schema"], value, name)
        is_problem = kind == "application/problem+json" and isinstance(answer, dict)
        if is_problem and str(answer["status"]) != headers.get("X-Status", str(status)):
            yield f"the body says {answer['status']}"
        if "Ledger-Position" not in headers:
            yield "no Ledger-Position"

    def check(self, operation, request, wanted=None):
        name = operation["operationId"]
        status, answer, headers = self.send(request)
        self.seen[(name, status)] += 1
        faults = list(self.judge(operation, status, answer, headers))
        if wanted and status not in wanted:
            faults.append(f"answered {status} where {wanted} was to be expected")
        if faults:
            answered = f"{status} {json.dumps(answer)[:600]}"
            self.failures.append("\n  ".join([f"{name} {request}", f"-> {answered}", *faults[:5]]))
        if 400 <= status < 500 and "X-Request-Id" not in request.headers:
            self.refused[headers["X-Request-Id"]] = f"{name} {status} {request}"
        self.learn(operation, status, answer)

    def learn(self, operation, status, answer):
        """What was ended is no use to later requests."""
        ends = {"deleteKey": "KeyId", "revokeKey": "KeyId", "removeMember": "MemberId"}
        if operation["operationId"] in ends and status == 200:
            self.fresh(ends[operation["operationId"]])

    def examples(self):
        """Each example of a body is accepted and answered as described; so is a call without."""
        for path, method, operation in self.operations:
            if operation["tags"] == ["Gateway"]:
                continue  # no member may; see gateway()
            media = self.media_of(operation)
            for name, example in (media["examples"] if media else {"": {"value": None}}).items():
                if media:
                    for fault in self.schemas.faults(media["schema"], example["value"]):
                        self.failures.append(f"{operation['operationId']} example {name}: {fault}")
                request = Request(method, path)
                request.key = "owner"
                request.body = example["value"]
                request.signed = operation["x-permission"] == ["signed"]
                for entry in operation.get("parameters", []):
                    parameter = self.schemas.resolve(entry)
                    if parameter["in"] == "path":
                        request.path[parameter["name"]] = self.something_for(parameter["schema"])
                self.check(operation, request, (200, 201, 202))

    def something_for(self, schema):
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema["$ref"].rpartition("/")[2]
        if kind not in self.ids:
            return 1  # a position
        self.fresh(kind)
        return self.ids[kind][-1]

    def gateway(self):
        """A client's key passes, and what is asked of a ledger with many workspaces does not."""
        named = {row[2]["operationId"]: row for row in self.operations}
        workspace = self.owner.request("GET", "/v1/workspace")[1]["id"]
        headers = {"X-Original-Method": "GET", "X-Original-URI": "/a?b"}
        for environment, caller, status in (("live", "client", 200), ("any", "client", 200),
                                            ("test", "client", 403), ("any", "owner", 401)):
            path, method, operation = named["authorize"]
            request = Request(method, path)
            request.key, request.headers = caller, headers
            request.path = {"id": workspace, "environment": environment}
            self.check(operation, request, (status,))
        path, method, operation = named["authorizeInOnlyWorkspace"]
        request = Request(method, path)
        request.key, request.headers = "client", headers
        self.check(operation, request, (400,))

    def refusals(self):
        """One of each kind, so that no run depends on luck to see them."""
        named = {row[2]["operationId"]: row for row in self.operations}
        key = {"type": "private", "name": "once"}
        once = {"Idempotency-Key": "refusals"}
        rows = [
            ("createKey", "owner", key, once, 201),
            ("createKey", "owner", {**key, "name": "other"}, once, 422),
            ("createKey", "owner", key, {}, 409),
            ("createKey", "owner", {"name": "no type"}, {}, 400),
            ("createKey", None, key, {}, 401),
            ("createKey", "auditor", key, {}, 403),
            ("createWorkspace", "tenant", {}, {}, 403),
            ("createKey", "owner", {**key, "description": "x" * 1_100_000}, {}, 413),
            ("createKey", "owner", key, {"Content-Type": "text/plain"}, 415),
            ("createKey", "owner", key, {"Content-Encoding": "gzip"}, 415),
            ("changeKey", "owner", {"name": "renamed once"}, {"If-Match": "\"77\""}, 412),
            ("suspendWorkspace", "tenant", {}, {}, 404),
            ("getKey", "tenant", None, {}, 404),
            ("reportLeaks", "owner", [], {}, 401),
            ("getHealth", None, None, {"Host": "evil.example"}, 421)]
        for name, caller, body, headers, status in rows:
            path, method, operation = named[name]
            request = Request(method, path)
            request.key, request.body, request.headers = caller, body, headers
            if "{id}" in path:
                parameter = self.schemas.resolve(operation["parameters"][0])
                request.path["id"] = self.something_for(parameter["schema"])
            self.check(operation, request, (status,))

    def other_methods(self):
        """405 names exactly the methods of the document."""
        for path, item in self.document["paths"].items():
            if item.get("get", {}).get("tags") == ["Gateway"]:
                continue  # every method is answered
            known = {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
            for method in METHODS:
                if method in item:
                    continue
                request = Request(method, path.replace("{id}", "x").replace("{position}", "1"))
                request.key = "owner"
                status, answer, headers = self.send(request)
                allow = set(headers.get("Allow", "").split(", "))
                if status != 405 or allow != known or answer["code"] != "method_not_allowed":
                    self.failures.append(f"{method} {path}: {status}, Allow {allow}, not {known}")

    def random_requests(self, count):
        for _ in range(count):
            path, method, operation = self.rng.choice(self.operations)
            request = self.whole(path, method, operation)
            for _ in range(self.rng.choice([0, 0, 1, 1, 2])):
                self.break_it(request)
            self.check(operation, request)

    def report(self):
        by_status = collections.Counter()
        for (_, status), count in self.seen.items():
            by_status[status] += count
        print("answers by status:", dict(sorted(by_status.items())))
        silent = [operation["operationId"] for _, _, operation in self.operations
                  if not any((operation["operationId"], ok) in self.seen for ok in (200, 201, 202))
                  and operation["operationId"] != "authorizeInOnlyWorkspace"]  # there are many
        assert not silent, f"never answered well: {silent}"


def check_refusals_wrote_nothing(served, refused):
    """No event of the whole ledger was caused by a call that was refused."""
    _, entries = served.run("dump", "--data", served.data)
    causes = [json.loads(line)["request_id"] for line in entries.splitlines()]
    assert len(causes) > 50 and len(refused) > 50, "nothing to compare"
    wrote = [refused[cause] for cause in causes if cause in refused]
    assert not wrote, f"refused, and yet in the ledger: {wrote[:5]}"


def main():
    seed = int(os.environ.get("KEYLEDGER_SEED", time.time_ns() % 2**32))
    print(f"KEYLEDGER_SEED={seed}", flush=True)
    signer = Signer()
    with server.Server(server.program()) as served:
        served.start("--leak-keys", signer.keys)
        run = Run(served, seed, signer)
        run.examples()
        run.gateway()
        run.refusals()
        run.other_methods()
        run.random_requests(REQUESTS)
        for failure in run.failures[:20]:
            print(failure)
        assert not run.failures, f"{len(run.failures)} answers are not as http/openapi.json says"
        run.report()
        served.stop()
        check_refusals_wrote_nothing(served, run.refused)
        code, report = served.verify_ledger()
        assert code == 0, report


if __name__ == "__main__":
    sys.exit(main())
