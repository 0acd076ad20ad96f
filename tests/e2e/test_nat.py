# SPDX-License-Identifier: Apache-2.0
"""Phones without outbound, most of them behind NAT: their Contact is an address that nobody can reach. RFC 3581, RFC 5626 §7."""
import time

import pytest

from quiet import (CONFIG, SILENT, SLACK, Meeting, connects, forget, hears, is_cancelled, is_tried_first, leg_on, no_request, request,
                   scenes, stop_all)
from server import Sluice
from sip import Listener, UdpPeer, token, uri_of

KINDS = ["udp", "tcp", "tls"]
PRIVATE = "<sip:x@10.11.12.13:5060>"
PING = 1.0


@pytest.fixture(scope="module")
def natted(tmp_path_factory):
    config = dict(CONFIG, flow={"nat_ping": "1s"}, registrar={"max_contacts": 3})
    s = Sluice(tmp_path_factory.mktemp("nat"), "natted", config=config, users=())
    yield s.start()
    stop_all(s)


def rule(*function, **axes):
    return scenes(*function, on="natted", **axes)


def plain(s, *kinds, contact=None, bind=("127.0.0.2", 0), **kw):
    """A phone without outbound, registered over one connection a kind."""
    phone = s.phone(outbound=False, **kw)
    for kind in kinds:
        phone.open(kind, register=False, bind=bind).register(supported=None, contact=contact)
    return phone


def message_arrives(s, phone, flow):
    sent = s.message(phone)
    seen = request(flow, "MESSAGE", 1)
    flow.peer.answer(seen, 200)
    assert s.caller.final(s.caller.flows[0].peer, sent).status == 200
    return seen


# --- the way in ---

@rule(kind=KINDS)
def test_a_private_contact_is_reached_over_its_source(s, kind):
    """OB-73 OB-87: the whole dialog, in both directions; the Request-URI is what the phone said."""
    phone = plain(s, kind, contact=PRIVATE)
    flow = phone.flows[0]
    seen = message_arrives(s, phone, flow)
    assert seen.ruri == uri_of(PRIVATE)
    c = s.call(phone)
    leg = leg_on(flow)
    leg.contact = PRIVATE
    leg.ring()
    hears(c, 180)
    leg.pick_up()
    hears(c, 200)
    request(flow, "ACK")
    info = leg.within("INFO")
    caller = s.caller.flows[0].peer
    caller.answer(request(caller, "INFO"), 200)
    assert phone.final(flow.peer, info).status == 200
    bye = c.within("BYE")
    flow.peer.answer(request(flow, "BYE"), 200)
    assert s.caller.final(caller, bye).status == 200


@rule(scheme=["sip:x@%s:%d", "sip:x@%s:%d;transport=tcp"])
def test_a_stream_is_used_whatever_the_contact_says(s, scheme):
    """OB-73 TP-26: the Contact could be reached, by UDP or by a second connection, and is not."""
    elsewhere, listener = UdpPeer(s.home.address("udp"), bind=("127.0.0.2", 0)), Listener("127.0.0.2")
    where = listener.local if "tcp" in scheme else elsewhere.local
    phone = plain(s, "tcp", contact="<%s>" % (scheme % where))
    message_arrives(s, phone, phone.flows[0])
    elsewhere.silent(0.05)
    listener.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.sock.accept()
    listener.close()
    elsewhere.close()


@rule(death=["reset", "close"])
def test_a_stream_that_ended_is_no_way_in(s, death):
    """OB-88: its Contact is not tried by another way."""
    phone = plain(s, "tcp", contact=PRIVATE)
    getattr(phone.flows[0].peer, death)()
    time.sleep(0.05)
    started = time.monotonic()
    s.caller.invite(phone.aor, expect=480)
    assert time.monotonic() - started < SLACK


@rule
def test_the_source_counts_when_the_contact_is_another_port(s):
    """OB-73: a symmetric NAT that the phone guessed wrong."""
    guessed = UdpPeer(s.home.address("udp"), bind=("127.0.0.2", 0))
    phone = plain(s, "udp", contact="<%s>" % guessed.contact_uri())
    message_arrives(s, phone, phone.flows[0])
    guessed.silent(0.05)
    guessed.close()


@rule
def test_a_new_source_replaces_the_old_one(s):
    """OB-74: the NAT gave the phone another port; the same Contact, registered again, is one binding over the new way."""
    phone = plain(s, "udp", contact=PRIVATE)
    again = phone.open("udp", register=False, bind=("127.0.0.2", 0))
    again.call_id, again.cseq = phone.flows[0].call_id, phone.flows[0].cseq
    again.register(supported=None, contact=PRIVATE)
    assert s.bindings(phone) == 1
    message_arrives(s, phone, again)
    no_request(phone.flows[0], "MESSAGE", 0.05)


