# SPDX-License-Identifier: Apache-2.0
"""baresip, a phone that people use, without sound: two outbound proxies, registration and calls over UDP, TCP and TLS."""
import json
import os
import shutil
import socket
import subprocess
import time
import wave

import pytest

from phone import Callee
from server import free_port

MODULES = next((d for d in ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules")
                if os.path.exists(os.path.join(d, "ctrl_tcp.so"))), None)
pytestmark = pytest.mark.skipif(not shutil.which("baresip") or not MODULES,
                                reason="baresip with its module ctrl_tcp is not installed (Debian: baresip-core)")

PHONES = "127.0.0.1"        # where Linux lets the phones' connections come from
SERVERS = "127.0.0.3"       # elsewhere, so that a phone is nobody's peer
CONFIG = """\
poll_method epoll
net_interface {host}
sip_listen {host}:0
sip_cafile {ca}
audio_source aufile,{folder}/silence.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/alert.wav
module_path {modules}
module g711.so
module aufile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""
ACCOUNT = '<sip:{user}@example.com>;auth_pass={password};sipnat=outbound;outbound="{first}";outbound2="{second}";regint=120;mwi=no\n'


class Baresip:
    """One baresip process, told what to do over its control port: JSON in netstrings."""

    def __init__(self, folder, home, user, kind, proxies):
        self.folder, self.user, self.control, self.data, self.events = os.path.join(str(folder), user), user, free_port(), b"", []
        os.makedirs(self.folder)
        uris = ["sip:%s:%d;transport=%s" % (*p.address(kind), kind) for p in proxies]
        self.write("accounts", ACCOUNT.format(user=user, password=home.passwords[user], first=uris[0], second=uris[1]))
        self.write("contacts", "")
        self.write("config", CONFIG.format(host=PHONES, ca=home.cert, folder=self.folder, modules=MODULES, control=self.control))
        with wave.open(os.path.join(self.folder, "silence.wav"), "wb") as w:
            w.setparams((1, 2, 8000, 0, "NONE", ""))
            w.writeframes(bytes(2 * 8000 * 20))
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(["baresip", "-s", "-f", self.folder], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT)
        self.sock = self.connect(time.monotonic() + 8)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def connect(self, end):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.control), 1)
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, "baresip did not start:\n" + self.read_log()
                time.sleep(0.05)

    def read_log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            return f.read()[-4000:]

    def tell(self, command, params=""):
        text = json.dumps({"command": command, "params": params, "token": command})
        self.sock.sendall(b"%d:%s," % (len(text), text.encode()))

    def read(self, timeout):
        """More bytes from the control port, taken apart into self.events."""
        self.sock.settimeout(timeout)
        more = self.sock.recv(65536)
        assert more, "baresip ended:\n" + self.read_log()
        self.data += more
        while b":" in self.data:
            size, _, rest = self.data.partition(b":")
            if len(rest) <= int(size):
                return
            self.events.append(json.loads(rest[:int(size)]))
            self.data = rest[int(size) + 1:]

    def expect(self, kind, timeout=5):
        """The next event of this type; what happened before it is forgotten."""
        end = time.monotonic() + timeout
        seen = []
        while True:
            while self.events:
                event = self.events.pop(0)
                seen.append((event.get("type"), event.get("param")))
                if event.get("type") == kind:
                    return event
            left = end - time.monotonic()
            assert left > 0, "%s: no %s, only %r\n%s" % (self.user, kind, seen, self.read_log())
            try:
                self.read(max(left, 0.001))
            except socket.timeout:
                pass

    def stop(self):
        """SIGTERM: takes its registrations back and ends."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.sock.close()
        self.log.close()


@pytest.fixture
def baresips(tmp_path):
    """baresips(home, user, kind, proxies) starts one and waits until it is registered over both proxies."""
    made = []

    def make(home, user, kind, proxies):
        made.append(Baresip(tmp_path, home, user, kind, proxies))
        wait_for_bindings(home, user, 2, made[-1])
        return made[-1]
    yield make
    for b in made:
        b.stop()


def wait_for_bindings(home, user, count, phone, timeout=6):
    end = time.monotonic() + timeout
    while True:
        found = home.bindings("sip:%s@example.com" % user)
        if len(found) == count:
            return found
        assert time.monotonic() < end, "%s has %d bindings, not %d\n%s" % (user, len(found), count, phone.read_log())
        time.sleep(0.05)


def call(caller, callee):
    """Dial, ring, pick up: established on both sides."""
    caller.tell("dial", "sip:%s@example.com" % callee.user)
    assert caller.user in callee.expect("CALL_INCOMING")["peeruri"]
    caller.expect("CALL_RINGING")
    callee.tell("accept")
    callee.expect("CALL_ESTABLISHED")
    caller.expect("CALL_ESTABLISHED")


def hang_up(who, other):
    who.tell("hangup")
    other.expect("CALL_CLOSED")


