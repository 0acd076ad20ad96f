# SPDX-License-Identifier: Apache-2.0
"""Two copies of one INVITE at one phone: the flow that fell silent was replaced by the next, then the phone speaks. Whatever it says to either
copy, in either order, the caller hears one story and the phone rings once. RFC 3261 §16.7, §9.1, RFC 5626 §7, RFC 6026."""
import time

from quiet import (GIVE_UP, SILENT, SLACK, again, connects, forget, hears, hears_nothing, home, is_cancelled, leg_on, no_request,  # noqa: F401
                   request, scenes, site, two_workers)

SAME = [("udp", "udp"), ("tcp", "tcp"), ("tls", "tls")]
MIXED = SAME + [("udp", "tls"), ("tcp", "udp")]
ORDERS = ["old", "new"]
RETRY = 2.0                                             # seconds until a phone that said 482 is asked again


# --- who rings first ---

@scenes(kinds=MIXED, first=ORDERS)
def test_the_copy_that_rings_first_is_the_call(s, kinds, first):
    """PX-44: the other one is not cancelled before it says something, then at once; it never rings at the caller."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.ring()
    assert hears(m.call, 180).tag("to") == live.tag
    no_request(lost.peer, "CANCEL", 0.2)
    lost.answer(100)
    is_cancelled(lost)
    hears_nothing(m.call, 0.1)
    connects(m.call, live)
    assert m.bindings() == 2


@scenes(first=ORDERS)
def test_the_loser_is_not_repeated(s, first):
    """PX-44: over UDP, once the other copy rings; what heals late must not ring."""
    m = s.meet("udp", "udp")
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    forget(lost.peer, "INVITE")
    no_request(lost.peer, "INVITE", 0.9)
    connects(m.call, live)


@scenes(kinds=SAME, first=ORDERS)
def test_a_late_ring_of_the_loser_stays_between_us(s, kinds, first):
    """PX-44: its 180 is answered by CANCEL and not forwarded."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    lost.ring()
    is_cancelled(lost)
    hears_nothing(m.call, 0.2)
    connects(m.call, live)


@scenes(kinds=SAME, first=ORDERS)
def test_one_answers_without_ringing(s, kinds, first):
    """PX-38 PX-44: the other is cancelled with its first word, and its 487 goes nowhere."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.pick_up()
    assert hears(m.call, 200).tag("to") == live.tag
    request(live.peer, "ACK")
    no_request(lost.peer, "CANCEL", 0.1)
    lost.answer(100)
    assert "cause=200" in is_cancelled(lost).get("reason", "")
    hears_nothing(m.call, 0.2)


@scenes(kinds=SAME, first=ORDERS)
def test_both_answer(s, kinds, first):
    """PX-32 TX-05: every 2xx goes up, each is acknowledged on its own flow, and the caller ends the one it does not want."""
    m = s.meet(*kinds)
    one, two = m.both(first)
    one.pick_up()
    two.pick_up()
    for _ in "12":
        leg, other = (one, two) if hears(m.call, 200).tag("to") == one.tag else (two, one)
        assert request(leg.peer, "ACK").tag("to") == leg.tag
    m.call.within("BYE")
    assert request(leg.peer, "BYE").tag("to") == leg.tag
    no_request(other.peer, "BYE", 0.1)


@scenes(first=ORDERS)
def test_a_ring_and_then_the_answer_of_the_loser(s, first):
    """PX-32: the phone was quicker than its CANCEL: its 200 goes up all the same."""
    m = s.meet("tcp", "tcp")
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    lost.pick_up()
    assert hears(m.call, 200).tag("to") == lost.tag
    request(lost.peer, "ACK")
    is_cancelled(live)


# --- refusals ---

@scenes(kinds=SAME, first=ORDERS, status=[486, 404, 603])
def test_a_refusal_on_either_copy_is_the_phones_answer(s, kinds, first, status):
    """OB-82: the caller has it at once; the sibling is cancelled when it wakes up, and its 487 changes nothing."""
    m = s.meet(*kinds)
    one, two = m.both(first)
    started = time.monotonic()
    one.answer(status)
    hears(m.call, status)
    assert time.monotonic() - started < SLACK
    request(one.peer, "ACK")
    two.ring()
    is_cancelled(two)
    hears_nothing(m.call, 0.1)
    assert m.bindings() == 2


@scenes(kinds=SAME, first=ORDERS)
def test_a_refusal_after_ringing(s, kinds, first):
    """OB-82: whoever rang, then 486."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    live.answer(486)
    hears(m.call, 486)
    lost.ring()
    is_cancelled(lost)


