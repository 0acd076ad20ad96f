# SPDX-License-Identifier: Apache-2.0
"""A sluice process of the test's own: a folder, a configuration, free ports on loopback."""
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time

import pytest

BIN = os.environ.get("SLUICE_BIN")
TARGET = None                                               # foreign.Target, with --target
PASSWORDS = {"alice": "wonder-land", "bob": "build-er", "carol": "sing-er"}


def port_range():
    """Below what the system gives to clients; each of pytest's parallel workers has a part of its own."""
    worker, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:], int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = 22000 // count
    return 10000 + int(worker) * size, 10000 + (int(worker) + 1) * size - 1


GIVEN = set()                                               # also those that nobody has bound yet


def free_port():
    """A port that is free for UDP and TCP, and the next one too."""
    for _ in range(200):
        port = random.randrange(*port_range())
        if GIVEN & {port - 1, port, port + 1}:
            continue
        try:
            for offset in (0, 1):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as s:
                        s.bind(("127.0.0.1", port + offset))
            GIVEN.add(port)
            return port
        except OSError:
            continue
    raise RuntimeError("no free port")


def make_certificate(folder, name="sluice", sans="DNS:localhost,IP:127.0.0.1,DNS:example.com"):
    cert, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=" + sans, "-keyout", key, "-out", cert],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, key


def yaml(value, indent=0):
    """Plain data as YAML: dicts, lists, scalars."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join("%s%s:%s" % (pad, k, "\n" + yaml(v, indent + 1) if isinstance(v, (dict, list)) else " %s\n" % scalar(v))
                       for k, v in value.items())
    if isinstance(value, list):
        out = ""
        for v in value:
            text = yaml(v, indent + 1) if isinstance(v, dict) else "  " * (indent + 1) + scalar(v) + "\n"
            out += pad + "- " + text[len(pad) + 2:]
        return out
    return pad + scalar(value) + "\n"


def scalar(v):
    if isinstance(v, bool):
        return "yes" if v else "no"
    return json.dumps(v) if isinstance(v, str) else str(v)


@contextlib.contextmanager
def serving(folder, name="sluice", **kw):
    """A server with this configuration for a file of tests: a sluice, or the --target where that can stand for it."""
    if TARGET:
        yield TARGET.stand_for(**kw)
        return
    s = Sluice(folder, name, **kw)
    yield s.start()
    s.stop()


class Sluice:
    """start() .. stop(); address('udp'|'tcp'|'tls')."""
    t1, t2 = 0.1, 0.8                                       # unless the test sets its own timers
    names = None                                            # users nobody has used yet, where a fixture provides them

    def __init__(self, folder, name="sluice", config=None, users=("alice", "bob", "carol"), domain="example.com", workers=1,
                 host="127.0.0.1", passwords=None):
        if TARGET:
            pytest.skip("needs a configuration of its own")
        self.folder, self.name, self.domain, self.host = str(folder), name, domain, host
        os.makedirs(self.folder, exist_ok=True)
        self.state = os.path.join(self.folder, name + "-state")
        os.makedirs(self.state, exist_ok=True)
        self.passwords = dict(passwords or PASSWORDS)
        self.port = free_port()
        self.cert, self.key = make_certificate(self.folder, name)
        self.process = None
        self.log_path = os.path.join(self.folder, name + ".log")
        base = {
            "server": {"workers": workers, "state": self.state, "drain": "200ms"},
            "listen": [{"udp": "%s:%d" % (host, self.port)}, {"tcp": "%s:%d" % (host, self.port)},
                       {"tls": "%s:%d" % (host, self.port + 1), "certificate": self.cert, "key": self.key}],
            "domains": [{"name": domain}] if domain else [],
            "timers": {"t1": "100ms", "t2": "800ms", "t4": "1s", "d": "2s"},
            "tls": {"verify": False},
            "log": {"level": "debug"},
        }
        for key, value in (config or {}).items():
            if isinstance(value, dict) and isinstance(base.get(key), dict):
                base[key].update(value)
            else:
                base[key] = value
        self.config = {k: v for k, v in base.items() if v != []}
        self.config_path = os.path.join(self.folder, name + ".yaml")
        self.users = users if domain else ()

    def address(self, kind):
        return self.host, self.port + (kind == "tls")

    def command(self, *args, stdin=None, check=True, timeout=20):
        p = subprocess.run([BIN, *args], input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        if check:
            assert p.returncode == 0, "sluice %s: exit %d\n%s%s" % (" ".join(args), p.returncode, p.stdout, p.stderr)
        return p

    def provision(self):
        lines = "".join("%s@%s %s\n" % (u, self.domain, self.passwords[u]) for u in self.users)
        if lines:
            self.command("user", "add", "--state", self.state, "--batch", "-", stdin=lines)

    def start(self, provision=True):
        with open(self.config_path, "w") as f:
            f.write(yaml(self.config))
        if provision and self.users:
            self.provision()
            self.users = ()
        self.log = open(self.log_path, "ab")
        env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99", UBSAN_OPTIONS="halt_on_error=1:exitcode=98")
        self.process = subprocess.Popen([BIN, "serve", "--config", self.config_path], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, env=env)
        end = time.monotonic() + 15
        kinds = [k for k in ("tcp", "tls") if any(l.get(k) == "%s:%d" % self.address(k) for l in self.config["listen"])] or ["tcp"]
        while True:
            assert self.process.poll() is None, "sluice did not start:\n" + self.read_log()[-3000:]
            try:
                for kind in kinds:
                    socket.create_connection(self.address(kind), 0.5).close()
                return self
            except OSError:
                assert time.monotonic() < end, "sluice does not listen:\n" + self.read_log()[-3000:]
                time.sleep(0.02)

    def read_log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM; the exit status must be 0, and no sanitizer may have spoken."""
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "none within 15 s of SIGTERM"
        self.process = None
        self.log.close()
        log = self.read_log()
        assert "ERROR: AddressSanitizer" not in log and "runtime error:" not in log and "LeakSanitizer" not in log, log[-6000:]
        assert code == 0, "exit status %s\n%s" % (code, log[-3000:])

    def bindings(self, aor=None):
        p = self.command("bindings", *([aor] if aor else []), "--json", "--state", self.state)
        return [json.loads(line) for line in p.stdout.splitlines() if line.strip()] if not p.stdout.lstrip().startswith("[") \
            else json.loads(p.stdout)
