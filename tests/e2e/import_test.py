"""`keyledger import` against a real service: killed in the middle, both of them, and repeated; what
it skips, what it refuses, what it says."""
import csv
import hashlib
import json
import os
import pty
import random
import re
import socket
import ssl
import subprocess
import sys
import threading

from server import LONG, Server, program

LINES = 60_000 if LONG else 6_000
KILLS = 40 if LONG else 8


def secret_of(number):
    return f"old_{number:06d}_{hashlib.md5(str(number).encode()).hexdigest()}"


def row_of(number):
    return {"sha256": hashlib.sha256(secret_of(number).encode()).hexdigest(), "type": "private",
            "name": f"customer {number}", "handle": f"old_...{number:04d}",
            "metadata.number": str(number)}


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


class Importer:
    """The command on one file, as often as it is wanted."""

    def __init__(self, server, path, *options):
        self.server, self.path, self.options = server, path, options

    def start(self):
        return subprocess.Popen(
            [self.server.program, "import", "--url", f"http://127.0.0.1:{self.server.port}",
             "--file", self.path, *self.options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "KEYLEDGER_TOKEN": self.server.owner})

    def run(self, code):
        process = self.start()
        output, errors = process.communicate(timeout=300)
        assert process.returncode == code, f"exit {process.returncode}: {output}{errors}"
        return output, errors


def imported(client):
    """Name to key of all that are there; a name that stands twice fails."""
    seen, cursor = {}, ""
    while cursor is not None:
        page, _ = client.expect(200, "GET", f"/v1/keys?type=private&limit=1000{cursor}")
        for key in page["data"]:
            assert key["name"] not in seen, f"{key['name']} is there twice"
            seen[key["name"]] = key
        cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
    return seen


def positions(client):
    return client.expect(200, "GET", "/v1/ledger")[0]["size"]


