# SPDX-License-Identifier: Apache-2.0
"""The proxy's rules, seen from outside: requirements PX-01..PX-46 that do not need several servers."""
import time

import pytest

from phone import Callee, Flow
from sip import Listener, Message, TcpPeer, UdpPeer, token, uri_of

CORE = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity"]}]}


@pytest.fixture
def open_server(make_server):
    """127.0.0.1 may call and relay without credentials, so that a test can send what it likes."""
    return make_server(config=CORE)


def plain_phone(phones, server, user="bob", kind="udp", n=2, **kw):
    p = phones(server, user, outbound=False, **kw)
    p.open(kind, bind=("127.0.0.%d" % n, 0))
    return p, p.flows[0].peer


def core(server):
    return UdpPeer(server.address("udp"))


def answer_ok(peer, method, **kw):
    r = peer.expect(method)
    peer.answer(r, 200, **kw)
    return r


def test_unknown_methods_and_headers_pass_byte_for_byte(open_server, phones):
    """PX-01 PX-13 MS-24: FOO, a bad Date, odd rows, a binary body."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    body = bytes(range(256)) + b"\r\n\r\n\0end"
    odd = [("Date", "Fri, 01 Jan 2010 16:00:00 EST"), ("X-Odd", ";;,,;;,;"), ("X-Row", "1"), ("X-Row", "2, 3"), ("x-row", "\"a, b\"")]
    r = caller.send(caller.request("FOO", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=odd, body=body))
    seen = answer_ok(peer, "FOO")
    assert seen.body == body
    assert [h for h in seen.headers if h[0].lower().startswith("x-") or h[0] == "Date"] == odd
    assert seen.get("from") == r.get("from") and seen.call_id == r.call_id
    caller.expect(200)


def test_max_forwards(open_server, phones):
    """PX-03 PX-04: 0 is 483, 1 leaves as 0, absent leaves as 70."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", max_forwards=0))
    caller.expect(483)
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", max_forwards=1))
    assert answer_ok(peer, "MESSAGE").get("max-forwards") == "0"
    caller.expect(200)
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid").remove("max-forwards"))
    assert answer_ok(peer, "MESSAGE").get("max-forwards") == "70"
    caller.expect(200)


def test_proxy_require_and_require(open_server, phones):
    """PX-05: unknown Proxy-Require is 420 with the list; Require passes."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=[("Proxy-Require", "foo, bar")]))
    assert caller.expect(420).values("unsupported") == ["foo", "bar"]
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=[("Require", "foo")]))
    assert answer_ok(peer, "MESSAGE").get("require") == "foo"
    caller.expect(200)


def test_unknown_codes_count_as_their_class(open_server, phones):
    """MS-06: 188 is provisional, 299 a success, 677 ends the fork like any 6xx; each keeps its number."""
    caller, peers, invites = start_fork(open_server, phones, 2)
    peers[0].answer(invites[0], 188, to_tag="p")
    assert caller.expect(188).tag("to") == "p"
    peers[1].answer(invites[1], 677)
    cancel = peers[0].expect("CANCEL")
    peers[0].answer(cancel, 200)
    peers[0].answer(invites[0], 487, to_tag="p")
    assert caller.receive(3, lambda m: m.status >= 200).status == 677
    caller, peers, invites = start_fork(open_server, phones, 2)
    peers[0].answer(invites[0], 188, to_tag="p")
    peers[1].answer(invites[1], 299, to_tag="s", contact="<%s>" % peers[1].contact_uri())
    assert caller.receive(3, lambda m: m.status >= 200).status == 299
    assert peers[0].expect("CANCEL").branch == invites[0].branch


def test_unknown_bodies_pass(open_server, phones):
    """MS-25 MS-26: a Content-Type that nobody knows reaches the phone with its octets; asked ourselves we take it, or say what we take."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    body, kind = b"\0\1\r\n\r\n<x/>\xff", [("Content-Type", "application/unknownformat;x=\"y\"")]
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=kind, body=body))
    seen = answer_ok(peer, "MESSAGE")
    assert seen.body == body and seen.get("content-type") == kind[0][1]
    caller.expect(200)
    caller.send(caller.request("OPTIONS", "sip:example.com", "sip:core@elsewhere.invalid", headers=kind, body=body))
    answer = caller.receive(2)
    assert answer.status in (200, 415)
    assert "*/*" in answer.get("accept") if answer.status == 200 else answer.all("accept")


