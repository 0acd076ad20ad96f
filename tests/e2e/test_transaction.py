# SPDX-License-Identifier: Apache-2.0
"""Transactions seen from outside: RFC 3261 §17, RFC 4320, RFC 6026, and failover by RFC 3263. Requirements TX-01..TX-29.

What takes the whole of 64*T1 runs side by side, once, in the fixture `experiments`; the tests then read what each side saw."""
import select
import socket
import struct
import time

import pytest

from nameserver import A, NAPTR, SRV, NameServer
from server import Sluice
from sip import Listener, Message, TcpPeer, UdpPeer, token, uri_of

T1, T2, LIFE = 0.08, 0.64, 5.12
TIMERS = {"t1": "80ms", "t2": "640ms", "t4": "800ms", "d": "5120ms", "trying": "200ms"}
SO_TIMESTAMPNS = 35                     # Linux: when the kernel had the datagram, however late we read it
CORE = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity"]}], "timers": TIMERS,
        "domains": [{"name": "example.com", "registration": "open"}]}
FROM = "sip:core@elsewhere.invalid"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    s = Sluice(tmp_path_factory.mktemp("transaction"), "home", config=CORE, users=())
    yield s.start()
    s.stop()


class Pair:
    """A caller and a phone whose AOR is its own."""

    def __init__(self, server, phone_class=UdpPeer, caller_class=UdpPeer):
        self.aor = "sip:%s@example.com" % token("p")
        self.phone = phone_class(server.address("udp"), bind=("127.0.0.2", 0))
        self.caller = caller_class(server.address("udp"))
        contact = "<%s>" % self.phone.contact_uri()
        self.phone.send(self.phone.request("REGISTER", "sip:example.com", self.aor, self.aor, headers=[("Contact", contact)]))
        self.phone.expect(200)

    def send(self, method="INVITE", **kw):
        contact = "<%s>" % self.caller.contact_uri() if method == "INVITE" else None
        self.request = self.caller.send(self.caller.request(method, self.aor, FROM, contact=contact, **kw))
        return self.request

    def within(self, method, answer=None):
        """ACK or CANCEL of the request, as a client makes them: same Via."""
        r = self.request
        h = [("Via", r.get("via")), ("Max-Forwards", "70"), ("From", r.get("from")), ("To", (answer or r).get("to")), ("Call-ID", r.call_id),
             ("CSeq", "%d %s" % (r.cseq, method))]
        return self.caller.send(Message("%s %s SIP/2.0" % (method, r.ruri), h))

    def close(self):
        self.phone.close()
        self.caller.close()


@pytest.fixture
def pair(home):
    made = []

    def make(*args, server=None, **kw):
        made.append(Pair(server or home, *args, **kw))
        return made[-1]
    yield make
    for p in made:
        p.close()


# --- what takes 64*T1 ---

