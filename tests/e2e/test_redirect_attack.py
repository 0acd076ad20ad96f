# SPDX-License-Identifier: Apache-2.0
"""A phone that lies about where its user moved: nothing leaves the allow-list, work and memory stay bounded, and others call as before."""
import itertools
import multiprocessing
import socket
import statistics
import threading
import time

import pytest

from phone import Callee
from server import PASSWORDS, free_port
from sip import UdpPeer, token, uri_of

GATEWAY, OUTSIDE, PARTNER = "127.0.0.9", "127.0.0.8", "127.0.0.7"
CONTACTS = 16                   # the server's budget: addresses that redirects add to one request
DEPTH = 5
CONFIG = {
    "peers": [{"from": GATEWAY, "rights": ["inbound"]}],
    "moves": {"phones": "learn", "to": [{"prefix": "+1201"}, {"domain": PARTNER}]},
}


class Sink:
    """Listens where nothing may arrive, by UDP and by TCP."""

    def __init__(self, host):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, free_port()))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(self.udp.getsockname())
        self.tcp.listen(8)
        self.host, self.port = self.udp.getsockname()

    def heard(self):
        out = []
        for sock, take in ((self.udp, lambda s: s.recv(65536)), (self.tcp, lambda s: s.accept())):
            sock.setblocking(False)
            try:
                while True:
                    out.append(take(sock))
            except BlockingIOError:
                pass
        return out

    def close(self):
        self.udp.close()
        self.tcp.close()


class Liar(threading.Thread):
    """Answers every INVITE on this flow with 301 and the next list of contacts; what it is not asked it does not say."""

    def __init__(self, flow, contacts, status=301, headers=()):
        super().__init__(daemon=True)
        self.flow, self.contacts, self.status, self.headers = flow, contacts, status, list(headers)
        self.invites, self.going = [], True
        self.start()

    def run(self):
        lie(self.flow.peer, self.contacts, self.status, self.headers, self.invites, lambda: self.going)

    def stop(self):
        self.going = False
        self.join()
        return self.invites


def lie(peer, contacts, status, headers, invites, going):
    while going():
        m = peer.receive(0.02)
        if m is not None and not m.is_response and m.method == "INVITE":
            invites.append(m)
            peer.answer(m, status, to_tag=token(), headers=[("Contact", c) for c in contacts(len(invites))] + headers)


class Scene:
    def __init__(self, server, gateway, phones):
        self.server, self.gateway = server, gateway
        self.alice, self.mallory, self.carol = (phones(server, name) for name in ("alice", "mallory", "carol"))
        for phone in (self.alice, self.mallory, self.carol):
            phone.open("tcp")
        self.sinks = [Sink("127.0.0.1"), Sink(OUTSIDE)]

    def call(self, *contacts, status=301, headers=(), timeout=5):
        """Alice calls mallory, who answers every INVITE with these contacts. (what alice heard, what mallory's phone got)"""
        return self.call_while(lambda n: contacts, status, headers, timeout)

    def call_while(self, contacts, status=301, headers=(), timeout=5):
        liar = Liar(self.mallory.flows[0], contacts, status, headers)
        try:
            call = self.alice.invite("sip:mallory@example.com", early=True)
            answer = call.wait(timeout)
        finally:
            invites = liar.stop()
        return answer, [m for m in invites if m.call_id == call.call_id]

    def nothing_left(self):
        time.sleep(0.1)
        assert not [m for m in iter(lambda: self.gateway.receive(0.01), None)]
        assert not any(s.heard() for s in self.sinks)

    def well(self):
        """A call that has nothing to do with all this."""
        call = self.alice.invite("sip:carol@example.com", early=True)
        leg = Callee.wait(self.carol.flows[0])
        leg.answer(486)
        assert call.wait().status == 486
        leg.expect_ack()
        return leg.invite


@pytest.fixture
def scene(make_server, phones):
    gateway = UdpPeer(("127.0.0.1", 9), bind=(GATEWAY, 0))
    routes = [{"prefix": p, "to": ["sip:%s:%d" % gateway.local]} for p in ("+", "0", "1", "9")]
    server = make_server(config=dict(CONFIG, routes=routes), users=("alice", "carol", "mallory", "bob"),
                         passwords=dict(PASSWORDS, mallory="ma-lory"))
    gateway.target = server.address("udp")
    s = Scene(server, gateway, phones)
    yield s
    for sink in s.sinks:
        sink.close()
    gateway.close()


# --- where to ---

