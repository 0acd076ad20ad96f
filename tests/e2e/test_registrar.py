# SPDX-License-Identifier: Apache-2.0
"""The registrar seen from outside: RFC 3261 §10.3, RFC 3327, RFC 5626 §6. Requirements RG-01..RG-36, OB-60..OB-79."""
import re
import time
import uuid

import pytest

from server import Sluice
from sip import TcpPeer, TlsPeer, UdpPeer, digest, token, uri_of

COUNT = 120
NAMES = ["u%02d" % i for i in range(COUNT)]
CONFIG = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "path", "identity"]}],
          "registrar": {"expires": {"default": "20m", "min": "60s", "max": "1h"}}}
INSTANCE = '+sip.instance="<urn:uuid:%s>"'


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One server for the whole file; each test has users of its own."""
    s = Sluice(tmp_path_factory.mktemp("registrar"), "home", config=CONFIG, users=NAMES + ["alice", "Zoe"],
               passwords={n: "secret-" + n for n in NAMES + ["alice", "Zoe"]})
    s.names = iter(NAMES)
    yield s.start()
    s.stop()


class Client:
    """A registering client with every header in the test's hand. Credentials go along at once, so that CSeq is the test's own."""

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
        assert answer.status == expect, "wanted %s, got %r" % (expect, answer.start)
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


# --- the checks before anything is bound ---

def test_another_domain_is_not_registered_here(home, make_server, client):
    """RG-01: a stranger's is refused; from a peer that may relay it is proxied."""
    c = client()
    c.peer.send(c.peer.request("REGISTER", "sip:other.example", "sip:x@other.example", headers=[("Contact", "<sip:x@127.0.0.2>")]))
    assert c.peer.expect(403)
    s = make_server(config={"peers": [{"from": "127.0.0.1", "rights": ["relay"]}]})
    far, sender = UdpPeer(s.address("udp"), bind=("127.0.0.6", 0)), UdpPeer(s.address("udp"))
    ruri = "sip:127.0.0.6:%d" % far.local[1]
    sender.send(sender.request("REGISTER", ruri, "sip:x@other.example"))
    far.answer(far.expect("REGISTER"), 200)
    sender.expect(200)


def test_unknown_extensions_are_listed(client):
    """RG-02: exactly the unknown tags, and nothing is bound."""
    c = client()
    answer = c.register("<sip:x@192.0.2.1>", headers=[("Require", "outbound, foo"), ("Require", "path, bar")], expect=420)
    assert answer.values("unsupported") == ["foo", "bar"]
    assert c.contacts() == []


def test_nothing_is_read_or_changed_without_credentials(client):
    """RG-03 AU-01: 401, never 407, and the answer does not say what is bound."""
    c = client()
    c.register("<sip:x@192.0.2.1>")
    for contact in ((), ("<sip:y@192.0.2.2>",), ("*",)):
        r = c.peer.request("REGISTER", "sip:example.com", c.aor, headers=[("Contact", v) for v in contact] + [("Expires", "0")])
        c.peer.send(r)
        answer = c.peer.expect(401)
        assert not answer.all("contact") and answer.all("www-authenticate") and not answer.all("proxy-authenticate")
    assert c.uris() == ["sip:x@192.0.2.1"]


def test_the_address_is_to_and_the_identity_is_the_digest_user(client):
    """RG-04: another user's To is 403, whoever From says; a third party's From changes nothing."""
    one, two = client(), client()
    one.register("<sip:x@192.0.2.1>", to=two.aor, expect=403)
    one.register("<sip:x@192.0.2.1>", to=two.aor, from_uri=two.aor, expect=403)
    assert two.contacts() == []
    one.register("<sip:x@192.0.2.1>", from_uri="sip:secretary@elsewhere.invalid")
    assert one.uris() == ["sip:x@192.0.2.1"]


def test_to_must_be_somebody_here(client):
    """RG-05 RG-06: unknown users and other domains are 404, other schemes 400."""
    c = client()
    for to, status in (("sip:nobody@example.com", 404), ("sip:%s@other.example" % c.user, 404), ("sip:example.com", 404),
                       ("isbn:2983792873", 400), ("tel:+19725552222", 400), ("http://example.com/x", 400)):
        c.register("<sip:x@192.0.2.1>", to=to, expect=status)
    assert c.contacts() == []