class Recorder:
    """Reads many peers at once, notes the time of every message, and lets some answer."""

    def __init__(self):
        self.log, self.reactions, self.later, self.stall = {}, {}, [], 0
        self.wall = time.time() - time.monotonic()

    def watch(self, peer, reaction=None):
        self.log[peer], self.reactions[peer] = [], reaction
        if isinstance(peer, UdpPeer):
            peer.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def after(self, seconds, action):
        self.later.append((time.monotonic() + seconds, action))

    def read(self, peer):
        """One message and its time, or nothing."""
        if isinstance(peer, TcpPeer):
            return peer.read(0.001), time.monotonic()
        data, extra, _, _ = peer.sock.recvmsg(65536, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        return data, seconds + nanoseconds / 1e9 - self.wall

    def run(self, seconds):
        by_socket = {p.sock: p for p in self.log}
        now = time.monotonic()
        end = now + seconds
        while now < end:
            before, now = now, time.monotonic()
            self.stall = max(self.stall, now - before)
            for item in [i for i in self.later if i[0] <= time.monotonic()]:
                self.later.remove(item)
                item[1]()
            for sock in select.select(list(by_socket), [], [], 0.002)[0]:
                peer = by_socket[sock]
                data, at = self.read(peer)
                if data:
                    m = Message.parse(data)
                    self.log[peer].append((at, m))
                    if self.reactions[peer]:
                        self.reactions[peer](m, len(self.log[peer]))


class Experiment(Pair):
    """A pair under a recorder; seen_by(peer): [(seconds after the start, message)]."""

    def __init__(self, recorder, server, method, phone_class=UdpPeer, caller_class=UdpPeer, react=None):
        super().__init__(server, phone_class, caller_class)
        self.recorder, self.method = recorder, method
        recorder.watch(self.phone, (lambda m, n: react(self, m, n)) if react else None)
        recorder.watch(self.caller)
        recorder.after(0, self.start)

    def start(self):
        self.started = time.monotonic()
        self.send(self.method)

    def seen_by(self, peer):
        return [(t - self.started, m) for t, m in self.recorder.log[peer]]

    def requests(self, method=None):
        return [(t, m) for t, m in self.seen_by(self.phone) if not m.is_response and (method is None or m.method == method)]

    def responses(self, at_least=101):
        return [(t, m) for t, m in self.seen_by(self.caller) if m.is_response and m.status >= at_least]


def trying_once(x, m, n):
    if n == 1:
        x.phone.answer(m, 100)


def busy_four_times(x, m, n):
    if m.method == "INVITE" and not m.is_response and n == 1:
        x.answer = x.phone.response(m, 486, to_tag="busy")
        x.phone.send(x.answer)
        for i in (0.1, 0.2, 0.3):
            x.recorder.after(i, lambda: x.phone.send(x.answer))


def answer_twice(x, m, n):
    if m.method != "INVITE" or n > 1:
        return
    contact = "<%s>" % x.phone.contact_uri()
    first, second = (x.phone.response(m, 200, to_tag=t, contact=contact) for t in ("first", "second"))
    x.phone.send(first)
    for after, response in ((0.2, first), (1.5, second)):
        x.recorder.after(after, lambda r=response: x.phone.send(r))
    x.recorder.after(0.6, lambda: x.caller.send(x.request))


def answer_late(x, m, n):
    if n == 1:
        x.recorder.after(LIFE + 0.2, lambda: x.phone.answer(m, 200))


def answer_now(x, m, n):
    x.phone.answer(m, 200, to_tag="now")


def run_side_by_side(server):
    r = Recorder()
    e = {
        "invite, silence": Experiment(r, server, "INVITE"),
        "invite, silence, tcp": Experiment(r, server, "INVITE", phone_class=TcpPeer),
        "invite, 100": Experiment(r, server, "INVITE", react=trying_once),
        "invite, 486": Experiment(r, server, "INVITE", react=busy_four_times),
        "invite, 486, tcp": Experiment(r, server, "INVITE", caller_class=TcpPeer, react=busy_four_times),
        "invite, 200 200": Experiment(r, server, "INVITE", react=answer_twice),
        "message, silence": Experiment(r, server, "MESSAGE", react=answer_late),
        "message, silence, tcp": Experiment(r, server, "MESSAGE", caller_class=TcpPeer, phone_class=TcpPeer),
        "message, 100": Experiment(r, server, "MESSAGE", react=trying_once),
        "message, 200": Experiment(r, server, "MESSAGE", react=answer_now),
    }
    answered = e["message, 200"]
    for seconds in (1.0, 2.5):
        r.after(seconds, lambda: answered.caller.send(answered.request))
    r.run(LIFE + 0.9)
    for x in e.values():
        x.close()
    return e, r.stall


@pytest.fixture(scope="module")
def experiments(home):
    """A machine that stood still for half of T1 spoilt the schedules: that run says nothing, and is repeated."""
    for _ in range(4):
        seen, stall = run_side_by_side(home)
        if stall < T1 / 2:
            break
    return seen


def close_to(times, wanted):
    """Never early; late by what a busy machine may cost."""
    return len(times) == len(wanted) and all(w - 0.006 <= t <= w + 0.07 for t, w in zip(times, wanted))


def test_invite_is_repeated_until_timer_b(experiments):
    """TX-01: seven sends over UDP, doubling from T1, and 408 at 64*T1; one send over TCP with the same end."""
    x = experiments["invite, silence"]
    times = [t for t, _ in x.requests("INVITE")]
    assert close_to(times, [0, T1, 3 * T1, 7 * T1, 15 * T1, 31 * T1, 63 * T1]), times
    assert len({m.bytes() for _, m in x.requests("INVITE")}) == 1
    for x in (x, experiments["invite, silence, tcp"]):
        at, final = x.responses(200)[0]
        assert final.status == 408 and close_to([at], [LIFE])
    assert len(x.requests("INVITE")) == 1


def test_a_provisional_ends_the_repeating(experiments):
    """TX-02: one send, 100, silence."""
    x = experiments["invite, 100"]
    assert len(x.requests("INVITE")) == 1 and not x.responses(200)


def test_a_failure_is_acknowledged_each_time_and_told_once(experiments):
    """TX-03 TX-04: four 486, four ACKs like the INVITE; upstream hears of one."""
    x = experiments["invite, 486"]
    (_, invite), acks = x.requests("INVITE")[0], x.requests("ACK")
    assert len(acks) == 4
    for _, ack in acks:
        assert ack.ruri == invite.ruri and ack.call_id == invite.call_id and ack.get("from") == invite.get("from")
        assert ack.get("cseq") == "1 ACK" and ack.all("via") == [invite.values("via")[0]] and ack.get("to") == x.answer.get("to")
        assert ack.values("route") == invite.values("route")
    assert len({m.bytes() for _, m in x.responses(200)}) == 1
    assert len(experiments["invite, 486, tcp"].requests("ACK")) == 4


def test_a_failure_is_repeated_until_it_is_acknowledged(experiments):
    """TX-08: eleven copies without ACK over UDP, doubling to T2; one over TCP."""
    times = [t for t, _ in experiments["invite, 486"].responses(200)]
    assert close_to([t - times[0] for t in times], [0, T1, 3 * T1, 7 * T1] + [7 * T1 + i * T2 for i in range(1, 8)]), times
    assert len(experiments["invite, 486, tcp"].responses(200)) == 1


def test_every_2xx_goes_up_and_none_is_acknowledged_here(experiments):
    """TX-05: the copy and another fork's 200 more than a second later are passed on; no ACK by the transaction."""
    x = experiments["invite, 200 200"]
    assert [m.tag("to") for _, m in x.responses(200)] == ["first", "first", "second"]
    assert x.responses(200)[2][0] > 1.4
    assert not x.requests("ACK")


def test_a_copy_of_an_answered_invite_is_absorbed(experiments):
    """TX-09: in Accepted: no second branch, no answer by us."""
    x = experiments["invite, 200 200"]
    assert len(x.requests("INVITE")) == 1
    assert len(x.responses(200)) == 3


def test_other_requests_are_repeated_until_timer_f(experiments):
    """TX-13: eleven sends over UDP, doubling to T2; one over TCP; after a provisional every T2, and F is not stopped by it."""
    wanted = [0, T1, 3 * T1, 7 * T1] + [7 * T1 + i * T2 for i in range(1, 8)]
    times = [t for t, _ in experiments["message, silence"].requests()]
    assert close_to(times, wanted), times
    assert len(experiments["message, silence, tcp"].requests()) == 1
    times = [t for t, _ in experiments["message, 100"].requests()]
    gaps = [b - a for a, b in zip(times[1:], times[2:])]
    assert len(times) >= 8 and all(close_to([g], [T2]) for g in gaps) and times[-1] < LIFE, times


def test_the_answer_to_a_copy_is_the_same_answer(experiments):
    """TX-14: 1 s and 2.5 s later, without asking again."""
    x = experiments["message, 200"]
    assert len(x.requests()) == 1
    assert len(x.responses(200)) == 3 and len({m.bytes() for _, m in x.responses(200)}) == 1


@pytest.mark.parametrize("name", ["message, silence", "message, silence, tcp", "message, 100"])
def test_one_100_at_its_time_and_no_408(experiments, name):
    """TX-16 TX-17 TX-18: exactly one 100, when timer E reaches T2, and nothing final from us."""
    x = experiments[name]
    (at, m), = x.responses(100)
    assert m.status == 100 and close_to([at], [7 * T1])


def test_an_answer_that_comes_too_late_is_dropped(experiments):
    """TX-19: after the end of the server transaction."""
    x = experiments["message, silence"]
    assert len(x.requests()) == 11 and not x.responses(200)


# --- INVITE, step by step ---

def test_a_copy_gets_the_last_provisional(pair):
    """TX-07: 100 with Timestamp and no tag by itself within 200 ms, then whatever was said last; a copy of an unanswered INVITE makes no branch."""
    p = pair()
    started = time.monotonic()
    p.send(headers=[("Timestamp", "54.1")])
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 100)
    trying = p.caller.expect(100, timeout=0.5)
    assert time.monotonic() - started < 0.3 and trying.tag("to") is None and trying.get("timestamp").split()[0] == "54.1"
    p.caller.send(p.request)
    assert p.caller.expect(100).bytes() == trying.bytes()
    p.phone.answer(invite, 180, to_tag="r")
    ringing = p.caller.expect(180)
    p.caller.send(p.request)
    assert p.caller.expect(180).bytes() == ringing.bytes()
    p.phone.silent(0.1)
    p.phone.answer(invite, 486, to_tag="r")
    p.within("ACK", p.caller.expect(486))