PREMIUM = ["sip:+19005551234@example.com", "sip:%2B19005551234@example.com", "sip:+1(900)555-1234@example.com;user=phone",
           "sip:0019005551234@example.com", "sip:01119005551234@example.com", "tel:+19005551234", "tel:+1-900-555-1234",
           "sip:19005551234@example.com", "sip:+12@example.com", "sip:+4470123@example.com", "sip:+8702012@example.com",
           "tel:9005551234;phone-context=+1", "sip:+1201%3Bx@example.com;method=INVITE", "sip:+1900@EXAMPLE.com.:5060"]


def test_no_costly_number_is_called(scene):
    """RD-39 and the prefixes: each spelling of a premium, international or unlisted number is passed on, and the gateway sees nothing."""
    for uri in PREMIUM:
        answer, invites = scene.call("<%s>" % uri)
        assert (answer.status, len(invites)) == (301, 1), uri
        assert uri_of(answer.get("contact")) == uri
    answer, invites = scene.call(*("<%s>;q=0.%d" % (u, i % 10) for i, u in enumerate(PREMIUM)), status=300)
    assert (answer.status, len(invites)) == (300, 1)
    scene.nothing_left()


def test_an_allowed_number_is_called_once(scene):
    """The way that is open among those that are not: the gateway gets the one INVITE, named for the allowed number."""
    liar = Liar(scene.mallory.flows[0], lambda n: ["<%s>" % PREMIUM[0], "<sip:+12015550123@example.com>", "<sip:+12015550123@example.com>"])
    call = scene.alice.invite("sip:mallory@example.com", early=True)
    leg = Callee(scene.gateway, scene.gateway.expect("INVITE"))
    assert "+12015550123@" in leg.invite.ruri
    leg.answer(486)
    answer = call.wait()
    liar.stop()
    scene.gateway.expect("ACK")
    assert answer.status == 301
    assert [uri_of(c) for c in answer.values("contact")] == [PREMIUM[0]]        # RD-38
    scene.nothing_left()


def test_no_address_of_the_machine_is_reached(scene):
    """Our own listeners, other ports of this host, a maddr behind an allowed name: nothing arrives."""
    inside, outside = scene.sinks
    ours = scene.server.port
    for uri in ("sip:x@127.0.0.1:%d" % ours, "sip:mallory@127.0.0.1:%d;transport=tcp" % ours, "sip:x@localhost:%d" % inside.port,
                "sip:127.0.0.1:%d" % inside.port, "sip:x@127.0.0.1:%d;transport=tcp;lr" % inside.port, "sip:x@[::1]:%d" % ours,
                "sip:x@[::ffff:127.0.0.1]:%d" % inside.port, "sip:x@%s:%d" % (outside.host, outside.port),
                "sip:x@%s:%d;maddr=%s" % (PARTNER, outside.port, OUTSIDE), "sip:x@%s:%d;maddr=127.0.0.1" % (PARTNER, inside.port),
                "sip:carol@example.com:%d;maddr=%s" % (outside.port, OUTSIDE)):
        answer, invites = scene.call("<%s>" % uri)
        assert answer.status in (301, 404, 480), uri
        assert len(invites) == 1, uri
    scene.nothing_left()
    scene.well()


# --- how much ---

def test_itself(scene):
    """RD-39: the address that was called, however it is spelled, is not tried again."""
    for uri in ("sip:mallory@example.com", "sip:%6dallory@EXAMPLE.COM", "sip:mallory@example.com;x=1", "SIP:mallory@Example.com"):
        answer, invites = scene.call("<%s>" % uri)
        assert len(invites) == 1, uri
        assert answer.status == 480, "%s: all that it names was gone to: %s" % (uri, answer.start)      # RD-38: such a 3xx is not kept


def test_endless_fresh_addresses(scene):
    """RD-26 RD-41: every INVITE is answered with an address that nobody has seen, which is mallory's again: DEPTH redirects, then the 301."""
    fresh = itertools.count(1)
    for many in (1, 3, 40):
        answer, invites = scene.call_while(lambda n: ["<sip:mallory:%d@example.com:%d>" % (next(fresh), 1024 + next(fresh))
                                                      for _ in range(many)], timeout=10)
        assert answer.status == 301
        assert 1 < len(invites) <= 1 + (DEPTH if many == 1 else CONTACTS), many
        assert len({m.branch for m in invites}) == len(invites)
    scene.nothing_left()
    scene.well()