def test_no_refusal_is_a_6xx_and_each_is_complete(client):
    """RG-07 RG-08 RG-30: To tag, Via, From, Call-ID and CSeq as sent, no Record-Route; on 2xx and errors alike."""
    c = client()
    good, rr = "<sip:x@192.0.2.1>", [("Record-Route", "<sip:evil.invalid;lr>")]
    cases = [(dict(contacts=good), 200), (dict(), 200), (dict(contacts=good, to="sip:nobody@example.com"), 404),
             (dict(contacts="*"), 400), (dict(contacts=good + ";q=2"), 400), (dict(contacts=good, expires=5), 423),
             (dict(contacts="<mailto:x@example.com>"), 400), (dict(contacts=good, path=["<sip:e;lr>"]), 403),
             (dict(contacts=good, cseq=1), 400)]
    for kw, status in cases:
        answer = c.register(expect=status, headers=rr, **kw)
        r = answer.request
        assert answer.tag("to") and answer.get("to").startswith(r.get("to"))
        assert answer.get("from") == r.get("from") and answer.call_id == r.call_id and answer.get("cseq") == r.get("cseq")
        assert [v.split(";rport")[0] for v in answer.values("via")] == [v.split(";rport")[0] for v in r.values("via")]
        assert not answer.all("record-route")


def test_all_contacts_of_a_request_or_none(client):
    """RG-09: the third is bad: nothing is bound."""
    c = client()
    for bad in ("<sip:z@192.0.2.3>;q=7", "<sip:z@192.0.2.3", "<tel:+1234>", "<sip:z@192.0.2.3>;expires=7"):
        answer = c.register(["<sip:x@192.0.2.1>", "<sip:y@192.0.2.2>", bad], expect=423 if "=7" in bad[-2:] and "exp" in bad else 400)
        assert not answer.all("contact")
    assert c.contacts() == []


def test_requests_are_taken_in_the_order_of_arrival(client):
    """RG-09: twenty in one write on a stream; the last one's parameters stand."""
    c = client("tcp")
    c.credentials("sip:example.com")
    data = b"".join(c.build("<sip:x@192.0.2.1>;n=%d" % i).bytes() for i in range(20))
    c.peer.send_bytes(data)
    answers = sorted((c.peer.expect(200) for _ in range(20)), key=lambda m: m.cseq)
    assert [re.search(r";n=(\d+)", a.get("contact")).group(1) for a in answers] == [str(i) for i in range(20)]
    assert ";n=19" in c.contacts()[0]


# --- whose bindings ---

def test_one_address_has_many_spellings(home, client, caller):
    """RG-10: escapes, parameters, the case of the host; the case of the user part counts."""
    c = client(user="alice")
    c.register("<sip:a@127.0.0.2:%d>" % c.peer.local[1], to="sip:%61lice@EXAMPLE.com;user=phone")
    assert c.uris() == ["sip:a@127.0.0.2:%d" % c.peer.local[1]]
    arrives(caller, "sip:alice@example.com", c.peer)
    arrives(caller, "sip:al%69ce@Example.COM;x=y", c.peer)
    sent = message(caller, "sip:Alice@example.com")
    assert caller.receive(2, lambda m: m.call_id == sent.call_id).status == 404
    zoe = client(user="Zoe")
    zoe.register("<sip:z@127.0.0.2:%d>" % zoe.peer.local[1])
    arrives(caller, "sip:Zoe@example.com", zoe.peer)


def test_a_domain_has_aliases(make_server, client):
    """RG-10: registered under one name of the domain, called under another; the realm is the domain's own name."""
    s = make_server(config=dict(CONFIG, domains=[{"name": "example.com", "aliases": ["sip.example.com", "127.0.0.1"]}]))
    c, caller = client(server=s, user="bob"), UdpPeer(s.address("udp"))
    c.register("<sip:b@127.0.0.2:%d>" % c.peer.local[1], ruri="sip:sip.example.com", to="sip:bob@sip.example.com")
    assert 'realm="example.com"' in c.challenge
    for host in ("example.com", "sip.example.com", "127.0.0.1"):
        arrives(caller, "sip:bob@" + host, c.peer)
    assert c.uris() == ["sip:b@127.0.0.2:%d" % c.peer.local[1]]
    caller.close()