def test_an_ack_ends_the_repeating(pair):
    """TX-08: 486, ACK, silence; a copy of the ACK is absorbed."""
    p = pair()
    p.send()
    p.phone.answer(p.phone.expect("INVITE"), 486)
    p.phone.expect("ACK")
    busy = p.caller.expect(486)
    for _ in range(2):
        p.within("ACK", busy)
    p.caller.silent(0.3)
    p.phone.silent(0.05)


def test_cancel_in_time_too_late_and_of_nothing(pair):
    """TX-12: 200 and 487; 200 and no effect; 481."""
    p = pair()
    p.send()
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 180, to_tag="t")
    p.caller.expect(180)
    p.within("CANCEL")
    assert p.caller.receive(1, lambda m: m.method == "CANCEL").status == 200
    cancel = p.phone.expect("CANCEL")
    assert cancel.branch == invite.branch and cancel.get("cseq") == "1 CANCEL" and cancel.ruri == invite.ruri
    p.phone.answer(cancel, 200)
    p.phone.answer(invite, 487, to_tag="t")
    p.phone.expect("ACK")
    p.within("ACK", p.caller.expect(487))

    p = pair()
    p.send()
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 200, to_tag="t", contact="<%s>" % p.phone.contact_uri())
    p.caller.expect(200)
    p.within("CANCEL")
    assert p.caller.receive(1, lambda m: m.method == "CANCEL").status == 200
    p.phone.silent(0.15)
    p.caller.silent(0.05)

    p = pair()
    p.request = p.caller.request("INVITE", p.aor, FROM)
    p.within("CANCEL")
    p.caller.expect(481)
    p.phone.silent(0.1)


