# SPDX-License-Identifier: Apache-2.0
"""When what is repeated, and when it ends: RFC 3261 §17, RFC 4320, RFC 6026. Requirements TX-01..TX-19.

What takes the whole of 64*T1 runs side by side, once, in the fixture `experiments`; the tests then read what each side saw."""
import select
import socket
import struct
import time

import pytest

from pairs import LIFE, T1, T2, Pair, home  # noqa: F401 (fixture)
from sip import Message, TcpPeer, UdpPeer

SO_TIMESTAMPNS = 35                     # Linux: when the kernel had the datagram, however late we read it


class Recorder:
    """Reads many peers at once, notes the time of every message, and lets some answer."""

    def __init__(self):
        self.log, self.reactions, self.later, self.stall = {}, {}, [], 0
        self.wall = time.time() - time.monotonic()

    def watch(self, peer, reaction=None):
        self.log[peer], self.reactions[peer] = [], reaction
        if isinstance(peer, UdpPeer):
            peer.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def after(self, seconds, action):
        self.later.append((time.monotonic() + seconds, action))

    def read(self, peer):
        """One message and its time, or nothing."""
        if isinstance(peer, TcpPeer):
            return peer.read(0.001), time.monotonic()
        data, extra, _, _ = peer.sock.recvmsg(65536, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        return data, seconds + nanoseconds / 1e9 - self.wall

    def run(self, seconds):
        by_socket = {p.sock: p for p in self.log}
        now = time.monotonic()
        end = now + seconds
        while now < end:
            before, now = now, time.monotonic()
            self.stall = max(self.stall, now - before)
            for item in [i for i in self.later if i[0] <= time.monotonic()]:
                self.later.remove(item)
                item[1]()
            for sock in select.select(list(by_socket), [], [], 0.002)[0]:
                peer = by_socket[sock]
                data, at = self.read(peer)
                if data:
                    m = Message.parse(data)
                    self.log[peer].append((at, m))
                    if self.reactions[peer]:
                        self.reactions[peer](m, len(self.log[peer]))


class Experiment(Pair):
    """A pair under a recorder; seen_by(peer): [(seconds after the start, message)]."""

    def __init__(self, recorder, server, method, phone_class=UdpPeer, caller_class=UdpPeer, react=None):
        super().__init__(server, phone_class, caller_class)
        self.recorder, self.method = recorder, method
        recorder.watch(self.phone, (lambda m, n: react(self, m, n)) if react else None)
        recorder.watch(self.caller)
        recorder.after(0, self.start)

    def start(self):
        self.started = time.monotonic()
        self.send(self.method)

    def seen_by(self, peer):
        return [(t - self.started, m) for t, m in self.recorder.log[peer]]

    def requests(self, method=None):
        return [(t, m) for t, m in self.seen_by(self.phone) if not m.is_response and (method is None or m.method == method)]

    def responses(self, at_least=101):
        return [(t, m) for t, m in self.seen_by(self.caller) if m.is_response and m.status >= at_least]


def trying_once(x, m, n):
    if n == 1:
        x.phone.answer(m, 100)


def busy_four_times(x, m, n):
    if m.method == "INVITE" and not m.is_response and n == 1:
        x.answer = x.phone.response(m, 486, to_tag="busy")
        x.phone.send(x.answer)
        for i in (0.1, 0.2, 0.3):
            x.recorder.after(i, lambda: x.phone.send(x.answer))


def answer_twice(x, m, n):
    if m.method != "INVITE" or n > 1:
        return
    contact = "<%s>" % x.phone.contact_uri()
    first, second = (x.phone.response(m, 200, to_tag=t, contact=contact) for t in ("first", "second"))
    x.phone.send(first)
    for after, response in ((0.2, first), (1.5, second)):
        x.recorder.after(after, lambda r=response: x.phone.send(r))
    x.recorder.after(0.6, lambda: x.caller.send(x.request))


def answer_late(x, m, n):
    if n == 1:
        x.recorder.after(LIFE + 0.2, lambda: x.phone.answer(m, 200))


def answer_now(x, m, n):
    x.phone.answer(m, 200, to_tag="now")


def run_side_by_side(server):
    r = Recorder()
    e = {
        "invite, silence": Experiment(r, server, "INVITE"),
        "invite, silence, tcp": Experiment(r, server, "INVITE", phone_class=TcpPeer),
        "invite, 100": Experiment(r, server, "INVITE", react=trying_once),
        "invite, 486": Experiment(r, server, "INVITE", react=busy_four_times),
        "invite, 486, tcp": Experiment(r, server, "INVITE", caller_class=TcpPeer, react=busy_four_times),
        "invite, 200 200": Experiment(r, server, "INVITE", react=answer_twice),
        "message, silence": Experiment(r, server, "MESSAGE", react=answer_late),
        "message, silence, tcp": Experiment(r, server, "MESSAGE", caller_class=TcpPeer, phone_class=TcpPeer),
        "message, 100": Experiment(r, server, "MESSAGE", react=trying_once),
        "message, 200": Experiment(r, server, "MESSAGE", react=answer_now),
    }
    answered = e["message, 200"]
    for seconds in (1.0, 2.5):
        r.after(seconds, lambda: answered.caller.send(answered.request))
    r.run(LIFE + 0.9)
    for x in e.values():
        x.close()
    return e, r.stall


@pytest.fixture(scope="module")
def experiments(home):
    """A machine that stood still for half of T1 spoilt the schedules: that run says nothing, and is repeated."""
    for _ in range(4):
        seen, stall = run_side_by_side(home)
        if stall < T1 / 2:
            break
    return seen


def close_to(times, wanted):
    """Never early, but for the tick of another server's timers; late by what a busy machine may cost."""
    early = 0.006 if T1 < 0.1 else T1 / 8
    return len(times) == len(wanted) and all(w - early <= t <= w + 0.07 for t, w in zip(times, wanted))


def test_invite_is_repeated_until_timer_b(experiments):
    """TX-01: seven sends over UDP, doubling from T1, and 408 at 64*T1; one send over TCP with the same end."""
    x = experiments["invite, silence"]
    times = [t for t, _ in x.requests("INVITE")]
    assert close_to(times, [0, T1, 3 * T1, 7 * T1, 15 * T1, 31 * T1, 63 * T1]), times
    assert len({m.bytes() for _, m in x.requests("INVITE")}) == 1
    for x in (x, experiments["invite, silence, tcp"]):
        at, final = x.responses(200)[0]
        assert final.status == 408 and close_to([at], [LIFE])
    assert len(x.requests("INVITE")) == 1


def test_a_provisional_ends_the_repeating(experiments):
    """TX-02: one send, 100, silence."""
    x = experiments["invite, 100"]
    assert len(x.requests("INVITE")) == 1 and not x.responses(200)


def test_a_failure_is_acknowledged_each_time_and_told_once(experiments):
    """TX-03 TX-04: four 486, four ACKs like the INVITE; upstream hears of one."""
    x = experiments["invite, 486"]
    (_, invite), acks = x.requests("INVITE")[0], x.requests("ACK")
    assert len(acks) == 4
    for _, ack in acks:
        assert ack.ruri == invite.ruri and ack.call_id == invite.call_id and ack.get("from") == invite.get("from")
        assert ack.get("cseq") == "1 ACK" and ack.all("via") == [invite.values("via")[0]] and ack.get("to") == x.answer.get("to")
        assert ack.values("route") == invite.values("route")
    assert len({m.bytes() for _, m in x.responses(200)}) == 1
    assert len(experiments["invite, 486, tcp"].requests("ACK")) == 4


def test_a_failure_is_repeated_until_it_is_acknowledged(experiments):
    """TX-08: eleven copies without ACK over UDP, doubling to T2; one over TCP."""
    times = [t for t, _ in experiments["invite, 486"].responses(200)]
    assert close_to([t - times[0] for t in times], [0, T1, 3 * T1, 7 * T1] + [7 * T1 + i * T2 for i in range(1, 8)]), times
    assert len(experiments["invite, 486, tcp"].responses(200)) == 1


def test_every_2xx_goes_up_and_none_is_acknowledged_here(experiments):
    """TX-05: the copy and another fork's 200 more than a second later are passed on; no ACK by the transaction."""
    x = experiments["invite, 200 200"]
    assert [m.tag("to") for _, m in x.responses(200)] == ["first", "first", "second"]
    assert x.responses(200)[2][0] > 1.4
    assert not x.requests("ACK")


def test_a_copy_of_an_answered_invite_is_absorbed(experiments):
    """TX-09: in Accepted: no second branch, no answer by us."""
    x = experiments["invite, 200 200"]
    assert len(x.requests("INVITE")) == 1
    assert len(x.responses(200)) == 3


def test_other_requests_are_repeated_until_timer_f(experiments):
    """TX-13: eleven sends over UDP, doubling to T2; one over TCP; after a provisional every T2, and F is not stopped by it."""
    wanted = [0, T1, 3 * T1, 7 * T1] + [7 * T1 + i * T2 for i in range(1, 8)]
    times = [t for t, _ in experiments["message, silence"].requests("MESSAGE")]
    assert close_to(times, wanted), times
    assert len(experiments["message, silence, tcp"].requests("MESSAGE")) == 1
    times = [t for t, _ in experiments["message, 100"].requests("MESSAGE")]
    gaps = [b - a for a, b in zip(times[1:], times[2:])]
    assert len(times) >= 8 and all(close_to([g], [T2]) for g in gaps) and times[-1] < LIFE, times


def test_the_answer_to_a_copy_is_the_same_answer(experiments):
    """TX-14: 1 s and 2.5 s later, without asking again."""
    x = experiments["message, 200"]
    assert len(x.requests()) == 1
    assert len(x.responses(200)) == 3 and len({m.bytes() for _, m in x.responses(200)}) == 1


@pytest.mark.parametrize("name", ["message, silence", "message, silence, tcp", "message, 100"])
def test_one_100_at_its_time_and_no_408(experiments, name):
    """TX-16 TX-17 TX-18: exactly one 100, when timer E reaches T2, and nothing final from us."""
    x = experiments[name]
    (at, m), = x.responses(100)
    assert m.status == 100 and close_to([at], [7 * T1])


def test_an_answer_that_comes_too_late_is_dropped(experiments):
    """TX-19: after the end of the server transaction."""
    x = experiments["message, silence"]
    assert len(x.requests("MESSAGE")) == 11 and not x.responses(200)
