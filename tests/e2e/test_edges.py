# SPDX-License-Identifier: Apache-2.0
"""Two edges and one home, three processes: Path with flow tokens, 430 between them, and the death of an edge."""
import json
import os
import shutil
import statistics
import time

import pytest

from phone import Callee
from sip import UdpPeer, uri_of

DOMAIN = "example.com"
LOOPBACK = [{"from": "127.0.0.0/8", "rights": ["path"]}]


class Site:
    """home: registrar and proxy of example.com. edges: relay to it, with the same keys: one cluster. Phones come from 127.0.0.2 and
    up, so that they are no peers."""

    def __init__(self, make_server, config=None, link="tcp", home_config=None):
        home_peers = [{"from": "127.0.0.1", "rights": ["path"]}]
        config = {"peers": home_peers, **(config or {})}
        self.home = make_server("home", config={**config, **(home_config or {})})
        route = [{"domain": DOMAIN, "to": ["sip:127.0.0.1:%d;transport=%s" % (self.home.address(link)[1], link)], "from": "anyone"}]
        self.edges = [make_server("edge%d" % i, start=False, domain=None, config={"routes": route, **config}) for i in (1, 2)]
        for e in self.edges:
            shutil.copy(os.path.join(self.home.state, "flow-keys"), e.state)
            e.start()
            e.passwords = self.home.passwords


@pytest.fixture
def site(make_server):
    return Site(make_server)


def far(kind="tcp", n=2):
    return {"bind": ("127.0.0.%d" % n, 0)}


def connect(phones, site, user, n):
    """A phone registered through both edges."""
    p = phones(site.home, user)
    flows = [p.open("tcp", server=e, register=False, **far(n=n)) for e in site.edges]
    for f in flows:
        f.register()
    return p, flows


def whole_call(caller, flow, callee_flow):
    started = time.monotonic()
    call = caller.invite("sip:bob@" + DOMAIN, flow=flow, early=True)
    leg = Callee.wait(callee_flow, timeout=5)
    leg.ring()
    while call.next().status != 180:
        pass
    took = (time.monotonic() - started) * 1000
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    return took, call, leg


def test_registration_through_an_edge_has_path_and_outbound(site, phones):
    """OB-36 OB-37 OB-38 OB-40 OB-60 OB-68 OB-77 RG-32: token, lr, ob, Require, Flow-Timer; only this request's Path."""
    bob, flows = connect(phones, site, "bob", 2)
    answer = flows[1].register()
    path = answer.values("path")
    assert len(path) == 1 and ":%d" % site.edges[1].port in path[0]
    assert ";lr" in path[0] and ";ob" in path[0] and "@" in uri_of(path[0])
    assert "outbound" in answer.get("require") and int(answer.get("flow-timer")) > 0
    assert len(answer.values("contact")) == 2


def test_call_through_both_edges_with_requests_in_both_directions(site, phones):
    """OB-46 OB-47 OB-48 OB-49 OB-53 OB-54 OB-86 RG-34: INVITE, ACK, re-INVITE and BYE from both sides over the flows."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    _, call, leg = whole_call(alice, aflows[0], bflows[1])
    again = leg.within("INFO")
    seen = aflows[0].peer.expect("INFO")
    aflows[0].peer.answer(seen, 200)
    assert bob.final(bflows[1].peer, again).status == 200
    bye = call.within("BYE")
    bflows[1].peer.answer(bflows[1].peer.expect("BYE"), 200)
    assert alice.final(call.peer, bye).status == 200
    bflows[0].peer.silent(0.1)


def test_a_dead_flow_at_the_edge_is_430_and_the_other_edge_carries_the_call(site, phones):
    """OB-51 OB-81 OB-85: the home hears 430 and drops the binding; median well under 50 ms."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    times = []
    for _ in range(5):
        bflows[1].peer.reset()
        took, call, leg = whole_call(alice, aflows[0], bflows[0])
        times.append(took)
        bye = call.within("BYE")
        bflows[0].peer.answer(bflows[0].peer.expect("BYE"), 200)
        alice.final(call.peer, bye)
        assert len(site.home.bindings("sip:bob@" + DOMAIN)) == 1
        bflows[1] = bob.open("tcp", server=site.edges[1], reg_id=2, **far(n=3))
    assert statistics.median(times) < 50, times


