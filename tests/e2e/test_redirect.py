# SPDX-License-Identifier: Apache-2.0
"""Users who moved: the redirect server, 3xx that are followed, moves that are learned, and what must not happen."""
import json
import re
import time

import pytest

from phone import Callee, header_param
from sip import uri_of

PHONES_FOLLOW = {"moves": {"phones": "follow"}}
PHONES_LEARN = {"moves": {"phones": "learn"}}


def move(server, *args, **kw):
    return server.command("move", args[0], "--state", server.state, *args[1:], **kw)


def called(flow, timeout=3):
    return Callee.wait(flow, timeout)


def redirect(leg, *contacts, status=301, headers=()):
    """This leg's phone has moved. A contact is the whole value."""
    leg.peer.answer(leg.invite, status, to_tag=leg.tag, headers=[("Contact", c) for c in contacts] + list(headers))
    leg.peer.expect("ACK")


def calling(phone, uri, **kw):
    return phone.invite(uri, early=True, **kw)


def nothing_comes(flow, seconds=0.4):
    m = flow.peer.receive(seconds, lambda m: not m.is_response and m.method == "INVITE")
    assert m is None, "wanted no INVITE, got %r" % m.start


def refuse(leg, status=486):
    leg.answer(status)
    leg.expect_ack()


@pytest.fixture
def three(make_server, phones):
    """three(config): a server, and alice, bob and carol with a phone each."""
    def make(config=None, **kw):
        s = make_server(config=config or {}, **kw)
        users = [phones(s, name) for name in ("alice", "bob", "carol")]
        for phone in users:
            phone.open("udp" if phone.user == "alice" else "tcp")
        return (s, *users)
    return make


# --- the redirect server ---

def test_operators_move_is_told(three):
    """RD-01 RD-03 RD-09: 301 with the new address, and no request of our own."""
    s, alice, bob, carol = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com")
    answer = calling(alice, "sip:bob@example.com").wait()
    assert answer.status == 301
    assert uri_of(answer.get("contact")) == "sip:carol@example.com"
    assert answer.tag("to")
    nothing_comes(bob.flows[0])
    nothing_comes(carol.flows[0], 0.1)


def test_temporary_move_has_its_lifetime(three):
    """RD-03 RD-08: 302, and how long."""
    s, alice, *_ = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com", "--temporary", "--expires", "1h")
    answer = calling(alice, "sip:bob@example.com").wait()
    assert answer.status == 302
    assert 3590 <= int(header_param(answer.get("contact"), "expires")) <= 3600


def test_several_choices_are_ordered(three):
    """RD-03: 300 names them all, the first one first."""
    s, alice, *_ = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com", "sip:alice@example.com")
    answer = calling(alice, "sip:bob@example.com").wait()
    assert answer.status == 300
    assert [uri_of(c) for c in answer.values("contact")] == ["sip:carol@example.com", "sip:alice@example.com"]


def test_who_is_gone_and_who_never_was(three):
    """RD-07: no location 480, nobody 404, gone for good 410."""
    s, alice, bob, carol = three()
    bob.flows[0].register(expires=0)
    assert calling(alice, "sip:bob@example.com").wait().status == 480
    assert calling(alice, "sip:nobody@example.com").wait().status == 404
    move(s, "add", "sip:carol@example.com", "--gone")
    assert calling(alice, "sip:carol@example.com").wait().status == 410


def test_unknown_methods_and_options_are_redirected(three):
    """RD-05: FOO with Require: nosuchext."""
    s, alice, *_ = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com")
    peer = alice.flows[0].peer
    answer = alice.transact(peer, "FOO", "sip:bob@example.com", "sip:bob@example.com", None, [("Require", "nosuchext")])
    assert answer.status == 301


def test_redirect_is_repeated_until_acknowledged(three):
    """RD-06 RD-09: the same 3xx again, with the same tag, until ACK."""
    s, alice, *_ = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com")
    peer = alice.flows[0].peer
    call = alice.invite("sip:bob@example.com", early=True)
    first = call.next()
    while first.status != 301:                              # the challenge was answered by the phone
        first = call.next()
    again = [call.next() for _ in range(2)]
    assert all(m.status == 301 and m.tag("to") == first.tag("to") for m in again)
    alice.ack(peer, call.request, first)
    time.sleep(0.3)
    while peer.receive(0.01):
        pass
    peer.silent(1)