@scenes(kinds=SAME)
def test_430_on_the_abandoned_copy_costs_its_binding_only(s, kinds):
    """OB-85 OB-81: the replacement goes on as if nothing had been."""
    m = s.meet(*kinds)
    m.old.answer(430)
    request(m.old.peer, "ACK")
    hears_nothing(m.call, 0.2)
    m.new.ring()
    hears(m.call, 180)
    connects(m.call, m.new)
    assert m.bindings() == 1


@scenes(kinds=SAME)
def test_430_on_the_replacement_waits_for_the_abandoned_copy(s, kinds):
    """OB-85 OB-84: its binding goes; the abandoned one may still ring."""
    m = s.meet(*kinds)
    m.new.answer(430)
    request(m.new.peer, "ACK")
    hears_nothing(m.call, 0.3)
    m.old.ring()
    hears(m.call, 180)
    connects(m.call, m.old)
    assert m.bindings() == 1


# --- 482: merged ---

@scenes(kinds=SAME, first=ORDERS)
def test_482_of_either_copy_means_that_the_other_is_there(s, kinds, first):
    """It is neither an answer nor the end; the other rings and picks up."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    lost.answer(482)
    request(lost.peer, "ACK")
    hears_nothing(m.call, 0.2)
    live.ring()
    hears(m.call, 180)
    connects(m.call, live)
    no_request(lost.peer, "CANCEL", 0.05)
    assert m.bindings() == 2


@scenes(kinds=SAME, first=ORDERS)
def test_482_after_the_other_rang(s, kinds, first):
    """The loser's last word changes nothing."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    lost.answer(482)
    request(lost.peer, "ACK")
    hears_nothing(m.call, 0.2)
    connects(m.call, live)


@scenes(first=ORDERS)
def test_482_and_then_a_refusal_of_the_other(s, first):
    """OB-82: 486 is what the phone said; 482 is never a better response."""
    m = s.meet("tcp", "tcp")
    live, lost = m.both(first)
    lost.answer(482)
    request(lost.peer, "ACK")
    live.answer(486)
    hears(m.call, 486)


@scenes
def test_482_with_nothing_else_open_is_an_answer(s):
    """OB-82: a real loop is told."""
    phone = s.phone("tcp", "tcp")
    c = s.call(phone)
    leg_on(phone.flows[1]).answer(482)
    hears(c, 482)
    no_request(phone.flows[0], "INVITE", 0.1)


# --- the caller gives up ---

def at_once(c, status=487):
    started = time.monotonic()
    c.cancel()
    hears(c, status)
    took = time.monotonic() - started
    assert took < SLACK, took
    assert c.peer.receive(1, lambda m: m.is_response and m.call_id == c.call_id and m.method == "CANCEL").status == 200


@scenes(kinds=SAME)
def test_cancel_before_anything(s, kinds):
    """OB-91 PX-43 PX-44: 487 without waiting for a mute phone, no replacement, and CANCEL when the phone wakes up."""
    phone = s.phone(*kinds)
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    at_once(c)
    no_request(phone.flows[0], "INVITE", SILENT[kinds[1]] + 0.2)
    no_request(leg.peer, "CANCEL", 0.05)
    leg.ring()
    is_cancelled(leg)
    hears_nothing(c, 0.1)


@scenes(kinds=SAME, first=ORDERS)
def test_cancel_after_the_replacement(s, kinds, first):
    """OB-91 PX-44: 487 at once; both copies get their CANCEL when they wake up, in either order."""
    m = s.meet(*kinds)
    at_once(m.call)
    for leg in m.both(first):
        no_request(leg.peer, "CANCEL", 0.05)
        leg.ring()
        is_cancelled(leg)
    hears_nothing(m.call, 0.1)