def test_what_cannot_be_accepted_is_not_sent(open_server):
    """MS-27: an answer of ours within Accept, or 406."""
    caller = core(open_server)
    caller.send(caller.request("OPTIONS", "sip:example.com", "sip:core@elsewhere.invalid", headers=[("Accept", "text/nobodyKnowsThis")]))
    answer = caller.receive(2)
    assert answer.status in (400, 406) or (answer.status == 200 and not answer.body and answer.all("allow"))


def test_merged_requests_are_none_of_our_business(open_server, phones):
    """PX-06: the same Call-ID, From tag and CSeq by two ways are two requests, both forwarded."""
    bob, peer = plain_phone(phones, open_server)
    for method in ("MESSAGE", "INVITE"):
        caller, call_id, tag, branches = core(open_server), token("m"), token(), set()
        for _ in range(2):
            caller.send(caller.request(method, "sip:bob@example.com", "sip:core@elsewhere.invalid", call_id=call_id, from_tag=tag,
                                       contact="<%s>" % caller.contact_uri()))
            seen = peer.receive(2, lambda m: m.method == method)
            assert seen is not None and seen.call_id == call_id
            branches.add(seen.branch)
            peer.answer(seen, 480)
            caller.expect(480)
        assert len(branches) == 2


def test_our_own_maddr_is_stripped(open_server):
    """PX-09: with port and transport, when they are those on which the request came; a foreign maddr leads there."""
    caller, far = core(open_server), UdpPeer(open_server.address("udp"), bind=("127.0.0.3", 5060))
    host, port = open_server.address("udp")
    caller.send(caller.request("MESSAGE", "sip:x@127.0.0.3:%d;transport=udp;maddr=%s;a=b" % (port, host), "sip:core@elsewhere.invalid"))
    seen = answer_ok(far, "MESSAGE")
    assert seen.ruri == "sip:x@127.0.0.3;a=b"
    caller.expect(200)
    caller.send(caller.request("MESSAGE", "sip:x@far.invalid;maddr=127.0.0.3", "sip:core@elsewhere.invalid"))
    assert answer_ok(far, "MESSAGE").ruri == "sip:x@far.invalid;maddr=127.0.0.3"
    caller.expect(200)
    far.close()


def test_unknown_scheme_is_416(open_server):
    """PX-02 MS-40."""
    caller = core(open_server)
    caller.send(caller.request("OPTIONS", "nobodyknows:x", "sip:core@elsewhere.invalid", "sip:bob@example.com"))
    caller.expect(416)


def test_no_such_user_and_nobody_home(open_server):
    """PX-11: 404 and 480."""
    caller = core(open_server)
    caller.send(caller.request("INVITE", "sip:nobody@example.com", "sip:core@elsewhere.invalid"))
    caller.expect(404)
    caller.send(caller.request("INVITE", "sip:carol@example.com", "sip:core@elsewhere.invalid"))
    caller.expect(480)


def test_no_open_relay(server):
    """PX-10: foreign to foreign, and a foreign Route, from a stranger."""
    stranger = UdpPeer(server.address("udp"))
    victim = UdpPeer(server.address("udp"))
    host, port = victim.local
    for route in ((), ("<sip:%s:%d;lr>" % (host, port),)):
        stranger.send(stranger.request("INVITE", "sip:x@%s:%d" % (host, port), "sip:y@elsewhere.invalid", route=route))
        stranger.expect(403)
    victim.silent()


def test_from_must_be_the_authenticated_user(server, phones):
    """AU-01 PX-10: alice's credentials with bob's From."""
    alice = phones(server, "alice")
    flow = alice.open("udp")
    answer = alice.transact(flow.peer, "MESSAGE", "sip:bob@example.com", "sip:bob@example.com", from_uri="sip:bob@example.com")
    assert answer.status == 403
    answer = alice.transact(flow.peer, "MESSAGE", "sip:bob@example.com", "sip:bob@example.com")
    assert answer.status == 480