def test_a_nul_in_a_user_part_cuts_nothing(make_server, client):
    """RG-11: two Contacts that differ after %00, under the whole address."""
    s = make_server(config={"domains": [{"name": "example.com", "registration": "open"}]}, users=())
    c = client(server=s, user="null-%00-null")
    c.register(["<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"])
    assert sorted(c.uris()) == ["sip:%00%00@host5.example.com", "sip:%00@host5.example.com"]
    assert c.contacts(to="sip:null-@example.com") == []


def test_sip_and_sips_are_one_address(client):
    """RG-12: bound by sips, seen by sip."""
    c = client("tls")
    c.register("<sips:x@192.0.2.1>", ruri="sips:example.com", to="sips:%s@example.com" % c.user)
    assert c.uris() == ["sips:x@192.0.2.1"]


@pytest.mark.parametrize("ruri,contacts,status", [
    ("sip:example.com", ["<sips:x@192.0.2.1>"], 400), ("sips:example.com", ["<sips:x@192.0.2.1>", "<sip:y@192.0.2.1>"], 400),
    ("sips:example.com", ["<sips:x@192.0.2.1>", "<sips:y@192.0.2.1>"], 200)])
def test_a_secure_contact_is_secure_all_the_way(client, ruri, contacts, status):
    """RG-44: Request-URI and every Contact."""
    c = client("tls")
    c.register(contacts, ruri=ruri, expect=status)
    assert len(c.contacts()) == (2 if status == 200 else 0)


def test_a_secure_contact_wants_a_secure_path(client):
    """RG-44: a sip Path under a sips Contact."""
    c = client("tls", n=1)
    kw = dict(ruri="sips:example.com", supported="path", vias=1)
    c.register("<sips:x@192.0.2.1>", path=["<sip:e.example.net;lr>"], expect=400, **kw)
    c.register("<sips:x@192.0.2.1>", path=["<sips:e.example.net;lr>"], **kw)


# --- Contact: star, expiry, q ---

def test_star_is_for_removing_everything_alone(client):
    """RG-13: without Expires: 0, or with another Contact, 400 and nothing changes."""
    c = client()
    c.register(["<sip:x@192.0.2.1>", "<sip:y@192.0.2.2>"])
    c.register("*", expect=400)
    c.register("*", expires=3600, expect=400)
    c.register(["*", "<sip:z@192.0.2.3>"], expires=0, expect=400)
    c.register("*", expires="zero", expect=400)
    assert len(c.contacts()) == 2
    assert c.register("*", expires=0).values("contact") == []
    assert c.contacts() == []


def test_an_old_star_removes_nothing_new(client):
    """RG-14: same Call-ID with a CSeq not higher aborts; another Call-ID removes."""
    c = client()
    c.register("<sip:x@192.0.2.1>", cseq=5)
    c.register("*", expires=0, cseq=6)
    c.register("<sip:x@192.0.2.1>", cseq=8)
    for cseq in (7, 8):
        c.register("*", expires=0, cseq=cseq, expect=400)
    assert c.uris() == ["sip:x@192.0.2.1"]
    c.register("*", expires=0, cseq=1, call_id=token())
    assert c.contacts() == []


def test_where_the_expiry_comes_from(client):
    """RG-15: the parameter, else the header, else the default of 1200 s."""
    c = client()
    answer = c.register(["<sip:x@192.0.2.1>;expires=100", "<sip:y@192.0.2.2>"], expires=200)
    by_uri = {uri_of(v): remaining(v) for v in answer.values("contact")}
    assert 98 <= by_uri["sip:x@192.0.2.1"] <= 100 and 198 <= by_uri["sip:y@192.0.2.2"] <= 200
    assert 1198 <= remaining(client().register("<sip:x@192.0.2.1>").get("contact")) <= 1200