def test_a_killed_edge_costs_one_branch_and_no_binding(site, phones):
    """P1: kill -9 of an edge process; the call goes through the other, the node that is down keeps its bindings."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    site.edges[1].kill()
    times = []
    for _ in range(5):
        took, call, leg = whole_call(alice, aflows[0], bflows[0])
        times.append(took)
        bye = call.within("BYE")
        bflows[0].peer.answer(bflows[0].peer.expect("BYE"), 200)
        alice.final(call.peer, bye)
    assert statistics.median(times) < 50 and max(times) < 500, times
    assert len(site.home.bindings("sip:bob@" + DOMAIN)) == 2


def test_an_edge_restart_turns_old_tokens_into_430(site, phones):
    """OB-44: the key survives, the flow does not: 430, not 403, so the other flow is tried."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    site.edges[1].stop()
    site.edges[1].start()
    took, call, leg = whole_call(alice, aflows[0], bflows[0])
    assert took < 500, took
    assert len(site.home.bindings("sip:bob@" + DOMAIN)) == 1


def path_token(flow):
    return flow.register().values("path")[0]


def message_with_route(site, route, call_id=None):
    """A request from the home's address straight to edge 1."""
    peer = UdpPeer(site.edges[0].address("udp"))
    r = peer.request("MESSAGE", "sip:bob@anywhere.invalid", "sip:core@" + DOMAIN, route=[route])
    peer.send(r)
    answer = peer.receive(2, lambda m: m.is_response)
    peer.close()
    return answer


def test_a_tampered_token_is_403_and_reaches_nobody(site, phones):
    """OB-43 OB-50: bits of the token flipped one after the other."""
    bob, bflows = connect(phones, site, "bob", 3)
    good = path_token(bflows[0])
    user = uri_of(good)[4:].split("@")[0]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for i in range(4, len(user) - 1, 7):
        bad = user[:i] + alphabet[(alphabet.index(user[i]) + 1) % 64] + user[i + 1:]
        answer = message_with_route(site, good.replace(user, bad))
        assert answer.status in (403, 430), (i, answer.start)
        if i > 8:
            assert answer.status == 403, (i, answer.start)
    bflows[0].peer.silent(0.2)


def test_an_escaped_token_is_still_the_token(site, phones):
    """OB-45: %XX in the user part is decoded first."""
    bob, bflows = connect(phones, site, "bob", 3)
    good = path_token(bflows[0])
    user = uri_of(good)[4:].split("@")[0]
    escaped = "%%%02X" % ord(user[5]) + ""
    peer = UdpPeer(site.edges[0].address("udp"))
    peer.send(peer.request("MESSAGE", "sip:bob@anywhere.invalid", "sip:core@" + DOMAIN,
                           route=[good.replace(user, user[:5] + escaped + user[6:])]))
    bflows[0].peer.answer(bflows[0].peer.expect("MESSAGE"), 200)
    assert peer.expect(200)
    peer.close()


def test_a_later_connection_from_the_same_port_is_another_flow(site, phones):
    """OB-42 OB-51: old token, same client address and port, new connection: 430."""
    bob = phones(site.home, "bob")
    flow = bob.open("tcp", server=site.edges[0], **far(n=4))
    route = path_token(flow)
    host, port = flow.peer.local
    flow.peer.reset()
    time.sleep(0.1)
    again = bob.open("tcp", server=site.edges[0], register=False, bind=(host, port))
    started = time.monotonic()
    assert message_with_route(site, route).status == 430
    assert time.monotonic() - started < 0.2
    again.peer.silent(0.2)


def test_a_stranger_may_not_use_a_token(site, phones):
    """Path tokens are honoured from peers with the right `path` only."""
    bob, bflows = connect(phones, site, "bob", 3)
    peer = UdpPeer(site.edges[0].address("udp"), bind=("127.0.0.9", 0))
    peer.send(peer.request("MESSAGE", "sip:bob@anywhere.invalid", "sip:x@elsewhere.invalid", route=[path_token(bflows[0])]))
    peer.expect(403)
    bflows[0].peer.silent(0.2)
    peer.close()


def test_an_edge_asks_for_path_support(site, phones):
    """OB-41: reg-id without Supported: path is 421 with Require: path."""
    bob = phones(site.home, "bob")
    flow = bob.open("tcp", server=site.edges[0], register=False, **far(n=5))
    answer = flow.register(supported=None, expect=421)
    assert answer.get("require") == "path"


def chain(make_server):
    """edge1 in front of edge2 in front of the home."""
    peers = [{"from": "127.0.0.1", "rights": ["path"]}]
    home = make_server("home", config={"peers": peers})
    made = [home]
    for name in ("edge2", "edge1"):
        route = [{"domain": DOMAIN, "to": ["sip:127.0.0.1:%d;transport=tcp" % made[-1].port], "from": "anyone"}]
        made.append(make_server(name, domain=None, config={"routes": route, "peers": peers}))
        made[-1].passwords = home.passwords
    return home, made[1], made[2]


