"""What a verify costs over HTTP, against Debian's nginx giving a static answer of the same size: server CPU a
request, both under wrk with the same connections, in turns in one run, so that a noisy machine disturbs both alike.

Usage: verify_vs_nginx.py KEYLEDGER DATA MEMBER [CONNECTIONS] [SECONDS] [ROUNDS]
DATA is a ledger that million_keys_bench filled (its keys' secrets are known; the even ones have no rules), MEMBER the id of one of its owners; no
server may hold it. Needs wrk and nginx. Prints a table, the median ratio last.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request

API, STATIC = 18110, 18111
RULES = ',"origin":"https://app.example.com","ip":"203.0.113.7","scopes":["BLOG_READ"]'
VERIFY = """
math.randomseed(7)
local headers = {["Authorization"] = "Bearer %s", ["Content-Type"] = "application/json"}
request = function()
  local body = string.format('{"key":"bk_live_%%027d000000"%s}', 2 * math.random(0, 499999) + %d)
  return wrk.format("POST", "/v1/keys/verify", headers, body)
end
response = function(status) if status ~= 200 then wrk.thread:stop() end end
"""
NGINX = """
worker_processes 1; daemon off; pid %(home)s/pid; error_log %(home)s/error;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:%(port)d; root %(home)s; default_type application/json; } }
"""


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [pid, *map(int, file.read().split())]


def measure(pids, port, connections, seconds, script=None):
    """Requests per second, and microseconds of server CPU for each."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    command += ["-s", script] if script else []
    before = cpu_seconds(pids)
    output = subprocess.run([*command, f"http://127.0.0.1:{port}/answer.json"], check=True, capture_output=True,
                            text=True, timeout=seconds + 60).stdout
    used = cpu_seconds(pids) - before
    requests = int(re.search(r"(\d+) requests in", output)[1])
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit("not every answer was 200:\n" + output)
    return requests / seconds, used / requests * 1e6


def start_keyledger(program, data, member, home):
    key_file = os.path.join(home, "key")
    subprocess.run([program, "recover", "--data", data, "--member", member, "--key-file", key_file],
                   check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([program, "serve", "--data", data, "--listen", f"127.0.0.1:{API}",
                               "--access-log", "false", "--log-format", "json"],
                              stderr=subprocess.PIPE, text=True)
    if not any('"serving"' in line for line in server.stderr):
        sys.exit(f"the server did not start; is port {API} free?")
    with open(key_file, encoding="ascii") as file:
        return server, file.read().strip()


def ask(key, number, extra=""):
    body = '{"key":"bk_live_%027d000000"%s}' % (number, extra)
    request = urllib.request.Request(
        f"http://127.0.0.1:{API}/v1/keys/verify", body.encode(),
        {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def compare(server, nginx, connections, seconds, rounds, scripts):
    to_nginx, to_plain = [], []
    measure([server.pid], API, connections, 1, scripts[0])  # warm
    print(f"{'round':>6} {'nginx/s':>10} {'us':>7} {'verify/s':>10} {'us':>7} {'rules/s':>10} {'us':>7} "
          f"{'CPU/nginx':>10} {'plain/rules':>12}")
    for number in range(1, rounds + 1):
        rate, cost = measure(children(nginx.pid), STATIC, connections, seconds)
        plain_rate, plain = measure([server.pid], API, connections, seconds, scripts[0])
        rules_rate, rules = measure([server.pid], API, connections, seconds, scripts[1])
        to_nginx.append(plain / cost)
        to_plain.append(plain / rules)
        print(f"{number:>6} {rate:>10.0f} {cost:>7.1f} {plain_rate:>10.0f} {plain:>7.1f} "
              f"{rules_rate:>10.0f} {rules:>7.1f} {to_nginx[-1]:>10.2f} {to_plain[-1]:>12.2f}",
              flush=True)
    print(f"median with {connections} connections: verify takes {statistics.median(to_nginx):.2f} "
          f"times the CPU of nginx's static answer; verify without rules takes "
          f"{statistics.median(to_plain):.2f} of verify with origin, address and scope rules")


def main(program, data, member, connections=32, seconds=3, rounds=5):
    started = []
    home = tempfile.mkdtemp(prefix="keyledger-bench-")
    os.chmod(home, 0o755)  # nginx reads it as another account
    try:
        server, key = start_keyledger(program, data, member, home)
        started.append(server)
        body = ask(key, 2)
        if json.loads(body)["code"] != "VALID":
            sys.exit("the ledger's keys are not those of million_keys_bench: " + body)
        config = os.path.join(home, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(NGINX % {"home": home, "port": STATIC})
        with open(os.path.join(home, "answer.json"), "w", encoding="utf-8") as file:
            file.write(body)
        started.append(subprocess.Popen(["nginx", "-p", home, "-c", config]))
        scripts = [os.path.join(home, name) for name in ("plain.lua", "rules.lua")]
        for script, extra, odd in zip(scripts, ("", RULES), (0, 1)):
            with open(script, "w", encoding="utf-8") as file:
                file.write(VERIFY % (key, extra, odd))
        compare(*started, connections, seconds, rounds, scripts)
    finally:
        for process in started:
            process.terminate()
            process.wait(60)
        shutil.rmtree(home)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
