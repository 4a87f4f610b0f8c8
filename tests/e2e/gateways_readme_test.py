"""What docs/gateways/README.md says beside the two files that gateways_test runs: what a mistake in the set-up looks
like, a load balancer in front, and logs without keys. The snippets are taken from the page."""
import os
import re
import subprocess
import sys
import unittest

from gateway import GATEWAYS, Api, Caddy, Nginx
from server import Server

PROGRAM = sys.argv.pop()
NOBODYS = "ws_00000000000000000000000000"
BALANCER = "127.0.0.2"  # another address than the gateway's, so that trust in the one is not trust in the other

with open(os.path.join(GATEWAYS, "README.md"), encoding="utf-8") as page:
    README = page.read()


def snippet(fence, first):
    """The block of the page that begins with this line."""
    return re.search(rf"```{fence}\n({re.escape(first)}.*?)```\n", README, re.S).group(1)


def ask(gateway, path="/users", key=None, *more):
    """Status and body of a request that comes from the balancer."""
    line = ["curl", "-sS", "--interface", BALANCER, "-w", "\n%{http_code}", gateway.url + path, *more]
    line += ["-H", "Authorization: Bearer " + key] if key else []
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


class Case(unittest.TestCase):
    def serve(self, *options):
        """A server, its workspace and a key."""
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.__exit__)
        self.server.start(*options)
        self.owner = self.server.client()
        self.workspace = self.owner.expect(200, "GET", "/v1/workspace")[0]["id"]
        self.key = self.owner.create_key("any")["secret"]
        self.api = Api()
        self.addCleanup(self.api.close)

    def gateway(self, kind, *changes, workspace=None, environment="live", before=""):
        """One that runs its file with these texts of it replaced."""
        def around(it, text):
            for old, new in changes:
                assert old in text, old
                text = text.replace(old, new)
            return kind.around(it, before + text)
        made = type("Changed", (kind,), {"around": around})(
            self.server.port, self.api.port, workspace or self.workspace, environment)
        self.addCleanup(made.close)
        return made


class Mistakes(Case):
    def sees(self, gateway, status, told, key=None, log=""):
        got, body = ask(gateway, key=key or self.key)
        self.assertEqual(got, status, body)
        self.assertIn(told, body)
        self.assertIn(log, gateway.log())

    def test_a_forgotten_workspace_or_an_unknown_environment(self):
        self.serve()
        for wrong in ({"workspace": NOBODYS}, {"environment": "prod"}):
            self.sees(self.gateway(Nginx, **wrong), 503, "unavailable", log="unexpected status: 404")
            self.sees(self.gateway(Caddy, **wrong), 404, "not_found")

    def test_a_host_that_keyledger_does_not_answer_to(self):
        self.serve()
        name = "api.example.com"
        self.sees(self.gateway(Nginx, ("Host 127.0.0.1;", f"Host {name};")), 503, "unavailable",
                  log="unexpected status: 421")
        self.sees(self.gateway(Caddy, ("Host {upstream_hostport}", f"Host {name}")), 421, "misdirected_request")

    def test_the_other_environment(self):
        self.serve()
        test = self.owner.create_key("test", environment="test")["secret"]
        for kind in (Nginx, Caddy):
            gateway = self.gateway(kind, environment="test")
            self.sees(gateway, 403, "ENVIRONMENT_NOT_ALLOWED")
            self.sees(gateway, 200, "data", key=test)

    def test_a_gateway_that_is_not_trusted(self):
        for options in (("--trusted-proxies", "10.1.0.7"), ("--trusted-proxies", "none")):
            self.serve(*options)
            for kind, status, told, log in ((Nginx, 503, "unavailable", "keyledger does not trust this nginx"),
                                            (Caddy, 403, '"forbidden"', "")):
                gateway = self.gateway(kind)
                self.sees(gateway, status, told, log=log)
                self.assertEqual(ask(gateway)[0], status, "also without a key")

    def test_an_address_that_is_not_said(self):
        self.serve()
        here = self.owner.create_key("here", allowed_ips=["127.0.0.0/8"])["secret"]
        for gateway in (self.gateway(Nginx, ("X-Forwarded-For $remote_addr", 'X-Forwarded-For ""')),
                        self.gateway(Caddy, ("header_up Host", "header_up -X-Forwarded-For\n\theader_up Host"))):
            self.sees(gateway, 200, "data")
            self.sees(gateway, 403, "IP_NOT_ALLOWED", key=here)

    def test_two_families_of_headers(self):
        self.serve()
        self.sees(self.gateway(Nginx, ('X-Forwarded-Method ""', "X-Forwarded-Method DELETE"),
                               ('X-Forwarded-Uri ""', "X-Forwarded-Uri /other")), 400, "differ from those of")


class Balancer(Case):
    """Requests come from one, which appended the client's address; what the client had claimed is left of it."""

    def passes(self, gateway):
        key = self.owner.create_key("one-address", allowed_ips=["198.51.100.7"])["secret"]
        seen = [ask(gateway, "/users", key, "-H", "X-Forwarded-For: " + said)[0]
                for said in ("203.0.113.9, 198.51.100.7", "198.51.100.7, 203.0.113.9")]
        self.assertIn(seen, ([200, 403], [403, 403]), "no claim of a client is believed")
        return seen[0] == 200

    def test_nginx_takes_the_address_from_the_balancer(self):
        self.serve("--trusted-proxies", "127.0.0.1")
        lines = snippet("nginx", "set_real_ip_from").replace("10.1.0.0/16", BALANCER)
        self.assertTrue(self.passes(self.gateway(Nginx, ("    server_name", lines + "    server_name"))))

    def test_nginx_alone_sees_the_balancer(self):
        self.serve("--trusted-proxies", "127.0.0.1")
        self.assertFalse(self.passes(self.gateway(Nginx)))

    def test_caddy_hands_on_the_list_so_keyledger_must_know_the_balancer(self):
        changes = (("request_header -X-Forwarded*",
                    "request_header -X-Forwarded-Method\nrequest_header -X-Forwarded-Uri"),
                   ("header_up Host", f"trusted_proxies {BALANCER}\nheader_up Host"))
        for trusted, well in ((f"127.0.0.1,{BALANCER}", True), ("127.0.0.1", False)):
            self.serve("--trusted-proxies", trusted)
            self.assertEqual(self.passes(self.gateway(Caddy, *changes)), well)


class Logs(Case):
    def lines(self, gateway, path):
        """What the log says of requests with a key in the URL, in the query, in the path and escaped."""
        for url in (f"/users?api_key={self.key}", f"/users/{self.key}/x", f"/users/%73{self.key[1:]}",
                    f"/users/%2573{self.key[1:]}", "/users/7?page=2"):
            ask(gateway, url, self.key)
        gateway.close()  # it has written all of it
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(len(text.splitlines()), 5, text)
        self.assertNotIn(self.key[8:], text)
        self.assertNotIn("page=2", text)
        self.assertIn("/users/7", text)

    def test_nginx(self):
        self.serve()
        path = os.path.join(self.server.home, "access.log")
        use = snippet("nginx", "access_log").replace("/var/log/nginx/api.log", path)
        self.lines(self.gateway(Nginx, ("    server_name", use + "    server_name"),
                                before=snippet("nginx", "map $uri")), path)

    def test_caddy(self):
        self.serve()
        path = os.path.join(self.server.home, "access.log")
        use = snippet("", "log {").replace("log {", f"log {{\noutput file {path}", 1)
        self.lines(self.gateway(Caddy, ("\troute {", use + "\troute {")), path)


if __name__ == "__main__":
    unittest.main()