def test_only_the_first_of_two_edges_says_ob(make_server, phones):
    """OB-39: the one in the middle adds no Path with ob; calls come through both all the same."""
    home, middle, first = chain(make_server)
    alice, bob = phones(home, "alice"), phones(home, "bob")
    aflow, flow = alice.open("tcp", server=first, **far(n=2)), bob.open("tcp", server=first, **far(n=3))
    path = flow.register().values("path")
    assert [";ob" in v for v in path if ":%d" % first.port in v] == [True]
    assert not any(";ob" in v for v in path if ":%d" % middle.port in v)
    whole_call(alice, aflow, flow)


@pytest.mark.parametrize("kind", ["tcp", "tls", "udp"])
def test_a_notify_finds_a_phone_that_never_registered(make_server, phones, kind):
    """OB-52: ob in the Contact is enough: Record-Route has the flow of the SUBSCRIBE."""
    core = UdpPeer(("127.0.0.1", 9))
    route = [{"domain": "pbx.example.net", "to": ["sip:127.0.0.1:%d" % core.local[1]], "from": "anyone"}]
    edge = make_server("edge", domain=None, config={"routes": route})
    flow = phones(edge, "ua", domain="pbx.example.net", password="").open(kind, server=edge, register=False, **far(n=4))
    contact = "<sip:ua@unreachable.invalid;ob>"
    subscribe = flow.peer.request("SUBSCRIBE", "sip:lamp@pbx.example.net", "sip:ua@pbx.example.net", contact=contact,
                                  headers=[("Event", "presence"), ("Expires", "60")])
    flow.peer.send(subscribe)
    seen = core.expect("SUBSCRIBE")
    core.target = core.source
    core.answer(seen, 200, to_tag="lamp", contact="<%s>" % core.contact_uri())
    assert flow.peer.receive(3, lambda m: m.is_response).status == 200
    notify = core.request("NOTIFY", uri_of(contact), seen.ruri, uri_of(seen.get("from")), from_tag="lamp", to_tag=seen.tag("from"),
                          call_id=seen.call_id, route=seen.values("record-route"), headers=[("Event", "presence")])
    core.send(notify)
    flow.peer.answer(flow.peer.expect("NOTIFY"), 200)
    assert core.receive(3, lambda m: m.is_response).status == 200
    core.close()


def tokens_of(message):
    values = [v for name in ("path", "record-route") for v in message.values(name)]
    return {uri_of(v).split(":", 1)[1].split("@")[0] for v in values if "@" in uri_of(v)}


def test_tokens_are_given_away_in_routes_only_and_logged_in_part(site, phones):
    """OB-55: in no other header of what passes, and whole in no log, at its most talkative."""
    alice, aflows = connect(phones, site, "alice", 2)
    bob, bflows = connect(phones, site, "bob", 3)
    registered = bflows[1].register()
    _, call, leg = whole_call(alice, aflows[0], bflows[1])
    bye = call.within("BYE")
    bflows[1].peer.answer(bflows[1].peer.expect("BYE"), 200)
    alice.final(call.peer, bye)
    given = tokens_of(registered) | tokens_of(leg.invite) | tokens_of(call.final)
    assert len(given) >= 5
    for message in (registered, leg.invite, call.final):
        for name, value in message.headers:
            if name.lower() not in ("path", "record-route"):
                assert not any(t in value for t in given), (name, value)
    for s in [site.home] + site.edges:
        log = s.read_log()
        assert log and not any(t in log for t in given)


def test_an_edge_notes_the_registration_of_the_phone_that_asked(site, phones):
    """A phone that only removes its binding is none that is registered, whoever else of its user is."""
    edge = site.edges[0]
    one, two = phones(site.home, "bob"), phones(site.home, "bob")
    one.open("tcp", server=edge, **far(n=3))
    two.open("tcp", server=edge, register=False, **far(n=4)).register(expires=0)
    flows = [json.loads(line) for line in edge.command("flows", "--json", "--state", edge.state).stdout.splitlines()]
    registered = {f["remote"].split(":")[0]: f["registered"] for f in flows if f["direction"] == "in"}
    assert registered == {"127.0.0.3": True, "127.0.0.4": False}


def test_an_edge_keeps_the_flow_of_a_phone_whose_home_is_no_peer(make_server, phones):
    """Nothing is noted of who it is, but what was registered over it is no stranger's connection."""
    home = make_server("home")
    route = {"domain": DOMAIN, "to": ["sip:127.0.0.1:%d;transport=tcp" % home.address("tcp")[1]], "from": "anyone"}
    edge = make_server("edge", domain=None, config={"routes": [route]})
    bob = phones(home, "bob", outbound=False)
    bob.open("tcp", server=edge, register=False, **far(n=3)).register(supported=None)
    flows = [json.loads(line) for line in edge.command("flows", "--json", "--state", edge.state).stdout.splitlines()]
    assert [f["registered"] for f in flows if f["direction"] == "in"] == [True]
