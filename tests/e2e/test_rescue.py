# SPDX-License-Identifier: Apache-2.0
"""A dialog outlives the flow it was made over: at one server, and over two edges and a home."""
import select
import signal
import socket
import time

import pytest

from phone import Callee
from sip import UdpPeer, uri_of
from test_edges import Site, connect, far

BOB = "sip:bob@example.com"
KINDS = ["udp", "tcp", "tls"]


def lose(flow):
    """The flow ends: a connection is reset, a UDP socket is closed."""
    getattr(flow.peer, "reset", flow.peer.close)()


def set_up(caller, caller_flow, callee_flow):
    """A call between two flows, answered; the caller's and the callee's side."""
    call = caller.invite(BOB, flow=caller_flow, early=True)
    leg = Callee.wait(callee_flow, timeout=5)
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    return call, leg


def over(side, flow, method, headers=(), body=b""):
    """A request of this side of the dialog, over another flow of its phone."""
    side.peer = flow.peer
    return side.within(method, headers=headers, body=body)


def answered(flow, request, status=200, timeout=5):
    """The final response to the request, which came from this flow."""
    while True:
        m = flow.peer.receive(timeout, lambda m: m.is_response and m.call_id == request.call_id and
                              m.get("cseq") == request.get("cseq"))
        assert m is not None, "no answer to %s" % request.start
        if m.status >= 200:
            assert m.status == status, m.start
            return m


def arrives(request, sender, receiver, status=200):
    """The request comes to the receiver's flow with no Route left; its answer goes back."""
    seen = receiver.peer.expect(request.method, 5)
    assert seen.call_id == request.call_id and seen.get("cseq") == request.get("cseq")
    assert not seen.all("route"), seen.all("route")
    receiver.peer.answer(seen, status, contact="<%s>" % receiver.peer.contact_uri())
    return answered(sender, request, status)


def two_flows(phones, server, user, kind):
    p = phones(server, user)
    return p, [p.open(kind), p.open(kind)]


class Talk:
    """alice calls bob, each with two flows; the call is over alice's first and bob's second, which registered last."""

    def __init__(self, alice, aflows, bob, bflows):
        self.call, self.leg = set_up(alice, aflows[0], bflows[1])
        self.flow = {"caller": aflows[0], "callee": bflows[1]}
        self.sibling = {"caller": aflows[1], "callee": bflows[0]}
        self.side = {"caller": self.call, "callee": self.leg}


@pytest.fixture
def talk(server, phones):
    def make(kind):
        return Talk(*two_flows(phones, server, "alice", kind), *two_flows(phones, server, "bob", kind))
    return make


OTHER = {"caller": "callee", "callee": "caller"}


# --- one server ---