def test_a_call_is_challenged_with_407_once(server, phones):
    """AU-01 AU-03 AU-04 AU-05: 407 with SHA-256 first, ACK and CANCEL never challenged."""
    alice = phones(server, "alice")
    flow = alice.open("udp")
    r = flow.peer.request("INVITE", "sip:bob@example.com", alice.aor, contact="<%s>" % flow.peer.contact_uri())
    flow.peer.send(r)
    answer = flow.peer.expect(407)
    rows = answer.all("proxy-authenticate")
    assert "algorithm=SHA-256" in rows[0] and "algorithm=MD5" in rows[1] and all('qop="auth' in row for row in rows)
    alice.ack(flow.peer, r, answer)
    flow.peer.silent()


def test_strict_router_upstream(open_server, phones):
    """PX-07: Request-URI is our Record-Route value, the target stands last in Route."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    call_id, tag = token("c"), token()
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", call_id=call_id, from_tag=tag,
                               contact="<%s>" % caller.contact_uri()))
    inv = answer_ok(peer, "INVITE", contact="<%s>" % peer.contact_uri("bob"), to_tag="t1")
    ok = caller.expect(200)
    rr = uri_of(ok.values("record-route")[-1])
    bye = caller.request("BYE", rr.replace(";lr", ""), "sip:core@elsewhere.invalid", "sip:bob@example.com", call_id=call_id, from_tag=tag,
                         to_tag="t1", cseq=2, route=["<%s>" % uri_of(ok.get("contact"))])
    caller.send(bye)
    seen = answer_ok(peer, "BYE")
    assert seen.ruri == uri_of(ok.get("contact")) and not seen.all("route")
    caller.expect(200)
    assert inv.get("max-forwards") == "69"


def test_strict_router_downstream(open_server):
    """PX-16 PX-17: a next Route without lr gets itself as Request-URI and the target at the end of Route."""
    caller, router = core(open_server), UdpPeer(open_server.address("udp"), bind=("127.0.0.3", 0))
    host, port = router.local
    caller.send(caller.request("MESSAGE", "sip:x@far.invalid", "sip:core@elsewhere.invalid", route=["<sip:%s:%d>" % (host, port), "<sip:later.invalid;lr>"]))
    seen = answer_ok(router, "MESSAGE")
    assert seen.ruri == "sip:%s:%d" % (host, port)
    assert [uri_of(v) for v in seen.values("route")] == ["sip:later.invalid;lr", "sip:x@far.invalid"]
    caller.expect(200)


def test_route_of_the_next_hop_stays_on_top(open_server):
    """PX-08 PX-17: our own value goes, by name, address and case alike; the next hop's stays."""
    caller, router = core(open_server), UdpPeer(open_server.address("udp"), bind=("127.0.0.3", 0))
    host, port = router.local
    for own in ("sip:127.0.0.1:%d;lr" % open_server.port, "sip:EXAMPLE.com;lr", "sip:127.0.0.1:%d;transport=tcp;lr=on" % open_server.port):
        caller.send(caller.request("MESSAGE", "sip:x@far.invalid", "sip:core@elsewhere.invalid", route=["<%s>" % own, "<sip:%s:%d;lr>" % (host, port)]))
        seen = answer_ok(router, "MESSAGE")
        assert [uri_of(v) for v in seen.values("route")] == ["sip:%s:%d;lr" % (host, port)]
        assert seen.ruri == "sip:x@far.invalid"
        caller.expect(200)


def test_contact_headers_never_become_headers(open_server, phones):
    """PX-14: a Contact with ?Route= and method."""
    bob = phones(open_server, "bob", outbound=False)
    flow = bob.open("udp", register=False, bind=("127.0.0.2", 0))
    flow.register(contact="<%s;method=BYE?Route=%%3Csip:evil.invalid%%3E>" % flow.peer.contact_uri("bob"))
    caller = core(open_server)
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid"))
    seen = answer_ok(flow.peer, "MESSAGE")
    assert "?" not in seen.ruri and "method" not in seen.ruri and not seen.all("route")
    caller.expect(200)


