# SPDX-License-Identifier: Apache-2.0
"""An edge that was restarted does not know who is registered over it until they register again; their calls must not suffer."""
from phone import Callee
from test_edges import DOMAIN, far, site  # noqa: F401


def test_a_call_over_a_udp_flow_older_than_its_edge_is_hung_up_over_the_next_one(site, phones):  # noqa: F811
    """The token of such a call names the user, not the phone: what is registered for the user may still end the call."""
    alice, bob = phones(site.home, "alice"), phones(site.home, "bob")
    old = alice.open("udp", server=site.edges[0], **far(n=2))
    there = bob.open("tcp", **far(n=3))
    site.edges[0].stop()
    site.edges[0].start()
    call = alice.invite("sip:bob@" + DOMAIN, flow=old, early=True)
    leg = Callee.wait(there)
    leg.pick_up()
    assert call.wait().status == 200
    leg.expect_ack()
    old.peer.close()
    call.peer = alice.open("udp", server=site.edges[0], reg_id=old.reg_id, **far(n=2)).peer
    bye = call.within("BYE")
    there.peer.answer(there.peer.expect("BYE"), 200)
    assert alice.final(call.peer, bye).status == 200