def test_time_is_shortened_and_never_lengthened(client):
    """RG-16: 99999 becomes the maximum, 60 stays."""
    assert 3598 <= remaining(client().register("<sip:x@192.0.2.1>", expires=99999).get("contact")) <= 3600
    assert 58 <= remaining(client().register("<sip:x@192.0.2.1>", expires=60).get("contact")) <= 60


def test_too_brief_is_423_with_the_minimum(client):
    """RG-17: nothing is stored; zero is not brief."""
    c = client()
    for kw in (dict(expires=5), dict(contacts="<sip:x@192.0.2.1>;expires=59", expires=3600)):
        answer = c.register(**dict(dict(contacts="<sip:x@192.0.2.1>"), **kw), expect=423)
        assert answer.get("min-expires") == "60"
    assert c.contacts() == []
    c.register("<sip:x@192.0.2.1>")
    c.register("<sip:x@192.0.2.1>", expires=0)
    assert c.contacts() == []


def test_a_minimum_over_an_hour_never_makes_423(make_server, client):
    """RG-17: 3600 and more are never too brief."""
    s = make_server(config={"registrar": {"expires": {"default": "3h", "min": "2h", "max": "4h"}}})
    c = client(server=s, user="bob")
    assert c.register("<sip:x@192.0.2.1>", expires=3599, expect=423).get("min-expires") == "7200"
    c.register("<sip:x@192.0.2.1>", expires=3600)


def test_a_number_that_is_none_counts_as_the_default(client):
    """RG-18: over 2^32-1, negative, words."""
    for text in ("4294967296", "280297596632815", "99999999999999999999999", "-1", "soon", "1.5"):
        a = client().register("<sip:x@192.0.2.1>;expires=%s" % text)
        assert 1198 <= remaining(a.get("contact")) <= 1200, text
        a = client().register("<sip:x@192.0.2.1>", expires=text)
        assert 1198 <= remaining(a.get("contact")) <= 1200, text


def test_q_is_kept_and_a_bad_one_refused(client):
    """RG-19: 0.123 and 1.0 come back as written; 2, 0.1234 and words are 400."""
    c = client()
    answer = c.register(["<sip:x@192.0.2.1>;q=0.123", "<sip:y@192.0.2.2>;q=1.0"])
    assert any(";q=0.123" in v for v in answer.values("contact")) and any(";q=1.0;" in v for v in answer.values("contact"))
    for q in ("2", "0.1234", "1.001", "high", "-0.5"):
        c.register("<sip:z@192.0.2.3>;q=" + q, expect=400)
    assert len(c.contacts()) == 2


def test_parameters_belong_to_where_they_stand(client):
    """RG-20: outside <> to the Contact, within to the URI."""
    c = client()
    c.register("sip:+19725552222@gw1.example.net;unknownparam")
    (value,) = c.contacts()
    assert uri_of(value) == "sip:+19725552222@gw1.example.net" and ">;unknownparam" in value
    c = client()
    c.register("<sip:+19725552222@gw1.example.net;unknownparam>")
    (value,) = c.contacts()
    assert uri_of(value) == "sip:+19725552222@gw1.example.net;unknownparam" and "unknownparam" not in value.split(">")[1]


def test_headers_within_a_contact_uri(client):
    """RG-21 RG-22: kept and returned within <>; without <> 400."""
    c = client()
    uri = "sip:user@example.com?Route=%3Csip:sip.example.com%3E"
    c.register("<%s>" % uri)
    assert c.uris() == [uri]
    c.register(uri, expect=400)
    assert c.uris() == [uri]


# --- bindings ---

def test_a_binding_is_found_by_uri_equality(client):
    """RG-23 MS-33: unknown parameters on one side are ignored; user, port, transport, maddr, ttl, headers and case count as RFC 3261 says."""
    c = client()
    c.register("<sip:a@host.invalid>")
    for same in ("<sip:a@host.invalid;x=1>", "<sip:%61@HOST.invalid>"):
        c.register(same)
        assert len(c.contacts()) == 1
    for i, other in enumerate(("sip:a@host.invalid:5060", "sip:A@host.invalid", "sip:host.invalid", "sip:a@host.invalid;transport=tcp",
                               "sip:a@host.invalid;maddr=192.0.2.1", "sip:a@host.invalid;ttl=3", "sip:a@host.invalid?subject=x")):
        c.register("<%s>" % other)
        assert len(c.contacts()) == i + 2, other
    c.register("<sip:a@host.invalid;y=2>", expires=0)
    assert len(c.contacts()) == 7


