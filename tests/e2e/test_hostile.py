# SPDX-License-Identifier: Apache-2.0
"""Peers that mean harm, or are out of order: what they must not be able to do."""
import time

from phone import Callee
from sip import UdpPeer, digest


def plain(phones, server, user, n, kind="udp"):
    """A phone without outbound at 127.0.0.n; its flow."""
    return phones(server, user, outbound=False).open(kind, bind=("127.0.0.%d" % n, 0))


def test_ringing_after_the_call_was_answered_elsewhere(make_server, phones):
    """The late 180 of a branch that was given up must not start its timer C again: the branch dies with the call."""
    server = make_server(config={"timers": {"t1": "20ms", "t2": "80ms", "timer_c": "2s"}})
    quick, slow = plain(phones, server, "bob", 2), plain(phones, server, "bob", 3)
    call = phones(server, "alice").open("udp").phone.invite("sip:bob@example.com", early=True)
    picked, late = Callee.wait(quick), Callee.wait(slow)
    picked.pick_up()
    call.wait()
    late.ring()
    slow.peer.expect("CANCEL")
    time.sleep(3.2)                                 # 64*T1, when the call is forgotten, and timer C
    assert phones(server, "carol").open("udp").phone.invite("sip:nobody@example.com").final.status == 404


def stranger(server, n):
    return UdpPeer(server.address("udp"), bind=("127.0.0.%d" % n, 0))


def server_with_gateway(make_server, **domain):
    """A server that sends numbers to a gateway; (server, gateway)."""
    gateway = UdpPeer(("127.0.0.1", 9), bind=("127.0.0.9", 0))
    server = make_server(config={"domains": [dict({"name": "example.com"}, **domain)],
                                 "routes": [{"prefix": "+7", "to": ["sip:%s:%d" % gateway.local]}]})
    gateway.target = server.address("udp")
    return server, gateway


def tries_to_relay(evil, invite, routes, bystanders):
    """With the tokens of its one call a stranger asks for elsewhere: numbers, other hosts, by Request-URI and by Route."""
    elsewhere = ["sip:+7900@example.com", "tel:+7900"] + [b.contact_uri() for b in bystanders]
    for route in routes:
        for from_uri in ("sip:x@evil.example", "tel:+1", "sip:alice@example.com"):
            for cseq, (ruri, more) in enumerate([(u, []) for u in elsewhere] +
                                                [("sip:x@y.example", ["<%s;lr>" % b.contact_uri()]) for b in bystanders]):
                evil.send(evil.request("INVITE", ruri, from_uri, to_tag="x", call_id=invite.call_id, cseq=100 + cseq,
                                       route=[route] + more, contact="<%s>" % evil.contact_uri()))
    for b in bystanders:
        b.silent(0.5)


def test_the_tokens_of_a_call_let_no_stranger_out(make_server, phones):
    """PX-10: whoever was called by a user knows the tokens of that call; they lead to the user, and nowhere else."""
    server, gateway = server_with_gateway(make_server)
    evil, bystander = stranger(server, 7), stranger(server, 8)
    call = plain(phones, server, "alice", 2, "tcp").phone.invite(evil.contact_uri(), early=True)
    callee = Callee.wait(evil)
    callee.pick_up()
    call.wait()
    callee.expect_ack()
    tries_to_relay(evil, callee.invite, callee.invite.values("record-route")[:1], [gateway, bystander])
    callee.within("BYE")
    call.peer.answer(call.peer.expect("BYE"), 200)


def test_the_token_of_a_stranger_who_may_call_leads_only_to_whom_he_called(make_server, phones):
    """PX-10: `inbound: anyone` lets in, not through."""
    server, gateway = server_with_gateway(make_server, inbound="anyone")
    evil, bystander = stranger(server, 7), stranger(server, 8)
    bob = plain(phones, server, "bob", 2)
    invite = evil.send(evil.request("INVITE", "sip:bob@example.com", "sip:x@evil.example", contact="<%s>" % evil.contact_uri()))
    callee = Callee.wait(bob)
    callee.pick_up()
    ok = evil.expect(200)
    route = list(reversed(ok.values("record-route")))
    tries_to_relay(evil, invite, route[:1], [gateway, bystander])
    while evil.receive(0.2):
        pass
    evil.send(evil.request("BYE", callee.contact.strip("<>"), "sip:x@evil.example", "sip:bob@example.com", to_tag=callee.tag,
                           call_id=invite.call_id, cseq=200, route=route))
    bob.peer.answer(bob.peer.expect("BYE"), 200)
    evil.expect(200)