@rule(sent_by=["10.11.12.13:5060", "phone.invalid"])
def test_an_answer_goes_to_the_source(s, sent_by):
    """TP-02: without rport too, when what the Via says is not where the request came from."""
    peer = UdpPeer(s.home.address("udp"), bind=("127.0.0.2", 0))
    r = peer.request("OPTIONS", "sip:example.com", "sip:x@example.com")
    r.headers[0] = ("Via", "SIP/2.0/UDP %s;branch=z9hG4bK%s" % (sent_by, token()))
    peer.send(r)
    assert ";received=127.0.0.2" in peer.expect(200).get("via")
    peer.close()


# --- kept open from our side ---

def datagrams(peer, seconds):
    """What comes in that time, byte for byte."""
    out, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        data = peer.read(max(0.001, end - time.monotonic()))
        if data:
            out.append(data)
    return out


@rule(who=["natted", "natted, by instance", "open", "outbound", "gone"])
def test_the_way_to_a_phone_behind_nat_is_kept_open(s, who):
    """CRLFCRLF every nat_ping, to phones over UDP whose Contact is not their source and that do not keep their flow alive themselves;
    to nobody else, and not after the registration."""
    if who == "outbound":
        phone = s.phone("udp")
    elif who == "natted, by instance":
        phone = plain(s, "udp", contact=PRIVATE, instance="urn:uuid:" + token())
    else:
        phone = plain(s, "udp", contact=None if who == "open" else PRIVATE)
    flow = phone.flows[0]
    if who == "gone":
        flow.register(supported=None, contact=PRIVATE, expires=0)
    seen = datagrams(flow.peer, 2 * PING + SLACK + 0.3)
    if who.startswith("natted"):
        assert len(seen) in (2, 3) and set(seen) == {b"\r\n\r\n"}, seen
    else:
        assert not seen


# --- one phone, several bindings ---

def instance():
    return "urn:uuid:" + token()


@rule(kind=KINDS)
def test_an_instance_without_reg_id_is_one_phone(s, kind):
    """OB-80 OB-90: it moved and registered anew: only its newest binding is tried."""
    phone = plain(s, kind, kind, instance=instance())
    assert s.bindings(phone) == 2
    c = s.call(phone)
    leg = leg_on(phone.flows[1], SLACK)
    leg.ring()
    hears(c, 180)
    no_request(phone.flows[0], "INVITE", 0.3)
    connects(c, leg)


@rule(kind=KINDS, contact=["own", "private"])
def test_a_ghost_of_an_instance_costs_its_silence_once(s, kind, contact):
    """OB-80 OB-90: the newest binding is dead air: the older one rings in time, and first at the next call."""
    phone = plain(s, kind, instance=instance())
    phone.open(kind, register=False, bind=("127.0.0.2", 0)).register(supported=None, contact=None if contact == "own" else PRIVATE)
    m = Meeting(s, phone)
    took = time.monotonic() - m.call.started
    assert SILENT[kind] - 0.03 <= took < SILENT[kind] + SLACK
    m.new.ring()
    hears(m.call, 180)
    connects(m.call, m.new)
    forget(phone.flows[1], "INVITE")
    is_tried_first(s, phone, phone.flows[0])
    m.old.answer(100)
    is_cancelled(m.old)
    is_tried_first(s, phone, phone.flows[1])
    assert s.bindings(phone) == 2


@rule(kind=KINDS)
def test_bindings_without_instance_are_phones_of_their_own(s, kind):
    """OB-80: both ring at once."""
    phone = plain(s, kind, kind)
    c = s.call(phone)
    legs = [leg_on(f, SLACK) for f in phone.flows]
    legs[0].pick_up()
    hears(c, 200)
    legs[1].answer(100)
    is_cancelled(legs[1])


@rule(kind=KINDS)
def test_ghosts_do_not_lock_the_phone_out(s, kind):
    """A phone that takes a new port at every start: past the limit the oldest makes room, the last three stay."""
    phone = plain(s, *[kind] * 5)
    assert s.bindings(phone) == 3
    sent = s.message(phone)
    for flow in phone.flows[2:]:
        flow.peer.answer(request(flow, "MESSAGE", 1), 200)
    for flow in phone.flows[:2]:
        no_request(flow, "MESSAGE", 0.05)
    assert s.caller.final(s.caller.flows[0].peer, sent).status == 200


@rule
def test_what_cannot_be_reached_makes_room_first(s):
    """A connection that ended, though an older binding lives."""
    phone = plain(s, "udp", "tcp", "udp")
    phone.flows[1].peer.reset()
    time.sleep(0.05)
    phone.open("udp", register=False, bind=("127.0.0.2", 0)).register(supported=None)
    assert s.bindings(phone) == 3
    sent = s.message(phone)
    for flow in (phone.flows[0], phone.flows[2], phone.flows[3]):
        flow.peer.answer(request(flow, "MESSAGE", 1), 200)
    assert s.caller.final(s.caller.flows[0].peer, sent).status == 200