def test_gruu_is_not_moved(three):
    """RD-13: an address of one phone is proxied."""
    s, alice, bob, _ = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com")
    call = calling(alice, "sip:bob@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
    refuse(called(bob.flows[0]), 486)
    assert call.wait().status == 486


def test_operators_move_is_proxied(three):
    """The call goes to the new address, and the caller hears nothing of it."""
    s, alice, bob, carol = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com", "--proxy")
    call = calling(alice, "sip:bob@example.com")
    refuse(called(carol.flows[0]), 486)
    assert call.wait().status == 486
    nothing_comes(bob.flows[0], 0.1)


# --- 3xx that are followed ---

def test_phone_that_moved_is_followed(three):
    """RD-38 RD-41: the new branch has its Max-Forwards and no Route of the old one; 486 is the answer, not the 3xx."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    call = calling(alice, "sip:bob@example.com")
    leg = called(bob.flows[0])
    redirect(leg, "<sip:carol@example.com>")
    second = called(carol.flows[0])
    assert second.invite.get("max-forwards") == leg.invite.get("max-forwards")
    assert second.invite.branch != leg.invite.branch
    assert not second.invite.all("route")
    refuse(second)
    assert call.wait().status == 486


def test_circle_ends(three):
    """RD-39: bob is at carol's, carol is at bob's: two INVITEs."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    redirect(called(carol.flows[0]), "<sip:BOB@example.com>, <sip:bob@EXAMPLE.com>")
    assert call.wait().status in (301, 480)
    nothing_comes(bob.flows[0])


def test_redirect_to_nowhere_allowed_is_passed(three):
    """RD-40: nothing leaves the allow-list, nothing goes from sip to sips: the caller gets the 3xx as it was."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    for contact in ("<sip:mallory@elsewhere.example>", "<sip:+19005551234@example.com>", "<tel:+19005551234>", "<sip:bob@127.0.0.1:9>",
                    "<mailto:bob@example.com>", "<sips:carol@example.com>", "sip:"):
        call = calling(alice, "sip:bob@example.com")
        redirect(called(bob.flows[0]), contact)
        answer = call.wait()
        assert answer.status == 301, contact
        assert answer.get("contact") == contact
    nothing_comes(carol.flows[0])


def test_codes_that_nobody_acts_on(three):
    """RD-11 RD-24: 305, 380 and a 301 without Contact are never acted on."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    for status in (305, 380):
        call = calling(alice, "sip:bob@example.com")
        redirect(called(bob.flows[0]), "<sip:carol@example.com>", status=status)
        assert call.wait().status == status
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]))
    assert call.wait().status == 301
    nothing_comes(carol.flows[0])


def test_part_that_was_followed_is_taken_out(three):
    """RD-38: what was tried is no Contact any more."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>;q=0.9", "<sip:x@elsewhere.example>;q=0.5", status=302)
    refuse(called(carol.flows[0]), 486)
    answer = call.wait()
    assert answer.status == 302
    assert [uri_of(c) for c in answer.values("contact")] == ["sip:x@elsewhere.example"]


def test_endless_chain_has_a_budget(three):
    """RD-26 RD-39: a phone that names a new address each time is followed five times."""
    names = ["u%d" % i for i in range(12)]
    s, alice, bob, carol = three(PHONES_FOLLOW)
    s.command("user", "add", "--state", s.state, "--batch", "-", stdin="".join("%s@example.com secret-%s\n" % (n, n) for n in names))
    for n in names:
        s_phone = type(bob)(s, n, password="secret-" + n)
        s_phone.flows = []
        flow = s_phone.open("tcp")
        bob.flows.append(flow)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:u0@example.com>")
    hops = 0
    for i, flow in enumerate(bob.flows[1:-1]):
        try:
            leg = called(flow, 0.7)
        except AssertionError:
            break
        hops += 1
        redirect(leg, "<sip:u%d@example.com>" % (i + 1))
    assert hops == 5
    assert call.wait().status == 301


# --- what is remembered ---

def test_learned_move_leads_the_next_call(three):
    """RD-17: the next call's first INVITE goes to the new address, after a kill -9 too."""
    s, alice, bob, carol = three(PHONES_LEARN)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    refuse(called(carol.flows[0]), 486)
    assert call.wait().status == 486
    for _ in range(2):
        call = calling(alice, "sip:bob@example.com")
        refuse(called(carol.flows[0]), 486)
        assert call.wait().status == 486
        nothing_comes(bob.flows[0], 0.1)
        time.sleep(0.5)
        s.kill()
        s.start()
        carol.flows[:] = []
        carol.open("tcp")


def test_registration_suspends_what_a_phone_taught(three):
    """A later REGISTER for the old address: calls go to the phone again."""
    s, alice, bob, carol = three(PHONES_LEARN)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    refuse(called(carol.flows[0]), 486)
    call.wait()
    bob.flows[0].register()
    call = calling(alice, "sip:bob@example.com")
    refuse(called(bob.flows[0]), 486)
    assert call.wait().status == 486


def test_302_without_lifetime_is_used_once(three):
    """RD-19 RD-20 RD-21: 302 is remembered with a lifetime only, and expires=0 clears."""
    s, alice, bob, carol = three(PHONES_LEARN)

    def through_bob(contact, status):
        call = calling(alice, "sip:bob@example.com")
        redirect(called(bob.flows[0]), contact, status=status)
        refuse(called(carol.flows[0]), 486)
        assert call.wait().status == 486
    through_bob("<sip:carol@example.com>", 302)
    through_bob("<sip:carol@example.com>;expires=2", 302)
    call = calling(alice, "sip:bob@example.com")
    refuse(called(carol.flows[0]), 486)
    assert call.wait().status == 486
    time.sleep(2.2)
    through_bob("<sip:carol@example.com>;expires=0", 301)
    through_bob("<sip:carol@example.com>", 302)


