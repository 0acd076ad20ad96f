# SPDX-License-Identifier: Apache-2.0
"""domains, routes and peers: aliases, priorities, probes, credentials of a trunk, neighbours by TLS certificate."""
import time

import pytest

from phone import Callee
from server import make_certificate
from sip import TlsPeer, UdpPeer, digest, parse_challenge


class Gateway:
    """A hop of a route: a UDP socket at an address of its own."""

    def __init__(self, n):
        self.peer = UdpPeer(("127.0.0.1", 9), bind=("127.0.0.%d" % n, 0))

    @property
    def uri(self):
        return "sip:%s:%d" % self.peer.local

    def serve(self, server):
        self.peer.target = server.address("udp")
        return self.peer


def invite(phone, flow, uri):
    return phone.invite(uri, flow=flow, early=True)


def test_aliases_of_domains_and_users(make_server, phones):
    """RG-10 RG-12: every spelling of domain and user is one address; what was registered under one is found under the other."""
    s = make_server(config={"domains": [{"name": "example.com", "aliases": ["example.org", "127.0.0.1"]}]})
    alice, bob = phones(s, "alice"), phones(s, "bob")
    alice.open("udp")
    flow = bob.open("udp", register=False)
    answer = bob.transact(flow.peer, "REGISTER", "sip:example.org", "sip:bob@example.org", flow, [("Expires", "600"), ("Supported", "path, outbound")],
                          '<%s>;+sip.instance="<%s>";reg-id=1' % (flow.peer.contact_uri("bob"), bob.instance), from_uri="sip:bob@example.org")
    assert answer.status == 200
    for uri in ("sip:bob@example.com", "sip:%62ob@EXAMPLE.org", "sip:bob@127.0.0.1", "sip:bob@example.com;user=phone"):
        call = invite(alice, alice.flows[0], uri)
        leg = Callee.wait(flow)
        leg.answer(486)
        flow.peer.expect("ACK")
        assert call.wait().status == 486


def test_two_domains_keep_their_users_apart(make_server, phones):
    """OB-76: the same user name and instance-id in two domains."""
    s = make_server(config={"domains": [{"name": "example.com"}, {"name": "example.net"}]})
    s.command("user", "add", "--state", s.state, "--batch", "-", stdin="bob@example.net other-pass\n")
    one = phones(s, "bob")
    two = phones(s, "bob", password="other-pass", domain="example.net", instance=one.instance)
    f1, f2 = one.open("udp"), two.open("udp")
    alice = phones(s, "alice")
    alice.open("udp")
    call = invite(alice, alice.flows[0], "sip:bob@example.net")
    leg = Callee.wait(f2)
    leg.answer(486)
    assert call.wait().status == 486
    f1.peer.silent(0.2)


def test_priorities_and_failover_between_gateways(make_server, phones):
    """TX-26: the lower priority first; 503 and a closed port move on to the next."""
    first, second = Gateway(11), Gateway(12)
    s = make_server(config={"routes": [{"prefix": "", "to": [{"uri": second.uri, "priority": 2}, {"uri": first.uri, "priority": 1}], "host": "hop"}]})
    a, b = first.serve(s), second.serve(s)
    alice = phones(s, "alice")
    flow = alice.open("udp")
    call = invite(alice, flow, "sip:1234@example.com")
    leg = Callee.wait(a)
    leg.answer(503)
    a.expect("ACK")
    leg = Callee.wait(b)
    leg.answer(486)
    assert call.wait().status == 486
    b.expect("ACK")
    a.close()
    call = invite(alice, flow, "sip:1234@example.com")
    Callee.wait(b, timeout=2).answer(404)
    assert call.wait().status == 404


