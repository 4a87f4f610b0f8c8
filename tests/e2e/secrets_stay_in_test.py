"""One run of everything with known secrets, then a byte search for them wherever they must not be."""
import hashlib
import json
import os
import sys
import urllib.request

from openapi_requests_test import Signer
from server import Server, program


def search(root, secrets):
    """Every file below `root` that holds one of the secrets."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read()
            for secret in secrets:
                if secret.encode() in content:
                    yield path


def check_no_core_dump(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        limit = next(line for line in file if line.startswith("Max core file size"))
    assert limit.split()[4] == "0", limit
    # A process that is not dumpable has its /proc entries owned by root, whoever runs it; as root
    # the flag itself is what there is to see.
    status = os.stat(f"/proc/{pid}/mem")
    assert status.st_uid == 0


def main():
    signer = Signer()
    with Server(program()) as server:
        metrics = server.start("--leak-keys", signer.keys, "--metrics-listen", "127.0.0.1:0")["metrics"]
        check_no_core_dump(server.process.pid)
        client = server.client()
        answers, secrets = [], [server.owner]

        def call(method, path, body=None, headers=None, raw=None, key=None):
            status, parsed, answer_headers = (server.client(key) if key else client).request(
                method, path, body, headers, raw)
            answers.append((method, path.split("?")[0], status, repr(parsed) + repr(answer_headers)))
            return status, parsed

        def secret_of(body):
            secrets.append(body["secret"])
            answers.pop()  # the one answer that may show it
            return body["secret"]

        _, body = call("POST", "/v1/keys", {"type": "private", "name": "one"},
                       {"Idempotency-Key": "same"})
        first, key_id = secret_of(body), body["key"]["id"]
        _, body = call("POST", "/v1/keys", {"type": "private", "name": "one"},
                       {"Idempotency-Key": "same"})
        assert body["secret"] == first
        answers.pop()
        _, body = call("POST", f"/v1/keys/{key_id}/rotate", {"overlap_seconds": 60})
        second = secret_of(body)
        _, body = call("POST", "/v1/members",
                       {"name": "Bo", "email": "bo@example.com", "role": "admin"})
        _, body = call("POST", f"/v1/members/{body['id']}/management_keys", {"name": "laptop"})
        admin = secret_of(body)
        beta = {"name": "Beta", "owner": {"name": "Bea", "email": "bea@example.com"}}
        once = {"Idempotency-Key": "beta"}
        _, body = call("POST", "/v1/workspaces", beta, once)
        tenant = secret_of(body["management_key"])
        _, body = call("POST", "/v1/workspaces", beta, once)
        assert body["management_key"]["secret"] == tenant
        answers.pop()
        call("POST", f"/v1/workspaces/{body['workspace']['id']}/suspend", {"reason": "test"})
        workspace = call("GET", "/v1/workspace")[1]["id"]

        for secret in (first, second, admin, tenant, server.owner):
            call("POST", "/v1/keys/verify", {"key": secret})
            call("POST", "/v1/keys/verify", {"key": secret[:-1] + "!"})
            assert call("GET", f"/v1/keys?q={secret}")[0] == 400
            assert call("GET", f"/v1/keys/{secret}")[0] == 400
            assert call("GET", "/v1/keys", headers={"X-Request-Id": secret})[0] == 400
            assert call("GET", "/v1/keys", headers={"Cookie": "k=" + secret})[0] == 400
            for field in ("name", "description", "external_id"):
                fields = {"type": "private", "name": "two", field: "a " + secret}
                status, body = call("POST", "/v1/keys", fields)
                assert status == 400 and body["code"] == "secret_in_request", body
                assert body["errors"][0]["field"] == field, body
            status, body = call("POST", "/v1/keys",
                                {"type": "private", "name": "two", "metadata": {"k": secret}})
            assert status == 400 and body["code"] == "secret_in_request", body
            beta["owner"]["name"] = secret
            status, body = call("POST", "/v1/workspaces", beta)
            assert status == 400 and body["errors"][0]["field"] == "owner.name", body
            status, body = call("POST", "/v1/keys", {"name": "two", "surprise": [secret]})
            assert status == 400 and body["code"] == "secret_in_request", body
            call("POST", "/v1/keys", raw='{"name": "' + secret)  # a body that does not even parse
            call("GET", "/v1/whoami", key=secret)
            call("POST", "/v1/keys/verify_batch", {"items": [{"key": secret}, {"key": secret[:-1] + "!"}]})
            call("GET", f"/v1/authorize/{workspace}/any", key=secret)
            question = {"X-Original-Method": "GET", "X-Original-URI": f"/users?key={secret}"}
            assert call("GET", f"/v1/authorize/{workspace}/live", headers=question, key=secret)[0] == 400
        # Each is put where leaks are asked about and reported, and where a report may repeat it.
        for secret in (first, second, admin, tenant, server.owner):
            assert call("POST", "/v1/keys/lookup", {"secret": secret})[0] == 200
            digest = hashlib.sha256(secret.encode()).hexdigest()
            assert call("POST", "/v1/keys/lookup", {"sha256": digest})[0] == 200
            status, body = call("POST", "/v1/keys/lookup", {"secret": "x", "reason": secret})
            assert status == 400 and body["errors"][0]["field"] == "reason", body
            assert call("POST", "/v1/keys/lookup", {"sha256": secret})[0] == 400
            report = json.dumps([{"token": secret, "type": "key", "source": "content",
                                  "url": f"https://example.com/{place}?k={secret}"}
                                 for place in ("", "%41")] +
                                [{"token": secret, "type": secret, "source": secret}]).encode()
            status, body = call("POST", "/v1/leaks", headers=signer.headers_for(report), raw=report)
            assert status == 200 and body[0]["label"] == "true_positive", body
            assert call("POST", "/v1/leaks", raw=report)[0] == 401
        _, body = call("POST", "/v1/keys", {"type": "private", "name": "given up"})
        given_up = secret_of(body)
        for secret in (given_up, given_up, given_up[:-1] + "!"):
            assert call("POST", "/v1/keys/self_revoke", {"secret": secret})[0] == 202
        assert call("POST", "/v1/keys/self_revoke", {"secret": "x", "y": given_up})[0] == 400
        assert call("POST", "/v1/keys/verify", {"key": given_up})[1]["code"] == "COMPROMISED"
        call("GET", "/v1/keys", key=first)  # an ordinary key as a management key
        for path in ("/v1/keys", f"/v1/keys/{key_id}", f"/v1/keys/{key_id}/history", "/v1/audit",
                     "/v1/audit/5", "/v1/audit/5/leaf", "/v1/ledger", "/v1/members",
                     "/v1/workspace", "/v1/workspace/policy", "/v1/workspaces", "/healthz", "/readyz",
                     "/openapi.json", "/", "/nowhere"):
            call("GET", path)
        for path in (f"/v1/keys/{key_id}/usage", "/v1/reports/unused?days=0", "/v1/reports/full_scope?format=csv",
                     "/v1/reports/retired_secret_use"):
            assert call("GET", path)[0] == 200, path
        call("POST", f"/v1/keys/{key_id}/suspend", {"reason": "test"})
        call("POST", f"/v1/keys/{key_id}/resume", {})
        call("DELETE", f"/v1/keys/{key_id}")
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=30) as answer:
            answers.append(("GET", "/metrics", answer.status, answer.read().decode()))
        server.stop()
        code, output = server.run("dump", "--data", server.data, check=False)
        assert code == 0
        answers.append(("dump", "", 0, output))

        for method, path, status, text in answers:
            for secret in secrets:
                assert secret not in text, f"{method} {path} ({status}) shows a secret"
        found = [path for path in search(server.home, secrets) if path != server.key_file]
        assert not found, f"secrets on disk: {found}"
        assert list(search(server.home, [server.owner])) == [server.key_file], "the search works"
        print(f"{len(secrets)} secrets, {len(answers)} answers, logs and data: none shows one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
