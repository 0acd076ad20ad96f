# SPDX-License-Identifier: Apache-2.0
"""The servers: a home and two edges, each a process that can be killed, stopped, hung and measured."""
import asyncio
import json
import os
import re
import signal
import subprocess

import packets
import server
from server import Sluice

SANITIZED = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:|AddressSanitizer:DEADLYSIGNAL")
ASAN = ("detect_leaks=1:exitcode=99:quarantine_size_mb=16:thread_local_quarantine_size_kb=64:malloc_context_size=12:"
        "disable_coredump=0")           # a quarantine that is soon full, so that growth can be seen
SETTLE_S = 0.5                  # after a node came back, before its flows count as live again


class Node(Sluice):
    def __init__(self, world, folder, name, **kw):
        super().__init__(folder, name, **kw)
        self.world, self.flows, self.up, self.wanted, self.generation, self.samples = world, set(), False, False, 0, []

    def note(self, text):
        self.world.note("%s: %s" % (self.name, text))
        for f in self.flows:
            f.phone.note("%s: %s" % (self.name, text))

    def set_up(self, up):
        self.up = up
        for f in list(self.flows):
            f.update()

    async def launch(self):
        """Start the process and wait until it listens."""
        if not self.generation:
            with open(self.config_path, "w") as f:
                f.write(server.yaml(self.config))
            if self.users:
                self.provision()
        log = open(self.log_path, "ab")
        env = dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:exitcode=98:print_stacktrace=1", ASAN_OPTIONS=ASAN)
        self.process = subprocess.Popen([server.BIN, "serve", "--config", self.config_path], stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.STDOUT, env=env, cwd=self.folder)
        log.close()
        self.generation += 1
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError("%s did not start:\n%s" % (self.name, self.read_log()[-3000:]))
            try:
                _, writer = await asyncio.open_connection(*self.address("tcp"))
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        else:
            raise RuntimeError("%s does not listen" % self.name)
        self.wanted = True
        self.note("up, generation %d, pid %d" % (self.generation, self.process.pid))
        await asyncio.sleep(SETTLE_S if self.generation > 1 else 0)
        self.set_up(True)

    async def end(self, kill):
        """kill -9, or SIGTERM and the exit status must be 0."""
        self.wanted = False
        self.note("kill -9" if kill else "SIGTERM")
        self.set_up(False)
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        for _ in range(600):
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.05)
        else:
            self.process.kill()
            self.world.fail("exit", "%s does not end 30 s after SIGTERM" % self.name, [])
        status = self.process.wait()
        if not kill and status:
            self.world.fail("exit", "%s: exit status %d after SIGTERM" % (self.name, status), [self.read_log()[-3000:]])

    async def freeze(self, seconds):
        """A hung process: its kernel still takes what arrives."""
        self.note("SIGSTOP for %.1f s" % seconds)
        self.set_up(False)
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)
        self.note("SIGCONT")
        await asyncio.sleep(SETTLE_S)
        self.set_up(True)

    async def cut(self, home, seconds):
        """The link between this edge and the home drops everything. TCP may take as long again before it sends."""
        rows = await self.ask("flows") or []
        ports = {self.port} | {int(r["local"].split(":")[1]) for r in rows if r.get("remote") == "127.0.0.1:%d" % home.port}
        self.note("link to the home cut for %.1f s" % seconds)
        self.set_up(False)
        await packets.change_links("add", ports)
        await asyncio.sleep(seconds)
        await packets.change_links("delete", ports)
        self.note("link to the home whole again")
        await asyncio.sleep(2 * seconds + SETTLE_S)
        self.set_up(True)

    def died(self):
        """Gone without our doing?"""
        return self.wanted and self.process.poll() is not None

    def sanitizer_reports(self):
        log = self.read_log()
        return [log[max(0, m.start() - 200):m.start() + 4000] for m in SANITIZED.finditer(log)][:3]

    async def ask(self, request):
        """The rows that `sluice status --json` or `sluice bindings --json` would show; None: no answer."""
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_unix_connection(os.path.join(self.state, "control"), limit=1 << 20)
                writer.write(request.encode() + b"\n")
                rows = [json.loads(line) for line in (await reader.read()).splitlines()]
                writer.close()
            return rows
        except (OSError, TimeoutError, ValueError):
            return None

    async def sample(self, now):
        if not (self.up and self.process.poll() is None):
            return
        with open("/proc/%d/smaps_rollup" % self.process.pid) as f:
            rows = dict(line.split(":", 1) for line in f.read().splitlines()[1:])
        counts = (await self.ask("status") or [{}])[0]
        self.samples.append({"t": now, "generation": self.generation, "rss_kb": int(rows["Rss"].split()[0]),
                             "pss_kb": int(rows["Pss"].split()[0]), "bindings": counts.get("bindings"),
                             "flows": counts.get("flows_open")})


def make_site(world, folder, users, passwords, log_level):
    """home: registrar and proxy of example.com, two edges relay to it. Phones come from 127.0.1.0 and up: they are no peers."""
    peers = [{"from": "127.0.0.1", "rights": ["path"]}]
    shared = {"peers": peers, "log": {"level": log_level}, "flow": {"timer": "10s", "grace": "5s"},
              "timers": {"t1": "500ms", "t2": "4s", "t4": "5s", "d": "32s"}}
    home = Node(world, folder, "home", users=users, passwords=passwords, config=shared)
    route = [{"domain": "example.com", "to": ["sip:127.0.0.1:%d;transport=tcp" % home.port], "from": "anyone"}]
    edges = [Node(world, folder, "edge%d" % i, domain=None, config=dict(shared, routes=route)) for i in (1, 2)]
    return home, edges