def test_a_phone_hangs_up_what_a_gateway_brought(make_server, phones):
    """Without outbound, over UDP, its Contact where it is: it speaks in the dialog as one of ours, unasked."""
    gateway = UdpPeer(("127.0.0.1", 9), bind=("127.0.0.9", 0))
    server = make_server(config={"peers": [{"from": "127.0.0.9", "rights": ["inbound"]}]})
    gateway.target = server.address("udp")
    bob = plain(phones, server, "bob", 2)
    gateway.send(gateway.request("INVITE", "sip:bob@example.com", "sip:+7900@gateway.example", "sip:+7495@gateway.example",
                                 contact="<%s>" % gateway.contact_uri()))
    callee = Callee.wait(bob)
    callee.pick_up()
    gateway.expect(200)
    callee.within("BYE")
    gateway.answer(gateway.expect("BYE"), 200)
    bob.peer.expect(200)


def test_credentials_for_us_go_no_further(make_server, phones):
    """AU-10: a phone that adds credentials in the dialog, where nobody asks for them, gives the other side nothing to use."""
    server = make_server()
    alice, bob = plain(phones, server, "alice", 2), plain(phones, server, "bob", 3)
    call = alice.phone.invite("sip:bob@example.com", early=True)
    callee = Callee.wait(bob)
    assert not callee.invite.all("proxy-authorization")
    callee.pick_up()
    call.wait()
    callee.expect_ack()
    challenge = 'Digest realm="example.com", nonce="n", algorithm=MD5, qop="auth"'
    other = 'Digest realm="elsewhere.example", nonce="n", algorithm=MD5, qop="auth"'
    mine, others = (digest(c, "INVITE", call.remote, "alice", "wonder-land", nc=2) for c in (challenge, other))
    call.within("INVITE", headers=[("Proxy-Authorization", mine), ("Proxy-Authorization", others)])
    assert bob.peer.expect("INVITE").all("proxy-authorization") == [others]


def test_a_second_gateway_is_answered_with_its_own_nonce(make_server, phones):
    """The first one's challenge is no secret of the second, and the second may ask too."""
    gateways = [UdpPeer(("127.0.0.1", 9), bind=("127.0.0.%d" % n, 0)) for n in (8, 9)]
    server = make_server(config={"routes": [{"prefix": "+7", "username": "us", "password": "secret", "to": [
        {"uri": "sip:%s:%d" % g.local, "priority": i} for i, g in enumerate(gateways)]}]})
    for g in gateways:
        g.target = server.address("udp")
    call = plain(phones, server, "alice", 2).phone.invite("sip:+7900@example.com", early=True)
    for name, g in zip(("first", "second"), gateways):
        invite = g.expect("INVITE")
        assert not invite.all("proxy-authorization")
        g.answer(invite, 407, headers=[("Proxy-Authenticate", 'Digest realm="gw", nonce="%s", algorithm=MD5, qop="auth"' % name)])
        g.expect("ACK")
        invite = g.expect("INVITE")
        assert 'nonce="%s"' % name in invite.get("proxy-authorization")
        g.answer(invite, 503 if name == "first" else 486)
        g.expect("ACK")
    assert call.wait().status == 486