def test_via_branches_differ_per_branch_and_carry_the_cookie(open_server, phones):
    """PX-18 PX-19 TX-20: a fork has two branches; a strange Via below stays as it is."""
    _, one = plain_phone(phones, open_server, n=2)
    _, two = plain_phone(phones, open_server, n=3)
    caller = core(open_server)
    strange = "SIP/2.0/UNKNOWN strange.invalid ;branch=z9hG4bKx;odd=\"a,b;c\""
    r = caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri())
    r.headers.insert(1, ("Via", strange))
    caller.send(r)
    a, b = one.expect("INVITE"), two.expect("INVITE")
    assert a.branch != b.branch and a.branch.startswith("z9hG4bK") and b.branch.startswith("z9hG4bK")
    assert a.branch.lower() != b.branch.lower()
    assert a.values("via")[2] == strange and len(a.values("via")) == 3
    one.answer(a, 486)
    assert one.expect("ACK").branch == a.branch
    two.answer(b, 486)
    assert two.expect("ACK").branch == b.branch
    caller.expect(486)


def test_content_length_is_added_towards_a_stream(open_server, phones):
    """PX-20: UDP in without it, TCP out."""
    bob, peer = plain_phone(phones, open_server, kind="tcp")
    caller = core(open_server)
    m = caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", body=b"hello")
    caller.send(m.bytes(add_length=False))
    seen = answer_ok(peer, "MESSAGE")
    assert seen.get("content-length") == "5" and seen.body == b"hello"
    caller.expect(200)


def test_timer_c(make_server, phones):
    """PX-21: 180 restarts it, 100 does not; on expiry CANCEL."""
    server = make_server(config=dict(CORE, timers={"t1": "100ms", "t2": "800ms", "timer_c": "700ms"}))
    bob, peer = plain_phone(phones, server)
    caller = core(server)
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri()))
    inv = peer.expect("INVITE")
    for _ in range(4):
        peer.answer(inv, 180, to_tag="x")
        assert peer.receive(0.4) is None
    peer.answer(inv, 100)
    cancel = peer.receive(0.6)
    assert cancel is not None and cancel.method == "CANCEL"
    peer.answer(cancel, 200)
    peer.answer(inv, 487, to_tag="x")
    peer.expect("ACK")
    assert caller.receive(2, lambda m: m.status >= 200).status == 487