def killed_and_repeated(server, rng):
    """SIGKILL of the command, of the service, or of both, whenever some more keys are there."""
    path = os.path.join(server.home, "keys.csv")
    write_csv(path, [row_of(number) for number in range(LINES)])
    server.start()
    before = positions(server.client())
    importer = Importer(server, path, "--batch", "100", "--json")
    for kill in range(KILLS):
        process = importer.start()
        client = server.client()
        wanted = before + rng.randint(0, LINES // KILLS) + kill * LINES // KILLS
        while process.poll() is None and positions(client) < wanted:
            threading.Event().wait(0.002)
        victims = rng.choice(["command", "service", "both"])
        if victims != "command":
            server.kill()
        if victims == "both":
            process.kill()
        if victims != "command":
            server.start()  # on another port: the command finds nobody, and must be repeated
        process.kill()
        process.communicate(timeout=60)
    output, _ = importer.run(0)
    counts = json.loads(output)
    assert counts["imported"] + counts["imported_before"] == LINES, counts
    assert counts["imported_before"] > 0, counts
    client = server.client()
    keys = imported(client)
    assert keys.keys() == {f"customer {number}" for number in range(LINES)}, len(keys)
    assert positions(client) == before + LINES, "one event for each, and no other"
    for number in rng.sample(range(LINES), 20):
        key = keys[f"customer {number}"]
        assert key["handle"] == f"old_...{number:04d}", key
        assert key["metadata"] == {"number": str(number)}, key
        verdict = client.verify(secret_of(number))
        assert verdict["code"] == "VALID" and verdict["key"]["id"] == key["id"], verdict
    output, _ = importer.run(0)
    assert json.loads(output)["imported_before"] == LINES, output
    server.stop()
    code, report = server.verify_ledger()
    assert code == 0, report
    return counts


def refused_and_mended(server):
    server.start()
    client = server.client()
    path = os.path.join(server.home, "more.csv")
    rows = [row_of(number) for number in range(LINES, LINES + 50)]
    rows[7]["type"] = "secret"
    rows[9]["name"] = "customer 3"
    write_csv(path, rows)
    before = positions(client)
    output, errors = Importer(server, path).run(1)
    assert f"{path}:9: type: must be one of private, public" in errors, errors
    assert secret_of(LINES) not in errors + output and server.owner not in errors + output
    output, errors = Importer(server, path, "--dry-run", "--batch", "5").run(1)
    assert re.findall(r":(\d+): (\w+)", errors) == [("9", "type"), ("11", "name")], errors
    assert output == "Would import 48 keys; refused: 2 lines.\n", output
    assert positions(client) == before, "neither imported anything"

    skipped = os.path.join(server.home, "refused.ndjson")
    output, _ = Importer(server, path, "--skip-errors", skipped).run(1)
    assert output == f"Imported 48 keys; refused: 2 lines, see {skipped}.\n", output
    assert os.stat(skipped).st_mode & 0o777 == 0o600
    with open(skipped, encoding="utf-8") as file:
        refused = {one["line"]: one for one in map(json.loads, file)}
    assert refused.keys() == {9, 11}, refused
    assert refused[11]["errors"][0]["field"] == "name"
    assert refused[11]["errors"][0]["code"] == "conflict"
    mended = os.path.join(server.home, "mended.ndjson")
    with open(mended, "w", encoding="utf-8") as file:
        for line, one in refused.items():
            print(json.dumps({**one["key"], "type": "private", "name": f"mended {line}"}), file=file)
    output, _ = Importer(server, mended).run(0)
    assert output == "Imported 2 keys.\n", output
    assert client.verify(secret_of(LINES + 7))["code"] == "VALID"

    # Mended in the file itself, with a line more, and sent as before.
    rows[7] = {**row_of(LINES + 7), "name": "mended 9"}
    rows[9]["name"] = "mended 11"
    write_csv(path, rows + [row_of(LINES + 50)])
    output, _ = Importer(server, path, "--skip-errors", skipped).run(0)
    assert output == "Imported 1 key; before: 50 lines.\n", output
    empty = os.path.join(server.home, "empty.csv")
    write_csv(empty, [row_of(0)])
    os.truncate(empty, 0)
    assert Importer(server, empty).run(0)[0] == "Imported 0 keys.\n"


def could_not_go_on(server):
    path = os.path.join(server.home, "keys.csv")
    url = f"http://127.0.0.1:{server.port}"
    for arguments, token, said in (
            (["--url", url, "--file", path], "", "KEYLEDGER_TOKEN"),
            (["--url", url, "--file", path.replace("keys", "no")], server.owner, "cannot be opened"),
            (["--url", "http://192.0.2.1", "--file", path], server.owner, "--url wants https"),
            (["--url", url, "--file", path], "mk_live_nobody", "valid")):
        done = subprocess.run([server.program, "import", *arguments], capture_output=True,
                              text=True, timeout=100, env={**os.environ, "KEYLEDGER_TOKEN": token})
        assert done.returncode == 2, (arguments, done)
        assert said in done.stderr, (said, done.stderr)
    done = subprocess.run([server.program, "import", "--url", url, "--file", path, "--token-file",
                           server.key_file, "--batch", "100", "--json"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done
    help_text = server.run("import", "--help")[1]
    for word in ("--skip-errors", "--dry-run", "Exit 0", "Example"):
        assert word in help_text, help_text


def shows_how_far_it_is(server):
    """On a terminal: a bar, a rate, the time that is left."""
    path = os.path.join(server.home, "shown.csv")
    write_csv(path, [row_of(number) for number in range(2 * LINES, 2 * LINES + 500)])
    terminal, end = pty.openpty()
    done = subprocess.run(
        [server.program, "import", "--url", f"http://127.0.0.1:{server.port}", "--file", path,
         "--batch", "50"], stdout=subprocess.PIPE, stderr=end, timeout=100,
        env={**os.environ, "KEYLEDGER_TOKEN": server.owner})
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    os.close(end)
    assert done.returncode == 0, shown
    assert re.search(r"\r\[#*\.*\] +\d+ %  \d+ lines, \d+/s, \d+:\d\d left", shown), repr(shown)


class TlsProxy:
    """TLS before the service, with a certificate that only who is told trusts."""

    def __init__(self, server):
        self.port_behind = server.port
        self.certificate = os.path.join(server.home, "tls.crt")
        key = os.path.join(server.home, "tls.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                        self.certificate], check=True, capture_output=True, timeout=60)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(plain,), daemon=True).start()

    def pass_on(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as client, \
                    socket.create_connection(("127.0.0.1", self.port_behind)) as behind:
                back = threading.Thread(target=self.copy, args=(behind, client), daemon=True)
                back.start()
                self.copy(client, behind)
                back.join(60)
        except OSError:
            pass  # who does not trust us hangs up

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def trusts_no_other_server(server):
    path = os.path.join(server.home, "tls.csv")
    write_csv(path, [row_of(number) for number in range(3 * LINES, 3 * LINES + 20)])
    proxy = TlsProxy(server)

    def run(host, trusted):
        environment = {**os.environ, "KEYLEDGER_TOKEN": server.owner, "SSL_CERT_FILE": trusted}
        return subprocess.run([server.program, "import", "--url", f"https://{host}:{proxy.port}",
                               "--file", path], capture_output=True, text=True, timeout=50,
                              env=environment)
    for host, trusted in (("localhost", os.devnull), ("127.0.0.1", proxy.certificate)):
        done = run(host, trusted)
        assert done.returncode == 2 and "no certificate" in done.stderr, (host, done)
    done = run("localhost", proxy.certificate)
    assert done.returncode == 0 and done.stdout == "Imported 20 keys.\n", done
    proxy.listener.close()


def main():
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    with Server(program()) as server:
        counts = killed_and_repeated(server, random.Random(seed))
        refused_and_mended(server)
        could_not_go_on(server)
        shows_how_far_it_is(server)
        trusts_no_other_server(server)
        print(f"{KILLS} kills: {counts['imported_before']} lines were there before the last run, "
              f"{counts['imported']} came with it; nothing lost, nothing doubled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
