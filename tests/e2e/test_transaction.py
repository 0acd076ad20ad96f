# SPDX-License-Identifier: Apache-2.0
"""Transactions step by step: CANCEL, copies, and which transaction a message belongs to. Requirements TX-07..TX-25."""
import time

import pytest

from pairs import FROM, home, pair  # noqa: F401 (fixtures)
from sip import Message, token, uri_of


# --- INVITE, step by step ---

def test_a_copy_gets_the_last_provisional(pair):
    """TX-07: 100 with Timestamp and no tag by itself within 200 ms, then whatever was said last; a copy of an unanswered INVITE makes no branch."""
    p = pair()
    started = time.monotonic()
    p.send(headers=[("Timestamp", "54.1")])
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 100)
    trying = p.caller.expect(100, timeout=0.5)
    assert time.monotonic() - started < 0.3 and trying.tag("to") is None and trying.get("timestamp").split()[0] == "54.1"
    p.caller.send(p.request)
    assert p.caller.expect(100).bytes() == trying.bytes()
    p.phone.answer(invite, 180, to_tag="r")
    ringing = p.caller.expect(180)
    p.caller.send(p.request)
    assert p.caller.expect(180).bytes() == ringing.bytes()
    p.phone.silent(0.1)
    p.phone.answer(invite, 486, to_tag="r")
    p.within("ACK", p.caller.expect(486))


def test_an_ack_ends_the_repeating(pair):
    """TX-08: 486, ACK, silence; a copy of the ACK is absorbed."""
    p = pair()
    p.send()
    p.phone.answer(p.phone.expect("INVITE"), 486)
    p.phone.expect("ACK")
    busy = p.caller.expect(486)
    for _ in range(2):
        p.within("ACK", busy)
    p.caller.silent(0.3)
    p.phone.silent(0.05)


def test_cancel_in_time_too_late_and_of_nothing(pair):
    """TX-12: 200 and 487; 200 and no effect; 481."""
    p = pair()
    p.send()
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 180, to_tag="t")
    p.caller.expect(180)
    p.within("CANCEL")
    assert p.caller.receive(1, lambda m: m.method == "CANCEL").status == 200
    cancel = p.phone.expect("CANCEL")
    assert cancel.branch == invite.branch and cancel.get("cseq") == "1 CANCEL" and cancel.ruri == invite.ruri
    p.phone.answer(cancel, 200)
    p.phone.answer(invite, 487, to_tag="t")
    p.phone.expect("ACK")
    p.within("ACK", p.caller.expect(487))

    p = pair()
    p.send()
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 200, to_tag="t", contact="<%s>" % p.phone.contact_uri())
    p.caller.expect(200)
    p.within("CANCEL")
    assert p.caller.receive(1, lambda m: m.method == "CANCEL").status == 200
    p.phone.silent(0.15)
    p.caller.silent(0.05)

    p = pair()
    p.request = p.caller.request("INVITE", p.aor, FROM)
    p.within("CANCEL")
    p.caller.expect(481)
    p.phone.silent(0.1)


def test_the_answer_to_cancel_does_not_end_the_invite(pair):
    """TX-21: same branch, another method: the call is answered after it."""
    p = pair()
    p.send()
    invite = p.phone.expect("INVITE")
    p.phone.answer(invite, 180, to_tag="t")
    p.within("CANCEL")
    cancel = p.phone.expect("CANCEL")
    for _ in range(2):
        p.phone.answer(cancel, 200)
    p.phone.answer(cancel, 487)
    assert p.caller.receive(0.2, lambda m: m.method == "INVITE" and m.status >= 200) is None
    p.phone.answer(invite, 200, to_tag="t", contact="<%s>" % p.phone.contact_uri())
    assert p.caller.receive(1, lambda m: m.method == "INVITE" and m.status >= 200).status == 200


def test_no_provisional_but_100_to_other_requests(pair):
    """TX-15: 180 and 183 to a MESSAGE go no further."""
    p = pair()
    p.send("MESSAGE")
    seen = p.phone.expect("MESSAGE")
    for status in (180, 183, 199):
        p.phone.answer(seen, status)
    p.caller.silent(0.2)
    p.phone.answer(seen, 200)
    p.caller.expect(200)


# --- matching ---

def test_branch_sent_by_and_method_make_the_transaction(pair):
    """TX-20: one branch from two ports, and of two methods, are different requests; a copy is not."""
    p, q = pair(), pair()
    branch = "z9hG4bK" + token()
    p.request = p.caller.send(p.caller.request("MESSAGE", p.aor, FROM, branch=branch))
    first = p.phone.expect("MESSAGE")
    q.caller.send(q.caller.request("MESSAGE", q.aor, FROM, branch=branch))
    q.phone.answer(q.phone.expect("MESSAGE"), 202)
    q.caller.expect(202)
    p.caller.send(p.caller.request("INFO", p.aor, FROM, branch=branch))
    info = p.phone.receive(1, lambda m: m.method == "INFO")
    p.caller.send(p.request)
    p.phone.answer(info, 202)
    assert p.caller.receive(1, lambda m: m.method == "INFO").status == 202
    p.phone.answer(first, 200)
    assert p.caller.receive(1, lambda m: m.method == "MESSAGE").status == 200
    assert first.branch != info.branch


def test_our_own_branches_never_differ_by_case_alone(pair):
    """TX-20: fifty branches."""
    p, seen = pair(), set()
    for _ in range(50):
        p.send("MESSAGE")
        m = p.phone.expect("MESSAGE")
        seen.add(m.branch.lower())
        p.phone.answer(m, 200)
        p.caller.expect(200)
    assert len(seen) == 50


def old(p, via, method="INVITE", to_tag=None, call_id="", cseq=1):
    """A message of RFC 2543: no cookie, as in the torture test inv2543."""
    h = [("Via", via), ("From", "<%s>;tag=old" % FROM), ("To", "<%s>%s" % (p.aor, ";tag=" + to_tag if to_tag else "")), ("Call-ID", call_id),
         ("CSeq", "%d %s" % (cseq, method)), ("Contact", "<%s>" % p.caller.contact_uri())]
    return Message("%s %s SIP/2.0" % (method, p.aor), h)


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_a_client_of_the_old_rfc(pair, branch):
    """TX-22 TX-23 TX-25: INVITE, its copy, its ACK; another Call-ID under the same branch is another call; ACK to a 2xx goes on."""
    p = pair()
    via = "SIP/2.0/UDP %s:%d%s" % (*p.caller.local, branch)
    invite = old(p, via, call_id="one")
    p.caller.send(invite)
    seen = p.phone.expect("INVITE")
    p.caller.send(invite)
    p.phone.answer(seen, 486, to_tag="b")
    p.phone.expect("ACK")
    busy = p.caller.expect(486)
    p.caller.send(old(p, via, "ACK", busy.tag("to"), "one"))
    p.caller.silent(0.25)
    p.phone.silent(0.05)

    p.caller.send(old(p, via, call_id="two"))
    seen = p.phone.expect("INVITE")
    p.phone.answer(seen, 200, to_tag="c", contact="<%s>" % p.phone.contact_uri())
    ok = p.caller.expect(200)
    ack = old(p, via, "ACK", "c", "two")
    ack.start = "ACK %s SIP/2.0" % uri_of(ok.get("contact"))
    ack.headers.insert(1, ("Route", ", ".join(reversed(ok.values("record-route")))))
    p.caller.send(ack)
    assert p.phone.expect("ACK").tag("to") == "c"