@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_hangs_up_over_its_other_flow(talk, kind, who):
    """The token's flow is dead, or lives; either way the request from a sibling of it is outgoing."""
    t = talk(kind)
    info = over(t.side[who], t.sibling[who], "INFO")
    arrives(info, t.sibling[who], t.flow[OTHER[who]])
    lose(t.flow[who])
    bye = over(t.side[who], t.sibling[who], "BYE")
    arrives(bye, t.sibling[who], t.flow[OTHER[who]])
    t.sibling[who].peer.silent(0.1)


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("kind", KINDS)
def test_requests_towards_the_phone_arrive_over_its_other_flow(talk, kind, who):
    """re-INVITE with its ACK, INFO and BYE, to a phone whose flow of the dialog is gone."""
    t = talk(kind)
    lose(t.flow[who])
    far_side, far_flow = t.side[OTHER[who]], t.flow[OTHER[who]]
    invite = over(far_side, far_flow, "INVITE", headers=[("Contact", "<%s>" % far_flow.peer.contact_uri())])
    arrives(invite, far_flow, t.sibling[who])
    ack = far_side.peer.request("ACK", invite.ruri, uri_of(invite.get("from")), uri_of(invite.get("to")), from_tag=invite.tag("from"),
                                to_tag=invite.tag("to"), call_id=invite.call_id, cseq=invite.cseq, route=invite.values("route"))
    far_side.peer.send(ack)
    assert t.sibling[who].peer.expect("ACK").cseq == invite.cseq
    for method in ("INFO", "BYE"):
        arrives(over(far_side, far_flow, method), far_flow, t.sibling[who])


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_the_ack_arrives_over_the_other_flow(server, phones, kind):
    """PX-46: the flow ended when the phone had just answered; the ACK, which nobody answers, is not sent in vain."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflows = alice.open("udp"), [bob.open(kind), bob.open(kind)]
    call = alice.invite(BOB, flow=aflow, early=True)
    Callee.wait(bflows[1]).pick_up()
    time.sleep(0.1)
    lose(bflows[1])
    time.sleep(0.1)
    assert call.wait().status == 200
    assert bflows[0].peer.expect("ACK").cseq == call.cseq


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_a_phone_that_may_come_back_keeps_its_dialog(server, phones, kind):
    """OB-84: no flow left is 500 with Retry-After, never 430; after its return the same dialog goes on."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflow = alice.open("udp"), bob.open(kind)
    call, leg = set_up(alice, aflow, bflow)
    lose(bflow)
    time.sleep(0.1)
    answer = answered(aflow, call.within("INFO"), 500)
    assert int(answer.get("retry-after")) > 0
    back = bob.open(kind, reg_id=1)
    arrives(call.within("INFO"), aflow, back)
    arrives(over(leg, back, "BYE"), back, aflow)


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_a_phone_that_unregistered_ends_its_dialog(server, phones, kind):
    """Nobody will come back: 481."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflow = alice.open("udp"), bob.open(kind)
    call, leg = set_up(alice, aflow, bflow)
    lose(bflow)
    last = bob.open(kind, reg_id=1)
    last.register(expires=0)
    lose(last)
    time.sleep(0.1)
    answered(aflow, call.within("INFO"), 481)


def test_another_phone_of_the_user_is_no_sibling(server, phones):
    """The registration is that of the phone, not of the address."""
    alice, bob, other = phones(server, "alice"), phones(server, "bob"), phones(server, "bob")
    aflow, bflow = alice.open("udp"), bob.open("tcp")
    call, leg = set_up(alice, aflow, bflow)
    stranger = other.open("tcp")
    lose(bflow)
    time.sleep(0.1)
    answered(aflow, call.within("INFO"), 500)
    bye = over(leg, stranger, "BYE")
    assert stranger.peer.receive(3, lambda m: m.is_response and m.call_id == bye.call_id).status >= 400
    stranger.peer.silent(0.2)
    aflow.peer.silent(0.2)


def test_a_phone_without_instance_is_known_by_its_contact(server, phones):
    """It reconnects, and registers the Contact that the dialog has: requests find it."""
    alice, bob = phones(server, "alice"), phones(server, "bob", outbound=False)
    aflow, bflow = alice.open("udp"), bob.open("tcp")
    contact = "<%s>" % bflow.peer.contact_uri("bob")
    call, leg = set_up(alice, aflow, bflow)
    lose(bflow)
    back = bob.open("tcp", register=False)
    back.register(contact=contact)
    arrives(call.within("INFO"), aflow, back)
    arrives(over(leg, back, "BYE"), back, aflow)


def test_a_phone_that_calls_itself_keeps_its_two_ends_apart(server, phones):
    """Both tokens name the same registration: the first that fits is the sender's, the second is for the other flow."""
    bob, flows = two_flows(phones, server, "bob", "tcp")
    call, leg = set_up(bob, flows[0], flows[1])
    arrives(call.within("INFO"), flows[0], flows[1])
    arrives(leg.within("INFO"), flows[1], flows[0])
    arrives(call.within("BYE"), flows[0], flows[1])


