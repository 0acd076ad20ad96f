# SPDX-License-Identifier: Apache-2.0
"""Networks that drop packets, cut links and forget mappings, made of network namespaces: here the kernel does not answer for a phone that is
out of reach. RFC 5626 §4.4, §7. With the times that nobody has set, but for the NAT's and our answer to it."""
import time

import pytest

import netns
from phone import Phone
from quiet import SLACK, Scene, connects, hears, hears_nothing, is_tried_first, leg_on, no_request, request, scenes, start_all, stop_all
from server import Sluice
from sip import token

pytestmark = pytest.mark.skipif(bool(netns.why_not()), reason="%s" % netns.why_not())

KINDS = ["udp", "tcp", "tls"]
OPEN = {"domains": [{"name": "example.com", "registration": "open"}]}


def core_of(address):
    return {"from": address, "rights": ["inbound", "relay", "identity"]}


class LanScene(Scene):
    """The caller lives on the server's host, phones on `phones`."""

    def another_caller(self):
        with self.home.lan["home"]:
            self.made.append(Phone(self.home, "core", domain="elsewhere.invalid", outbound=False))
            self.made[-1].open("udp", register=False, bind=(self.home.host, 0))
        return self.made[-1]

    def phone(self, *kinds, at="phones", **kw):
        with self.home.lan[at]:
            return super().phone(*kinds, bind=(self.home.lan.addresses[at], 0), **kw)


def serve(tmp_path_factory, lan, name, at, config, domain="example.com"):
    """A server on a host of the net, with the default timers."""
    s = Sluice(tmp_path_factory.mktemp(name), name, config=config, users=(), domain=domain, host=lan.addresses[at])
    del s.config["timers"]
    s.lan, s.scene = lan, LanScene
    with lan[at]:
        s.start()
    return s


@pytest.fixture(scope="module")
def lan():
    lan = netns.Lan("home", "phones", "edge1", "edge2")
    yield lan
    lan.close()


@pytest.fixture(scope="module")
def nat(lan):
    """A router that maps its phones to ports of its own, and forgets a mapping after two seconds."""
    host = lan.join("nat")
    host.set("ipv4/ip_forward", 1)
    lan.join("behind", host)
    host.nft("table ip nat {\nchain post {\ntype nat hook postrouting priority 100;\noifname eth0 masquerade random\n}\n}\n"
             "table ip closed {\nchain in {\ntype filter hook input priority 0;\niifname eth0 drop\n}\n}")
    for name in ("", "_stream"):
        host.set("netfilter/nf_conntrack_udp_timeout" + name, 2)
    return host


@pytest.fixture(scope="module")
def far(tmp_path_factory, lan, nat):
    """A server whose phones are on other hosts."""
    s = serve(tmp_path_factory, lan, "far", "home", dict(OPEN, peers=[core_of(lan.addresses["home"])], flow={"nat_ping": "1s"}))
    yield s
    stop_all(s)


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request, far):
    """What takes long begins now, and is looked at last."""
    start_all(far, request, "far")


def since(t):
    return time.monotonic() - t


def message_arrives(s, phone, flow):
    """A MESSAGE, in the time that TCP may need to recover."""
    sent = s.message(phone)
    flow.peer.answer(request(flow, "MESSAGE", 4), 200)
    assert phone.final(s.caller.flows[0].peer, sent).status == 200


def heals(s, flow, drop):
    """The path is there again, and the phone heard. What its TCP still has to repeat comes when its timer fires."""
    s.home.lan.heal(drop)
    pongs = getattr(flow.peer, "pongs", 0)
    flow.peer.send_bytes(b"\r\n\r\n")
    if flow.peer.proto != "UDP":
        end = time.monotonic() + 8
        while flow.peer.pongs == pongs and time.monotonic() < end:
            no_request(flow, "NONE", 0.05)
        assert flow.peer.pongs > pongs
    time.sleep(0.1)


# --- edges and their home ---

