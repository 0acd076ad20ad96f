# SPDX-License-Identifier: Apache-2.0
"""A caller and a phone at a server with scaled timers, and the fixtures of the tests about transactions."""
import pytest

import server
from sip import Message, UdpPeer, token

T1, T2 = (0.5, 4.0) if server.TARGET else (0.08, 0.64)    # another server keeps the times of RFC 3261
LIFE = 64 * T1
TIMERS = {"t1": "80ms", "t2": "640ms", "t4": "800ms", "d": "5120ms", "trying": "200ms"}
CORE = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity"]}], "timers": TIMERS,
        "domains": [{"name": "example.com", "registration": "open"}]}
FROM = "sip:core@elsewhere.invalid"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with server.serving(tmp_path_factory.mktemp("transaction"), "home", config=CORE, users=()) as s:
        yield s


class Pair:
    """A caller and a phone whose AOR is its own."""

    def __init__(self, server, phone_class=UdpPeer, caller_class=UdpPeer):
        self.aor = "sip:%s@example.com" % token("p")
        self.phone = phone_class(server.address("udp"), bind=("127.0.0.2", 0))
        self.caller = caller_class(server.address("udp"))
        contact = "<%s>" % self.phone.contact_uri()
        self.phone.send(self.phone.request("REGISTER", "sip:example.com", self.aor, self.aor, headers=[("Contact", contact)]))
        self.phone.expect(200)

    def send(self, method="INVITE", **kw):
        contact = "<%s>" % self.caller.contact_uri() if method == "INVITE" else None
        self.request = self.caller.send(self.caller.request(method, self.aor, FROM, contact=contact, **kw))
        return self.request

    def within(self, method, answer=None):
        """ACK or CANCEL of the request, as a client makes them: same Via."""
        r = self.request
        h = [("Via", r.get("via")), ("Max-Forwards", "70"), ("From", r.get("from")), ("To", (answer or r).get("to")), ("Call-ID", r.call_id),
             ("CSeq", "%d %s" % (r.cseq, method))]
        return self.caller.send(Message("%s %s SIP/2.0" % (method, r.ruri), h))

    def close(self):
        self.phone.close()
        self.caller.close()


@pytest.fixture
def pair(home):
    made = []

    def make(*args, server=None, **kw):
        made.append(Pair(server or home, *args, **kw))
        return made[-1]
    yield make
    for p in made:
        p.close()