def test_nobody_states_an_identity_for_himself(make_server, phones):
    """P-Asserted-Identity and its like from a phone, under any spelling that a phone could read as such, do not pass."""
    server = make_server()
    alice, bob = plain(phones, server, "alice", 2), plain(phones, server, "bob", 3)
    fake = "<sip:president@example.com>"
    names = ["P-Asserted-Identity", "p-asserted-identity", "P-Asserted-Identity ", "P-Asserted-Identity\t", "Remote-Party-ID",
             "REMOTE-PARTY-ID", "P-Preferred-Identity"]
    alice.phone.invite("sip:bob@example.com", early=True, headers=[(n, fake) for n in names])
    invite = bob.peer.expect("INVITE")
    assert "president" not in invite.bytes().decode()


def test_nobody_makes_us_repeat_ourselves_for_nothing(make_server):
    """TX-31: an INVITE to a user without a phone, or to nobody, is answered once a copy: a forged source gets no volley."""
    server = make_server(config={"domains": [{"name": "example.com", "inbound": "anyone"}]})
    peer = UdpPeer(server.address("udp"))
    for user, status in (("bob", 480), ("nobody", 404)):
        r = peer.send(peer.request("INVITE", "sip:%s@example.com" % user, "sip:x@elsewhere.invalid"))
        first = peer.receive(2)
        assert first.status == status
        assert peer.receive(0.6) is None
        peer.send(r)
        again = peer.receive(2)
        assert again.status == status and again.tag("to") == first.tag("to")
    peer.close()


def test_nobody_grants_himself_the_phone_of_another(make_server, phones):
    """A 200 to a REGISTER that passed through us names no phone of ours, and none of anybody's unless a neighbour says so who may
    hand us flows: else a user, with a server of his own that says 200 to everything, would get what the flows of others lost."""
    server = make_server()
    alice, bob = phones(server, "alice"), phones(server, "bob")
    flow = alice.open("tcp", bind=("127.0.0.2", 0))
    call = bob.open("udp", bind=("127.0.0.3", 0)).phone.invite("sip:alice@example.com", early=True)
    leg = Callee.wait(flow)
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()

    carol, evil = phones(server, "carol").open("tcp", bind=("127.0.0.4", 0)), stranger(server, 7)
    contact = '<%s>;+sip.instance="<%s>";reg-id=9' % (carol.peer.contact_uri(), alice.instance)
    carol.peer.send(carol.peer.request("REGISTER", evil.contact_uri(), "sip:carol@example.com", "sip:alice@example.com",
                                       call_id="own", contact=contact, headers=[("Supported", "path, outbound")]))
    challenge = carol.peer.expect(407).get("proxy-authenticate")
    carol.peer.send(carol.peer.request("REGISTER", evil.contact_uri(), "sip:carol@example.com", "sip:alice@example.com",
                                       call_id="own", cseq=2, contact=contact, headers=[
                                           ("Supported", "path, outbound"),
                                           ("Proxy-Authorization", digest(challenge, "REGISTER", evil.contact_uri(), "carol",
                                                                          server.passwords["carol"]))]))
    seen = evil.expect("REGISTER")
    evil.answer(seen, 200, contact=seen.get("contact") + ";expires=3600", headers=[("Require", "outbound")])
    carol.peer.expect(200)

    flow.peer.reset()
    call.within("BYE")
    carol.peer.silent(1)
    assert call.peer.receive(3, lambda m: m.is_response and m.status >= 200).status == 500


def test_a_stranger_who_calls_through_an_edge_gets_no_further(make_server, phones):
    """PX-10: an edge lets everybody through to its home, who asks; what it writes into the dialog of a stranger leads to that home and
    to the phone, and nowhere else."""
    peers = [{"from": "127.0.0.1", "rights": ["path"]}]
    home = make_server("home", config={"peers": peers, "domains": [{"name": "example.com", "inbound": "anyone"}]})
    route = {"domain": "example.com", "to": ["sip:127.0.0.1:%d;transport=tcp" % home.address("tcp")[1]], "from": "anyone"}
    edge = make_server("edge", domain=None, config={"peers": peers, "routes": [route]})
    bob = phones(home, "bob").open("tcp", server=edge, bind=("127.0.0.2", 0))
    evil, bystander = stranger(edge, 7), stranger(edge, 8)
    invite = evil.send(evil.request("INVITE", "sip:bob@example.com", "sip:x@evil.example", contact="<%s>" % evil.contact_uri()))
    callee = Callee.wait(bob)
    callee.pick_up()
    ok = evil.expect(200)
    route = list(reversed(ok.values("record-route")))
    tries_to_relay(evil, invite, route[:1], [bystander])
    while evil.receive(0.2):
        pass
    evil.send(evil.request("BYE", callee.contact.strip("<>"), "sip:x@evil.example", "sip:bob@example.com", to_tag=callee.tag,
                           call_id=invite.call_id, cseq=200, route=route))
    bob.peer.answer(bob.peer.expect("BYE"), 200)
    assert evil.receive(3, lambda m: m.get("cseq") == "200 BYE").status == 200      # what he did not acknowledge comes again


