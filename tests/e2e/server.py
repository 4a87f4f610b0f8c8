"""A real keyledger for end-to-end tests: the built program, its own data directory, a real socket.

Standard library only. Nothing here sleeps and hopes: start() waits until the program says that it
serves, and every request has a time-out that fails the test.
"""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

LONG = os.environ.get("KEYLEDGER_LONG_TESTS") == "1"


class Server:
    """One data directory and the program that serves it. Use with `with`; it removes the directory."""

    def __init__(self, program, *init_options):
        self.program = program
        self.home = tempfile.mkdtemp(prefix="keyledger-e2e-")
        self.data = os.path.join(self.home, "data")
        self.key_file = os.path.join(self.home, "owner.key")
        self.log_path = os.path.join(self.home, "log")
        self.process = None
        self.port = None
        self.run("init", "--data", self.data, "--workspace", "acme", "--owner-name", "Ada",
                 "--owner-email", "ada@example.com", "--key-file", self.key_file, *init_options)
        with open(self.key_file, encoding="ascii") as file:
            self.owner = file.read().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *arguments, check=True):
        """An offline command. Answers its exit code and all that it said."""
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout + done.stderr

    def start(self, *arguments):
        """Serves on a free port; returns when the program says on which, with what it says."""
        log = open(self.log_path, "a", encoding="utf-8")
        before = os.path.getsize(self.log_path)
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.data, "--listen", "127.0.0.1:0",
             "--log-format", "json", *arguments], stdout=log, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            log.write(line)
            serving = re.search(r'"message":"serving","listen":"127\.0\.0\.1:(\d+)"', line)
            if serving:
                self.port = int(serving.group(1))
                break
        else:
            raise AssertionError(f"the server did not start: {self.log()[before:]}")
        # The pipe must be emptied or the server would stop at a full one.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=log)
        self.process.stderr.close()
        log.close()
        return json.loads(line)

    def stop(self):
        """SIGTERM; the program must finish and exit 0."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, "a stopped server exits 0"
        self.drain.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait(60)
        self.drain.wait(60)

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def client(self, key=None):
        return Client(self.port, key or self.owner)

    def verify_ledger(self, data=None):
        """`keyledger verify --json`: its exit code and report, which is all of standard output."""
        done = subprocess.run([self.program, "verify", "--data", data or self.data, "--json"],
                              capture_output=True, text=True, timeout=300)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


class Client:
    """One keep-alive connection. Not for two threads."""

    def __init__(self, port, key):
        self.port = port
        self.key = key
        self.connection = None

    def request(self, method, path, body=None, headers=None, raw=None):
        """Answers status, parsed body (or text), headers. Raises OSError or HTTPException if the
        connection breaks: then nobody knows whether the call was carried out."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        all_headers = {"Authorization": "Bearer " + self.key} if self.key else {}
        data = raw
        if body is not None:
            data = json.dumps(body)
        if data is not None:
            all_headers["Content-Type"] = "application/json"
        all_headers.update(headers or {})
        try:
            self.connection.request(method, path, data, all_headers)
            answer = self.connection.getresponse()
            text = self.whole_or_first(answer)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        try:
            parsed = json.loads(text) if text else None
        except ValueError:
            parsed = text.decode("utf-8", "replace")
        return answer.status, parsed, answer.headers

    @staticmethod
    def whole_or_first(answer):
        """The body; of a feed, which has no end, the first message. Then it is closed."""
        if answer.headers.get_content_type() != "text/event-stream":
            return answer.read()
        text = b"".join(iter(answer.readline, b"\n"))
        answer.close()
        return text

    def expect(self, status, method, path, body=None, headers=None):
        got, parsed, answer_headers = self.request(method, path, body, headers)
        assert got == status, f"{method} {path}: {got} instead of {status}: {parsed}"
        return parsed, answer_headers

    def create_key(self, name, **fields):
        answer, _ = self.expect(201, "POST", "/v1/keys", {"type": "private", "name": name, **fields})
        return answer

    def verify(self, secret, **fields):
        answer, _ = self.expect(200, "POST", "/v1/keys/verify", {"key": secret, **fields})
        return answer


def program():
    """The program under test, given as the only argument."""
    assert len(sys.argv) == 2, f"usage: {sys.argv[0]} PATH-OF-keyledger"
    return os.path.abspath(sys.argv[1])