def test_a_hop_that_does_not_answer_its_probe_goes_last(make_server, phones):
    """OPTIONS probes: silence puts the first hop behind the second, an answer brings it back."""
    first, second = Gateway(13), Gateway(14)
    s = make_server(start=False, config={"timers": {"t1": "5ms", "t2": "20ms"},
                                         "routes": [{"prefix": "", "to": [{"uri": first.uri, "priority": 1}, {"uri": second.uri, "priority": 2}],
                                                     "host": "hop", "probe": "1s"}]})
    a, b = first.serve(s), second.serve(s)
    s.start()
    assert a.expect("OPTIONS") and b.expect("OPTIONS").get("max-forwards") == "70"

    def tend(alive, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for peer, answers in ((a, alive), (b, True)):
                m = peer.receive(0.02)
                if m is not None and answers and m.method == "OPTIONS":
                    peer.answer(m, 200)
    tend(False, 1.2)
    alice = phones(s, "alice")
    flow = alice.open("udp")

    def rings(peer):
        call = invite(alice, flow, "sip:1234@example.com")
        m = peer.receive(1, lambda m: m.method == "INVITE")
        assert m is not None
        peer.answer(m, 486)
        assert call.wait().status == 486
    rings(b)
    tend(True, 1.6)
    rings(a)
    assert "does not answer OPTIONS" in s.read_log() and "answers again" in s.read_log()


def test_a_trunk_that_asks_for_credentials_gets_them_once(make_server, phones):
    """username and password of a route answer the gateway's 407; the caller sees nothing of it; a second 407 is the answer."""
    gateway = Gateway(15)
    s = make_server(config={"routes": [{"prefix": "", "to": [gateway.uri], "host": "hop", "username": "trunk", "password": "s3cret"}]})
    g = gateway.serve(s)
    alice = phones(s, "alice")
    flow = alice.open("udp")
    challenge = 'Digest realm="gw", nonce="abc", qop="auth", algorithm=MD5'
    call = invite(alice, flow, "sip:1234@example.com")
    one = g.expect("INVITE")
    assert not one.all("proxy-authorization")
    g.answer(one, 407, headers=[("Proxy-Authenticate", challenge)])
    g.expect("ACK")
    two = g.expect("INVITE")
    sent = parse_challenge(two.get("proxy-authorization"))
    assert two.branch != one.branch and two.call_id == one.call_id
    wanted = parse_challenge(digest(challenge, "INVITE", two.ruri, "trunk", "s3cret", nc=int(sent["nc"], 16), cnonce=sent["cnonce"]))
    assert sent["response"] == wanted["response"] and sent["username"] == "trunk" and sent["uri"] == two.ruri
    g.answer(two, 407, headers=[("Proxy-Authenticate", challenge)])
    assert call.wait().status == 407
    assert "s3cret" not in s.read_log()


def test_a_neighbour_by_the_name_in_its_certificate(make_server, tmp_path):
    """TP-32 TP-33: the right comes with a verified TLS client certificate, not without one."""
    name = "gw.example.net"
    certificate = make_certificate(str(tmp_path), name, "DNS:" + name)
    s = make_server(config={"peers": [{"tls": name, "rights": ["inbound"]}], "tls": {"ca": certificate[0], "verify": True}})
    for cert, status in ((certificate, 480), (None, 403)):
        peer = TlsPeer(s.address("tls"), certificate=cert)
        peer.send(peer.request("INVITE", "sip:alice@example.com", "sip:+74950000000@" + name))
        assert peer.receive(3, lambda m: m.status >= 200).status == status
        peer.close()


def test_a_domain_route_for_users_only(make_server, phones):
    """PX-10: a foreign domain by route: with credentials of ours yes, for a stranger no."""
    far = Gateway(16)
    s = make_server(config={"routes": [{"domain": "partner.invalid", "to": [far.uri]}]})
    f = far.serve(s)
    alice = phones(s, "alice")
    call = invite(alice, alice.open("udp"), "sip:x@partner.invalid")
    m = f.expect("INVITE")
    assert m.ruri == "sip:x@partner.invalid"
    f.answer(m, 486)
    assert call.wait().status == 486
    stranger = UdpPeer(s.address("udp"), bind=("127.0.0.17", 0))
    stranger.send(stranger.request("INVITE", "sip:x@partner.invalid", "sip:y@elsewhere.invalid"))
    stranger.expect(403)


@pytest.mark.parametrize("scheme", ["tel:+1-201-555-0123", "sip:+1(201)555.0123@example.com;user=phone"])
def test_numbers_in_every_spelling_find_the_route(make_server, phones, scheme):
    """MS-36: tel URIs and numbers with visual separators."""
    gateway = Gateway(18)
    s = make_server(config={"routes": [{"prefix": "+1201", "to": [gateway.uri], "host": "hop"}]})
    g = gateway.serve(s)
    alice = phones(s, "alice")
    call = invite(alice, alice.open("udp"), scheme)
    m = g.expect("INVITE")
    assert m.ruri.startswith("sip:+12015550123@127.0.0.18")
    g.answer(m, 486)
    assert call.wait().status == 486


def test_a_phone_without_outbound_is_reached_where_it_came_from(make_server, phones):
    """OB-71 OB-73 OB-87 RG-23: a NATed Contact over UDP and TCP, requests in the dialog both ways."""
    s = make_server()
    alice, bob = phones(s, "alice"), phones(s, "bob", outbound=False)
    alice.open("tcp")
    for kind in ("udp", "tcp"):
        flow = bob.open(kind, register=False)
        flow.register(contact="<sip:bob@192.168.1.50:5060>")
        call = invite(alice, alice.flows[0], "sip:bob@example.com")
        leg = Callee.wait(flow)
        leg.contact = "<sip:bob@192.168.1.50:5060>"
        leg.pick_up()
        assert call.wait().status == 200
        leg.expect_ack()
        bye = leg.within("BYE")
        alice.flows[0].peer.answer(alice.flows[0].peer.expect("BYE"), 200)
        assert bob.final(flow.peer, bye).status == 200
        flow.register(contact="<sip:bob@192.168.1.50:5060>", expires=0)