def test_thousands_of_contacts(scene):
    """As many as a message holds: all refused, all the same, all fresh: never more INVITEs than the budget."""
    refused = ["<sip:x%d@y.example>;q=0.%d" % (n, n % 10) for n in range(1800)]
    answer, invites = scene.call(", ".join(refused))
    assert (answer.status, len(invites)) == (301, 1)
    assert len(answer.values("contact")) == 1800
    answer, invites = scene.call(", ".join(["<sip:mallory@example.com:6000>"] * 1800))
    assert len(invites) == 2
    answer, invites = scene.call(", ".join("<sip:mallory@example.com:%d>" % (n + 1000) for n in range(1800)), timeout=10)
    assert 1 < len(invites) <= 1 + CONTACTS
    answer, invites = scene.call(*("<sip:a@b%d.example>" % n for n in range(100)))      # each a row of its own
    assert (answer.status, len(invites)) == (301, 1)
    scene.nothing_left()
    scene.well()


def test_long_ones(scene):
    """64 KiB of parameters, in the URI and behind it: passed on or followed, and never remembered."""
    big = "A" * 60000
    for contact in ("<sip:carol@example.com;x=%s>" % big, "<sip:carol@example.com>;x=%s" % big, "<sip:+1201%s@example.com>" % ("5" * 60000),
                    "<sip:%s@example.com>" % big, "<sip:x@%s.example>" % big, "<sip:carol@example.com?Subject=%s>" % big,
                    '"%s" <sip:nobody@example.com>' % big, "<sip:x@y.example>;mp=%s" % big):
        leg = None
        liar = Liar(scene.mallory.flows[0], lambda n: [contact])
        call = scene.alice.invite("sip:mallory@example.com", early=True)
        m = scene.carol.flows[0].peer.receive(0.5, lambda m: not m.is_response and m.method == "INVITE")
        if m is not None:
            leg = Callee(scene.carol.flows[0].peer, m)
            assert len(leg.invite.ruri) < 2000
            leg.answer(486)
        answer = call.wait()
        liar.stop()
        assert answer.status in ((486, 480, 301) if leg else (301, 480)), contact[:40]
        if leg:
            leg.expect_ack()
            scene.server.command("move", "forget", "--state", scene.server.state, "--all", check=False)
            scene.mallory.flows[0].register()                   # what was learned is suspended
    scene.nothing_left()
    scene.well()


# --- what it looks like ---

MALFORMED = ["<sip:", "sip:", "<>", "*", "", "<sip:carol@example.com", "sip:carol@@example.com", "<sip:%zz@example.com>", "<sip:carol@example.com:99999>",
             "<sip:carol@[::1>", "<sip:carol@example.com;a=1;a=2>", '"<sip:carol@example.com>', "<sip:carol@example.com>;q=7", "<javascript:alert(1)>",
             "<mailto:carol@example.com>", "<tel:>", "<sip:carol@example.com>;;;=", "<sip:carol@exa mple.com>", "<sip:carol@example.com\x00>",
             "<sip:carol@example.com>, <sip:", "<\x1b[2J:x@y>", "<sip:%0d%0aBYE@example.com>", "<sip:bob%00@example.com>", "<sip:@example.com>"]


def test_malformed_contacts(scene):
    """RD-24 RD-36: whatever stands in Contact, the caller hears one final answer, and nobody but carol may be called."""
    for contact in MALFORMED:
        liar = Liar(scene.mallory.flows[0], lambda n: [contact])
        call = scene.alice.invite("sip:mallory@example.com", early=True)
        m = scene.carol.flows[0].peer.receive(0.15, lambda m: not m.is_response and m.method == "INVITE")
        if m is not None:
            Callee(scene.carol.flows[0].peer, m).answer(486)
            scene.carol.flows[0].peer.expect("ACK")
        answer = call.wait(10)
        assert len(liar.stop()) == 1, contact
        assert answer.status >= 300, contact
        if m is not None:
            scene.mallory.flows[0].register()
    scene.nothing_left()
    scene.well()


def test_header_components_have_no_effect(scene):
    """RD-27 RD-29: ?Route=, ?From=, ?body= and method= of an allowed Contact do not reach the next request."""
    gateway = "%s:%d" % scene.gateway.local
    liar = Liar(scene.mallory.flows[0], lambda n: [
        "<sip:carol@example.com;method=BYE?Route=%%3Csip:%s%%3Blr%%3E&From=sip:evil%%40x&Call-ID=x&Via=x&body=x&Subject=hi%%0D%%0AX:y>" % gateway])
    call = scene.alice.invite("sip:mallory@example.com", early=True, headers=[("Subject", "mine")])
    leg = Callee.wait(scene.carol.flows[0])
    liar.stop()
    assert leg.invite.get("subject") == "mine"
    assert "alice@example.com" in leg.invite.get("from") and leg.invite.call_id == call.call_id
    assert not leg.invite.all("route") and leg.invite.body == b"v=0\r\n" and "?" not in leg.invite.ruri
    leg.answer(486)
    assert call.wait().status == 486
    leg.expect_ack()
    scene.nothing_left()


