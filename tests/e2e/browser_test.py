"""A real Chromium, with a page that calls the API through real gateways: what the seed's public keys are for.
The page is served from another origin than the API, so the browser asks first (a preflight) and lets the page
read an answer only if the gateway says that it may."""
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from gateway import Api, Caddy, Nginx
from server import Server

PROGRAM = sys.argv.pop()
SECONDS = 120  # for a browser to start on a busy machine

PAGE = """<!doctype html><meta charset="utf-8"><title>A page with a key in it</title><script>
const ask = async ([name, url, options]) => {
  try {
    const answer = await fetch(url, options);
    return [name, {status: answer.status, body: await answer.json()}];
  } catch (failure) {
    return [name, {failure: failure.name}];
  }
};
Promise.all(CALLS.map(ask)).then(answers => fetch("/result", {
  method: "POST", body: JSON.stringify(Object.fromEntries(answers))}));
</script>"""


class Site(http.server.ThreadingHTTPServer):
    """Serves the page, and is told by it what became of its calls."""

    daemon_threads = True

    def __init__(self, calls):
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls = calls
        self.page = PAGE.replace("CALLS", json.dumps(calls)).encode()
        self.results = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page if found else b"")

    def do_POST(self):
        self.server.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def visit(site, host):
    """What the page at http://HOST:PORT/ says about its calls. Each visit is by a new browser."""
    home = tempfile.mkdtemp(prefix="keyledger-browser-")
    log_path = os.path.join(home, "log")
    with open(log_path, "w", encoding="utf-8") as log:
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={home}/profile", f"http://{host}:{site.server_address[1]}/"],
            stdout=log, stderr=log, start_new_session=True, env={**os.environ, "HOME": home})
    try:
        return site.results.get(timeout=SECONDS)
    except queue.Empty:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            raise AssertionError(f"the page said nothing: {log.read()[-2000:]}") from None
    finally:
        # It and the processes that it started: they are a session of their own.
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait(30)
        shutil.rmtree(home, ignore_errors=True)


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM)
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        cls.api = Api()
        cls.addClassCleanup(cls.api.close)
        made, _ = cls.server.client().expect(201, "POST", "/v1/workspaces", {
            "name": "quotient", "profile": "quotient",
            "owner": {"name": "Ada", "email": "ada@example.com"}})
        cls.owner = cls.server.client(made["management_key"]["secret"])
        cls.gateways = []
        for program in (Nginx, Caddy):
            gateway = program(cls.server.port, cls.api.port, made["workspace"]["id"], "live")
            cls.addClassCleanup(gateway.close)
            cls.gateways.append(gateway)

    def calls(self, secret):
        post = {"method": "POST", "headers": {"Authorization": "Bearer " + secret,
                                              "Content-Type": "application/json"},
                "body": json.dumps({"eventType": "pageView"})}
        wrong = {"headers": {"Authorization": "Bearer pk_live_wrong"}}
        private = {"headers": {"Authorization": "Bearer " + secret}}
        return [call for gateway in self.gateways for call in (
            (gateway.config + " event", gateway.url + "/api/v0/analytics", post),
            (gateway.config + " wrong key", gateway.url + "/api/v0/blog/posts", wrong),
            (gateway.config + " private endpoint", gateway.url + "/api/v0/memory", private))]

    def test_T11_a_page_of_an_allowed_origin_calls_the_api_and_no_other_page_can(self):
        key = self.owner.create_key("site", type="public")
        site = Site(self.calls(key["secret"]))
        origin = f"http://localhost:{site.server_address[1]}"
        self.owner.expect(200, "PATCH", f"/v1/keys/{key['key']['id']}", {"allowed_origins": [origin]})
        allowed = visit(site, "localhost")
        for gateway in self.gateways:
            with self.subTest(gateway.config):
                event = allowed[gateway.config + " event"]
                self.assertEqual(event.get("status"), 200, event)
                self.assertEqual(event["body"], {"ok": True, "key": key["key"]["id"]})
                wrong = allowed[gateway.config + " wrong key"]
                self.assertEqual(wrong.get("status"), 401, f"the page can read why: {wrong}")
                self.assertEqual(wrong["body"]["code"], "invalid_api_key")
                private = allowed[gateway.config + " private endpoint"]
                self.assertEqual(private, {"failure": "TypeError"}, "its preflight is refused")
        events = [seen for seen in self.api.seen if seen[0] == "POST"]
        self.assertEqual([json.loads(seen[3]) for seen in events], [{"eventType": "pageView"}] * 2)
        self.assertEqual({seen[2]["Origin"] for seen in events}, {origin})

        # The same page under another name of this machine, which is another origin.
        self.assertEqual(visit(site, "127.0.0.1"),
                         {name: {"failure": "TypeError"} for name, _, _ in site.calls})
        self.assertEqual(len([seen for seen in self.api.seen if seen[0] == "POST"]), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