def test_100_is_made_here_and_never_forwarded(open_server, phones):
    """PX-22 TX-07: own 100 without To tag within 200 ms, with Timestamp."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    started = time.monotonic()
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=[("Timestamp", "12.5")], contact="<%s>" % caller.contact_uri()))
    inv = peer.expect("INVITE")
    peer.answer(inv, 100, headers=[("X-Theirs", "1")])
    trying = caller.receive(0.5)
    assert trying.status == 100 and time.monotonic() - started < 0.4
    assert trying.tag("to") is None and trying.get("timestamp").startswith("12.5") and not trying.all("x-theirs")
    caller.silent(0.3)
    peer.answer(inv, 486)
    caller.expect(486)


def test_double_record_route_between_transports(open_server, phones):
    """PX-15 PX-23 PX-24: TCP caller, UDP callee: two values with their transports; ACK, BYE both ways."""
    bob, peer = plain_phone(phones, open_server)
    caller = TcpPeer(open_server.address("tcp"))
    call_id, tag = token("c"), token()
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", call_id=call_id, from_tag=tag,
                               contact="<%s>" % caller.contact_uri()))
    inv = answer_ok(peer, "INVITE", contact="<%s>" % peer.contact_uri("bob"), to_tag="t1")
    rr = inv.values("record-route")
    assert len(rr) == 2 and "transport=tcp" not in rr[0] and "transport=tcp" in rr[1] and all(";lr" in v for v in rr)
    assert not any("transport=tls" in v for v in rr)
    ok = caller.expect(200)
    route = list(reversed(ok.values("record-route")))
    caller.send(caller.request("ACK", uri_of(ok.get("contact")), "sip:core@elsewhere.invalid", "sip:bob@example.com", call_id=call_id,
                               from_tag=tag, to_tag="t1", route=route))
    assert not peer.expect("ACK").all("route")


def tls_record_route(server, phones, contact):
    """What a phone on TLS with this Contact gets as the Record-Route of its own side."""
    bob = phones(server, "bob", outbound=False)
    flow = bob.open("tls", register=False, bind=("127.0.0.2", 0))
    flow.register(contact=contact)
    caller = core(server)
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri()))
    inv = answer_ok(flow.peer, "INVITE", contact="<%s>" % flow.peer.contact_uri("bob"))
    caller.expect(200)
    assert "SIP/2.0/TLS" in inv.get("via")
    return inv.values("record-route")


def test_tls_record_route_is_sips_and_named_by_the_certificate(open_server, phones):
    """PX-24 PX-26 TP-37: no transport=tls is made here; the host is one that the certificate has."""
    rr = tls_record_route(open_server, phones, "<sip:bob@127.0.0.2:5061>")
    assert rr[0].startswith("<sips:") and "127.0.0.1:%d" % (open_server.port + 1) in rr[0]
    assert "transport=tls" not in "".join(rr)


def test_a_phone_that_says_transport_tls_gets_it_back(open_server, phones):
    """A departure from PX-24, for phones that take sips: in a route set for an unknown scheme and never acknowledge the call."""
    rr = tls_record_route(open_server, phones, "<sip:bob@127.0.0.2:5061;transport=tls>")
    assert rr[0].startswith("<sip:") and ";transport=tls" in rr[0] and "transport=tls" not in rr[1]


def bind_elsewhere(server, user, contacts):
    """Bindings that lead to their Contact, not to a flow: registered through an edge (two Vias), as of 127.0.0.1 it is believed."""
    edge = core(server)
    r = edge.request("REGISTER", "sip:example.com", *["sip:%s@example.com" % user] * 2, headers=[("Contact", c) for c in contacts] + [("Expires", "60")])
    r.headers.insert(1, ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK" + token()))
    edge.send(r)
    edge.expect(200)
    edge.close()


def test_two_aors_that_forward_to_each_other_do_not_loop(make_server):
    """PX-28: a fork of two onto each other, through our own socket, ends with 482 after few messages."""
    server = make_server(config={"domains": [{"name": "example.com", "registration": "open"}],
                                 "peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity", "path"]}]})
    for user in ("alice", "bob"):
        bind_elsewhere(server, user, ["<sip:%s@example.com:%d;maddr=127.0.0.1>" % (other, server.port) for other in ("alice", "bob")])
    caller = core(server)
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri(), max_forwards=12))
    started = time.monotonic()
    assert caller.receive(10, lambda m: m.status >= 200).status == 482
    assert time.monotonic() - started < 3
    assert server.read_log().count("client transaction") < 400


def test_a_spiral_is_no_loop(make_server, phones):
    """PX-29: a-b-c in one domain, each leading to the next through our own socket, reaches the phone."""
    server = make_server(config={"domains": [{"name": "example.com", "registration": "open"}],
                                 "peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity", "path"]}]})
    for user, other in (("alice", "carol"), ("carol", "bob")):
        bind_elsewhere(server, user, ["<sip:%s@example.com:%d;maddr=127.0.0.1>" % (other, server.port)])
    bob = phones(server, "bob", outbound=False)
    flow = bob.open("udp", bind=("127.0.0.2", 0))
    caller = core(server)
    caller.send(caller.request("INVITE", "sip:alice@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri()))
    seen = flow.peer.expect("INVITE")
    assert seen.get("max-forwards") == "67"
    flow.peer.answer(seen, 486)
    assert caller.receive(3, lambda m: m.status >= 200).status == 486


def test_max_breadth(open_server, phones):
    """PX-31: 2 means at most two pending branches at any time."""
    peers = [plain_phone(phones, open_server, n=n)[1] for n in range(2, 7)]
    caller = core(open_server)
    r = caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri(), headers=[("Max-Breadth", "2")])
    caller.send(r)
    time.sleep(0.3)
    pending, seen, answered = [], set(), 0
    while answered < 5:
        for p in peers:
            m = p.receive(0.05)
            if m is not None and m.method == "INVITE" and m.branch not in seen:
                seen.add(m.branch)
                pending.append((p, m))
        assert len(pending) <= 2, len(pending)
        assert pending
        p, m = pending.pop(0)
        assert int(m.get("max-breadth")) >= 1
        p.answer(m, 486)
        answered += 1
    assert caller.receive(3, lambda m: m.status >= 200).status == 486
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=[("Max-Breadth", "0")]))
    caller.expect(440)


def test_max_breadth_is_added_and_cut(open_server, phones):
    """PX-30: 60 when absent or larger, as it came when smaller; one header in all."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    for came, left in ((None, "60"), ("200", "60"), ("7", "7")):
        caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=[("Max-Breadth", came)] if came else []))
        assert answer_ok(peer, "MESSAGE").all("max-breadth") == [left]
        caller.expect(200)