def test_an_old_request_changes_nothing(client):
    """RG-24: same Call-ID and a CSeq not higher fails, refresh and removal; another Call-ID counts whatever its CSeq."""
    c = client()
    c.register("<sip:x@192.0.2.1>;v=new", cseq=10)
    for cseq in (9, 10):
        assert c.register("<sip:x@192.0.2.1>;v=old", cseq=cseq, expect=400)
        assert c.register("<sip:x@192.0.2.1>", expires=0, cseq=cseq, expect=400)
        c.register(["<sip:w@192.0.2.9>", "<sip:x@192.0.2.1>;v=old"], cseq=cseq, expect=400)
    (value,) = c.contacts()
    assert ";v=new" in value
    c.register("<sip:x@192.0.2.1>;v=other", cseq=1, call_id=token())
    assert ";v=other" in c.contacts()[0]
    c.register("<sip:x@192.0.2.1>", expires=0, cseq=1, call_id=token())
    assert c.contacts() == []


def test_a_retransmitted_register_gets_its_answer_again(client):
    """RG-24 TX-14: copies of one datagram, also before the first answer, are one request: the same 200, never 400."""
    c = client()
    r = c.build("<sip:x@192.0.2.1>", expires=600)
    for _ in range(3):
        c.peer.send(r)
    first = c.peer.expect(200)
    time.sleep(0.05)
    c.peer.send(r)
    copies = [first]
    while (m := c.peer.receive(0.2)) is not None:
        copies.append(m)
    assert 2 <= len(copies) <= 4 and len({m.bytes() for m in copies}) == 1
    assert c.uris() == ["sip:x@192.0.2.1"]


def test_who_has_signed_off_is_not_called(home, client, caller):
    """RG-27: removed by its URI and by star: 480 at once."""
    for contact in (None, "*"):
        c = client()
        bound = "<sip:x@127.0.0.2:%d>" % c.peer.local[1]
        c.register(bound)
        arrives(caller, c.aor, c.peer)
        c.register(contact or bound, expires=0)
        sent = message(caller, c.aor)
        assert caller.receive(2, lambda m: m.call_id == sent.call_id).status == 480
        c.peer.silent(0.05)


def test_the_answer_lists_all_with_what_is_left(client):
    """RG-25 RG-26: two phones, values that go down, a Date; a fetch changes nothing."""
    c, d = client(), client("tcp")
    d.user, d.aor, d.password = c.user, c.aor, c.password
    assert c.register().all("contact") == []
    c.register("<sip:x@192.0.2.1>", expires=600)
    answer = d.register("<sip:y@192.0.2.2>", expires=700)
    assert sorted(uri_of(v) for v in answer.values("contact")) == ["sip:x@192.0.2.1", "sip:y@192.0.2.2"]
    assert re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", answer.get("date"))
    before = {uri_of(v): remaining(v) for v in c.contacts()}
    time.sleep(1.1)
    after = {uri_of(v): remaining(v) for v in c.contacts()}
    assert all(1 <= before[u] - after[u] <= 2 for u in before), (before, after)


def test_what_has_expired_is_gone_at_once(make_server, client):
    """RG-27: a second's binding is in no fetch and no call afterwards."""
    s = make_server(config=dict(CONFIG, registrar={"expires": {"default": "20m", "min": "1s", "max": "1h"}}))
    c, caller = client(server=s, user="bob"), UdpPeer(s.address("udp"))
    c.register("<sip:b@127.0.0.2:%d>" % c.peer.local[1], expires=1)
    arrives(caller, c.aor, c.peer)
    time.sleep(1.05)
    message(caller, c.aor)
    caller.expect(480)
    assert c.contacts() == []
    assert s.bindings(c.aor) == []


