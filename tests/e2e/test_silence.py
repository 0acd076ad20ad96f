# SPDX-License-Identifier: Apache-2.0
"""Flows that fall silent without dying: replaced in time, tried last, probed, believed again; and what proves a flow dead. RFC 5626 §7,
RFC 4320, RFC 3261 §18.4."""
import random
import socket
import struct
import time

import pytest

from quiet import (GIVE_UP, LIFE, SILENT, SILENT_OTHER, SLACK, Meeting, again, connects, forget, hears, hears_nothing, home,  # noqa: F401
                   is_cancelled, is_tried_first, leg_on, no_request, request, scenes, site, two_workers, untuned)
from sip import Message, TcpPeer

KINDS = ["udp", "tcp", "tls"]
SAME = [(k, k) for k in KINDS]


def since(t):
    return time.monotonic() - t


def about(seconds, wanted):
    return wanted - 0.03 <= seconds < wanted + SLACK


def falls_silent(s, phone):
    """The newest flow says nothing to a call, which is refused on the next one. The copy that lies there."""
    m = Meeting(s, phone)
    m.new.answer(486)
    hears(m.call, 486)
    request(m.new.peer, "ACK")
    return m.old


def answer_message(s, flow, sent, timeout=3):
    """A MESSAGE arrives on this flow and is answered; the caller hears it once."""
    flow.peer.answer(request(flow, "MESSAGE", timeout), 200)
    m = s.caller.flows[0].peer.receive(2, lambda m: m.is_response and m.call_id == sent.call_id and m.status > 100)
    assert m is not None and m.status == 200


def message_is_unanswered(s, sent, timeout):
    """But for 100."""
    m = s.caller.flows[0].peer.receive(timeout, lambda m: m.is_response and m.call_id == sent.call_id and m.status > 100)
    assert m is None, "the sender wanted silence, got %r" % m.start


# --- replaced in time ---

@scenes(kinds=SAME + [("udp", "tls"), ("tcp", "udp"), ("tls", "tcp")])
def test_a_silent_flow_is_replaced(s, kinds):
    """OB-83: after the time of its transport, not before; the call goes through and no binding is lost."""
    phone = s.phone(*kinds)
    m = Meeting(s, phone)
    assert about(since(m.call.started), SILENT[kinds[-1]])
    m.new.ring()
    hears(m.call, 180)
    connects(m.call, m.new)
    assert s.bindings(phone) == 2


@scenes(kind=KINDS)
def test_one_flow_after_the_other(s, kind):
    """OB-80 OB-83: three flows, two of them silent; both are cancelled when they wake up, all bindings stay."""
    phone = s.phone(kind, kind, kind)
    m = Meeting(s, phone)
    third = leg_on(phone.flows[0])
    assert about(since(m.call.started), 2 * SILENT[kind])
    third.ring()
    hears(m.call, 180)
    for leg in (m.old, m.new):
        leg.answer(100)
        is_cancelled(leg)
    connects(m.call, third)
    assert s.bindings(phone) == 3


