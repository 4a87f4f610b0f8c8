"""The program as an operator meets it: a configuration file, variables and flags in their order, metrics on a
listener of their own, refusals that say what to do, help with examples."""
import os
import subprocess
import sys
import unittest
import urllib.request

from server import Server

PROGRAM = sys.argv.pop()


class Operations(unittest.TestCase):
    def test_a_flag_goes_before_a_variable_and_a_variable_before_the_file(self):
        with Server(PROGRAM) as server:
            config = os.path.join(server.home, "keyledger.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write('listen = "not an address"\naccess-log = false\n')
            server.start("--config", config)  # start() gives --listen as a flag
            self.assertEqual(server.client(None).request("GET", "/healthz")[0], 200)
            server.stop()
            self.assertNotIn('"message":"request"', server.log(), "the file's value was used")
            serve = [PROGRAM, "serve", "--data", server.data, "--config", config]
            refused = subprocess.run(serve, capture_output=True, text=True, timeout=60)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("not an address", refused.stderr, "the file's value was used")
            refused = subprocess.run(serve, capture_output=True, text=True, timeout=60,
                                     env={**os.environ, "KEYLEDGER_LISTEN": "nor this"})
            self.assertIn("nor this", refused.stderr, "the variable goes before the file")

    def test_an_unknown_key_of_the_file_is_refused_by_name(self):
        with Server(PROGRAM) as server:
            config = os.path.join(server.home, "keyledger.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write('listn = "127.0.0.1:1"\n')
            code, output = server.run("serve", "--data", server.data, "--config", config, check=False)
            self.assertEqual(code, 1)
            self.assertIn("listn is not an option of serve", output)

    def test_metrics_are_served_apart_and_name_nobody(self):
        with Server(PROGRAM) as server:
            line = server.start("--metrics-listen", "127.0.0.1:0")
            owner = server.client()
            _, made, _ = owner.request("POST", "/v1/keys", {"type": "private", "name": "metered-key"})
            owner.request("POST", "/v1/keys/verify", {"key": made["secret"]})
            owner.request("POST", "/v1/keys/verify", {"key": "sk_live_unknown"})
            self.assertEqual(owner.request("GET", "/metrics")[0], 404, "not on the API's listener")
            url = f"http://127.0.0.1:{line['metrics']}/metrics"
            with urllib.request.urlopen(url, timeout=30) as answer:
                text = answer.read().decode()
            self.assertIn('keyledger_verdicts_total{code="VALID"} 1', text)
            self.assertIn('keyledger_verdicts_total{code="NOT_FOUND"} 1', text)
            self.assertIn('route="/v1/keys/verify",status="200"} 2', text)
            for told in ("metered-key", made["key"]["id"], made["key"]["workspace_id"], "127.0.0.1",
                         made["secret"]):
                self.assertNotIn(told, text)
            server.stop()

    def test_it_answers_only_for_the_hosts_that_it_was_told(self):
        with Server(PROGRAM) as server:
            server.start("--host", "keys.example.com", "--host", "other.example.com")
            client = server.client(None)
            for host in ("keys.example.com", "Keys.Example.com:8443", "other.example.com",
                         "localhost", f"127.0.0.1:{server.port}", f"[::1]:{server.port}"):
                self.assertEqual(client.request("GET", "/healthz", headers={"Host": host})[0], 200,
                                 host)
            for host in ("evil.example", "keys.example.com.evil.example", "127.0.0.2"):
                self.assertEqual(client.request("GET", "/healthz", headers={"Host": host})[0], 421,
                                 host)
            server.stop()

    def test_it_believes_the_proxies_that_it_was_told_and_no_other(self):
        def client_of(server):
            headers = {"X-Forwarded-For": "203.0.113.9, 10.1.2.3"}
            return server.client().request("GET", "/v1/whoami", headers=headers)[1]["client"]["ip"]

        with Server(PROGRAM) as server:
            for arguments, seen in (((), "10.1.2.3"),  # loopback, where this test is
                                    (("--trusted-proxies", "127.0.0.1,10.0.0.0/8"), "203.0.113.9"),
                                    (("--trusted-proxies", "none"), "127.0.0.1"),
                                    (("--trusted-proxies", "10.0.0.0/8"), "127.0.0.1")):
                server.start(*arguments)
                self.assertEqual(client_of(server), seen, arguments)
                server.stop()
            config = os.path.join(server.home, "keyledger.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write('trusted-proxies = ["127.0.0.1", "10.0.0.0/8"]\n')
            server.start("--config", config)
            self.assertEqual(client_of(server), "203.0.113.9")
            server.stop()
            serve = [PROGRAM, "serve", "--data", server.data]
            refused = subprocess.run(serve, capture_output=True, text=True, timeout=60,
                                     env={**os.environ, "KEYLEDGER_TRUSTED_PROXIES": "::1,10.0.0.1/8"})
            self.assertEqual(refused.returncode, 1)
            self.assertIn("--trusted-proxies: 10.0.0.1/8 has host bits set", refused.stderr)

    def test_it_does_not_listen_openly_without_tls_before_it(self):
        with Server(PROGRAM) as server:
            for option in ("--listen", "--metrics-listen"):
                code, output = server.run("serve", "--data", server.data, option, "0.0.0.0:0",
                                          check=False)
                self.assertEqual(code, 1)
                self.assertIn("--behind-tls-proxy", output)

    def test_every_command_has_help_with_an_example(self):
        for command in ("init", "serve", "recover", "dump", "verify"):
            done = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 0)
            self.assertIn("keyledger " + command + " --data", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