def test_bindings_have_a_limit(make_server, client):
    """RG-28: past it 403 with a reason, what is there stays; or the oldest makes room."""
    s = make_server(config={"registrar": {"max_contacts": 3, "replace_oldest": False, "contacts_in_request": 5}})
    c = client(server=s, user="bob")
    for i in range(3):
        c.register("<sip:x%d@192.0.2.1>" % i)
    assert "many" in c.register("<sip:x4@192.0.2.1>", expect=403).phrase
    c.register("<sip:x1@192.0.2.1>")
    assert sorted(c.uris()) == ["sip:x%d@192.0.2.1" % i for i in range(3)]
    c.register(["<sip:y%d@192.0.2.1>" % i for i in range(6)], expect=403)
    s = make_server("second", config={"registrar": {"max_contacts": 3}})
    c = client(server=s, user="bob")
    for i in range(5):
        c.register("<sip:x%d@192.0.2.1>" % i)
    assert sorted(c.uris()) == ["sip:x%d@192.0.2.1" % i for i in (2, 3, 4)]


def test_a_thousand_contacts_in_one_request_hurt_nobody(client):
    """RG-28: refused, and the client's old binding stays."""
    c = client("tcp")
    c.register("<sip:x@192.0.2.1>")
    c.peer.send(c.build([", ".join("<sip:x%d@192.0.2.1>" % i for i in range(1000))]))
    answer = c.peer.receive(3)
    assert 400 <= answer.status < 600 and answer.status != 401
    if c.peer.closed(0.3):
        d = client()
        d.user, d.aor, d.password = c.user, c.aor, c.password
        c = d
    assert c.uris() == ["sip:x@192.0.2.1"]


def test_parameters_come_back_as_they_were(client):
    """RG-29 OB-72: feature tags, quotes, case, unknown ones: byte for byte."""
    c = client()
    params = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";methods="INVITE,BYE";+Foo="a;b,\\"c\\"";Bar;baz=QUX;audio'
    c.register("<sip:x@192.0.2.1>" + params, expires=600)
    (value,) = c.contacts()
    assert re.sub(r";expires=\d+", "", value) == "<sip:x@192.0.2.1>" + params


# --- Path ---

def test_path_is_kept_in_order_and_returned(client):
    """RG-32 OB-62: two rows, one of them a list."""
    c = client(n=1)
    answer = c.register("<sip:x@192.0.2.1>", path=["<sip:tok1@e1.example.net;lr>", "<sip:e2.example.net:5070;lr>, <sip:e3.example.net;lr>"],
                        supported="path", vias=1)
    assert answer.values("path") == ["<sip:tok1@e1.example.net;lr>", "<sip:e2.example.net:5070;lr>", "<sip:e3.example.net;lr>"]
    assert not c.register(call_id=token()).all("path")


def test_path_without_supported(make_server, client):
    """RG-33: 420 with Unsupported: path, or taken by policy."""
    c = client(n=1)
    answer = c.register("<sip:x@192.0.2.1>", path=["<sip:e;lr>"], vias=1, expect=420)
    assert answer.get("unsupported") == "path"
    assert c.contacts() == []
    s = make_server(config=dict(CONFIG, registrar={"path_without_supported": True}))
    c = client(n=1, server=s, user="bob")
    assert c.register("<sip:x@192.0.2.1>", path=["<sip:e;lr>"], vias=1).get("path") == "<sip:e;lr>"


def test_path_of_a_stranger_is_refused(client):
    """A Path decides where calls go: from peers with the right only."""
    c = client(n=2)
    c.register("<sip:x@192.0.2.1>", path=["<sip:e;lr>"], supported="path", vias=1, expect=403)
    assert c.contacts() == []


def test_path_becomes_route(home, client, caller):
    """RG-34 OB-72 OB-86: topmost first, before any other Route; the Contact is the Request-URI."""
    edge = client(n=1)
    own = "<sip:tok@127.0.0.1:%d;lr>" % edge.peer.local[1]
    edge.register("<sip:x@unreachable.invalid;a=b>", path=[own, "<sip:e2.invalid;lr>"], supported="path", vias=1)
    seen = arrives(caller, edge.aor, edge.peer)
    assert seen.values("route") == [own, "<sip:e2.invalid;lr>"]
    assert seen.ruri == "sip:x@unreachable.invalid;a=b"


