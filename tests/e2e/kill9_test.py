"""Kills the server under load with SIGKILL, again and again. Nothing that was answered may be lost;
nothing may be there twice after the clients repeated what was not answered."""
import http.client
import random
import sys
import threading

from server import LONG, Server, program

KILLS = 300 if LONG else 100
CLIENTS = 6


class Writer(threading.Thread):
    """Creates and revokes keys until the connection breaks; remembers what was answered."""

    def __init__(self, server, number, pending):
        super().__init__()
        self.client = server.client()
        self.number = number
        self.pending = pending  # a call whose answer never came, to be repeated first
        self.created = []       # (name, id, secret)
        self.revoked = set()    # ids
        self.failure = None

    def run(self):
        try:
            while True:
                name, idempotency = self.pending or self.next_call()
                self.pending = (name, idempotency)
                status, body, _ = self.client.request(
                    "POST", "/v1/keys", {"type": "private", "name": name},
                    {"Idempotency-Key": idempotency})
                assert status == 201, f"create answered {status}: {body}"
                self.pending = None
                self.created.append((name, body["key"]["id"], body["secret"]))
                if random.random() < 0.3:
                    _, key_id, _ = self.created[-1]
                    status, body, _ = self.client.request("DELETE", f"/v1/keys/{key_id}")
                    assert status == 200, f"revoke answered {status}: {body}"
                    self.revoked.add(key_id)
        except (OSError, http.client.HTTPException):
            pass  # the kill
        except AssertionError as failure:
            self.failure = failure

    def next_call(self):
        name = f"key-{self.number}-{random.getrandbits(64):016x}"
        return name, "call-" + name


def main():
    seed = random.SystemRandom().getrandbits(32)
    random.seed(seed)
    print(f"seed {seed}")
    created, revoked, pending = {}, set(), {}
    with Server(program()) as server:
        for _ in range(KILLS):
            server.start()
            writers = [Writer(server, n, pending.get(n)) for n in range(CLIENTS)]
            for writer in writers:
                writer.start()
            # The moment of the kill: when some answers have come, so that it hits calls in flight.
            wanted = random.randint(1, 12)
            while sum(len(w.created) for w in writers) < wanted:
                if not any(w.is_alive() for w in writers):
                    break
                threading.Event().wait(0.001)
            server.kill()
            for writer in writers:
                writer.join()
                assert writer.failure is None, writer.failure
                pending[writer.number] = writer.pending
                revoked |= writer.revoked
                for name, key_id, secret in writer.created:
                    assert name not in created, f"{name} was answered twice"
                    created[name] = (key_id, secret)

        server.start()
        client = server.client()
        for name, idempotency in filter(None, pending.values()):
            answer, _ = client.expect(201, "POST", "/v1/keys", {"type": "private", "name": name},
                                      {"Idempotency-Key": idempotency})
            created[name] = (answer["key"]["id"], answer["secret"])
        seen = {}
        cursor = ""
        while cursor is not None:
            page, _ = client.expect(200, "GET", f"/v1/keys?type=private&limit=1000{cursor}")
            for key in page["data"]:
                assert key["name"] not in seen, f"{key['name']} is there twice"
                seen[key["name"]] = key
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        assert seen.keys() == created.keys(), seen.keys() ^ created.keys()
        for name, (key_id, secret) in created.items():
            assert seen[name]["id"] == key_id, f"{name} has another id than was answered"
            ended = seen[name]["status"] == "revoked"
            assert ended or key_id not in revoked, f"the revocation of {name} was lost"
            if secret:
                code = client.verify(secret)["code"]
                assert code == ("REVOKED" if ended else "VALID"), f"{name}: {code}"
        server.stop()
        code, report = server.verify_ledger()
        assert code == 0, report
        print(f"{KILLS} kills, {len(created)} keys, {len(revoked)} answered revokes, "
              f"{report['events']} events: nothing lost, nothing doubled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