def test_dead_target_falls_back_once(three):
    """RD-22: the learned target is gone: one INVITE to the old address, and the entry is in doubt."""
    s, alice, bob, carol = three(PHONES_LEARN)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    refuse(called(carol.flows[0]), 486)
    call.wait()
    call = calling(alice, "sip:bob@example.com")
    refuse(called(carol.flows[0]), 404)
    refuse(called(bob.flows[0]), 486)
    assert call.wait().status == 486
    call = calling(alice, "sip:bob@example.com")
    refuse(called(bob.flows[0]), 486)
    assert call.wait().status == 486
    nothing_comes(carol.flows[0], 0.1)


def logged(server, text):
    """The log is written by a thread of its own: it may take a moment."""
    end = time.monotonic() + 2
    while text not in server.read_log():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def learned(server):
    return [json.loads(line) for line in move(server, "list", "--json").stdout.splitlines()]


def test_one_phone_does_not_speak_for_another(three, phones):
    """Nothing is learned while the address has another phone, be it switched off; nor from a call to one certain phone."""
    s, alice, bob, carol = three(PHONES_LEARN)
    other = phones(s, "bob")
    other.open("tcp")
    other.flows[0].peer.close()
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    refuse(called(carol.flows[0]))
    assert call.wait().status == 486
    assert logged(s, "move [learn-other-phones]")
    call = calling(alice, "sip:bob@example.com;gr=x")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    assert call.wait().status == 301
    assert not learned(s)


def test_what_callers_are_told_is_no_leave_to_call(three):
    """An entry that tells of a number is not dialled when somebody's phone redirects to it."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    move(s, "add", "sip:carol@example.com", "sip:+19005551234@example.com")
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:carol@example.com>")
    refuse(called(carol.flows[0]))
    assert call.wait().status == 486
    assert logged(s, "move [target-premium]: sip:carol@example.com")


# --- the dry run ---

def test_rehearsal_tells_what_the_call_does(three):
    """Hop by hop the rules, then where the call goes; nothing is sent, nothing is counted."""
    s, alice, bob, carol = three()
    move(s, "add", "sip:bob@example.com", "sip:carol@example.com", "--proxy")
    rows = [json.loads(line) for line in move(s, "test", "bob@example.com", "--json").stdout.splitlines()]
    assert [(r["from"], r["to"], r.get("rule")) for r in rows[:2]] == [
        ("sip:bob@example.com", None, "entry-proxied"), ("sip:bob@example.com", "sip:carol@example.com", "target-operator-said")]
    assert rows[2]["from"].startswith("sip:carol@") and "TCP 127.0.0.1" in rows[2]["to"]
    nothing_comes(carol.flows[0])
    assert json.loads(move(s, "list", "--json").stdout.splitlines()[0])["hits"] == 0
    assert "nobody" not in move(s, "test", "bob@example.com").stdout
    s.stop()
    assert move(s, "test", "bob@example.com", check=False).returncode == 3


def test_every_decision_is_logged_by_its_rule(three):
    """The log names the rule, and `sluice move why` explains it."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    call = calling(alice, "sip:bob@example.com")
    redirect(called(bob.flows[0]), "<sip:+19005551234@example.com>")
    assert call.wait().status == 301
    assert logged(s, "move [source-phone]")
    assert logged(s, "move [target-premium]: sip:bob@example.com -> sip:+19005551234@example.com")
    assert move(s, "why", "target-premium").stdout.startswith("target-premium: ")


# --- History-Info ---

def test_history_is_written_for_who_asks(three):
    """RD-47 RD-49 RD-50: the indices, the Reason, and nothing for who did not ask."""
    s, alice, bob, carol = three(PHONES_FOLLOW)
    call = calling(alice, "sip:bob@example.com", headers=[("Supported", "histinfo")])
    leg = called(bob.flows[0])
    entries = leg.invite.values("history-info")
    assert [re.search(r"index=([\d.]+)", e).group(1) for e in entries] == ["1", "1.1"]
    assert entries[1].endswith(";rc=1")
    redirect(leg, "<sip:carol@example.com>;mp=1", status=302)
    second = called(carol.flows[0])
    entries = second.invite.values("history-info")
    assert [re.search(r"index=([\d.]+)", e).group(1) for e in entries] == ["1", "1.1", "1.2"]
    assert "?Reason=SIP%3Bcause%3D302>" in entries[1]
    assert entries[2].endswith(";mp=1")
    refuse(second)
    call.wait()
    call = calling(alice, "sip:bob@example.com")
    leg = called(bob.flows[0])
    assert not leg.invite.all("history-info")
    refuse(leg)
    call.wait()
