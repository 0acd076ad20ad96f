# SPDX-License-Identifier: Apache-2.0
"""Several hosts behind one name: RFC 3263 §4. Requirements TX-26..TX-29."""
import time

import pytest

from nameserver import A, NAPTR, SRV, NameServer
from pairs import CORE, FROM
from server import Sluice
from sip import Listener, Message, UdpPeer, token


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
