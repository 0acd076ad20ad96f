# SPDX-License-Identifier: Apache-2.0
"""Phones that say nothing: a server with small times of patience, phones with several flows, and two copies of an INVITE at one phone."""
import concurrent.futures
import itertools
import threading
import time

import pytest

from phone import Callee, Phone
from server import Sluice
from sip import token

SILENT = {"tcp": 0.15, "tls": 0.15, "udp": 0.25}        # seconds until an INVITE is tried elsewhere
SILENT_OTHER, GIVE_UP, T1 = 0.45, 1.0, 0.04
LIFE = 64 * T1
CONFIG = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity"]}],
          "domains": [{"name": "example.com", "registration": "open"}],
          "timers": {"t1": "40ms", "t2": "320ms", "t4": "400ms", "d": "2560ms", "trying": "100ms"},
          "failover": {"stream": "150ms", "udp": "250ms", "other": "450ms", "give_up": "1s"}}
SLACK = 0.3                                             # what a busy machine may add


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One server for a file of tests; each test has addresses of its own."""
    s = Sluice(tmp_path_factory.mktemp("quiet"), "home", config=CONFIG, users=())
    yield s.start()
    stop_all(s)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """The same with two threads: the flow, the call and its answers belong to either."""
    s = Sluice(tmp_path_factory.mktemp("two"), "two", config=CONFIG, users=(), workers=2)
    yield s.start()
    stop_all(s)


@pytest.fixture(scope="module")
def untuned(tmp_path_factory):
    """The same with the times that nobody has set."""
    s = Sluice(tmp_path_factory.mktemp("untuned"), "untuned", config=CONFIG, users=())
    del s.config["timers"], s.config["failover"]
    yield s.start()
    stop_all(s)


class Scene:
    """A caller and phones at a server, all their sockets closed at the end."""

    def __init__(self, home):
        self.home, self.made = home, []
        self.caller = self.another_caller()

    def another_caller(self):
        """A neighbour's core, which needs no password."""
        self.made.append(Phone(self.home, "core", domain="elsewhere.invalid", outbound=False))
        self.made[-1].open("udp", register=False)
        return self.made[-1]

    def phone(self, *kinds, bind=("127.0.0.2", 0), user=None, **kw):
        """One registered flow a kind: the last one registered last, and so tried first."""
        self.made.append(Phone(self.home, user or token("p"), **kw))
        for kind in kinds:
            self.made[-1].open(kind, bind=bind)
        return self.made[-1]

    def call(self, phone):
        c = self.caller.invite(phone.aor, early=True)
        c.started = time.monotonic()
        return c

    def message(self, phone, **kw):
        peer = self.caller.flows[0].peer
        m = peer.send(peer.request("MESSAGE", phone.aor, self.caller.aor, **kw))
        m.started = time.monotonic()
        return m

    def meet(self, *kinds):
        return Meeting(self, self.phone(*kinds))

    def bindings(self, phone):
        """How many flows are bound and live."""
        return sum(b["state"] == "live" for b in self.home.bindings(phone.aor))

    def close(self):
        for phone in self.made:
            phone.close()


AT_ONCE = 12
TRIES = 4
STALL = 0.04


class Clockwork(threading.Thread):
    """Notes when this machine stood still: what failed meanwhile says nothing, and is tried again."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stalls, self.going = [], True
        self.start()

    def run(self):
        while self.going:
            before = time.monotonic()
            time.sleep(0.01)
            if time.monotonic() - before > STALL:
                self.stalls.append((before, time.monotonic()))

    def stood_still(self, since):
        time.sleep(0.02)
        return any(end > since for _, end in list(self.stalls))


def run_case(server, rule, case):
    for attempt in range(TRIES):
        started = time.monotonic()
        s = getattr(server, "scene", Scene)(server)
        try:
            return rule(s, **case)
        except AssertionError:
            if attempt == TRIES - 1 or not server.clockwork.stood_still(started):
                raise
        finally:
            s.close()


def start_all(server, request, on):
    """Every case of every rule of this file that this run wants of this server: silence is waiting, and waits side by side."""
    server.pool, server.runs, server.clockwork = concurrent.futures.ThreadPoolExecutor(AT_ONCE), {}, Clockwork()
    for item in request.session.items:
        if item.path == request.path and getattr(item.function, "on", None) == on and \
                not any(m.args[0] for m in item.iter_markers("skipif")):
            rule, cases = item.function.rule, item.function.cases
            server.runs[rule] = [(case, server.pool.submit(run_case, server, rule, case)) for case in cases]


def stop_all(server):
    if getattr(server, "pool", None):
        server.pool.shutdown(cancel_futures=True)
        server.clockwork.going = False
    server.stop()


def scenes(*rule, on="home", **axes):
    """A test of one rule, rule(s, ...) with a scene of its own for each combination of the axes. `on`: the fixture with the server."""
    def make(rule):
        def test(request):
            server = request.getfixturevalue(on)
            if not getattr(server, "pool", None):
                start_all(server, request, on)
            for case, run in server.runs[rule]:
                error = run.exception()
                if error:
                    raise AssertionError("%s: in the case %r" % (error, case)) from error
        test.rule, test.on, test.axes = rule, on, axes
        test.cases = [dict(zip(axes, values)) for values in itertools.product(*axes.values())]
        test.__name__, test.__doc__, test.__module__ = rule.__name__, rule.__doc__, rule.__module__
        return test
    return make(rule[0]) if rule else make


def again(test, on, ending):
    """The same rule on another server."""
    other = scenes(on=on, **test.axes)(test.rule)
    other.__name__ = test.__name__ + ending
    other.pytestmark = getattr(test, "pytestmark", [])
    return other


def request(flow, method, timeout=3):
    """The next request of this method on a flow; probes and copies of others wait."""
    peer = getattr(flow, "peer", flow)
    m = peer.receive(timeout, lambda m: not m.is_response and m.method == method)
    assert m is not None, "%s %d: no %s came within %s s" % (peer.proto, peer.number, method, timeout)
    return m


def no_request(flow, method, timeout=0.4, of=None):
    """None of this call, or none at all."""
    peer = getattr(flow, "peer", flow)
    m = peer.receive(timeout, lambda m: not m.is_response and m.method == method and (of is None or m.call_id == of.call_id))
    assert m is None, "%s %d: wanted no %s, got %r" % (peer.proto, peer.number, method, m.start)


def forget(flow, method):
    """What has come of this method so far."""
    peer = getattr(flow, "peer", flow)
    count = 0
    while peer.receive(0.02, lambda m: not m.is_response and m.method == method):
        count += 1
    return count


def leg_on(flow, timeout=3, of=None):
    """The called side of an INVITE on this flow, of this call if it matters."""
    m = flow.peer.receive(timeout, lambda m: not m.is_response and m.method == "INVITE" and (of is None or m.call_id == of.call_id))
    assert m is not None, "%s %d: no INVITE came within %s s" % (flow.peer.proto, flow.peer.number, timeout)
    return Callee(flow.peer, m, flow.phone.user)


def hears(call, status, timeout=3):
    """The caller's next response but 100."""
    m = call.next(timeout)
    while m.status == 100:
        m = call.next(timeout)
    assert m.status == status, "the caller wanted %d, got %r" % (status, m.start)
    if status >= 200:
        call.final = m
        if status >= 300:
            call.phone.ack(call.peer, call.request, m)
        else:
            call.learn(m)
            call.ack()
    return m