def test_a_phone_whose_port_was_closed_for_a_moment_is_told_that_it_is_bound_again(make_server, phones):
    """RG-25: it restarts, a call meets its closed port, it registers from the same port: the 200 has its binding."""
    server = make_server()
    alice = plain(phones, server, "alice", 2)
    for outbound in (False, True):
        bob = phones(server, "bob", outbound=outbound).open("udp", bind=("127.0.0.3", 0))
        port = bob.peer.local[1]
        bob.peer.close()
        assert alice.phone.invite("sip:bob@example.com").final.status == 480
        bob.peer = UdpPeer(server.address("udp"), bind=("127.0.0.3", port))
        assert len(bob.register().values("contact")) == 1
        call = alice.phone.invite("sip:bob@example.com", early=True)
        Callee.wait(bob).answer(486)
        assert call.wait().status == 486
        bob.register(expires=0)
        bob.peer.close()


def test_a_phone_that_says_482_and_registers_again_and_again_holds_no_call(make_server, phones):
    """It is silent, moves to another flow, says there that it has the call, and moves once more: its caller gets his answer."""
    server = make_server()
    bob = phones(server, "bob")
    flow = bob.open("tcp", bind=("127.0.0.3", 0))
    call = plain(phones, server, "alice", 2).phone.invite("sip:bob@example.com", early=True)
    flow.peer.expect("INVITE")
    time.sleep(1.4)                                 # silent: its next flow is looked for, once a second
    second = bob.open("tcp", bind=("127.0.0.3", 0))
    flow.peer.reset()
    second.peer.answer(second.peer.expect("INVITE"), 482)
    third = bob.open("tcp", bind=("127.0.0.3", 0))
    until = time.monotonic() + 9
    final = None
    while final is None and time.monotonic() < until:
        for f in (second, third):
            m = f.peer.receive(0.1, lambda m: not m.is_response and m.method == "INVITE")
            if m:
                f.peer.answer(m, 482)
        final = call.peer.receive(0.1, lambda m: m.is_response and m.status >= 200)
    assert final is not None and final.status == 480


def test_a_flow_that_turned_up_takes_the_place_of_the_one_to_be_tried_again(make_server, phones):
    """A phone says 482, and before it is asked once more another flow of it turns up, silent as those before: nothing is left to ask."""
    server = make_server()
    bob = phones(server, "bob")
    lost = [bob.open("tcp", bind=("127.0.0.3", 0)) for _ in range(2)]
    call = plain(phones, server, "alice", 2).phone.invite("sip:bob@example.com", early=True)
    for flow in reversed(lost):                     # silent, one after the other: from then on others are looked for, once a second
        flow.peer.expect("INVITE")
    time.sleep(1.8)
    third = bob.open("tcp", bind=("127.0.0.3", 0))
    for flow in lost:
        flow.peer.reset()
    third.peer.answer(third.peer.expect("INVITE"), 482)
    fourth = bob.open("tcp", bind=("127.0.0.3", 0))
    third.peer.expect("ACK")
    third.peer.expect("INVITE")
    fourth.peer.answer(fourth.peer.expect("INVITE"), 100)
    time.sleep(1)                                   # here the third would be tried again
    call.cancel()
    assert call.wait().status == 487
