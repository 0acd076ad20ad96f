# SPDX-License-Identifier: Apache-2.0
"""sips: a request that says it goes to phones that said it, and leaves routes that say it. RFC 5630, RFC 3261 §16.6."""
import pytest

from phone import Callee


def bound(phones, server, user, scheme):
    """A phone on TLS whose Contact has this scheme."""
    p = phones(server, user)
    flow = p.open("tls", register=False)
    host, port = flow.peer.local
    contact = "<%s:%s@%s:%d>" % (scheme, user, host, port)
    answer = p.transact(flow.peer, "REGISTER", scheme + ":" + p.domain, p.aor, None,
                        [("Supported", "path, outbound"), ("Expires", "600")],
                        contact + ';+sip.instance="<%s>";reg-id=1' % p.instance)
    assert answer.status == 200, answer.start
    return p, flow


def call(alice, flow, uri, scheme):
    host, port = flow.peer.local
    c = alice.invite(uri, flow=flow, early=True)
    assert c.request.ruri.startswith(scheme)
    return c


@pytest.mark.parametrize("kind", ["tls", "tcp", "udp"])
def test_a_sips_request_leaves_sips_routes(server, phones, kind):
    """PX-25: whatever the request came on; and requests of both sides find their way by them."""
    alice = phones(server, "alice")
    aflow = alice.open(kind)
    bob, bflow = bound(phones, server, "bob", "sips")
    c = call(alice, aflow, "sips:bob@example.com", "sips:")
    leg = Callee.wait(bflow)
    assert leg.invite.ruri.startswith("sips:bob@")
    routes = leg.invite.values("record-route")
    assert routes and all(v.startswith("<sips:") and "transport" not in v for v in routes), routes
    assert all(":%d" % (server.port + 1) in v for v in routes), routes
    leg.pick_up()
    assert c.wait().status == 200
    leg.expect_ack()
    info = c.within("INFO")
    bflow.peer.answer(bflow.peer.expect("INFO"), 200)
    assert alice.final(aflow.peer, info).status == 200
    bye = leg.within("BYE")
    aflow.peer.answer(aflow.peer.expect("BYE"), 200)
    assert bob.final(bflow.peer, bye).status == 200


def test_a_sips_request_goes_to_no_phone_that_is_bound_by_sip(server, phones):
    """PX-27: 480 with Warning 380, also when the phone is on TLS: there is no exception for the last hop."""
    alice = phones(server, "alice")
    aflow = alice.open("tls")
    bob, bflow = bound(phones, server, "bob", "sip")
    c = call(alice, aflow, "sips:bob@example.com", "sips:")
    answer = c.wait()
    assert answer.status == 480 and answer.get("warning").startswith("380 ")
    bflow.peer.silent(0.2)


@pytest.mark.parametrize("scheme", ["sip", "sips"])
def test_a_sip_request_stays_sip_over_tls(server, phones, scheme):
    """PX-27: a phone bound by sips: gets sip: with the rest of its Contact as it is."""
    alice = phones(server, "alice")
    aflow = alice.open("udp")
    bob, bflow = bound(phones, server, "bob", scheme)
    c = call(alice, aflow, "sip:bob@example.com", "sip:")
    leg = Callee.wait(bflow)
    assert leg.invite.ruri == "sip:bob@%s:%d" % bflow.peer.local
    assert "SIP/2.0/TLS" in leg.invite.get("via")
    leg.answer(486)
    assert c.wait().status == 486