def test_a_refresh_replaces_the_path(home, client, caller):
    """RG-35: by another, and by none."""
    edge = client(n=1)
    port = edge.peer.local[1]
    contact = "<sip:x@127.0.0.1:%d>" % port
    edge.register(contact, path=["<sip:one@127.0.0.1:%d;lr>" % port], supported="path", vias=1)
    edge.register(contact, path=["<sip:two@127.0.0.1:%d;lr>" % port], supported="path", vias=1)
    assert arrives(caller, edge.aor, edge.peer).values("route") == ["<sip:two@127.0.0.1:%d;lr>" % port]
    edge.register(contact)
    assert not arrives(caller, edge.aor, edge.peer).all("route")


# --- outbound ---

def outbound(uri="sip:x@192.0.2.1", instance=None, reg_id=1, params=""):
    return "<%s>;%s;reg-id=%s%s" % (uri, INSTANCE % (instance or uuid.uuid4()), reg_id, params)


@pytest.mark.parametrize("reg_id", ["0", "2147483648", "-1", "x", "99999999999"])
def test_reg_id_has_limits(client, reg_id):
    """OB-08: nothing is stored."""
    c = client("tcp")
    c.register(outbound(reg_id=reg_id), supported="path, outbound", expect=400)
    assert c.contacts() == []
    c.register(outbound(reg_id=2147483647), supported="path, outbound")


def test_outbound_is_granted_and_timed_when_it_is_used(client):
    """OB-60 OB-66 OB-68: Require and Flow-Timer exactly when reg-id, instance and Supported: outbound come together."""
    inst, reg = ";" + INSTANCE % uuid.uuid4(), ";reg-id=1"
    for instance in ("", inst):
        for reg_id in ("", reg):
            for supported in ("path", "path, outbound"):
                c = client("tcp")
                answer = c.register("<sip:x@192.0.2.1>" + instance + reg_id, supported=supported)
                granted = bool(instance and reg_id and "outbound" in supported)
                assert ("outbound" in (answer.get("require") or "")) == granted, (instance, reg_id, supported)
                assert (answer.get("flow-timer") is not None) == granted
                assert len(answer.values("contact")) == 1
    c = client("tcp")
    c.register("<sip:x@192.0.2.1>;reg-id=1", supported="path, outbound")
    c.register("<sip:x@192.0.2.1>;reg-id=2", supported="path, outbound")
    assert len(c.contacts()) == 1


def test_ob_of_the_first_edge_decides(client):
    """OB-63: the last Path value is the first edge's; ob on another means nothing."""
    c = client(n=1)
    answer = c.register(outbound(), path=["<sip:e2;lr>", "<sip:e1;lr;ob>"], supported="path, outbound", vias=2)
    assert answer.get("require") == "outbound" and not answer.all("flow-timer")
    c = client(n=1)
    c.register(outbound(), path=["<sip:e2;lr;ob>", "<sip:e1;lr>"], supported="path, outbound", vias=2, expect=439)
    assert c.contacts() == []


def test_a_first_hop_without_outbound_is_439(client):
    """OB-64: one more Via and no Path; nothing is stored."""
    c = client(n=1)
    c.register(outbound(), supported="path, outbound", vias=1, expect=439)
    assert c.contacts() == []


def test_without_supported_outbound_the_old_rules_hold(client):
    """OB-65: same way in, 200 without Require, the binding is keyed by its URI."""
    c, instance = client(n=1), uuid.uuid4()
    for uri in ("sip:x@192.0.2.1", "sip:y@192.0.2.1"):
        answer = c.register(outbound(uri, instance), supported="path", vias=1)
        assert not answer.all("require") and not answer.all("flow-timer")
    assert len(c.contacts()) == 2