@scenes(kinds=SAME, first=ORDERS)
def test_cancel_after_the_first_ring(s, kinds, first):
    """OB-91 PX-43: the one that rings is cancelled at once, its 487 ends the call; the mute one is not waited for."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    started = time.monotonic()
    m.call.cancel()
    is_cancelled(live)
    hears(m.call, 487)
    assert time.monotonic() - started < SLACK
    lost.ring()
    is_cancelled(lost)


@scenes(first=ORDERS)
def test_cancel_and_the_phone_that_rang_has_gone_mute(s, first):
    """PX-43: the caller is not left waiting for Timer B."""
    m = s.meet("tcp", "tcp")
    live, _ = m.both(first)
    live.ring()
    hears(m.call, 180)
    started = time.monotonic()
    m.call.cancel()
    is_cancelled(live, answer=False)
    hears(m.call, 487, 4)
    assert time.monotonic() - started < 2.0 + SLACK


@scenes(kinds=SAME, first=ORDERS)
def test_cancel_after_482(s, kinds, first):
    """OB-91 PX-43: merged, the other copy still mute: 487 at once."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    lost.answer(482)
    request(lost.peer, "ACK")
    at_once(m.call)
    live.ring()
    is_cancelled(live)


@scenes(kinds=SAME)
def test_cancel_between_430_and_the_next_flows_first_word(s, kinds):
    """OB-91: nothing was heard of the replacement."""
    phone = s.phone(*kinds)
    c = s.call(phone)
    old = leg_on(phone.flows[1])
    old.answer(430)
    new = leg_on(phone.flows[0], SLACK)
    at_once(c)
    new.ring()
    is_cancelled(new)


@scenes(first=ORDERS)
def test_cancel_crosses_an_answer(s, first):
    """PX-32 PX-43: the phone picks up as the caller gives up: the 200 is the caller's to acknowledge and end."""
    m = s.meet("tcp", "tcp")
    live, _ = m.both(first)
    live.ring()
    hears(m.call, 180)
    live.pick_up()
    m.call.cancel()
    assert hears(m.call, 200).tag("to") == live.tag
    request(live.peer, "ACK")


# --- how long silence may last ---

@scenes
def test_silence_is_no_verdict_before_its_time(s):
    """The replacement's flow dies, the abandoned one stays silent: the caller waits until give_up, then hears
    480."""
    m = s.meet("tcp", "tcp")
    m.new.peer.reset()
    m.call.final = None
    answer = m.call.next(GIVE_UP + 2)
    while answer.status == 100:
        answer = m.call.next(GIVE_UP + 2)
    took = time.monotonic() - m.call.started
    assert GIVE_UP - 0.05 <= took < GIVE_UP + SLACK, took
    assert answer.status in (408, 480)
    m.call.phone.ack(m.call.peer, m.call.request, answer)
    m.old.ring()
    is_cancelled(m.old)
    assert m.bindings() == 1


@scenes
def test_an_answer_just_before_that_time_counts(s):
    """The same, and the abandoned copy rings late."""
    m = s.meet("tcp", "tcp")
    m.new.peer.reset()
    hears_nothing(m.call, m.call.started + 0.75 - time.monotonic())
    m.old.ring()
    hears(m.call, 180)
    hears_nothing(m.call, 0.6)
    connects(m.call, m.old)


@scenes
def test_a_408_of_the_replacement_is_no_verdict_either(s):
    """OB-83: the phone's 408 on one flow, the other copy still mute: nothing before give_up, then 408."""
    m = s.meet("tcp", "tcp")
    m.new.answer(408)
    request(m.new.peer, "ACK")
    hears_nothing(m.call, m.call.started + GIVE_UP - 0.1 - time.monotonic())
    hears(m.call, 408)
    assert m.bindings() == 2


# --- connections that end ---

