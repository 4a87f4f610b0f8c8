#!/usr/bin/env python3
"""Pages of docs/, run as they are written: every command of a console block goes to one bash, in order, with a ledger,
a workspace of the profile and a real nginx (docs/gateways/nginx.conf) in front of a small API;
what the page shows under a command must be what comes out. Ids, secrets and times are compared by their form.

Usage: pages_test.py PATH-OF-keyledger; with KEYLEDGER_WRITE_PAGES=1 the outputs are written into the pages instead.
"""
import os
import re
import subprocess
import sys
import unittest

from gateway import Api, Nginx
from server import Server

PROGRAM = sys.argv.pop()
DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")
BLOCK = re.compile(r"(```console\n)(.*?)(```\n)", re.S)
FIRST = re.compile(r"```sh\n# Before the start:.*?\n(.*?)```\n", re.S)
LOCATION = re.compile(r"```nginx\n(location .*?)```\n", re.S)
MARK = "-- the command has ended --"
FORMS = [(re.compile(r"\b(ws|mem|key|evt|sec|log)_[0-9A-HJKMNP-TV-Z]{26}"), r"\1_ID"),
         (re.compile(r"\b([psm]k_(?:live|test)_)[0-9A-Za-z]{33}"), r"\1SECRET"),
         (re.compile(r"…[0-9A-Za-z]{4}"), "…LAST"),
         (re.compile(r"\b[0-9A-Za-z+/]{43}="), "SHA256"),
         (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "TIME"),
         (re.compile(r"curl/[0-9.]+"), "curl/VERSION")]


def form_of(text):
    for pattern, name in FORMS:
        text = pattern.sub(name, text)
    return text.strip()


def steps_of(block):
    """(command, output) of a console block: lines with "$ ", continued by "> ", and what stands below."""
    steps = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            steps.append([line[2:], ""])
        elif line.startswith("> "):
            steps[-1][0] += line[2:]
        else:
            steps[-1][1] += line
    return steps


def with_locations(page):
    """nginx with those that the page adds to its file, where the page says."""
    place = "    location / {"

    def around(gateway, text):
        assert text.count(place) == 1
        return Nginx.around(gateway, text.replace(place, "".join(LOCATION.findall(page)) + place))
    return type("NginxOfPage", (Nginx,), {"around": around})


class Shell:
    """One bash for a whole page, so that variables live on."""

    def __init__(self, home, variables):
        self.process = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, cwd=home,
                                        env={**os.environ, **variables})

    def run(self, command):
        self.process.stdin.write(command + f"\necho '{MARK}'\n")
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if line.endswith(MARK + "\n"):
                return output + line[:-len(MARK) - 1]
            output += line
        raise AssertionError(f"bash ended at {command}: {output}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


class Pages(unittest.TestCase):
    def run_page(self, page, profile, *options):
        """`options` of serve; HOME in them is the directory in which the page's lines run."""
        path = os.path.join(DOCS, page)
        with open(path, encoding="utf-8") as file:
            page = file.read()
        api = Api()
        with Server(PROGRAM, "--profile", profile) as server:
            for lines in FIRST.findall(page):
                subprocess.run(["bash", "-euc", lines], cwd=server.home, check=True, timeout=60)
            server.start(*(option.replace("HOME", server.home) for option in options))
            workspace = server.client().expect(200, "GET", "/v1/workspace")[0]["id"]
            gateway = with_locations(page)(server.port, api.port, workspace, "live")
            path_of_program = os.path.dirname(os.path.abspath(PROGRAM))
            shell = Shell(server.home, {"PATH": f"{path_of_program}:{os.environ['PATH']}", "LEDGER": f"http://127.0.0.1:{server.port}", "API": gateway.url,
                                        "OWNER": server.owner})
            try:
                wanted, shown = self.play(shell, page)
            finally:
                shell.close()
                gateway.close()
                api.close()
        if os.environ.get("KEYLEDGER_WRITE_PAGES") == "1":
            with open(path, "w", encoding="utf-8") as file:
                file.write(shown)
            return
        self.assertEqual(form_of(wanted), form_of(shown), "KEYLEDGER_WRITE_PAGES=1 writes what came out")

    def play(self, shell, page):
        """The page as it is, and with what came out."""
        def replay(match):
            steps = steps_of(match.group(2))
            self.assertTrue(steps, match.group(0))
            text = ""
            for command, _ in steps:
                text += "$ " + command.rstrip("\n").replace("\n", "\n> ") + "\n"
                output = shell.run(command)
                text += output if output.endswith("\n") or not output else output + "\n"
            return match.group(1) + text + match.group(3)
        shown = BLOCK.sub(replay, page)
        self.assertIn("```console", page)
        return page, shown

    def test_as_of(self):
        self.run_page("as-of.md", "default")

    def test_coming_from_quo(self):
        self.run_page("coming-from-quo.md", "quo")

    def test_coming_from_quotient(self):
        self.run_page("coming-from-quotient.md", "quotient")

    def test_compliance(self):
        self.run_page("compliance.md", "default")

    def test_Q9_departure(self):
        self.run_page("departure.md", "default")

    def test_exports(self):
        self.run_page("exports.md", "default")

    def test_gateways(self):
        self.run_page("gateways/README.md", "default")

    def test_importing(self):
        self.run_page("importing.md", "default")

    def test_leaks(self):
        self.run_page("leaks.md", "default", "--leak-keys", "HOME/leak-keys.json")

    def test_live_feed(self):
        self.run_page("live-feed.md", "default")

    def test_policies(self):
        self.run_page("policies.md", "default")

    def test_reports(self):
        self.run_page("reports.md", "default")


if __name__ == "__main__":
    unittest.main()