@pytest.mark.parametrize("behind_edge", [False, True])
def test_a_call_to_a_gateway(make_server, phones, behind_edge):
    """Its caller is rescued; when the gateway is down he hears 500, not 481: whether it comes back nobody here knows."""
    gateway = UdpPeer(("127.0.0.1", 9))
    to = "sip:+1555@%s" % ("example.com" if behind_edge else "pstn.invalid")
    config = {"routes": [{"prefix" if behind_edge else "domain": "+1" if behind_edge else "pstn.invalid",
                          "to": ["sip:127.0.0.1:%d" % gateway.local[1]]}]}
    if behind_edge:                                         # unchallenged, so small enough for UDP on both sides of the home
        config["peers"] = [{"from": "127.0.0.1", "rights": ["path", "identity", "relay"]}]
        site = Site(make_server, link="udp", home_config=config)
        home, doors = site.home, site.edges
    else:
        home = make_server(config=config)
        doors = [home, home]
    alice = phones(home, "alice")
    flows = [alice.open("udp", server=door, **far(n=2)) for door in doors]
    alice.password = None if behind_edge else alice.password
    call = alice.invite(to, flow=flows[0], early=True)
    gateway.target = home.address("udp")
    leg = Callee.wait(gateway)
    assert "transport=tcp" not in "".join(leg.invite.values("record-route"))
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    lose(flows[0])
    info = leg.within("INFO")
    flows[1].peer.answer(flows[1].peer.expect("INFO"), 200)
    assert gateway.receive(3, lambda m: m.is_response and m.call_id == info.call_id).status == 200
    gateway.close()
    answered(flows[1], over(call, flows[1], "INFO"), 500)
    flows[1].peer.silent(0.2)


# --- flows that say nothing, within a dialog ---