def fork(phones, server, n=2):
    return [plain_phone(phones, server, n=2 + i)[1] for i in range(n)]


def start_fork(server, phones, n=2):
    peers = fork(phones, server, n)
    caller = core(server)
    caller.request_sent = caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid",
                                                     contact="<%s>" % caller.contact_uri()))
    return caller, peers, [p.expect("INVITE") for p in peers]


def test_every_2xx_and_provisional_goes_up_at_once(open_server, phones):
    """PX-32 PX-38 PX-39 TX-05: 180 with its own tag, two 200s, CANCEL with Reason to the loser."""
    caller, peers, invites = start_fork(open_server, phones, 3)
    peers[0].answer(invites[0], 180, to_tag="first")
    assert caller.expect(180).tag("to") == "first"
    peers[0].answer(invites[0], 200, to_tag="first", contact="<%s>" % peers[0].contact_uri())
    assert caller.expect(200).tag("to") == "first"
    peers[1].answer(invites[1], 200, to_tag="second", contact="<%s>" % peers[1].contact_uri())
    assert caller.expect(200).tag("to") == "second"
    peers[2].answer(invites[2], 180, to_tag="third")
    cancel = peers[2].receive(2, lambda m: m.method == "CANCEL")
    assert cancel and "cause=200" in cancel.get("reason") and cancel.branch == invites[2].branch


@pytest.mark.parametrize("statuses,best", [((503, 407, 501, 404), 407), ((404, 486), 486), ((408, 500), 408), ((486, 302), 302),
                                           ((480, 404), 404), ((503, 500), 500), ((404, 484), 484), ((577, 477), 477)])
def test_the_best_response_of_a_fork(open_server, phones, statuses, best):
    """PX-34 OB-82: 6xx first, else lowest class, within 4xx the most useful."""
    caller, peers, invites = start_fork(open_server, phones, len(statuses))
    for p, i, s in zip(peers, invites, statuses):
        p.answer(i, s, headers=[("Proxy-Authenticate", 'Digest realm="r", nonce="n"')] if s == 407 else [])
    assert caller.receive(3, lambda m: m.status >= 200).status == best


def test_a_lone_503_is_not_passed_on(open_server, phones):
    """PX-35."""
    caller, peers, invites = start_fork(open_server, phones, 1)
    peers[0].answer(invites[0], 503, headers=[("Retry-After", "60")])
    assert caller.receive(3, lambda m: m.status >= 200).status == 500


def test_challenges_of_a_fork_are_aggregated(open_server, phones):
    """PX-36 AU-21: every row of both branches, unchanged."""
    caller, peers, invites = start_fork(open_server, phones, 2)
    rows = [('Digest realm="one", nonce="a,b", qop="auth"', 401, "WWW-Authenticate"), ('Digest realm="two", nonce="c", stale=false', 407, "Proxy-Authenticate")]
    for p, i, (row, status, name) in zip(peers, invites, rows):
        p.answer(i, status, headers=[(name, row)])
    m = caller.receive(3, lambda m: m.status >= 200)
    assert m.status in (401, 407)
    assert m.all("www-authenticate") == [rows[0][0]] and m.all("proxy-authenticate") == [rows[1][0]]


def test_6xx_cancels_everybody_and_is_the_answer(open_server, phones):
    """PX-37: forwarded when the ringing branch has ended."""
    caller, peers, invites = start_fork(open_server, phones, 2)
    peers[1].answer(invites[1], 180, to_tag="r")
    caller.expect(180)
    peers[0].answer(invites[0], 603)
    cancel = peers[1].expect("CANCEL")
    peers[1].answer(cancel, 200)
    peers[1].answer(invites[1], 487, to_tag="r")
    assert caller.receive(3, lambda m: m.status >= 200).status == 603