def hears_nothing(call, timeout=0.4):
    """But 100, and copies of the answer that crossed its ACK."""
    end = time.monotonic() + timeout
    while True:
        m = call.peer.receive(max(0, end - time.monotonic()), lambda m: m.is_response and m.call_id == call.call_id and m.status > 100 and
                              m.method == "INVITE")
        if m is None:
            return
        assert call.final and m.start == call.final.start and m.tag("to") == call.final.tag("to"), \
            "the caller wanted silence, got %r" % m.start


def connects(call, leg):
    """The phone picks up, and the caller hears it; the whole call, to its end."""
    leg.pick_up()
    answer = hears(call, 200)
    assert answer.tag("to") == leg.tag
    request(leg.peer, "ACK")
    bye = call.within("BYE")
    leg.peer.answer(request(leg.peer, "BYE"), 200)
    assert call.phone.final(call.peer, bye).status == 200


def is_cancelled(leg, answer=True):
    """This copy is cancelled; it says 487 as a phone does."""
    cancel = request(leg.peer, "CANCEL")
    assert cancel.branch == leg.invite.branch and cancel.ruri == leg.invite.ruri
    leg.peer.answer(cancel, 200)
    if answer:
        leg.answer(487)
        request(leg.peer, "ACK")
    return cancel


def is_tried_first(s, phone, flow):
    """A call arrives on this flow at once, and on no other. It is refused, so that nothing else happens."""
    c = s.call(phone)
    leg = leg_on(flow, SLACK, of=c)
    leg.answer(486)
    hears(c, 486)
    request(flow, "ACK")
    for other in phone.flows:
        if other is not flow:
            no_request(other, "INVITE", 0.03, of=c)


class SiteScene(Scene):
    """Phones that are registered through edges, each flow through the edge with this number."""

    def phone(self, *kinds, bind=("127.0.0.2", 0), via=(0, 1, 0)):
        self.made.append(Phone(self.home, token("p")))
        for kind, edge in zip(kinds, via):
            self.made[-1].open(kind, server=self.home.edges[edge], bind=bind)
        return self.made[-1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A home and two edges; a scene of it has phones behind both."""
    folder = tmp_path_factory.mktemp("site")
    config = dict(CONFIG, peers=[{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity", "path"]}])
    home = Sluice(folder, "home", config=config, users=())
    route = [{"domain": "example.com", "to": ["sip:127.0.0.1:%d;transport=tcp" % home.port], "from": "anyone"}]
    home.edges = [Sluice(folder, "edge%d" % i, users=(), domain=None, config={
        "routes": route, "peers": [{"from": "127.0.0.1", "rights": ["path"]}], "failover": CONFIG["failover"],
        "timers": dict(CONFIG["timers"], trying="20ms")}) for i in (1, 2)]
    home.scene = SiteScene
    for s in [home] + home.edges:
        s.start()
    yield home
    stop_all(home)
    for s in home.edges:
        s.stop()


class Meeting:
    """A call that fell silent on the phone's newest flow and was tried over the next one: both copies are at the phone, and nothing was
    answered. `old` is the abandoned one, `new` its replacement."""

    def __init__(self, scene, phone):
        self.scene, self.phone = scene, phone
        self.old_flow, self.new_flow = phone.flows[-1], phone.flows[-2]
        self.call = scene.call(phone)
        self.old = leg_on(self.old_flow, of=self.call)
        self.new = leg_on(self.new_flow, of=self.call)
        assert self.old.invite.branch != self.new.invite.branch

    def both(self, first):
        """The two copies, the one named first."""
        return (self.old, self.new) if first == "old" else (self.new, self.old)

    def bindings(self):
        return self.scene.bindings(self.phone)