@scenes(kind=KINDS, word=[100, 180, 183])
def test_a_word_in_time_keeps_the_call_where_it_is(s, kind, word):
    """OB-80: any provisional; long silence after it replaces nothing."""
    phone = s.phone(kind, kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    leg.answer(word)
    if word > 100:
        hears(c, word)
    no_request(phone.flows[0], "INVITE", 3 * SILENT[kind])
    connects(c, leg)


@scenes(kind=KINDS)
def test_with_no_other_flow_nothing_is_abandoned(s, kind):
    """The call waits beyond give_up, over UDP it goes on being repeated, and the phone may answer late."""
    phone = s.phone(kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[0])
    hears_nothing(c, GIVE_UP + 0.3)
    assert bool(forget(phone.flows[0], "INVITE")) == (kind == "udp")
    no_request(phone.flows[0], "CANCEL", 0.02)
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    assert s.bindings(phone) == 1


@scenes(kinds=SAME + [("tcp",), ("udp",)])
def test_nobody_answers_at_all(s, kinds):
    """PX-34 TX-01: the last flow that was tried has the whole of 64*T1; then 408, once, and no binding is lost for it."""
    phone = s.phone(*kinds)
    c = s.call(phone)
    hears_nothing(c, LIFE - 0.1)
    hears(c, 408)
    assert about(since(c.started), LIFE + (SILENT[kinds[0]] if len(kinds) > 1 else 0))
    hears_nothing(c, 0.2)
    assert s.bindings(phone) == len(kinds)


@scenes(kind=KINDS)
def test_a_silent_phone_delays_no_other_phone(s, kind):
    """PX-38: two phones of one user ring together, each has its own replacement; one answer ends them all."""
    one = s.phone(kind, kind)
    two = s.phone(kind, user=one.user)
    c = s.call(one)
    other = leg_on(two.flows[0], SLACK)
    old = leg_on(one.flows[1])
    other.ring()
    hears(c, 180)
    new = leg_on(one.flows[0])
    new.ring()
    hears(c, 180)
    other.pick_up()
    assert hears(c, 200).tag("to") == other.tag
    is_cancelled(new)
    old.answer(100)
    is_cancelled(old)
    hears_nothing(c, 0.1)


LOOK = 1.0                              # how often the way back of a silent phone is looked for


@scenes(kinds=SAME + [("udp", "tcp")], reg_id=[1, 2])
def test_a_phone_that_comes_back_meanwhile(s, kinds, reg_id):
    """OB-74: its only flow is silent; it registers over another one, under the same number or a new one, and the waiting call goes there.
    The old copy is cancelled at its first word."""
    phone = s.phone(kinds[0])
    c = s.call(phone)
    old = leg_on(phone.flows[0])
    time.sleep(SILENT[kinds[0]] + 0.1)
    back = phone.open(kinds[1], reg_id=reg_id, bind=("127.0.0.2", 0))
    new = leg_on(back, LOOK + SLACK)
    new.ring()
    hears(c, 180)
    old.answer(100)
    is_cancelled(old)
    connects(c, new)


# --- tried last ---

@scenes(kinds=SAME + [("tcp", "udp"), ("udp", "tls")])
def test_a_suspect_is_tried_last(s, kinds):
    """The next call and the next MESSAGE go to the older flow, without any delay."""
    phone = s.phone(*kinds)
    falls_silent(s, phone)
    forget(phone.flows[1], "INVITE")
    is_tried_first(s, phone, phone.flows[0])
    sent = s.message(phone)
    answer_message(s, phone.flows[0], sent, SLACK)
    no_request(phone.flows[1], "MESSAGE", 0.02)
    assert s.bindings(phone) == 2


@scenes(kind=KINDS)
def test_a_suspect_is_still_tried(s, kind):
    """OB-81: when the other flow proves dead or silent, the suspect rings."""
    phone = s.phone(kind, kind)
    falls_silent(s, phone)
    forget(phone.flows[1], "INVITE")
    c = s.call(phone)
    leg = leg_on(phone.flows[0])
    leg.answer(430)
    leg = leg_on(phone.flows[1], SLACK)
    leg.ring()
    hears(c, 180)
    connects(c, leg)


@scenes(kinds=SAME)
def test_among_suspects_the_newest_is_first(s, kinds):
    """OB-90: all of them silent: the order is the old one, and each has its time."""
    phone = s.phone(*kinds)
    m = Meeting(s, phone)
    time.sleep(SILENT[kinds[0]] + 0.1)
    m.call.cancel()
    hears(m.call, 487)
    for flow in phone.flows:
        forget(flow, "INVITE")
    again = Meeting(s, phone)
    assert again.old.peer is phone.flows[1].peer
    assert about(since(again.call.started), SILENT[kinds[0]])


def stun_request():
    return struct.pack(">HHI", 1, 0, 0x2112A442) + random.randbytes(12)


@scenes(kind=KINDS, word=["ping", "junk", 100, 180, 482, "stun", "options"])
def test_any_byte_clears_the_suspicion(s, kind, word):
    """OB-90: a keep-alive, half a message, a late answer to the call that is over: the next call goes there first again."""
    if (kind == "udp") != (word in ("stun", "junk")) and word in ("stun", "junk"):
        return
    phone = s.phone(kind, kind)
    silent = phone.flows[1]
    leg = falls_silent(s, phone)
    forget(silent, "INVITE")
    if word == "ping":
        silent.peer.send_bytes(b"\r\n\r\n")
    elif word == "junk":
        silent.peer.send_bytes(b"nothing that anybody understands")
    elif word == "stun":
        silent.peer.send_bytes(stun_request())
    elif word == "options":
        silent.peer.send(silent.peer.request("OPTIONS", "sip:example.com", phone.aor))
    else:
        leg.answer(word)
    time.sleep(0.05)
    if word == "stun":
        silent.peer.sock.recv(1000)
    is_tried_first(s, phone, silent)


@scenes(kind=["tcp", "tls"])
def test_half_a_message_clears_the_suspicion(s, kind):
    """OB-90: bytes are bytes, though no message is complete."""
    phone = s.phone(kind, kind)
    silent = phone.flows[1]
    falls_silent(s, phone)
    whole = silent.peer.request("OPTIONS", "sip:example.com", phone.aor).bytes()
    silent.peer.send_bytes(whole[:60])
    time.sleep(0.05)
    c = s.call(phone)
    leg = leg_on(silent, SLACK)
    silent.peer.send_bytes(whole[60:])
    leg.answer(486)
    hears(c, 486)
    no_request(phone.flows[0], "INVITE", 0.03)


@scenes(kind=KINDS)
def test_a_suspect_is_probed(s, kind):
    """OB-90: an OPTIONS comes over the silent flow, not over the others; its answer clears the suspicion."""
    phone = s.phone(kind, kind)
    silent = phone.flows[1]
    falls_silent(s, phone)
    probe = request(silent, "OPTIONS")
    assert probe.ruri == silent.peer.contact_uri(phone.user)
    no_request(phone.flows[0], "OPTIONS", 0.05)
    forget(silent, "INVITE")
    silent.peer.answer(probe, 200)
    time.sleep(0.05)
    is_tried_first(s, phone, silent)


# --- other methods ---

@scenes(kinds=SAME + [("tcp", "udp"), ("udp", "tls")])
def test_a_message_has_its_own_time(s, kinds):
    """OB-83: it moves on after it, not after that of an INVITE; one answer for the sender, no binding lost."""
    phone = s.phone(*kinds)
    sent = s.message(phone)
    silent = request(phone.flows[1], "MESSAGE")
    no_request(phone.flows[0], "MESSAGE", SILENT_OTHER - 0.05 - since(sent.started))
    moved = request(phone.flows[0], "MESSAGE")
    assert about(since(sent.started), SILENT_OTHER)
    assert moved.call_id == silent.call_id and moved.branch != silent.branch
    phone.flows[0].peer.answer(moved, 200)
    assert s.caller.final(s.caller.flows[0].peer, sent).status == 200
    phone.flows[1].peer.answer(silent, 200)
    message_is_unanswered(s, sent, 0.2)
    assert s.bindings(phone) == 2


@scenes(kind=KINDS)
def test_the_silent_copy_of_a_message_may_still_answer(s, kind):
    """OB-83: before the other one does."""
    phone = s.phone(kind, kind)
    sent = s.message(phone)
    silent = request(phone.flows[1], "MESSAGE")
    request(phone.flows[0], "MESSAGE")
    phone.flows[1].peer.answer(silent, 200)
    assert s.caller.final(s.caller.flows[0].peer, sent).status == 200
    is_tried_first(s, phone, phone.flows[1])


# --- behind edges: the edge hears the silence, the home knows the other flows ---

@scenes(on="site", kinds=SAME + [("tcp", "udp"), ("udp", "tls")], via=[(0, 1), (0, 0)])
def test_a_silent_flow_behind_an_edge_is_replaced(s, kinds, via):
    """OB-81 OB-83 OB-90: in the time of its transport, by the flow at the other edge or another one at the same; it is tried last until the
    phone registers over it again. What the edges tell each other is not for the caller."""
    phone = s.phone(*kinds, via=via)
    m = Meeting(s, phone)
    assert about(since(m.call.started), SILENT[kinds[1]])
    m.new.answer(486)
    heard = m.call.next()
    while heard.status == 100:
        assert not heard.all("warning")
        heard = m.call.next()
    assert heard.status == 486
    m.call.phone.ack(m.call.peer, m.call.request, heard)
    assert s.bindings(phone) == 2
    forget(phone.flows[1], "INVITE")
    is_tried_first(s, phone, phone.flows[0])
    phone.flows[1].register()
    forget(phone.flows[1], "INVITE")
    is_tried_first(s, phone, phone.flows[1])


@scenes(on="site", kinds=SAME)
def test_a_message_behind_an_edge_moves_on(s, kinds):
    """OB-83: in its own time."""
    phone = s.phone(*kinds)
    sent = s.message(phone)
    answer_message(s, phone.flows[0], sent)
    assert about(since(sent.started), SILENT_OTHER)
    assert s.bindings(phone) == 2


@scenes(on="site", kind=KINDS)
def test_the_only_flow_behind_an_edge_is_waited_for(s, kind):
    """Beyond give_up, without a CANCEL, and the phone answers late."""
    phone = s.phone(kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[0])
    hears_nothing(c, GIVE_UP + 0.3)
    no_request(phone.flows[0], "CANCEL", 0.02)
    leg.ring()
    hears(c, 180)
    connects(c, leg)


@scenes(kind=KINDS)
def test_a_phone_does_not_speak_for_an_edge(s, kind):
    """What an edge would say of a silent flow, said by the phone itself, is an ordinary 100: it is not silent."""
    phone = s.phone(kind, kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    for _ in "12":
        leg.answer(100, headers=[("Warning", '399 sluice "flow silent"')])
    no_request(phone.flows[0], "INVITE", 2 * SILENT[kind])
    connects(c, leg)


# --- 408: RFC 4320 ---

@scenes(kinds=SAME + [("tcp",), ("udp",)])
def test_a_message_that_nobody_answers_never_becomes_408(s, kinds):
    """TX-18: the sender's own timer tells it; nothing comes from us, and no binding is lost."""
    phone = s.phone(*kinds)
    sent = s.message(phone)
    message_is_unanswered(s, sent, LIFE + SILENT_OTHER + 0.3)
    assert s.bindings(phone) == len(kinds)


@scenes(kind=KINDS)
def test_a_408_to_a_message_is_not_passed_on(s, kind):
    """TX-18: the phone says it on its only flow."""
    phone = s.phone(kind)
    sent = s.message(phone)
    phone.flows[0].peer.answer(request(phone.flows[0], "MESSAGE"), 408)
    message_is_unanswered(s, sent, 0.5)
    assert s.bindings(phone) == 1


@scenes(kind=KINDS)
def test_a_408_to_a_message_moves_on(s, kind):
    """OB-83 TX-18: at once to the next flow, the binding stays."""
    phone = s.phone(kind, kind)
    sent = s.message(phone)
    phone.flows[1].peer.answer(request(phone.flows[1], "MESSAGE"), 408)
    answer_message(s, phone.flows[0], sent, SLACK)
    assert s.bindings(phone) == 2


@scenes(kind=KINDS, trying=[False, True])
def test_a_408_to_an_invite_moves_on(s, kind, trying):
    """OB-83: without a ring before it, 100 is none; the binding stays."""
    phone = s.phone(kind, kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    if trying:
        leg.answer(100)
    leg.answer(408)
    request(leg.peer, "ACK")
    leg = leg_on(phone.flows[0], SLACK)
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    assert s.bindings(phone) == 2


@scenes(kind=KINDS)
def test_a_408_after_ringing_is_the_phones_answer(s, kind):
    """Nobody was there to pick up; the other flow hears nothing."""
    phone = s.phone(kind, kind)
    c = s.call(phone)
    leg = leg_on(phone.flows[1])
    leg.ring()
    hears(c, 180)
    leg.answer(408)
    hears(c, 408)
    no_request(phone.flows[0], "INVITE", 0.1)


# --- ICMP ---

def may_send_icmp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        return True
    except PermissionError:
        return False


raw = pytest.mark.skipif(not may_send_icmp(), reason="sending ICMP needs root")


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(">%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def icmp(kind, code, sent_from, sent_to, payload):
    """What a router says to `sent_from` about a datagram with this payload."""
    datagram = struct.pack(">HHHH", sent_from[1], sent_to[1], 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton(sent_from[0]), socket.inet_aton(sent_to[0]))
    body = ip + datagram
    head = struct.pack(">BBHI", kind, code, 0, 0)
    head = struct.pack(">BBHI", kind, code, checksum(head + body), 0)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.sendto(head + body, (sent_from[0], 0))


def unreachable(s, flow, request, kind=3, code=3, to=None, **changed):
    quote = request.bytes()
    for old, new in changed.values():
        assert old in quote
        quote = quote.replace(old, new)
    icmp(kind, code, s.home.address("udp"), to or flow.peer.local, quote)


def stun(flow):
    """The type of the answer to a Binding request."""
    r = stun_request()
    flow.peer.send_bytes(r)
    end = time.monotonic() + 2
    flow.peer.sock.settimeout(2)
    while time.monotonic() < end:
        data = flow.peer.sock.recv(65536)
        if data[8:20] == r[8:20]:
            return struct.unpack(">H", data[:2])[0]
        flow.peer.stash.append(Message.parse(data))
    return None


@raw
@scenes
def test_a_right_quote_proves_the_flow_dead(s):
    """TP-16 OB-88 OB-81: the next flow at once, the binding is gone; STUN on that path fails until the phone registers over it again."""
    phone = s.phone("tcp", "udp")
    flow = phone.flows[1]
    assert stun(flow) == 0x0101
    c = s.call(phone)
    leg = leg_on(flow)
    unreachable(s, flow, leg.invite)
    started = time.monotonic()
    leg = leg_on(phone.flows[0])
    assert since(started) < 0.1
    leg.ring()
    hears(c, 180)
    connects(c, leg)
    assert s.bindings(phone) == 1
    assert stun(flow) == 0x0111
    flow.register()
    assert stun(flow) == 0x0101
    assert s.bindings(phone) == 2
    is_tried_first(s, phone, flow)


@raw
@scenes(method=["INVITE", "MESSAGE"])
def test_icmp_ends_any_method_and_any_wait(s, method):
    """TP-16: a MESSAGE, and an INVITE that was answered with 100 only."""
    phone = s.phone("tcp", "udp")
    flow = phone.flows[1]
    if method == "INVITE":
        c = s.call(phone)
        leg = leg_on(flow)
        leg.answer(100)
        time.sleep(0.05)
        unreachable(s, flow, leg.invite)
        connects(c, leg_on(phone.flows[0], SLACK))
    else:
        sent = s.message(phone)
        unreachable(s, flow, request(flow, "MESSAGE"))
        answer_message(s, phone.flows[0], sent, 0.2)
    assert s.bindings(phone) == 1


@raw
@scenes(code=[0, 1, 13])
def test_a_router_that_knows_no_way_is_no_proof(s, code):
    """TP-16 OB-81: net, host, administratively prohibited: it may know one in a second. The next flow at once, the binding stays and is tried
    last."""
    phone = s.phone("tcp", "udp")
    flow = phone.flows[1]
    c = s.call(phone)
    leg = leg_on(flow)
    leg.answer(100)
    time.sleep(0.05)
    unreachable(s, flow, leg.invite, code=code)
    connects(c, leg_on(phone.flows[0], 0.15))
    assert s.bindings(phone) == 2
    is_tried_first(s, phone, phone.flows[0])
    assert stun(flow) == 0x0101
    is_tried_first(s, phone, flow)


@raw
@scenes(lie=["branch", "remote", "method", "ttl", "fragment", "port"])
def test_a_wrong_quote_proves_nothing(s, lie):
    """TP-16: another branch, another phone's address, another method, TTL exceeded, fragmentation needed."""
    phone = s.phone("tcp", "udp")
    flow = phone.flows[1]
    c = s.call(phone)
    leg = leg_on(flow)
    leg.answer(100)
    time.sleep(0.05)
    branch = leg.invite.branch.encode()
    host, port = flow.peer.local
    if lie == "branch":
        unreachable(s, flow, leg.invite, branch=(branch, branch[:-2] + (b"xx" if branch[-2:] != b"xx" else b"yy")))
    elif lie == "remote":
        unreachable(s, flow, leg.invite, to=("127.0.0.3", port))
    elif lie == "port":
        unreachable(s, flow, leg.invite, to=(host, port ^ 1))
    elif lie == "method":
        unreachable(s, flow, leg.invite, start=(b"INVITE ", b"MESSAGE "))
    elif lie == "ttl":
        unreachable(s, flow, leg.invite, kind=11, code=0)
    elif lie == "fragment":
        unreachable(s, flow, leg.invite, code=4)
    no_request(phone.flows[0], "INVITE", 0.2)
    assert stun(flow) == 0x0101
    connects(c, leg)
    assert s.bindings(phone) == 2


@scenes(method=["INVITE", "MESSAGE"])
def test_a_closed_port_is_known_at_once(s, method):
    """TP-16 OB-88 OB-81: the kernel's own ICMP."""
    phone = s.phone("tcp", "udp")
    phone.flows[1].peer.close()
    started = time.monotonic()
    if method == "INVITE":
        c = s.call(phone)
        leg = leg_on(phone.flows[0])
        assert since(started) < 0.15
        connects(c, leg)
    else:
        sent = s.message(phone)
        answer_message(s, phone.flows[0], sent, 0.2)
    assert s.bindings(phone) == 1


# --- with the times that nobody has set ---

@scenes(on="untuned", kind=KINDS, method=["INVITE", "MESSAGE"])
def test_an_app_that_hangs(s, kind, method):
    """OB-83: the defaults. Its kernel takes and acknowledges everything, nobody answers: an INVITE moves on after 1.2 s on a stream and 2 s on
    UDP, a MESSAGE after 4.5 s, and the binding stays."""
    phone = s.phone(kind, kind)
    if method == "INVITE":
        m = Meeting(s, phone)
        assert about(since(m.call.started), 2.0 if kind == "udp" else 1.2)
        connects(m.call, m.new)
    else:
        sent = s.message(phone)
        answer_message(s, phone.flows[0], sent, 6)
        assert about(since(sent.started), 4.5)
    assert s.bindings(phone) == 2


@scenes(on="untuned", method=["INVITE", "MESSAGE"])
def test_a_phone_whose_window_is_closed(s, method):
    """OB-83 TP-25: the defaults. It reads nothing, so its TCP soon acknowledges nothing: known in one or two periods of 1.2 s, and what does
    not fit any more waits for no other sign."""
    phone = s.phone("tcp", "tcp")
    flow = phone.flows[1]
    flow.peer.close()
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        narrow.bind(("127.0.0.2", 0))
        narrow.connect(s.home.address("tcp"))
        flow.peer = TcpPeer(None, sock=narrow)
        flow.register()
        sent = s.message(phone, body=b"x" * 40000)
        if method == "INVITE":
            c = s.call(phone)
            connects(c, leg_on(phone.flows[0], 3))
            assert about(since(c.started), 1.2)
        answer_message(s, phone.flows[0], sent, 4)
        assert 1.17 < since(sent.started) < 2.4 + SLACK
        assert s.bindings(phone) == 2
        again = s.call(phone)
        leg_on(phone.flows[0], SLACK).answer(486)       # the suspect is not tried first
        hears(again, 486)


# --- with two workers: a flow lives on one of them, and any of them may find it silent, dead or heard ---

for rule in (test_a_silent_flow_is_replaced, test_a_suspect_is_tried_last, test_any_byte_clears_the_suspicion, test_a_suspect_is_probed,
             test_a_message_has_its_own_time, test_a_right_quote_proves_the_flow_dead, test_a_wrong_quote_proves_nothing):
    globals()[rule.__name__ + "_with_two_workers"] = again(rule, "two_workers", "_with_two_workers")
