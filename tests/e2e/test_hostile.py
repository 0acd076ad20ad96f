# SPDX-License-Identifier: Apache-2.0
"""Peers that mean harm, or are out of order: what they must not be able to do."""
import time

from phone import Callee
from sip import UdpPeer, token


def plain(phones, server, user, n):
    """A phone without outbound at 127.0.0.n over UDP; its flow."""
    return phones(server, user, outbound=False).open("udp", bind=("127.0.0.%d" % n, 0))


def test_ringing_after_the_call_was_answered_elsewhere(make_server, phones):
    """The late 180 of a branch that was given up must not start its timer C again: the branch dies with the call."""
    server = make_server(config={"timers": {"t1": "20ms", "t2": "80ms", "timer_c": "2s"}})
    quick, slow = plain(phones, server, "bob", 2), plain(phones, server, "bob", 3)
    call = phones(server, "alice").open("udp").phone.invite("sip:bob@example.com", early=True)
    picked, late = Callee.wait(quick), Callee.wait(slow)
    picked.pick_up()
    call.wait()
    late.ring()
    slow.peer.expect("CANCEL")
    time.sleep(3.2)                                 # 64*T1, when the call is forgotten, and timer C
    assert phones(server, "carol").open("udp").phone.invite("sip:nobody@example.com").final.status == 404