def test_cancel_reaches_every_ringing_branch(open_server, phones):
    """PX-43 PX-45 TX-12: 200 at once, CANCEL with the Reason on each, 487 to the INVITE."""
    caller, peers, invites = start_fork(open_server, phones, 2)
    for p, i in zip(peers, invites):
        p.answer(i, 180, to_tag="r")
    r = caller.request_sent
    h = [("Via", r.get("via")), ("Max-Forwards", "70"), ("From", r.get("from")), ("To", r.get("to")), ("Call-ID", r.call_id),
         ("CSeq", "1 CANCEL"), ("Reason", 'SIP;cause=600;text="Busy Everywhere"')]
    caller.send(Message("CANCEL sip:bob@example.com SIP/2.0", h))
    assert caller.receive(2, lambda m: m.method == "CANCEL").status == 200
    for p, i in zip(peers, invites):
        cancel = p.expect("CANCEL")
        assert "cause=600" in cancel.get("reason")
        p.answer(cancel, 200)
        p.answer(i, 487, to_tag="r")
        p.expect("ACK")
    assert caller.receive(2, lambda m: m.method == "INVITE" and m.status >= 200).status == 487
    h[4] = ("Call-ID", token())
    caller.send(Message("CANCEL sip:bob@example.com SIP/2.0", [("Via", caller.via())] + h[1:]))
    assert caller.receive(2, lambda m: m.method == "CANCEL").status == 481


def test_no_cancel_before_a_provisional(open_server, phones):
    """PX-44: the CANCEL follows the late 180."""
    caller, peers, invites = start_fork(open_server, phones, 2)
    peers[0].answer(invites[0], 200, to_tag="w", contact="<%s>" % peers[0].contact_uri())
    caller.expect(200)
    assert peers[1].receive(0.3, lambda m: m.method == "CANCEL") is None
    peers[1].answer(invites[1], 180, to_tag="late")
    assert peers[1].receive(2, lambda m: m.method == "CANCEL") is not None


