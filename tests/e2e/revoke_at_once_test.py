"""Clients verify in a loop while others revoke: no VALID after the answer to the revoke."""
import sys
import threading
import time

from server import LONG, Server, program

VERIFIERS = 32
KEYS = 400 if LONG else 60


class Verifier(threading.Thread):
    def __init__(self, server, race):
        super().__init__()
        self.client = server.client()
        self.race = race
        self.checked = 0
        self.failure = None

    def run(self):
        try:
            while not self.race.over.is_set():
                secret = self.race.secret
                # Taken before the verify begins: if the revoke was answered by now, no VALID may come.
                revoked = secret in self.race.revoked
                code = self.client.verify(secret)["code"]
                assert not (revoked and code == "VALID"), "VALID after the revoke was answered"
                assert code in ("VALID", "REVOKED"), code
                self.checked += 1
        except Exception as failure:  # reported by the main thread
            self.failure = failure


class Race:
    def __init__(self):
        self.secret = None
        self.revoked = set()
        self.over = threading.Event()


def main():
    with Server(program()) as server:
        server.start()
        client = server.client()
        race = Race()
        keys = [client.create_key(f"raced-{n}") for n in range(KEYS)]
        race.secret = keys[0]["secret"]
        verifiers = [Verifier(server, race) for _ in range(VERIFIERS)]
        for verifier in verifiers:
            verifier.start()
        last = None
        for key in keys:
            race.secret = key["secret"]
            before = sum(v.checked for v in verifiers)
            while sum(v.checked for v in verifiers) < before + VERIFIERS // 2:
                assert all(v.is_alive() for v in verifiers), [v.failure for v in verifiers]
                time.sleep(0.0005)
            client.expect(200, "POST", f"/v1/keys/{key['key']['id']}/revoke", {})
            race.revoked.add(key["secret"])
            last = key["secret"]
        before = sum(v.checked for v in verifiers)
        while sum(v.checked for v in verifiers) < before + VERIFIERS:
            assert all(v.is_alive() for v in verifiers), [v.failure for v in verifiers]
            time.sleep(0.0005)
        race.over.set()
        for verifier in verifiers:
            verifier.join()
            assert verifier.failure is None, verifier.failure
        assert client.verify(last)["code"] == "REVOKED"
        print(f"{KEYS} revokes against {VERIFIERS} clients, "
              f"{sum(v.checked for v in verifiers)} verifies: no VALID after an answer")
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