def test_the_answer_to_cancel_does_not_end_the_invite(pair):
    """TX-21: same branch, another method: the call is answered after it."""
    p = pair()
    p.send()
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 180, to_tag="t")
    p.within("CANCEL")
    cancel = p.phone.expect("CANCEL")
    for _ in range(2):
        p.phone.answer(cancel, 200)
    p.phone.answer(cancel, 487)
    assert p.caller.receive(0.2, lambda m: m.method == "INVITE" and m.status >= 200) is None
    p.phone.answer(invite, 200, to_tag="t", contact="<%s>" % p.phone.contact_uri())
    assert p.caller.receive(1, lambda m: m.method == "INVITE" and m.status >= 200).status == 200


def test_no_provisional_but_100_to_other_requests(pair):
    """TX-15: 180 and 183 to a MESSAGE go no further."""
    p = pair()
    p.send("MESSAGE")
    seen = p.phone.expect("MESSAGE")
    for status in (180, 183, 199):
        p.phone.answer(seen, status)
    p.caller.silent(0.2)
    p.phone.answer(seen, 200)
    p.caller.expect(200)


# --- matching ---

def test_branch_sent_by_and_method_make_the_transaction(pair):
    """TX-20: one branch from two ports, and of two methods, are different requests; a copy is not."""
    p, q = pair(), pair()
    branch = "z9hG4bK" + token()
    p.request = p.caller.send(p.caller.request("MESSAGE", p.aor, FROM, branch=branch))
    first = p.phone.expect("MESSAGE")
    q.caller.send(q.caller.request("MESSAGE", q.aor, FROM, branch=branch))
    q.phone.answer(q.phone.expect("MESSAGE"), 202)
    q.caller.expect(202)
    p.caller.send(p.caller.request("INFO", p.aor, FROM, branch=branch))
    info = p.phone.receive(1, lambda m: m.method == "INFO")
    p.caller.send(p.request)
    p.phone.answer(info, 202)
    assert p.caller.receive(1, lambda m: m.method == "INFO").status == 202
    p.phone.answer(first, 200)
    assert p.caller.receive(1, lambda m: m.method == "MESSAGE").status == 200
    assert first.branch != info.branch