def test_stray_and_forged_responses_are_dropped(open_server, phones):
    """PX-33 PX-40 TP-07: no transaction, or a foreign top Via; the response that was asked for passes in between."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid"))
    asked = peer.expect("MESSAGE")
    victim = UdpPeer(open_server.address("udp"), bind=("127.0.0.7", 0))
    for top in ("SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKforged" % open_server.port, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx"):
        host, port = victim.local
        caller.send(Message("SIP/2.0 200 OK", [("Via", top), ("Via", "SIP/2.0/UDP %s:%d;branch=z9hG4bKy" % (host, port)), ("From", "<sip:a@b>;tag=1"),
                                               ("To", "<sip:c@d>;tag=2"), ("Call-ID", token()), ("CSeq", "1 INVITE")]))
    victim.silent(0.3)
    caller.silent(0.1)
    peer.answer(asked, 200)
    caller.expect(200)


def test_a_refused_next_hop_is_answered_at_once(open_server):
    """PX-42: nobody listens there: a final answer in under a second."""
    gone = Listener()
    port = gone.local[1]
    gone.close()
    caller = core(open_server)
    started = time.monotonic()
    caller.send(caller.request("INVITE", "sip:x@127.0.0.1:%d;transport=tcp" % port, "sip:core@elsewhere.invalid"))
    assert caller.receive(2, lambda m: m.status >= 200).status == 500
    assert time.monotonic() - started < 1


def test_ack_for_2xx_is_forwarded_and_for_failures_absorbed(open_server, phones):
    """PX-46 TX-03 TX-04: two kinds of ACK."""
    caller, peers, invites = start_fork(open_server, phones, 1)
    peers[0].answer(invites[0], 486, to_tag="b")
    ack = peers[0].expect("ACK")
    assert ack.branch == invites[0].branch and ack.ruri == invites[0].ruri and len(ack.values("via")) == 1
    busy = caller.receive(2, lambda m: m.status >= 200)
    r = caller.request_sent
    caller.send(Message("ACK sip:bob@example.com SIP/2.0", [("Via", r.get("via")), ("Max-Forwards", "70"), ("From", r.get("from")),
                                                            ("To", busy.get("to")), ("Call-ID", r.call_id), ("CSeq", "1 ACK")]))
    peers[0].silent(0.3)


def test_subscribe_to_a_user_is_489(open_server, phones):
    """SUBSCRIBE and PUBLISH for an own AOR are never forked to phones."""
    bob, peer = plain_phone(phones, open_server)
    caller = core(open_server)
    for method in ("SUBSCRIBE", "PUBLISH"):
        caller.send(caller.request(method, "sip:bob@example.com", "sip:core@elsewhere.invalid", headers=[("Event", "presence")]))
        caller.expect(489)
    peer.silent(0.2)


def test_identity_headers_of_strangers_are_removed(make_server, phones):
    """P-Asserted-Identity is believed from peers with the right, and removed from phones."""
    server = make_server(config={"peers": [{"from": "127.0.0.9", "rights": ["inbound", "identity"]}]})
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflow = alice.open("udp"), bob.open("udp")
    call = alice.invite("sip:bob@example.com", headers=[("P-Asserted-Identity", "<sip:boss@example.com>")], early=True)
    seen = bflow.peer.expect("INVITE")
    assert not seen.all("p-asserted-identity") and not seen.all("proxy-authorization")
    bflow.peer.answer(seen, 486)
    bflow.peer.expect("ACK")
    call.wait()
    trusted = UdpPeer(server.address("udp"), bind=("127.0.0.9", 0))
    trusted.send(trusted.request("MESSAGE", "sip:bob@example.com", "sip:alice@example.com", headers=[("P-Asserted-Identity", "<sip:boss@example.com>")]))
    assert answer_ok(bflow.peer, "MESSAGE").get("p-asserted-identity") == "<sip:boss@example.com>"
    trusted.close()


def test_a_gateway_in_and_out(make_server, phones):
    """routes by number: strip, add, host of the hop; the same call from a stranger is refused."""
    gateway = UdpPeer(("127.0.0.1", 9), bind=("127.0.0.5", 0))
    host, port = gateway.local
    server = make_server(config={
        "peers": [{"from": "127.0.0.5", "rights": ["inbound"]}],
        "routes": [{"prefix": "+7", "to": ["sip:%s:%d" % (host, port)], "strip": 2, "add": "8", "host": "hop"}]})
    gateway.target = server.address("udp")
    alice = phones(server, "alice")
    aflow = alice.open("udp", bind=("127.0.0.6", 0))
    call = alice.invite("sip:+79161234567@example.com", early=True)
    out = Callee.wait(gateway)
    assert out.invite.ruri.startswith("sip:89161234567@%s" % host)
    out.pick_up()
    assert call.wait().status == 200
    out.expect_ack()
    bye = out.within("BYE")
    aflow.peer.answer(aflow.peer.expect("BYE"), 200)
    assert gateway.receive(2, lambda m: m.cseq == bye.cseq and m.method == "BYE").status == 200
    gateway.send(gateway.request("INVITE", "sip:alice@example.com", "sip:+74950000000@%s" % host, contact="<%s>" % gateway.contact_uri()))
    aflow.peer.answer(aflow.peer.expect("INVITE"), 486)
    aflow.peer.expect("ACK")
    assert gateway.receive(2, lambda m: m.status and m.status >= 200 and m.method == "INVITE").status == 486
    stranger = UdpPeer(server.address("udp"), bind=("127.0.0.8", 0))
    stranger.send(stranger.request("INVITE", "sip:+79161234567@example.com", "sip:x@elsewhere.invalid"))
    stranger.expect(403)
    stranger.send(stranger.request("INVITE", "sip:alice@example.com", "sip:x@elsewhere.invalid"))
    stranger.expect(403)
    aflow.peer.silent(0.2)
    r = gateway.send(gateway.request("INVITE", "sip:+79161234567@example.com", "sip:+74950000000@%s" % host))
    assert gateway.receive(2, lambda m: m.call_id == r.call_id and m.status and m.status >= 200).status == 403


@pytest.mark.parametrize("kind", ["udp", "tcp"])
@pytest.mark.parametrize("who", ["caller", "callee"])
def test_two_lines_of_one_connection_call_each_other(server, phones, kind, who):
    """OB-47: an adapter with two users on one flow: the first token is the sender's, the second says whom the request is for; the
    Contact, behind NAT, leads nowhere."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    flow = alice.open(kind, bind=("127.0.0.2", 0))
    line = Flow(bob, flow.peer, 1)
    contact = "<sip:bob@10.255.255.1:5060%s>" % (";transport=tcp" if kind == "tcp" else "")
    line.register(contact=contact)
    call = alice.invite("sip:bob@example.com", early=True)
    leg = Callee.wait(line)
    leg.contact = contact
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    (call if who == "caller" else leg).within("BYE")
    flow.peer.answer(flow.peer.expect("BYE"), 200)
    flow.peer.expect(200)
    line.register(expires=0, contact=contact)