class Site:
    """Two edges and a home, each on a host of its own."""

    def __init__(self, tmp_path_factory, lan):
        self.lan, self.drops, at = lan, [], lan.addresses
        edges = [at["edge1"], at["edge2"]]
        self.home = serve(tmp_path_factory, lan, "site", "home", dict(
            OPEN, peers=[core_of(at["home"])] + [{"from": e, "rights": ["path"]} for e in edges]))
        route = [{"domain": "example.com", "to": ["sip:%s:%d;transport=tcp" % (at["home"], self.home.port)], "from": "anyone"}]
        self.edges = [serve(tmp_path_factory, lan, "edge%d" % i, "edge%d" % i, {
            "routes": route, "peers": [{"from": at["home"], "rights": ["path"]}]}, domain=None) for i in (1, 2)]

    def phone(self, made, kind, edges, bind):
        p = Phone(self.home, token("p"))
        made.append(p)
        with self.lan["phones"]:
            for e in edges:
                p.open(kind, server=e, register=False, bind=bind)
        for f in p.flows:
            f.register()
        return p

    def cut(self, one, two):
        self.drops.append(self.lan.cut(one, two))

    def heal(self):
        for drop in self.drops:
            self.lan.heal(drop)
        self.drops.clear()

    def stop(self):
        for s in self.edges + [self.home]:
            s.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory, lan):
    s = Site(tmp_path_factory, lan)
    yield s
    s.stop()


@pytest.fixture
def scene(site):
    s = LanScene(site.home)
    yield s
    s.close()
    site.heal()