def test_our_own_branches_never_differ_by_case_alone(pair):
    """TX-20: fifty branches."""
    p, seen = pair(), set()
    for _ in range(50):
        p.send("MESSAGE")
        m = p.phone.expect("MESSAGE")
        seen.add(m.branch.lower())
        p.phone.answer(m, 200)
        p.caller.expect(200)
    assert len(seen) == 50


def old(p, via, method="INVITE", to_tag=None, call_id="", cseq=1):
    """A message of RFC 2543: no cookie, as in the torture test inv2543."""
    h = [("Via", via), ("From", "<%s>;tag=old" % FROM), ("To", "<%s>%s" % (p.aor, ";tag=" + to_tag if to_tag else "")), ("Call-ID", call_id),
         ("CSeq", "%d %s" % (cseq, method)), ("Contact", "<%s>" % p.caller.contact_uri())]
    return Message("%s %s SIP/2.0" % (method, p.aor), h)


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_a_client_of_the_old_rfc(pair, branch):
    """TX-22 TX-23 TX-25: INVITE, its copy, its ACK; another Call-ID under the same branch is another call; ACK to a 2xx goes on."""
    p = pair()
    via = "SIP/2.0/UDP %s:%d%s" % (*p.caller.local, branch)
    invite = old(p, via, call_id="one")
    p.caller.send(invite)
    seen = p.phone.expect("INVITE")
    p.caller.send(invite)
    p.phone.answer(seen, 486, to_tag="b")
    p.phone.expect("ACK")
    busy = p.caller.expect(486)
    p.caller.send(old(p, via, "ACK", busy.tag("to"), "one"))
    p.caller.silent(0.25)
    p.phone.silent(0.05)

    p.caller.send(old(p, via, call_id="two"))
    seen = p.phone.expect("INVITE")
    p.phone.answer(seen, 200, to_tag="c", contact="<%s>" % p.phone.contact_uri())
    ok = p.caller.expect(200)
    ack = old(p, via, "ACK", "c", "two")
    ack.start = "ACK %s SIP/2.0" % uri_of(ok.get("contact"))
    ack.headers.insert(1, ("Route", ", ".join(reversed(ok.values("record-route")))))
    p.caller.send(ack)
    assert p.phone.expect("ACK").tag("to") == "c"


# --- failover by DNS: RFC 3263 ---

@pytest.fixture(scope="module")
def names():
    n = NameServer()
    yield n
    n.close()


@pytest.fixture(scope="module")
def relay(tmp_path_factory, names):
    """Short timers: a silent host costs 1.28 s."""
    s = Sluice(tmp_path_factory.mktemp("relay"), "relay", users=(), config=dict(
        CORE, timers={"t1": "20ms", "t2": "160ms", "t4": "200ms", "d": "1s"}, dns={"servers": [names.address], "timeout": "500ms", "negative": "0s"}))
    yield s.start()
    s.stop()


