# SPDX-License-Identifier: Apache-2.0
"""baresip, a phone that people use: two outbound proxies, calls in both directions, hang-up from both sides."""
import pytest

from programs import Baresip, needs, wait_until
from server import free_port

pytestmark = needs("baresip")


@pytest.fixture
def two_listeners(make_server):
    """A server with a second set of ports; its digest is what this baresip knows."""
    server = make_server(start=False, config={"auth": {"algorithms": ["MD5"]}})
    second = free_port()
    server.config["listen"] += [{"udp": "127.0.0.1:%d" % second}, {"tcp": "127.0.0.1:%d" % second},
                                {"tls": "127.0.0.1:%d" % (second + 1), "certificate": server.cert, "key": server.key}]
    server.proxies = {kind: [("127.0.0.1", server.port + (kind == "tls")), ("127.0.0.1", second + (kind == "tls"))]
                      for kind in ("udp", "tcp", "tls")}
    return server.start()


@pytest.fixture
def baresip(tmp_path):
    """baresip(server, user, kind): registered over both proxies."""
    made = []

    def make(server, user, kind):
        made.append(Baresip(tmp_path, user, server.passwords[user], server.proxies[kind], kind, server.cert))
        aor = "sip:%s@example.com" % user
        assert wait_until(lambda: len(server.bindings(aor)) == 2), made[-1].log()
        return made[-1]
    yield make
    for b in made:
        b.stop()


def established(caller, callee):
    caller.do("dial", "sip:%s@example.com" % callee.user)
    caller.wait("CALL_RINGING")
    callee.wait("CALL_INCOMING")
    callee.do("accept")
    caller.wait("CALL_ESTABLISHED")
    callee.wait("CALL_ESTABLISHED")


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_calls_answers_and_hangs_up_from_both_sides(two_listeners, baresip, kind):
    """OB-70: two bindings of one instance. ACK and BYE find their way over the flows; over TLS in the phone's own dialect."""
    alice, bob = baresip(two_listeners, "alice", kind), baresip(two_listeners, "bob", kind)
    established(alice, bob)
    alice.do("hangup")
    bob.wait("CALL_CLOSED")
    established(bob, alice)
    alice.do("hangup")
    bob.wait("CALL_CLOSED")


def test_calls_a_phone_on_another_transport(two_listeners, baresip):
    """From TLS to UDP and back."""
    alice, bob = baresip(two_listeners, "alice", "tls"), baresip(two_listeners, "bob", "udp")
    established(alice, bob)
    bob.do("hangup")
    alice.wait("CALL_CLOSED")
    established(bob, alice)
    bob.do("hangup")
    alice.wait("CALL_CLOSED")