def test_what_a_liar_writes_in_history_is_no_header(scene):
    """RD-47 RD-49: an index that is none, of the caller or of the 3xx, is not copied."""
    liar = Liar(scene.mallory.flows[0], lambda n: ['<sip:carol@example.com>;mp="1>,<sip:evil@x>;index=1.9;y="'])
    call = scene.alice.invite("sip:mallory@example.com", early=True,
                              headers=[("Supported", "histinfo"), ("History-Info", '<sip:mallory@example.com>;index="1 , 2"')])
    leg = Callee.wait(scene.carol.flows[0])
    liar.stop()
    rows = leg.invite.all("history-info")
    assert len(rows) == 4, rows                                 # what came, what was called, mallory's phone, carol's address
    assert all("evil" not in r and '"' not in r for r in rows[1:]), rows
    leg.answer(486)
    assert call.wait().status == 486
    leg.expect_ack()


# --- others ---

def latencies(server, count):
    """Calls between two others, one after the other: from INVITE to the answer, ms."""
    gateway, carol = server.gateway, server.carol.flows[0].peer
    out = []
    for _ in range(count):
        started = time.perf_counter()
        invite = gateway.send(gateway.request("INVITE", "sip:carol@example.com", "sip:+7900@gw.example", contact="<%s>" % gateway.contact_uri()))
        leg = Callee(carol, carol.expect("INVITE"))
        leg.answer(486)
        answer = gateway.receive(3, lambda m: m.is_response and m.call_id == invite.call_id and m.status >= 200)
        out.append((time.perf_counter() - started) * 1000)
        assert answer.status == 486
        server.alice.ack(gateway, invite, answer)
        leg.expect_ack()
        time.sleep(0.002)
    return out


def attack(scene, seconds, done):
    """A process of its own: alice calls mallory, again and again, and mallory's phone lies in every way it knows."""
    fresh = itertools.count(1)
    ways = [lambda n: ["<%s>" % PREMIUM[n % len(PREMIUM)]], lambda n: ["<sip:mallory@example.com>"],
            lambda n: ["<sip:mallory:%d@example.com:%d>" % (next(fresh), 1024 + next(fresh) % 60000) for _ in range(20)],
            lambda n: [", ".join("<sip:x%d@y.example>" % i for i in range(1000))], lambda n: ["<sip:x@y.example;x=%s>" % ("A" * 30000)],
            lambda n: ["<sip:x@127.0.0.1:%d>" % scene.server.port], lambda n: [MALFORMED[n % len(MALFORMED)]]]
    going, invites = [True], []
    thread = threading.Thread(target=lie, args=(scene.mallory.flows[0].peer, lambda n: ways[n % len(ways)](n), 301, [], invites,
                                                lambda: going[0]), daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert scene.alice.invite("sip:mallory@example.com", early=True).wait(20).status >= 300
        done.value += 1
    going[0] = False
    thread.join()


def resident_kb(server):
    with open("/proc/%d/status" % server.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def sanitized(server):
    with open("/proc/%d/maps" % server.process.pid) as f:
        return "libasan" in f.read()


def attacked(scene, seconds):
    """Latencies of others meanwhile, and how many attacks there were."""
    fork = multiprocessing.get_context("fork")
    done = fork.Value("i", 0)
    process = fork.Process(target=attack, args=(scene, seconds, done), daemon=True)
    process.start()
    found = []
    while process.is_alive():
        found += latencies(scene, 10)
    process.join()
    assert process.exitcode == 0
    return found, done.value


def test_others_call_as_before(scene):
    """Meanwhile others' calls take as long as before, within what this machine's own noise makes of it, and the server's memory stays."""
    latencies(scene, 20)
    attacked(scene, 1)
    before, started = latencies(scene, 60), resident_kb(scene.server)
    during, count = attacked(scene, 4)
    after, ended = latencies(scene, 60), resident_kb(scene.server)
    calm = max(statistics.median(before), statistics.median(after))
    print("median ms: %.2f before, %.2f during, %.2f after; %d attacks; RSS %d -> %d KB" % (
        statistics.median(before), statistics.median(during), statistics.median(after), count, started, ended))
    assert count > 20
    assert statistics.median(during) < 2 * calm + 2, (calm, statistics.median(during))
    assert ended - started < (350000 if sanitized(scene.server) else 8000), (started, ended)
    assert not [m for m in iter(lambda: scene.gateway.receive(0.01), None) if not m.is_response and m.method == "INVITE"]
    assert not any(s.heard() for s in scene.sinks)
    scene.well()