class Site:
    """A domain of its own with hosts at 127.0.0.2x, in the order of their SRV priority."""

    def __init__(self, relay, names, hosts=2, weights=None):
        self.names, self.domain, self.peers = names, token("d") + ".test", []
        self.caller = UdpPeer(relay.address("udp"))
        self.peers = [UdpPeer(relay.address("udp"), bind=("127.0.0.%d" % (21 + i), 0)) for i in range(hosts)]
        for i, peer in enumerate(self.peers):
            self.add(i, peer, 10 * (i + 1) if not weights else 10, weights[i] if weights else 0)

    def add(self, number, peer, priority, weight, service="_sip._udp"):
        host = "h%d.%s" % (number, self.domain)
        self.names.add("%s.%s" % (service, self.domain), SRV, (priority, weight, peer.local[1], host))
        self.names.add(host, A, peer.local[0])

    @property
    def uri(self):
        return "sip:x@" + self.domain

    def send(self, method="INVITE", **kw):
        self.request = self.caller.send(self.caller.request(method, self.uri, FROM, contact="<%s>" % self.caller.contact_uri(), **kw))

    def final(self, timeout=3):
        m = self.caller.receive(timeout, lambda m: m.call_id == self.request.call_id and m.status >= 200)
        return m and m.status

    def close(self):
        for p in self.peers + [self.caller]:
            p.close()


@pytest.fixture
def site(relay, names):
    made = []

    def make(*args, **kw):
        made.append(Site(relay, names, *args, **kw))
        return made[-1]
    yield make
    for s in made:
        s.close()


def test_the_first_priority_is_asked_first(site):
    """TX-26 TX-28: a success and 500 from host 1: host 2 sees nothing."""
    s = site()
    for status in (200, 500, 404, 486):
        s.send()
        s.peers[0].answer(s.peers[0].expect("INVITE"), status, contact="<sip:x@127.0.0.21>")
        assert s.final() == status
        if status > 200:
            s.peers[0].expect("ACK")
    s.peers[1].silent(0.1)


def test_weights_share_out_one_priority(site):
    """TX-26: 9000 to 1."""
    s = site(weights=[1, 9000])
    for _ in range(12):
        s.send("MESSAGE")
        s.peers[1].answer(s.peers[1].expect("MESSAGE"), 200)
        assert s.final() == 200
    s.peers[0].silent(0.05)


def test_a_503_moves_on_to_the_next_host(site):
    """TX-26: the same request with a new branch, at once; the caller hears nothing of it."""
    s = site()
    s.send(body=b"v=0\r\n")
    first = s.peers[0].expect("INVITE")
    s.peers[0].answer(first, 503, headers=[("Retry-After", "1")])
    second = s.peers[1].expect("INVITE", timeout=0.5)
    assert second.branch != first.branch and second.ruri == first.ruri and second.body == first.body and second.get("cseq") == first.get("cseq")
    assert s.peers[0].expect("ACK").branch == first.branch
    s.peers[1].answer(second, 200, contact="<sip:x@127.0.0.22>")
    assert s.final() == 200


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_closed_port_moves_on_to_the_next_host(site, method):
    """TX-26: ICMP says that nobody listens."""
    s = site()
    s.peers[0].close()
    started = time.monotonic()
    s.send(method)
    s.peers[1].answer(s.peers[1].expect(method), 200, contact="<sip:x@127.0.0.22>")
    assert s.final() == 200 and time.monotonic() - started < 0.6


def test_a_refused_connection_moves_on_to_the_next_host(relay, names, site):
    """TX-26: SRV for TCP alone."""
    s = site(hosts=0)
    closed, listener = Listener("127.0.0.21"), Listener("127.0.0.22")
    s.add(0, closed, 10, 0, "_sip._tcp")
    s.add(1, listener, 20, 0, "_sip._tcp")
    closed.close()
    s.send()
    peer = listener.accept()
    peer.answer(peer.expect("INVITE"), 486)
    assert s.final() == 486
    peer.close()
    listener.close()


