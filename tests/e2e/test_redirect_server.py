# SPDX-License-Identifier: Apache-2.0
"""A domain whose callers are told where its users are: `serve: redirect`. And what a 3xx does among other branches."""
import pytest

from phone import Callee, header_param
from sip import UdpPeer, token, uri_of

REDIRECT = {"domains": [{"name": "example.com", "serve": "redirect"}]}


@pytest.fixture
def redirecting(make_server, phones):
    s = make_server(config=REDIRECT)
    alice = phones(s, "alice")
    alice.open("udp")
    return s, alice


def plain(phones, server, user, *contacts):
    """A phone without outbound and its flow; in a contact {here} is its own, {at} its address."""
    flow = phones(server, user, outbound=False).open("udp", register=False)
    values = ", ".join(contacts or ("<{here}>",)).format(here=flow.peer.contact_uri(user), at="%s:%d" % flow.peer.local)
    answer = flow.phone.transact(flow.peer, "REGISTER", "sip:example.com", flow.phone.aor, flow, [("Expires", "600")], values,
                                 from_uri=flow.phone.aor)
    assert answer.status == 200
    return flow


def told(alice, uri, **kw):
    answer = alice.invite(uri, early=True, **kw).wait()
    return answer.status, [uri_of(c) for c in answer.values("contact")], answer


def test_bindings_are_told(redirecting, phones):
    """RD-03: 302 with every place, by q, each with its lifetime."""
    s, alice = redirecting
    flow = plain(phones, s, "bob", "<{here}>;q=0.3", "<sip:second@{at}>;q=0.8")
    status, uris, answer = told(alice, "sip:bob@example.com")
    assert status == 302
    assert uris == ["sip:second@%s:%d" % flow.peer.local, flow.peer.contact_uri("bob")]
    assert all(590 <= int(header_param(c, "expires")) <= 600 for c in answer.values("contact"))
    flow.peer.silent()


def test_address_itself_is_no_place(redirecting, phones):
    """RD-04: a binding equal to the address that was called: 404, no 3xx; the same user at another port is another place."""
    s, alice = redirecting
    plain(phones, s, "bob", "<sip:bob@example.com>")
    assert told(alice, "sip:bob@example.com")[0] == 404
    flow = plain(phones, s, "carol")
    assert told(alice, "sip:carol@example.com")[:2] == (302, [flow.peer.contact_uri("carol")])


def test_challenge_of_a_redirect_server(redirecting):
    """RD-10: 401, never 407."""
    s, alice = redirecting
    peer = UdpPeer(s.address("udp"))
    peer.send(peer.request("INVITE", "sip:bob@example.com", "sip:alice@example.com", contact="<sip:alice@%s:%d>" % peer.local))
    answer = peer.expect(401)
    assert answer.get("www-authenticate") and not answer.get("proxy-authenticate")
    peer.close()


def test_phone_behind_a_flow_is_not_given_away(redirecting, phones):
    """RD-14: only its flow leads to it: the call is proxied."""
    s, alice = redirecting
    bob = phones(s, "bob")
    flow = bob.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    leg = Callee.wait(flow)
    leg.answer(486)
    leg.expect_ack()
    assert call.wait().status == 486


def test_scheme_follows_the_registration(redirecting, phones):
    """RD-15: who registered by sip is told as sip, to a sips: call too."""
    s, alice = redirecting
    flow = plain(phones, s, "bob")
    assert told(alice, "sip:bob@example.com")[1] == [flow.peer.contact_uri("bob")]
    safe = alice.open("tls", register=False)
    assert told(alice, "sips:bob@example.com", flow=safe)[:2] == (302, [flow.peer.contact_uri("bob")])


def test_redirect_names_the_entry_it_was_mapped_from(redirecting, phones):
    """RD-48: rc for a binding, mp for a move, for who knows History-Info."""
    s, alice = redirecting
    plain(phones, s, "bob")
    s.command("move", "add", "--state", s.state, "sip:carol@example.com", "sip:bob@example.com")
    for user, how in (("bob", "rc"), ("carol", "mp")):
        uri = "sip:%s@example.com" % user
        assert header_param(told(alice, uri, headers=[("Supported", "histinfo")])[2].get("contact"), how) == "1"
        assert header_param(told(alice, uri)[2].get("contact"), how) is None


def test_cancel_of_a_redirected_call(redirecting, phones):
    """RD-02: 200 for one that matches, 481 for one that does not."""
    s, alice = redirecting
    plain(phones, s, "bob")
    call = alice.invite("sip:bob@example.com", early=True)
    call.cancel()
    answer = alice.flows[0].peer.receive(3, lambda m: m.is_response and m.method == "CANCEL")
    assert answer.status == 200
    call.request.headers[0] = ("Via", alice.flows[0].peer.via())
    call.cancel()
    answer = alice.flows[0].peer.receive(3, lambda m: m.is_response and m.method == "CANCEL")
    assert answer.status == 481


# --- a proxy's 3xx ---

def test_redirect_of_a_foreign_domain_is_passed(make_server, phones):
    """RD-37: not ours to follow, whatever the phones may do."""
    s = make_server(config={"moves": {"phones": "learn", "others": "follow", "domains": "learn"}})
    alice = phones(s, "alice")
    alice.open("udp")
    foreign = UdpPeer(s.address("udp"))
    call = alice.invite("sip:x@127.0.0.1:%d" % foreign.local[1], early=True)
    leg = Callee(foreign, foreign.expect("INVITE"))
    foreign.answer(leg.invite, 302, to_tag=leg.tag, contact="<sip:alice@example.com>")
    answer = call.wait()
    assert answer.status == 302
    assert answer.get("contact") == "<sip:alice@example.com>"
    foreign.close()


def test_redirect_waits_for_the_other_branches(make_server, phones):
    """RD-42: 302 from one phone, 180 and then 486 from the other: the caller gets the 302 after the 486."""
    s = make_server(config={"moves": {"phones": "pass"}})
    alice, one, two = phones(s, "alice"), phones(s, "bob"), phones(s, "bob")
    for phone in (alice, one, two):
        phone.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    first, second = Callee.wait(one.flows[0]), Callee.wait(two.flows[0])
    second.ring()
    first.peer.answer(first.invite, 302, to_tag=first.tag, contact="<sip:carol@example.com>")
    first.expect_ack()
    assert call.next().status in (100, 180)
    while (m := call.peer.receive(0.4)):
        assert m.status < 200
    second.answer(486)
    assert call.wait().status == 302


def test_forged_redirect_is_dropped(make_server, phones):
    """RD-46: a 302 with a branch that nobody waits for, and one that comes after the answer."""
    s = make_server(config={"moves": {"phones": "learn"}})
    alice, bob, carol = phones(s, "alice"), phones(s, "bob"), phones(s, "carol")
    for phone in (alice, bob, carol):
        phone.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    leg = Callee.wait(bob.flows[0])
    forged = leg.peer.response(leg.invite, 302, to_tag=leg.tag, contact="<sip:carol@example.com>")
    forged.headers[0] = ("Via", forged.headers[0][1].replace(leg.invite.branch, "z9hG4bK" + token()))
    leg.peer.send(forged)
    carol.flows[0].peer.silent()
    leg.answer(486)
    leg.expect_ack()
    assert call.wait().status == 486
    leg.peer.answer(leg.invite, 302, to_tag=leg.tag, contact="<sip:carol@example.com>")
    carol.flows[0].peer.silent()