QUICK = {"failover": {"stream": "150ms", "udp": "250ms", "other": "450ms", "give_up": "1s"}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_silent_flow_is_replaced_in_its_dialog(make_server, phones, kind):
    """The request goes over the sibling too, the next one there at once, with the ACK; a byte from the silent one brings it back."""
    server = make_server(config=QUICK)
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflows = alice.open("udp"), [bob.open(kind), bob.open(kind)]
    call, leg = set_up(alice, aflow, bflows[1])
    info = call.within("INFO")
    seen = bflows[0].peer.expect("INFO", 3)
    assert not seen.all("route")
    bflows[0].peer.answer(seen, 200)
    answered(aflow, info)
    bflows[1].peer.expect("INFO")
    started = time.monotonic()
    arrives(call.within("INFO"), aflow, bflows[0])
    assert time.monotonic() - started < 0.15, "the silent flow goes last"
    bflows[1].register()
    bye = call.within("BYE")
    seen = bflows[1].peer.receive(3, lambda m: m.method == "BYE")   # before it: copies of INFO, and the OPTIONS of the probe
    bflows[1].peer.answer(seen, 200)
    answered(aflow, bye)


def test_one_silent_flow_after_the_other_in_a_dialog(make_server, phones):
    """PX-30: what may be open at a time leaves room for every flow of the phone."""
    server = make_server(config={"failover": {**QUICK["failover"], "give_up": "20s"}})
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflows = alice.open("udp"), [bob.open("tcp") for _ in range(4)]
    call, leg = set_up(alice, aflow, bflows[3])
    info = call.within("INFO")
    seen = bflows[0].peer.expect("INFO", 4)
    assert all(int(f.peer.expect("INFO").get("max-breadth")) > 1 for f in bflows[1:])
    bflows[0].peer.answer(seen, 200)
    answered(aflow, info)


def test_a_phone_that_comes_back_while_a_request_waits_gets_it(make_server, phones):
    """Its one flow is silent; the next it registers is asked within a second or so."""
    server = make_server(config=QUICK)
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflow = alice.open("udp"), bob.open("tcp")
    call, leg = set_up(alice, aflow, bflow)
    info = call.within("INFO")
    bflow.peer.expect("INFO")
    time.sleep(0.7)
    back = bob.open("tcp")
    back.peer.answer(back.peer.expect("INFO", 3), 200)
    answered(aflow, info)


def test_over_edges_a_phone_without_instance_is_known_by_its_contact(site, phones):
    """It comes back at the other edge: home and edge know it by its address, the home by the Contact of the dialog too."""
    alice, bob = phones(site.home, "alice"), phones(site.home, "bob", outbound=False)
    aflow = alice.open("udp", server=site.edges[0], **far(n=2))
    bflow = bob.open("tcp", server=site.edges[1], **far(n=3))
    contact = "<%s>" % bflow.peer.contact_uri("bob")
    call, leg = set_up(alice, aflow, bflow)
    lose(bflow)
    back = bob.open("tcp", server=site.edges[0], register=False, **far(n=3))
    back.register(contact=contact)
    arrives(call.within("INFO"), aflow, back)
    arrives(over(leg, back, "BYE"), back, aflow)


# --- tokens of a dialog ---

def own_values(server, request):
    return [v for v in request.values("record-route") if ":%d" % server.port in v or ":%d" % (server.port + 1) in v]


def test_a_token_serves_its_dialog_only(server, phones):
    """OB-50: under another Call-ID, or without a To tag, the token opens nothing."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflow = alice.open("tcp"), bob.open("tcp")
    call, leg = set_up(alice, aflow, bflow)
    peer = UdpPeer(server.address("udp"))
    for kw in (dict(call_id="another-dialog", to_tag="x"), dict(call_id=call.call_id), dict(call_id=call.call_id.upper(), to_tag="x")):
        r = peer.request("INFO", call.remote, "sip:eve@elsewhere.invalid", route=call.route_set, **kw)
        peer.send(r)
        assert peer.receive(2, lambda m: m.is_response).status == 403, kw
    bflow.peer.silent(0.2)
    aflow.peer.silent(0.1)
    peer.close()


def test_a_token_of_another_cluster_opens_nothing(make_server, phones):
    """OB-50: a key that we do not have: not 403, but nothing arrives."""
    one, two = make_server("one"), make_server("two")
    alice, bob = phones(one, "alice"), phones(one, "bob")
    aflow, bflow = alice.open("tcp"), bob.open("tcp")
    call, leg = set_up(alice, aflow, bflow)
    peer = UdpPeer(two.address("udp"))
    foreign = [v.replace(":%d" % one.port, ":%d" % two.port) for v in call.route_set]
    peer.send(peer.request("INFO", call.remote, alice.aor, to_tag="x", call_id=call.call_id, route=foreign))
    assert peer.receive(2, lambda m: m.is_response).status in (481, 500)
    bflow.peer.silent(0.2)
    peer.close()


def flip(uri):
    """The same value with one character of its token changed."""
    user = uri_of(uri).split(":", 1)[1].split("@")[0]
    at = len(user) // 2
    return uri.replace(user, user[:at] + ("A" if user[at] != "A" else "B") + user[at + 1:])


def test_a_forged_token_of_a_dialog_is_403(server, phones):
    """OB-43 OB-50: also inside its dialog, from the party itself."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    aflow, bflow = alice.open("tcp"), bob.open("tcp")
    call, leg = set_up(alice, aflow, bflow)
    good = call.route_set
    for i in range(len(good)):
        call.route_set = good[:i] + [flip(good[i])] + good[i + 1:]
        answered(aflow, call.within("INFO"), 403)
    bflow.peer.silent(0.2)


# --- two edges and a home ---

@pytest.fixture
def site(make_server):
    return Site(make_server)


def talk_at(site, phones):
    """Alice at edges 1 and 2, bob too; the call goes in through edge 1 and out through edge 2."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    t = Talk(alice, aflows, bob, bflows)
    t.edge = {"caller": site.edges[0], "callee": site.edges[1]}
    t.phone = {"caller": alice, "callee": bob}
    return t


@pytest.fixture
def far_talk(site, phones):
    return talk_at(site, phones)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_over_edges_a_phone_whose_flow_ended_speaks_over_its_other_edge(far_talk, who):
    """The other edge knows the token of the first by the cluster's key, and the phone by its registration."""
    t = far_talk
    lose(t.flow[who])
    for method in ("INFO", "BYE"):
        arrives(over(t.side[who], t.sibling[who], method), t.sibling[who], t.flow[OTHER[who]])
    t.sibling[who].peer.silent(0.1)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_over_edges_a_phone_whose_flow_ended_is_reached_over_its_other_edge(far_talk, who):
    """OB-49 OB-51: the edge says 430, the home rescues: re-INVITE and its ACK, INFO and BYE."""
    t = far_talk
    lose(t.flow[who])
    rescued(t, who)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_over_edges_a_phone_is_known_among_those_of_its_user(site, phones, who):
    """The home tells the caller's phones apart by the Contact of the INVITE, the callee's by where the call went."""
    t = talk_at(site, phones)
    user = {"caller": "alice", "callee": "bob"}[who]
    other, others = connect(phones, site, user, 5)
    if who == "caller":
        lose(t.flow["callee"])                              # a call that began when both phones were there
        alice, bob = t.phone["caller"], t.phone["callee"]
        t.call, t.leg = set_up(alice, t.flow["caller"], t.sibling["callee"])
        t.side, t.flow["callee"] = {"caller": t.call, "callee": t.leg}, t.sibling["callee"]
    lose(t.flow[who])
    rescued(t, who)
    for flow in others:
        flow.peer.silent(0.1)


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("kind", KINDS)
def test_two_flows_at_one_edge(site, phones, kind, who):
    """The edge finds the other flow by itself: the home hears no 430, and keeps what is bound."""
    alice, bob = phones(site.home, "alice"), phones(site.home, "bob")
    aflows = [alice.open(kind, server=site.edges[0], **far(n=2)) for _ in range(2)]
    bflows = [bob.open(kind, server=site.edges[1], **far(n=3)) for _ in range(2)]
    t = Talk(alice, aflows, bob, bflows)
    lose(t.flow[who])
    arrives(over(t.side[who], t.sibling[who], "INFO"), t.sibling[who], t.flow[OTHER[who]])
    rescued(t, who)
    assert len(site.home.bindings("sip:%s@example.com" % {"caller": "alice", "callee": "bob"}[who])) == 2


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize("fate", ["killed", "restarted"])
@pytest.mark.parametrize("link", KINDS)
def test_an_edge_that_goes_takes_no_dialog_along(make_server, phones, link, who, fate):
    """kill -9: the phone speaks over its other edge and is reached over it; the edge that comes back says 430."""
    site = Site(make_server, link=link)
    t = talk_at(site, phones)
    t.edge[who].kill()
    if fate == "restarted":
        t.edge[who].start()
    arrives(over(t.side[who], t.sibling[who], "INFO"), t.sibling[who], t.flow[OTHER[who]])
    rescued(t, who)
    assert len(site.home.bindings(t.phone[who].aor)) == 2


def rescued(t, who):
    """Requests to this party arrive over its other edge, the first as fast as the last."""
    far_side, far_flow, sibling = t.side[OTHER[who]], t.flow[OTHER[who]], t.sibling[who]
    started = time.monotonic()
    invite = over(far_side, far_flow, "INVITE", headers=[("Contact", "<%s>" % far_flow.peer.contact_uri())])
    arrives(invite, far_flow, sibling)
    assert time.monotonic() - started < 1
    far_side.peer.send(far_side.peer.request("ACK", invite.ruri, uri_of(invite.get("from")), uri_of(invite.get("to")),
                                             from_tag=invite.tag("from"), to_tag=invite.tag("to"), call_id=invite.call_id,
                                             cseq=invite.cseq, route=invite.values("route")))
    assert sibling.peer.expect("ACK").cseq == invite.cseq
    for method in ("INFO", "BYE"):
        arrives(over(far_side, far_flow, method), far_flow, sibling)


def test_with_no_way_left_the_home_says_whether_the_phone_may_come_back(far_talk):
    """OB-84: 500 with Retry-After while bob is registered, 481 when he is not; 430 to no phone."""
    t = far_talk
    lose(t.flow["callee"])
    lose(t.sibling["callee"])
    time.sleep(0.1)
    for _ in range(2):
        answer = answered(t.flow["caller"], over(t.call, t.flow["caller"], "INFO"), 500)
        assert int(answer.get("retry-after")) > 0
    bob = t.phone["callee"]
    last = bob.open("tcp", server=t.edge["callee"], reg_id=2, **far(n=3))
    arrives(over(t.call, t.flow["caller"], "INFO"), t.flow["caller"], last)
    for reg_id in (1, 2):
        last.reg_id = reg_id
        last.register(expires=0)
    lose(last)
    time.sleep(0.1)
    answered(t.flow["caller"], over(t.call, t.flow["caller"], "INFO"), 481)


def test_both_edges_and_both_flows_lost_one_after_the_other(site, far_talk):
    """The dialog wanders: each time the way that is left is found."""
    t = far_talk
    lose(t.flow["caller"])
    lose(t.flow["callee"])
    arrives(over(t.call, t.sibling["caller"], "INFO"), t.sibling["caller"], t.sibling["callee"])
    arrives(over(t.leg, t.sibling["callee"], "INFO"), t.sibling["callee"], t.sibling["caller"])
    arrives(over(t.leg, t.sibling["callee"], "BYE"), t.sibling["callee"], t.sibling["caller"])


def test_a_flow_that_is_silent_at_its_edge_is_replaced_over_the_other(make_server, phones):
    """The edge says so in a 100, long before the home would wonder; the home tries the other edge; the ACK takes the way of the
    re-INVITE."""
    site = Site(make_server, QUICK, home_config={"failover": {"stream": "4s"}})
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    call, leg = set_up(alice, aflows[0], bflows[1])
    invite = call.within("INVITE", headers=[("Contact", "<%s>" % aflows[0].peer.contact_uri())])
    bflows[1].peer.expect("INVITE")
    arrives(invite, aflows[0], bflows[0])
    call.within("ACK", cseq=invite.cseq)
    assert bflows[0].peer.expect("ACK").cseq == invite.cseq


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_an_edge_that_stops_without_a_sign_is_replaced(make_server, phones, who):
    """No power, no FIN: its silence moves the request on, and the next one goes elsewhere at once."""
    site = Site(make_server, QUICK)
    t = talk_at(site, phones)
    edge = t.edge[who]
    edge.process.send_signal(signal.SIGSTOP)
    try:
        arrives(over(t.side[OTHER[who]], t.flow[OTHER[who]], "INFO"), t.flow[OTHER[who]], t.sibling[who])
        started = time.monotonic()
        arrives(over(t.side[OTHER[who]], t.flow[OTHER[who]], "INFO"), t.flow[OTHER[who]], t.sibling[who])
        assert time.monotonic() - started < 0.3
        arrives(over(t.side[who], t.sibling[who], "BYE"), t.sibling[who], t.flow[OTHER[who]])
    finally:
        edge.process.send_signal(signal.SIGCONT)


# --- one flow at the home, one at an edge ---

@pytest.mark.parametrize("lost", ["direct", "edge"])
def test_a_phone_with_a_flow_at_the_home_and_one_at_an_edge(site, phones, lost):
    """Each is the other's sibling, though different nodes wrote their tokens."""
    alice, bob = phones(site.home, "alice"), phones(site.home, "bob")
    aflow = alice.open("tcp", server=site.edges[0], **far(n=2))
    flows = {"edge": bob.open("tcp", server=site.edges[1], **far(n=3))}
    flows["direct"] = bob.open("tcp", server=site.home, **far(n=3))
    other = {"direct": "edge", "edge": "direct"}[lost]
    flows[lost].register()                                  # the newest flow takes the call
    call, leg = set_up(alice, aflow, flows[lost])
    lose(flows[lost])
    arrives(over(leg, flows[other], "INFO"), flows[other], aflow)
    arrives(over(call, aflow, "INFO"), aflow, flows[other])
    arrives(over(leg, flows[other], "BYE"), flows[other], aflow)


# --- an edge that is known to be down ---

class Counter:
    """A TCP port in the place of a dead edge: how often is it tried?"""

    def __init__(self, edge):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(edge.address("tcp"))
        self.sock.listen(16)

    def tried(self):
        return bool(select.select([self.sock], [], [], 0.1)[0])


def test_a_known_dead_edge_is_asked_last(site, phones):
    """PX-42: it costs one failed connection, then nothing, in calls and in dialogs; its bindings stay."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    call, leg = set_up(alice, aflows[0], bflows[1])
    site.edges[1].kill()
    again, leg = set_up(alice, aflows[0], bflows[0])
    dead = Counter(site.edges[1])
    arrives(over(again, aflows[0], "BYE"), aflows[0], bflows[0])
    arrives(over(call, aflows[0], "INFO"), aflows[0], bflows[0])
    call, leg = set_up(alice, aflows[0], bflows[0])
    arrives(over(leg, bflows[0], "BYE"), bflows[0], aflows[0])
    assert not dead.tried()
    assert len(site.home.bindings(BOB)) == 2
    bflows[0].peer.reset()
    time.sleep(0.1)
    alice.invite(BOB, flow=aflows[0], early=True)
    assert dead.tried(), "with no other way left it is tried all the same"
    dead.sock.close()