def test_a_link_that_is_cut_for_three_seconds_costs_no_binding(site, scene):
    """Twenty users behind an edge, half of them on UDP. Calls and messages sent meanwhile arrive when the link is back, and a node
    that is out of reach is no dead flow."""
    bind = (site.lan.addresses["phones"], 0)
    users = [site.phone(scene.made, kind, site.edges[:1], bind) for kind in ["udp", "tcp"] * 10]
    site.cut("edge1", "home")
    cut = time.monotonic()
    calls = [(u, scene.call(u)) for u in users[:10]]
    time.sleep(max(0, cut + 3 - time.monotonic()))
    site.heal()
    for user, c in calls:
        leg = leg_on(user.flows[0], 5)
        leg.ring()
        hears(c, 180)
        connects(c, leg)
    for user in users[10:]:
        message_arrives(scene, user, user.flows[0])
    assert [scene.bindings(u) for u in users] == [1] * 20


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_the_other_edge_carries_the_call_while_a_link_is_cut(site, scene, kind):
    """OB-83: home and edge hear nothing of each other: the INVITE comes through the other edge within 2.2 s, a second one at once; no binding
    is lost, and after the cut both edges serve again."""
    phone = site.phone(scene.made, kind, site.edges, (site.lan.addresses["phones"], 0))
    site.cut("edge2", "home")
    c = scene.call(phone)
    leg = leg_on(phone.flows[0])
    assert since(c.started) < 2.2
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    is_tried_first(scene, phone, phone.flows[0])
    assert scene.bindings(phone) == 2
    site.heal()
    phone.flows[1].register(timeout=5)
    message_arrives(scene, phone, phone.flows[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_silent_flow_at_an_edge_is_replaced_by_the_home(site, scene, kind):
    """OB-81 OB-83: the edge has no other flow of this phone and says so; the home takes the one at the other edge, within 2.2 s; the binding
    stays, and after healing both ring again."""
    phone = site.phone(scene.made, kind, site.edges, (site.lan.addresses["phones"], 0))
    message_arrives(scene, phone, phone.flows[1])       # the connection to the edge may still have to recover from a cut
    drop = site.lan.drop_flow(phone.flows[1].peer)
    c = scene.call(phone)
    leg = leg_on(phone.flows[0])
    assert since(c.started) < 2.2
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    assert scene.bindings(phone) == 2
    heals(scene, phone.flows[1], drop)
    phone.flows[1].register(timeout=5)
    is_tried_first(scene, phone, phone.flows[1])


# --- a path drops everything, or a NAT forgets it ---

@scenes(on="far", kind=["tcp", "tls"])
def test_a_stream_that_nothing_acknowledges_is_dead_after_ten_seconds(s, kind):
    """OB-88: then the binding goes, not before."""
    phone = s.phone(kind, kind)
    s.home.lan.drop_flow(phone.flows[1].peer)
    c = s.call(phone)
    connects(c, leg_on(phone.flows[0]))
    time.sleep(max(0, c.started + 9 - time.monotonic()))
    assert s.bindings(phone) == 2
    time.sleep(max(0, c.started + 12.5 - time.monotonic()))
    assert s.bindings(phone) == 1


@scenes(on="far", outbound=[False, True])
def test_a_nat_forgets_whom_nobody_pings(s, outbound):
    """OB-74 OB-83: a phone without outbound is kept reachable from our side; one with it has to do so itself, and its call goes to its
    other flow meanwhile, with no binding lost."""
    if not outbound:
        phone = s.phone(at="behind", outbound=False)
        with s.home.lan["behind"]:
            flow = phone.open("udp", register=False, bind=(s.home.lan.addresses["behind"], 0))
        flow.register(supported=None)
        time.sleep(4.5)
        sent = s.message(phone)
        flow.peer.answer(request(flow, "MESSAGE", 1), 200)
        assert phone.final(s.caller.flows[0].peer, sent).status == 200
        return
    phone = s.phone("tcp", "udp", at="behind")
    is_tried_first(s, phone, phone.flows[1])
    time.sleep(4.5)
    c = s.call(phone)
    leg = leg_on(phone.flows[0])
    assert 1.9 < since(c.started) < 2.2 + SLACK
    connects(c, leg)
    assert s.bindings(phone) == 2
    phone.flows[1].register()                   # another mapping, the same flow's number
    assert s.bindings(phone) == 2
    is_tried_first(s, phone, phone.flows[1])


@scenes(on="far", kinds=[("udp", "udp"), ("tcp", "tcp"), ("tls", "tls"), ("udp", "tcp"), ("tls", "udp")])
def test_a_call_finds_the_other_path(s, kinds):
    """OB-81 OB-83: within 2.2 s. The silent flow keeps its registration, and rings again when its path heals and the phone is heard."""
    phone = s.phone(*kinds)
    silent = phone.flows[1]
    drop = s.home.lan.drop_flow(silent.peer)
    c = s.call(phone)
    leg = leg_on(phone.flows[0])
    assert since(c.started) < 2.2
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    assert s.bindings(phone) == 2
    is_tried_first(s, phone, phone.flows[0])
    heals(s, silent, drop)
    c = s.call(phone)
    connects(c, leg_on(silent, SLACK, of=c))
    assert s.bindings(phone) == 2


@scenes(on="far", kind=KINDS)
def test_a_message_finds_the_other_path(s, kind):
    """OB-83: within 5 s on UDP; on a stream its TCP acknowledges nothing, which is known in one or two periods of 1.2 s."""
    phone = s.phone(kind, kind)
    silent = phone.flows[1]
    drop = s.home.lan.drop_flow(silent.peer)
    sent = s.message(phone)
    seen = request(phone.flows[0], "MESSAGE", 6)
    assert since(sent.started) < (5 if kind == "udp" else 2.4 + SLACK)
    phone.flows[0].peer.answer(seen, 200)
    assert phone.final(s.caller.flows[0].peer, sent).status == 200
    assert s.bindings(phone) == 2
    heals(s, silent, drop)
    is_tried_first(s, phone, silent)


@scenes(on="far", kind=KINDS)
def test_the_only_path_heals_in_time(s, kind):
    """With no other flow the call waits; what arrives then rings once, and is answered."""
    phone = s.phone(kind)
    flow = phone.flows[0]
    drop = s.home.lan.drop_flow(flow.peer)
    c = s.call(phone)
    hears_nothing(c, 2.5)
    s.home.lan.heal(drop)
    leg = leg_on(flow, 3)
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    assert s.bindings(phone) == 1


@scenes(on="far", kind=KINDS)
def test_a_path_that_heals_late_does_not_ring(s, kind):
    """PX-44: the other flow rang meanwhile; the old copy is cancelled at the phone's first word."""
    phone = s.phone(kind, kind)
    silent = phone.flows[1]
    drop = s.home.lan.drop_flow(silent.peer)
    c = s.call(phone)
    leg = leg_on(phone.flows[0])
    leg.ring()
    hears(c, 180)
    s.home.lan.heal(drop)
    if kind == "udp":
        no_request(silent, "INVITE", 1.5)       # not repeated any more
    else:
        late = leg_on(silent, 3)                # TCP repeats by itself
        late.answer(100)
        cancel = request(silent, "CANCEL")
        assert cancel.branch == late.invite.branch
        silent.peer.answer(cancel, 200)
        late.answer(487)
    connects(c, leg)
