"""What stands around keyledger in the tests of docs/gateways: real gateways that run the configurations
which the docs give away, and a small API behind them. Standard library only; every process is ended by
its id, and nothing here sleeps and hopes.
"""
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

GATEWAYS = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "gateways")
READY_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Api(http.server.ThreadingHTTPServer):
    """The API that is protected: it answers as the seeds say, keeps what reached it, and believes that
    whoever reaches it may."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.seen = []  # (method, path, headers, body), oldest first
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, self.headers, body))
        path = self.path.split("?")[0]
        if path == "/users" or path.startswith("/api/v0/blog/"):
            said = {"data": [{"id": "1"}]}
        elif path.startswith("/api/v0/"):
            said = {"ok": True, "key": self.headers.get("X-Key-Id")}
        else:
            said = {"path": self.path}
        text = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        # An API with an opinion of its own about pages: the gateway's must be the one that counts.
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


class Gateway:
    """One program with one configuration of docs/gateways. Use with `with`."""

    def __init__(self, keyledger, api, workspace, environment):
        self.home = tempfile.mkdtemp(prefix="keyledger-gateway-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with open(os.path.join(GATEWAYS, self.config), encoding="utf-8") as file:
            text = file.read()
        for old, new in (("127.0.0.1:8080", f"127.0.0.1:{keyledger}"),
                         ("127.0.0.1:9000", f"127.0.0.1:{api}"),
                         ("ws_00000000000000000000000000/live", f"{workspace}/{environment}"),
                         self.listens(self.port)):
            assert old in text, f"{self.config} has no {old!r} to replace"
            text = text.replace(old, new)
        self.file = os.path.join(self.home, self.config)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.around(text))
        self.log_path = os.path.join(self.home, "log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.home,
                                            env={**os.environ, "HOME": self.home,
                                                 "XDG_CONFIG_HOME": self.home,
                                                 "XDG_DATA_HOME": self.home})
        try:
            self.wait_until_ready()
        except AssertionError:
            self.close()
            raise

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"{self.config}: {self.log()}"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"{self.config} is not ready: {self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        shutil.rmtree(self.home, ignore_errors=True)


class Nginx(Gateway):
    config = "nginx.conf"

    def listens(self, port):
        return "listen 8000;", f"listen 127.0.0.1:{port};"

    def around(self, text):
        places = "".join(f"{place}_temp_path {self.home}/{place};" for place in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.getuid() == 0 else ""
        return (f"daemon off; {user} worker_processes 1; pid {self.home}/pid; error_log stderr;"
                f"events {{}} http {{ access_log off; {places}\n{text}\n}}\n")

    def command(self):
        # It lies where only root's PATH looks.
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        assert program, "nginx is not installed (tools/install-packages run test)"
        return [program, "-p", self.home, "-e", "stderr", "-c", self.file]


class Caddy(Gateway):
    config = "Caddyfile"

    def listens(self, port):
        return "http://:8000", f"http://127.0.0.1:{port}"

    def around(self, text):
        return "{\n\tadmin off\n\tauto_https off\n}\n" + text

    def command(self):
        return ["caddy", "run", "--config", self.file, "--adapter", "caddyfile"]


def curl(line, url, key):
    """Runs a curl line of the seeds with nothing but host and key replaced. Answers status, body and
    headers (names in lower case)."""
    line = re.sub(r"https://api\.(quo|quotient)\.com", url, line)
    line = re.sub(r"YOUR_API_KEY|pk_test_1234567890abcdef", key, line)
    done = subprocess.run(["sh", "-c", line + " -sS -i --max-time 30"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    first, *rest = head.split("\n")
    headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rest)}
    try:
        body = json.loads(body)
    except ValueError:
        pass
    return int(first.split()[1]), body, headers
