# SPDX-License-Identifier: Apache-2.0
"""The main job: a phone with two flows, one of them dead, and the call arrives."""
import statistics
import time

import pytest

from phone import Callee


def ring_through(caller, callee_flow, to="sip:bob@example.com"):
    """A whole call on this flow of the callee; the time from INVITE to 180 at the caller, in ms."""
    started = time.monotonic()
    call = caller.invite(to, early=True)
    leg = Callee.wait(callee_flow)
    leg.ring()
    while True:
        m = call.next()
        if m.status == 180:
            break
        assert m.status == 100, m.start
    took = (time.monotonic() - started) * 1000
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    bye = call.within("BYE")
    callee_flow.peer.answer(callee_flow.peer.expect("BYE"), 200)
    assert caller.final(call.peer, bye).status == 200
    return took


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_a_call_reaches_the_last_registered_flow(server, phones, kind):
    """OB-73 OB-80 OB-87 OB-90: one copy of the INVITE, on the newest flow, whatever the Contact says."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    one, two = bob.open(kind, register=False), bob.open(kind, register=False)
    one.register(contact="<sip:bob@unreachable.invalid>")
    two.register(contact="<sip:bob@unreachable.invalid>")
    ring_through(alice, two)
    one.peer.silent()


@pytest.mark.parametrize("death", ["reset", "close"])
@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_the_call_arrives_on_the_second_flow_when_the_first_died(server, phones, kind, death):
    """OB-81 OB-85 OB-88 OB-89: RST and FIN; the caller sees one ordinary call, quickly."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    first = bob.open(kind)
    times = []
    for _ in range(5):
        second = bob.open(kind, reg_id=2)
        getattr(second.peer, death)()
        times.append(ring_through(alice, first))
    assert statistics.median(times) < 50, times


def test_a_flow_that_answers_430_is_replaced_in_the_same_call(server, phones):
    """OB-81 OB-82 OB-85: the INVITE moves on at once, and the binding is gone."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    one, two = bob.open("tcp"), bob.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    two.peer.answer(two.peer.expect("INVITE"), 430)
    two.peer.expect("ACK")
    leg = Callee.wait(one, timeout=0.5)
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    assert ring_through(alice, one) < 500
    two.peer.silent()


@pytest.mark.parametrize("status", [486, 403, 503, 603])
def test_any_other_final_answer_ends_the_instance(server, phones, status):
    """OB-82: the second flow sees nothing."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    one, two = bob.open("tcp"), bob.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    two.peer.answer(two.peer.expect("INVITE"), status)
    assert call.wait().status == (500 if status == 503 else status)
    one.peer.silent()


def test_a_silent_flow_is_followed_by_the_next(server, phones):
    """OB-83: 408 by timer B moves on, and keeps the binding."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    one, two = bob.open("tcp"), bob.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    two.peer.expect("INVITE")
    leg = Callee.wait(one, timeout=100 * server.t1)
    leg.pick_up()
    assert call.wait(timeout=3).status == 200
    assert len(server.bindings("sip:bob@example.com")) == 2


def test_the_caller_never_hears_430(server, phones):
    """OB-84: all flows dead gives 480."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    flows = [bob.open("tcp"), bob.open("tcp")]
    call = alice.invite("sip:bob@example.com", early=True)
    for f in reversed(flows):
        f.peer.answer(f.peer.expect("INVITE"), 430)
    assert call.wait().status == 480


def test_a_closed_connection_takes_all_its_bindings_along(server, phones):
    """OB-88: two AORs on one connection, both are gone."""
    alice = phones(server, "alice")
    alice.open("udp")
    bob, carol = phones(server, "bob"), phones(server, "carol")
    flow = bob.open("tcp")
    carol.flows.append(flow.__class__(carol, flow.peer, 1))
    carol.flows[0].register()
    flow.peer.reset()
    for user in ("bob", "carol"):
        alice.invite("sip:%s@example.com" % user, expect=480)


def test_cancel_between_430_and_the_answer_of_the_next_flow(server, phones):
    """OB-91: the replacement is cancelled like any branch."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    one, two = bob.open("tcp"), bob.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    two.peer.answer(two.peer.expect("INVITE"), 430)
    two.peer.expect("ACK")
    leg = Callee.wait(one)
    leg.ring()
    assert call.next().status in (100, 180)
    call.cancel()
    cancel = one.peer.expect("CANCEL")
    one.peer.answer(cancel, 200)
    leg.answer(487)
    assert call.peer.receive(3, lambda m: m.method == "CANCEL").status == 200
    assert call.wait().status == 487


def test_a_phone_that_comes_back_while_its_caller_waits_gets_the_call(server, phones):
    """P1: its only flow fell silent; two seconds later it registers from elsewhere, and the call that waits arrives there."""
    alice, bob = phones(server, "alice"), phones(server, "bob")
    alice.open("udp")
    silent = bob.open("tcp")
    call = alice.invite("sip:bob@example.com", early=True)
    silent.peer.expect("INVITE")
    time.sleep(1.5)
    again = bob.open("tcp", reg_id=1)
    leg = Callee.wait(again, timeout=3)
    leg.ring()
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
