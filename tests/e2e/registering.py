# SPDX-License-Identifier: Apache-2.0
"""A registering client with every header in the test's hand, and the fixtures of the tests about REGISTER."""
import re

import pytest

from server import serving
from sip import TcpPeer, TlsPeer, UdpPeer, digest, token, uri_of

COUNT = 120
NAMES = ["u%02d" % i for i in range(COUNT)]
CONFIG = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "path", "identity"]}],
          "registrar": {"expires": {"default": "20m", "min": "60s", "max": "1h"}}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One server for a file of tests; each test has users of its own."""
    with serving(tmp_path_factory.mktemp("registrar"), "home", config=CONFIG, users=NAMES + ["alice", "Zoe"],
                 passwords={n: "secret-" + n for n in NAMES + ["alice", "Zoe"]}) as s:
        s.names = s.names or iter(NAMES)
        yield s


class Client:
    """Credentials go along at once, so that CSeq is the test's own."""

    def __init__(self, server, user, peer, domain="example.com"):
        self.server, self.user, self.peer, self.domain = server, user, peer, domain
        self.password = server.passwords.get(user)
        self.aor = "sip:%s@%s" % (user, domain)
        self.call_id, self.cseq, self.challenge, self.nc = token("reg-"), 0, None, 0

    def credentials(self, ruri):
        if self.challenge is None:
            self.peer.send(self.peer.request("REGISTER", ruri, self.aor))
            self.challenge = self.peer.expect(401).get("www-authenticate")
        self.nc += 1
        return digest(self.challenge, "REGISTER", ruri, self.user, self.password, nc=self.nc)

    def build(self, contacts=(), expires=None, headers=(), call_id=None, cseq=None, to=None, from_uri=None, ruri=None,
              supported=None, path=(), vias=0):
        ruri = ruri or "sip:" + self.domain
        if cseq is None:
            self.cseq += 1
        h = [("Contact", c) for c in ([contacts] if isinstance(contacts, str) else contacts)]
        h += [("Path", p) for p in path]
        h += [("Expires", str(expires))] if expires is not None else []
        h += [("Supported", supported)] if supported else []
        if self.password:
            h.append(("Authorization", self.credentials(ruri)))
        r = self.peer.request("REGISTER", ruri, from_uri or self.aor, to or self.aor, call_id=call_id or self.call_id,
                              cseq=cseq or self.cseq, headers=h + list(headers))
        for i in range(vias):
            r.headers.insert(1, ("Via", "SIP/2.0/UDP 192.0.2.%d:5060;branch=z9hG4bK%s" % (i + 1, token())))
        return r

    def register(self, contacts=(), expect=200, **kw):
        r = self.peer.send(self.build(contacts, **kw))
        answer = self.peer.receive(3, lambda m: m.call_id == r.call_id and m.cseq == r.cseq)
        assert answer is not None, "no answer to REGISTER"
        assert answer.status in ((expect,) if isinstance(expect, int) else expect), "wanted %s, got %r" % (expect, answer.start)
        answer.request = r
        return answer

    def contacts(self, **kw):
        """What is bound now: a fetch."""
        return self.register(call_id=token("fetch-"), **kw).values("contact")

    def uris(self):
        return [uri_of(c) for c in self.contacts()]


def remaining(contact):
    return int(re.search(r";expires=(\d+)", contact).group(1))


@pytest.fixture
def client(home):
    """client(kind, n): a fresh user each time, from 127.0.0.n (n = 1: the edge, which may bring a Path)."""
    peers = []

    def make(kind="udp", n=2, user=None, server=None):
        server = server or home
        cls = {"udp": UdpPeer, "tcp": TcpPeer, "tls": TlsPeer}[kind]
        peers.append(cls(server.address(kind), bind=("127.0.0.%d" % n, 0)))
        return Client(server, user or next(server.names), peers[-1])
    yield make
    for p in peers:
        p.close()


@pytest.fixture
def caller(home):
    peer = UdpPeer(home.address("udp"))
    yield peer
    peer.close()


def message(caller, aor, headers=()):
    return caller.send(caller.request("MESSAGE", aor, "sip:core@elsewhere.invalid", headers=headers))


def arrives(caller, aor, peer):
    """A MESSAGE to the AOR arrives at this peer; as it arrived."""
    sent = message(caller, aor)
    seen = peer.receive(2, lambda m: m.method == "MESSAGE" and not m.is_response)
    assert seen is not None, "nothing came"
    peer.answer(seen, 200)
    assert caller.receive(2, lambda m: m.call_id == sent.call_id).status == 200
    return seen