@pytest.fixture
def site(make_server):
    """A home and two edges. MD5 alone: baresip 1.0 gives up when a challenge with SHA-256 stands beside it."""
    trust = [{"from": SERVERS, "rights": ["path"]}]
    home = make_server("home", host=SERVERS, config={"peers": trust, "auth": {"algorithms": ["MD5"]}})
    route = [{"domain": "example.com", "to": ["sip:%s:%d;transport=tcp" % home.address("tcp")], "from": "anyone"}]
    edges = [make_server("edge%d" % i, domain=None, host=SERVERS, config={"peers": trust, "routes": route}) for i in (1, 2)]
    return home, edges


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_baresip_registers_over_two_edges_and_calls(site, baresips, kind):
    """OB-36 OB-60: two flows of one instance; each side calls, each side hangs up; SIGTERM takes both bindings back."""
    home, edges = site
    alice = baresips(home, "alice", kind, edges)
    bob = baresips(home, "bob", kind, edges)
    rows = home.bindings("sip:bob@example.com")
    assert len({r["instance"] for r in rows}) == 1 and sorted(r["reg_id"] for r in rows) == [1, 2]
    call(alice, bob)
    hang_up(alice, bob)
    call(bob, alice)
    hang_up(alice, bob)
    call(alice, bob)
    hang_up(bob, alice)
    alice.tell("dial", "sip:bob@example.com")
    bob.expect("CALL_INCOMING")
    bob.tell("hangup")
    assert "486" in alice.expect("CALL_CLOSED")["param"]
    alice.tell("dial", "sip:bob@example.com")
    bob.expect("CALL_INCOMING")
    alice.expect("CALL_RINGING")
    alice.tell("hangup")
    bob.expect("CALL_CLOSED")
    bob.stop()
    wait_for_bindings(home, "bob", 0, alice)


def test_baresip_is_reached_while_one_of_its_edges_is_down(site, baresips):
    """OB-81: the edge of the last registration dies; the call comes in over the other one."""
    home, edges = site
    alice = baresips(home, "alice", "tcp", edges)
    bob = baresips(home, "bob", "tcp", edges)
    edges[1].kill()
    call(alice, bob)
    hang_up(bob, alice)


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_baresip_keeps_its_registration_over_a_restart_of_the_home(site, baresips, kind):
    """The bindings are on the disk and the flows end at the edges: a call comes in at once."""
    home, edges = site
    alice = baresips(home, "alice", kind, edges)
    bob = baresips(home, "bob", kind, edges)
    home.stop()
    home.start()
    call(alice, bob)
    hang_up(bob, alice)


def test_baresip_over_tls_and_over_udp_call_each_other(site, baresips):
    """Both sides acknowledge and hang up: the route set is in a dialect that each of them reads."""
    home, edges = site
    alice = baresips(home, "alice", "tls", edges)
    bob = baresips(home, "bob", "udp", edges)
    call(alice, bob)
    hang_up(bob, alice)
    call(bob, alice)
    hang_up(bob, alice)


def follows(caller, moved, new):
    """The caller calls the old address; the phone at the new one rings and is answered."""
    caller.tell("dial", "sip:%s@example.com" % moved)
    assert caller.user in new.expect("CALL_INCOMING", 8)["peeruri"]
    new.tell("accept")
    new.expect("CALL_ESTABLISHED")
    caller.expect("CALL_ESTABLISHED")
    hang_up(caller, new)


def test_baresip_calls_a_user_who_moved(make_server, baresips, phones):
    """RD-17: the first call follows the 301 of bob's phone, the second goes to carol at once, and so does one after kill -9."""
    trust = [{"from": SERVERS, "rights": ["path"]}]
    home = make_server("home", host=SERVERS, config={"peers": trust, "auth": {"algorithms": ["MD5"]}, "moves": {"phones": "learn"}})
    route = [{"domain": "example.com", "to": ["sip:%s:%d;transport=tcp" % home.address("tcp")], "from": "anyone"}]
    edges = [make_server("edge%d" % i, domain=None, host=SERVERS, config={"peers": trust, "routes": route}) for i in (1, 2)]
    alice, carol = baresips(home, "alice", "tcp", edges), baresips(home, "carol", "tcp", edges)
    bob = phones(home, "bob").open("udp", bind=(PHONES, 0))
    alice.tell("dial", "sip:bob@example.com")
    leg = Callee.wait(bob, 5)
    leg.peer.answer(leg.invite, 301, to_tag=leg.tag, headers=[("Contact", "<sip:carol@example.com>")])
    leg.expect_ack()
    carol.expect("CALL_INCOMING")
    carol.tell("accept")
    carol.expect("CALL_ESTABLISHED")
    alice.expect("CALL_ESTABLISHED")
    hang_up(alice, carol)
    follows(alice, "bob", carol)
    time.sleep(1)                                           # what was learned is on the disk
    home.kill()
    home.start()
    follows(alice, "bob", carol)
    bob.peer.silent(0.3)