def test_one_reg_id_contact_in_a_request(client):
    """OB-67: two that bind are 400; a removal beside one is fine."""
    c = client("tcp")
    c.register("<sip:old@192.0.2.9>")
    c.register([outbound(), "<sip:y@192.0.2.1>"], supported="path, outbound", expect=400)
    c.register([outbound(reg_id=1), outbound(reg_id=2)], supported="path, outbound", expect=400)
    assert c.uris() == ["sip:old@192.0.2.9"]
    c.register([outbound("sip:new@192.0.2.1"), "<sip:old@192.0.2.9>;expires=0"], supported="path, outbound")
    assert c.uris() == ["sip:new@192.0.2.1"]


def test_instance_and_reg_id_are_the_key(client):
    """OB-69 OB-75: a new Contact URI and Call-ID under the same key; the UUID's case has no meaning."""
    c, instance = client("tcp"), str(uuid.uuid4())
    c.register(outbound("sip:x@192.0.2.1", instance.lower()), supported="path, outbound")
    c.register(outbound("sip:y@192.0.2.2", instance.upper()), supported="path, outbound", call_id=token())
    assert c.uris() == ["sip:y@192.0.2.2"]
    c.register("<sip:z@192.0.2.3>;+sip.instance=\"<URN:UUID:%s>\";reg-id=1" % instance, supported="path, outbound", call_id=token())
    assert c.uris() == ["sip:z@192.0.2.3"]


def test_flows_and_plain_contacts_side_by_side(client):
    """OB-70 OB-71 OB-78: every reg-id its own binding, listed in full; zero removes one of them only."""
    c, instance = client("tcp"), uuid.uuid4()
    c.register(outbound(instance=instance, reg_id=1), supported="path, outbound", call_id="one" + token())
    c.register(outbound(instance=instance, reg_id=2), supported="path, outbound", call_id="two" + token())
    answer = c.register("<sip:x@192.0.2.1>", supported="path, outbound", call_id="three" + token())
    values = answer.values("contact")
    assert len(values) == 3 and len({re.search(r";reg-id=(\d)", v).group(1) for v in values if "reg-id" in v}) == 2
    assert all(INSTANCE % instance in v and remaining(v) > 0 for v in values if "reg-id" in v)
    c.register(outbound(instance=instance, reg_id=1, params=";expires=0"), supported="path, outbound", call_id=token())
    values = c.contacts()
    assert len(values) == 2 and sum(";reg-id=2" in v for v in values) == 1


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_a_refresh_over_another_flow_moves_the_binding(home, client, caller, kind):
    """OB-73 OB-74 OB-87: same reg-id on a second connection; the first is still open and hears nothing."""
    one, two, instance = client(kind), client(kind), uuid.uuid4()
    two.user, two.aor, two.password = one.user, one.aor, one.password
    contact = outbound("sip:x@unreachable.invalid", instance)
    one.register(contact, supported="path, outbound")
    arrives(caller, one.aor, one.peer)
    two.register(contact, supported="path, outbound")
    arrives(caller, one.aor, two.peer)
    one.peer.silent(0.15)


def test_an_instance_belongs_to_its_address(home, client, caller):
    """OB-76: two users with one instance-id: neither binding touches the other, calls do not cross."""
    one, two, instance = client("tcp"), client("tcp"), uuid.uuid4()
    one.register(outbound(instance=instance), supported="path, outbound")
    two.register(outbound(instance=instance), supported="path, outbound")
    arrives(caller, one.aor, one.peer)
    arrives(caller, two.aor, two.peer)
    two.register(outbound(instance=instance), supported="path, outbound", expires=0)
    assert len(one.contacts()) == 1


def test_the_answer_has_the_path_of_this_request_only(client):
    """OB-77: Contact lists all bindings, Path the way of this one."""
    c, instance = client(n=1), uuid.uuid4()
    for i in (1, 2):
        answer = c.register(outbound(instance=instance, reg_id=i), path=["<sip:t%d@e%d.invalid;lr;ob>" % (i, i)], supported="path, outbound",
                            vias=1, call_id=token())
    assert answer.values("path") == ["<sip:t2@e2.invalid;lr;ob>"] and len(answer.values("contact")) == 2