@scenes(death=["reset", "close"], kind=["tcp", "tls"])
def test_the_flow_ends_while_the_phone_rings(s, kind, death):
    """OB-81 OB-88: also after 180 the next flow is tried at once; its ring and answer are the caller's."""
    phone = s.phone(kind, kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    leg.ring()
    hears(c, 180)
    started = time.monotonic()
    getattr(leg.peer, death)()
    again = leg_on(phone.flows[0], SLACK)
    assert time.monotonic() - started < SLACK
    again.ring()
    assert hears(c, 180).tag("to") == again.tag
    connects(c, again)
    assert s.bindings(phone) == 1


@scenes(rang=[False, True])
def test_482_of_a_phone_that_still_holds_the_lost_copy_is_asked_again(s, rang):
    """OB-81: the phone has not noticed yet that its connection is gone; two seconds later it has, and the call goes through."""
    phone = s.phone("tcp", "tcp")
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    if rang:
        leg.ring()
        hears(c, 180)
    leg.peer.reset()
    merged = leg_on(phone.flows[0], SLACK)
    merged.answer(482)
    request(merged.peer, "ACK")
    said = time.monotonic()
    hears_nothing(c, RETRY - 0.3)
    again = leg_on(phone.flows[0], 1)
    assert RETRY - 0.1 < time.monotonic() - said < RETRY + SLACK
    assert again.invite.branch != merged.invite.branch and again.invite.call_id == merged.invite.call_id
    again.ring()
    hears(c, 180)
    connects(c, again)


@scenes
def test_cancel_while_482_waits(s):
    """OB-91: 487 at once, and the phone is not asked again."""
    phone = s.phone("tcp", "tcp")
    c = s.call(phone)
    leg_on(phone.flows[1]).peer.reset()
    merged = leg_on(phone.flows[0], SLACK)
    merged.answer(482)
    request(merged.peer, "ACK")
    at_once(c)
    no_request(phone.flows[0], "INVITE", RETRY + 0.2)


@scenes(kinds=[("tcp", "tcp"), ("tls", "tls")], first=ORDERS)
def test_the_loser_is_taken_back(s, kinds, first):
    """OB-81: the one that rang loses its connection before the other has heard that it lost: that copy is still good, and no second one is
    sent over the same flow."""
    m = s.meet(*kinds)
    live, lost = m.both(first)
    live.ring()
    hears(m.call, 180)
    live.peer.reset()
    hears_nothing(m.call, 0.1)
    no_request(lost.peer, "INVITE", 0.05)
    lost.ring()
    hears(m.call, 180)
    connects(m.call, lost)
    no_request(lost.peer, "CANCEL", 0.05)


@scenes
def test_the_abandoned_flow_ends(s):
    """OB-88: its binding goes, the replacement goes on."""
    m = s.meet("tcp", "tls")
    m.old.peer.reset()
    hears_nothing(m.call, 0.1)
    m.new.ring()
    hears(m.call, 180)
    connects(m.call, m.new)
    assert m.bindings() == 1


@scenes(first=ORDERS, rang=[False, True])
def test_all_flows_gone(s, first, rang):
    """OB-84 OB-88: 480, never 430, at once."""
    m = s.meet("tcp", "tcp")
    one, two = m.both(first)
    if rang:
        one.ring()
        hears(m.call, 180)
    two.peer.reset()
    one.peer.reset()
    started = time.monotonic()
    hears(m.call, 480)
    assert time.monotonic() - started < SLACK
    assert m.bindings() == 0


# --- the same through edges: the home has the two branches, each edge has one of the flows; and with two workers ---

# An edge's 100 takes the home's CANCEL at once: no copy behind an edge is taken back.
ONLY_DIRECT = ["test_the_loser_is_taken_back"]

for name in [n for n in globals() if n.startswith("test_") and n not in ONLY_DIRECT]:
    globals()[name + "_over_edges"] = again(globals()[name], "site", "_over_edges")

for rule in (test_the_copy_that_rings_first_is_the_call, test_both_answer, test_a_refusal_on_either_copy_is_the_phones_answer,
             test_482_of_either_copy_means_that_the_other_is_there, test_cancel_after_the_replacement,
             test_the_flow_ends_while_the_phone_rings):
    globals()[rule.__name__ + "_with_two_workers"] = again(rule, "two_workers", "_with_two_workers")