def test_naptr_chooses_the_transport(relay, names, site):
    """TX-26: the first NAPTR that we can do."""
    s = site(hosts=1)
    listener = Listener("127.0.0.22")
    s.add(1, listener, 10, 0, "_sip._tcp")
    names.add(s.domain, NAPTR, (10, 50, "s", "SIPS+D2X", "_x." + s.domain), (20, 50, "s", "SIP+D2T", "_sip._tcp." + s.domain),
              (30, 50, "s", "SIP+D2U", "_sip._udp." + s.domain))
    s.send("MESSAGE")
    peer = listener.accept()
    peer.answer(peer.expect("MESSAGE"), 200)
    assert s.final() == 200
    s.peers[0].silent(0.05)
    peer.close()
    listener.close()


def test_a_silent_host_is_left_after_its_time(site):
    """TX-26 TX-27: no response at all by timer B: the next; every repetition went to the first."""
    s = site()
    s.send()
    answer = s.peers[1].receive(2.5)
    assert answer is not None and answer.method == "INVITE"
    sent = []
    while (m := s.peers[0].receive(0.02)) is not None:
        sent.append(m)
    assert len(sent) >= 5 and len({m.branch for m in sent}) == 1
    s.peers[1].answer(answer, 486)
    assert s.final() == 486
    s.peers[0].silent(0.1)


def test_a_provisional_binds_to_the_host(site):
    """TX-28: 100 and then nothing: no failover, and no final answer to a MESSAGE."""
    s = site()
    s.send("MESSAGE")
    s.peers[0].answer(s.peers[0].expect("MESSAGE"), 100)
    s.peers[1].silent(1.6)
    assert s.final(0.01) is None


def test_ack_and_cancel_go_where_the_request_went(site):
    """TX-27: the names change in between."""
    s = site()
    names = s.names
    srv = ("_sip._udp." + s.domain, SRV)
    names.ttl = 0
    s.send()
    invite = s.peers[0].expect("INVITE")
    names.ttl = 60
    names.zone[srv] = [names.zone[srv][1]]
    s.peers[0].answer(invite, 180, to_tag="t")
    s.caller.receive(1, lambda m: m.status == 180)
    r = s.request
    s.caller.send(Message("CANCEL %s SIP/2.0" % r.ruri, [("Via", r.get("via")), ("Max-Forwards", "70"), ("From", r.get("from")), ("To", r.get("to")),
                                                        ("Call-ID", r.call_id), ("CSeq", "1 CANCEL")]))
    s.peers[0].answer(s.peers[0].expect("CANCEL"), 200)
    s.peers[0].answer(invite, 487, to_tag="t")
    s.peers[0].expect("ACK")
    assert s.caller.receive(1, lambda m: m.status >= 200 and m.method == "INVITE").status == 487
    s.peers[1].silent(0.1)


def test_a_server_that_asked_for_rest_gets_it(site):
    """TX-29: 503 with Retry-After: until then new requests go to the other host, afterwards to the first again."""
    s = site()
    s.send()
    s.peers[0].answer(s.peers[0].expect("INVITE"), 503, headers=[("Retry-After", "1")])
    s.peers[0].expect("ACK")
    s.peers[1].answer(s.peers[1].expect("INVITE"), 486)
    assert s.final() == 486
    s.peers[1].expect("ACK")
    s.send()
    s.peers[1].answer(s.peers[1].expect("INVITE"), 486)
    assert s.final() == 486
    s.peers[1].expect("ACK")
    s.peers[0].silent(0.05)
    time.sleep(1.05)
    s.send()
    s.peers[0].answer(s.peers[0].expect("INVITE"), 486)
    assert s.final() == 486


def test_the_last_host_may_ask_for_rest_too(site):
    """TX-29 PX-35: both said 503, so the caller hears 500; when host 2 becomes the first it still rests, and host 1 is asked alone."""
    s = site()
    s.names.ttl = 0
    s.send()
    for peer, rest in zip(s.peers, ("1", "30")):
        peer.answer(peer.expect("INVITE"), 503, headers=[("Retry-After", rest)])
        peer.expect("ACK")
    assert s.final() == 500
    time.sleep(1.05)
    s.names.ttl = 60
    srv = s.names.zone[("_sip._udp." + s.domain, SRV)]
    srv[1] = (5,) + srv[1][1:]
    s.send()
    s.peers[0].answer(s.peers[0].expect("INVITE"), 486)
    assert s.final() == 486
    s.peers[1].silent(0.1)
