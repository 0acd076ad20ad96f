# SPDX-License-Identifier: Apache-2.0
"""Digest authentication seen from outside: RFC 3261 §22, RFC 7616, RFC 8760. Requirements AU-01..AU-18, TX-31."""
import hashlib
import os
import re
import statistics
import time

import pytest

from server import serving
from sip import Message, TcpPeer, UdpPeer, digest, parse_challenge, token

NAMES = ["u%02d" % i for i in range(40)]
SECRET = "open sesame: %22 \\ \u00fc"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One server for the file; each test has a user of its own, so that wrong tries of one do not count for another."""
    with serving(tmp_path_factory.mktemp("auth"), "home", users=NAMES, passwords={n: "secret-" + n for n in NAMES}) as s:
        s.names = s.names or iter(NAMES)
        yield s


class Asker:
    """Sends requests with credentials that the test makes."""

    def __init__(self, server, user, peer):
        self.server, self.user, self.peer, self.password = server, user, peer, server.passwords.get(user)
        self.aor = "sip:%s@example.com" % user
        self.call_id, self.cseq = token("c-"), 0

    def ask(self, *authorization, method="REGISTER", ruri="sip:example.com", name="Authorization", body=b"", headers=(), call_id=None, cseq=None):
        """The response to one request with these rows."""
        self.cseq = cseq or self.cseq + 1
        to = self.aor if method == "REGISTER" else ruri
        r = self.peer.request(method, ruri, self.aor, to, call_id=call_id or self.call_id, cseq=self.cseq, body=body,
                              headers=[(name, a) for a in authorization] + list(headers))
        self.peer.send(r)
        self.sent = r
        answer = self.peer.receive(3, lambda m: m.is_response and m.call_id == r.call_id and m.cseq == r.cseq and m.status >= 200)
        assert answer is not None, "no answer"
        return answer

    def challenge(self, algorithm=None, **kw):
        """The row with this algorithm, or the first."""
        rows = [dict({"algorithm": "MD5"}, **parse_challenge(v)) for v in self.ask(**kw).all("www-authenticate")]
        assert rows, "no challenge"
        found = [c for c in rows if algorithm in (None, c["algorithm"])]
        assert found, "no challenge with " + algorithm
        return found[0]

    def digest(self, challenge, **kw):
        return digest(challenge, kw.pop("method", "REGISTER"), kw.pop("uri", "sip:example.com"), kw.pop("user", self.user),
                      kw.pop("password", self.password), **kw)


@pytest.fixture
def asker(home):
    peers = []

    def make(server=None, user=None, n=2, cls=UdpPeer):
        server = server or home
        peers.append(cls(server.address("udp"), bind=("127.0.0.%d" % n, 0)))
        return Asker(server, user or next(server.names), peers[-1])
    yield make
    for p in peers:
        p.close()


def stale(answer):
    return "stale=true" in answer.get("www-authenticate")


def without(value, *names):
    """The credentials without these parameters."""
    return "Digest " + ", ".join(p for p in value.split(" ", 1)[1].split(", ") if p.split("=")[0] not in names)


# --- challenges ---

def test_the_challenge_of_each_role(asker):
    """AU-01 AU-04 AU-05: 401 and 407, SHA-256 before MD5 in one realm, qop quoted, algorithm and stale not."""
    a = asker()
    for method, status in (("REGISTER", 401), ("MESSAGE", 407), ("INVITE", 407)):
        name = "www-authenticate" if status == 401 else "proxy-authenticate"
        answer = a.ask(method=method, ruri="sip:example.com" if status == 401 else a.aor)
        assert answer.status == status
        assert not answer.all("proxy-authenticate" if status == 401 else "www-authenticate")
        rows = answer.all(name)
        assert [parse_challenge(r).get("algorithm") for r in rows] == ["SHA-256", "MD5"]
        for row in rows:
            assert row.startswith("Digest ") and re.search(r'\brealm="example.com"', row) and re.search(r'\bnonce="[^"]{16,}"', row)
            assert re.search(r'\bqop="auth(,auth-int)?"', row) and re.search(r"\balgorithm=[A-Z]", row) and "stale" not in row


def test_basic_is_neither_offered_nor_taken(asker):
    """AU-02: a new challenge, and no word of Basic in it."""
    a = asker()
    answer = a.ask("Basic dTAxOnNlY3JldC11MDE=")
    assert answer.status == 401 and "basic" not in "".join(answer.all("www-authenticate")).lower()


def test_ack_and_cancel_are_never_challenged(asker):
    """AU-03: both without credentials, known and unknown."""
    a, b = asker(), asker(n=3)
    contact = "<sip:%s@127.0.0.3:%d>" % (b.user, b.peer.local[1])
    assert b.ask(b.digest(b.challenge()), headers=[("Contact", contact)]).status == 200
    for method in ("ACK", "CANCEL"):
        a.peer.send(a.peer.request(method, b.aor, a.aor, cseq=1))
    lone = a.peer.receive(0.4)
    assert lone is None or lone.status == 481
    a.peer.silent(0.2)
    c = parse_challenge(a.ask(method="INVITE", ruri=b.aor).get("proxy-authenticate"))
    invite = a.peer.request("INVITE", b.aor, a.aor, cseq=9, contact="<%s>" % a.peer.contact_uri(),
                            headers=[("Proxy-Authorization", a.digest(c, method="INVITE", uri=b.aor))])
    a.peer.send(invite)
    seen = b.peer.expect("INVITE")
    b.peer.answer(seen, 180, to_tag="t")
    a.peer.expect(180)
    cancel = [("Via", invite.get("via")), ("Max-Forwards", "70"), ("From", invite.get("from")), ("To", invite.get("to")),
              ("Call-ID", invite.call_id), ("CSeq", "9 CANCEL")]
    a.peer.send(Message("CANCEL %s SIP/2.0" % b.aor, cancel))
    assert a.peer.receive(2, lambda m: m.is_response and m.method == "CANCEL").status == 200
    b.peer.answer(b.peer.expect("CANCEL"), 200)
    b.peer.answer(seen, 487, to_tag="t")
    a.peer.expect(487)


# --- answers that are right ---

@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
@pytest.mark.parametrize("method,kind", [("REGISTER", 200), ("MESSAGE", 480)])
def test_each_algorithm_on_each_side(asker, algorithm, method, kind):
    """AU-05 AU-06 AU-07: the client picks either row."""
    a = asker()
    ruri, name = ("sip:example.com", "Authorization") if kind == 200 else (a.aor, "Proxy-Authorization")
    rows = [parse_challenge(v) for v in (lambda m: m.all("www-authenticate") + m.all("proxy-authenticate"))(a.ask(method=method, ruri=ruri))]
    assert algorithm in [r.get("algorithm") for r in rows]
    c = next(r for r in rows if r.get("algorithm") == algorithm)
    assert a.ask(a.digest(c, method=method, uri=ruri), method=method, ruri=ruri, name=name).status == kind


def test_md5_can_be_switched_off(make_server, asker):
    """AU-06: not offered, and an answer with it is asked again."""
    s = make_server(config={"auth": {"algorithms": ["sha256"]}})
    a = asker(server=s, user="alice")
    assert [parse_challenge(v)["algorithm"] for v in a.ask().all("www-authenticate")] == ["SHA-256"]
    c = a.challenge()
    assert a.ask(a.digest(dict(c, algorithm="MD5"))).status == 401
    assert a.ask(a.digest(c)).status == 200


def classic(a, c, sess=False, qop=None, nc="00000001", cnonce="0a4f113b", method="REGISTER", uri="sip:example.com", **names):
    """RFC 2617 arithmetic by hand, with MD5 or SHA-256."""
    h = hashlib.md5 if c["algorithm"].upper().startswith("MD5") else hashlib.sha256

    def H(*parts):
        return h(":".join(parts).encode()).hexdigest()
    ha1 = H(a.user, c["realm"], a.password)
    if sess:
        ha1 = H(ha1, c["nonce"], cnonce)
    response = H(ha1, c["nonce"], nc, cnonce, qop, H(method, uri)) if qop else H(ha1, c["nonce"], H(method, uri))
    fields = {"username": '"%s"' % a.user, "realm": '"%s"' % c["realm"], "nonce": '"%s"' % c["nonce"], "uri": '"%s"' % uri,
              "response": '"%s"' % response}
    if qop:
        fields.update(qop=qop, nc=nc, cnonce='"%s"' % cnonce)
    elif sess:
        fields["cnonce"] = '"%s"' % cnonce
    fields["algorithm"] = c["algorithm"] + ("-sess" if sess else "")
    fields.update(names)
    return fields


def row(fields):
    return "Digest " + ", ".join("%s=%s" % f for f in fields.items() if f[1] is not None)


def test_old_clients_and_sessions(asker):
    """AU-07: without qop, with qop=auth, with -sess and both; without algorithm it is MD5."""
    a = asker()
    for algorithm in ("MD5", "SHA-256"):
        for sess in (False, True):
            for qop in (None, "auth"):
                f = classic(a, a.challenge(algorithm), sess=sess, qop=qop)
                assert a.ask(row(f)).status == 200, (algorithm, sess, qop)
    assert a.ask(row(classic(a, a.challenge("MD5"), qop="auth", algorithm=None))).status == 200


def test_the_body_is_part_of_auth_int(asker):
    """AU-08: with a body, without one, and with one byte changed."""
    a = asker()
    for algorithm in ("SHA-256", "MD5"):
        for body in (b"", b"v=0\r\n\0binary"):
            assert a.ask(a.digest(a.challenge(algorithm), body=body), body=body).status == 200, (algorithm, body)
        assert a.ask(a.digest(a.challenge(algorithm), body=b"v=0\r\n"), body=b"v=1\r\n").status == 401


def test_the_uri_of_the_credentials(make_server, asker):
    """AU-09: hashed as received; another spelling or alias of ours is fine, another domain is not."""
    s = make_server(config={"domains": [{"name": "example.com", "aliases": ["sip.example.com"]}], "auth": {"tries_per_minute": 1000}})
    a = asker(server=s, user="alice")
    for uri in ("sip:example.com;transport=udp", "sip:EXAMPLE.COM", "sip:sip.example.com", "sip:alice@example.com", "sips:example.com",
                "sip:127.0.0.1:%d" % s.port):
        assert a.ask(a.digest(a.challenge(), uri=uri)).status == 200, uri
    for uri in ("sip:elsewhere.invalid", "sip:example.com.elsewhere.invalid", "mailto:x@example.com"):
        assert a.ask(a.digest(a.challenge(), uri=uri)).status in (400, 403), uri


def test_only_the_row_of_our_realm_counts(asker):
    """AU-10: wherever it stands; the other realms' rows go on with a forwarded request."""
    a, b = asker(), asker(n=3)
    other = 'Digest username="x", realm="elsewhere.invalid", nonce="n", uri="sip:elsewhere.invalid", response="%s"' % ("0" * 32)
    contact = "<sip:%s@127.0.0.3:%d>" % (b.user, b.peer.local[1])
    for order in (0, 1):
        rows = [b.digest(b.challenge()), other][::-1 if order else 1]
        assert b.ask(*rows, headers=[("Contact", contact)]).status == 200
    assert b.ask(other).status == 401
    c = parse_challenge(a.ask(method="MESSAGE", ruri=b.aor).get("proxy-authenticate"))
    good = a.digest(c, method="MESSAGE", uri=b.aor)
    a.peer.send(a.peer.request("MESSAGE", b.aor, a.aor, headers=[("Proxy-Authorization", other), ("Proxy-Authorization", good)]))
    seen = b.peer.expect("MESSAGE")
    assert seen.all("proxy-authorization") == [other]
    b.peer.answer(seen, 200)
    a.peer.expect(200)


# --- nonce and nonce-count ---

def test_each_nonce_count_is_good_once(asker):
    """AU-11: nc goes up, also in disorder; a captured row in another request is asked again, with stale."""
    a = asker()
    c = a.challenge()
    for nc in (1, 2, 4, 3, 7, 5, 6, 20):
        assert a.ask(a.digest(c, nc=nc)).status == 200, nc
    for nc in (1, 2, 7, 20):
        answer = a.ask(a.digest(c, nc=nc))
        assert answer.status == 401 and stale(answer), nc
    captured = a.digest(c, nc=30)
    assert a.ask(captured, headers=[("Contact", "<sip:x@192.0.2.1>")]).status == 200
    thief = asker(user=a.user, n=9)
    assert thief.ask(captured, headers=[("Contact", "<sip:thief@192.0.2.66>")], call_id=a.call_id, cseq=99).status == 401
    assert a.ask(a.digest(c, nc=31)).values("contact")[0].startswith("<sip:x@192.0.2.1>")


def test_the_very_same_request_may_come_again(asker):
    """AU-11: as by a second way: another branch, port and Via, nothing else changed."""
    a = asker()
    r = a.peer.request("REGISTER", "sip:example.com", a.aor, a.aor, call_id=token(), headers=[("Authorization", a.digest(a.challenge()))])
    a.peer.send(r)
    assert a.peer.expect(200)
    second = UdpPeer(a.server.address("udp"), bind=(a.peer.local[0], 0))
    again = Message(r.start, [("Via", second.via())] + r.headers[1:])
    second.send(again)
    second.expect(200)
    second.send(Message(r.start, [("Via", second.via())] + r.headers[1:] + [("Contact", "<sip:thief@192.0.2.66>")]))
    second.expect(401)
    second.close()


def test_a_wrong_answer_uses_nothing_up(asker):
    """AU-11: nc=ffffffff with a wrong digest does not lock the client out of its nonce."""
    a = asker()
    c = a.challenge()
    assert a.ask(a.digest(c, nc=1)).status == 200
    assert a.ask(a.digest(c, nc=0xffffffff, password="wrong")).status == 401
    assert a.ask(a.digest(c, nc=2)).status == 200


def test_nonces_of_others_are_worth_nothing(asker):
    """AU-12 AU-13: invented, cut, changed in one character: a right digest over them gets stale, never 200."""
    a = asker()
    c = a.challenge()
    assert len({a.challenge()["nonce"] for _ in range(20)}) == 20
    n = c["nonce"]
    for bad in ("abc", n[:-1], n + "A", n[:5] + ("A" if n[5] != "A" else "B") + n[6:], n[:-2] + ("A" if n[-2] != "A" else "B") + n[-1], "A" * len(n)):
        answer = a.ask(a.digest(dict(c, nonce=bad)))
        assert answer.status == 401 and stale(answer), bad
    assert a.ask(a.digest(c)).status == 200


def test_an_old_nonce_is_stale_and_a_wrong_password_is_not(make_server, asker):
    """AU-12 AU-13 AU-04: past its life a new challenge says stale=true, unquoted."""
    s = make_server(config={"auth": {"nonce": "1s"}})
    a = asker(server=s, user="alice")
    c = a.challenge()
    assert a.ask(a.digest(c)).status == 200
    time.sleep(1.1)
    answer = a.ask(a.digest(c, nc=2))
    assert answer.status == 401 and all(re.search(r"\bstale=true\b", v) for v in answer.all("www-authenticate"))
    assert not stale(a.ask(a.digest(c, nc=3, password="wrong")))
    fresh = parse_challenge(answer.get("www-authenticate"))
    assert a.ask(a.digest(fresh)).status == 200


def test_a_nonce_survives_no_restart_but_costs_no_password_box(make_server, asker):
    """AU-12 AU-13: after a restart the old nonce is stale, not wrong."""
    s = make_server()
    a = asker(server=s, user="alice")
    c = a.challenge()
    assert a.ask(a.digest(c)).status == 200
    s.stop()
    s.start()
    answer = a.ask(a.digest(c, nc=2))
    assert answer.status == 401 and stale(answer)


# --- answers that are wrong ---

def shape(answer):
    """The answer without what differs in any two answers."""
    keep = [(n, re.sub(r'nonce="[^"]*"', "nonce", v)) for n, v in answer.headers if n.lower() not in ("via", "from", "to", "call-id", "cseq", "date")]
    return answer.start, keep


def test_nobody_learns_which_users_there_are(home, asker):
    """AU-14: unknown user and wrong password: the same words, and about the same time."""
    a, b = asker(n=11), asker(n=12)
    b.user, b.password = "nobody-at-all", "x"
    b.aor = "sip:nobody-at-all@example.com"
    times = {a: [], b: []}
    for i in range(24):
        for who in (a, b):
            c = who.challenge()
            started = time.monotonic()
            answer = who.ask(who.digest(c, password="wrong"))
            times[who].append(time.monotonic() - started)
            assert answer.status == 401 and not stale(answer)
            who.seen = shape(answer)
    assert a.seen == b.seen
    medians = [statistics.median(t) for t in times.values()]
    assert max(medians) - min(medians) < 0.002, medians


def test_wrong_tries_are_limited(make_server, asker):
    """AU-15: past the limit 403 without a look, for that name from that source; others go on."""
    s = make_server(config={"auth": {"tries_per_minute": 5}})
    guesser = asker(server=s, user="alice", n=13)
    c = guesser.challenge()
    statuses = [guesser.ask(guesser.digest(c, nc=i + 1, password="guess%d" % i)).status for i in range(8)]
    assert statuses == [401] * 5 + [403] * 3
    assert guesser.ask(guesser.digest(guesser.challenge())).status == 403
    neighbour, elsewhere = asker(server=s, user="bob", n=13), asker(server=s, user="alice", n=14)
    for other in (neighbour, elsewhere):
        assert other.ask(other.digest(other.challenge())).status == 200


def test_what_phones_write(asker):
    """AU-16: quoted and bare, any order, any case, spaces, escapes, unknown parameters."""
    a = asker()

    def fresh(**kw):
        return classic(a, a.challenge("MD5"), qop="auth", **kw)
    f = fresh()
    assert a.ask(row(dict(f, qop='"auth"', nc='"00000001"', algorithm='"MD5"'))).status == 200
    f = fresh()
    assert a.ask(row(dict(reversed(list(f.items()))))).status == 200
    f = fresh(cnonce="xyz")
    assert a.ask(row({k.upper(): v for k, v in f.items()}).replace("Digest", "dIGEST")).status == 200
    f = fresh()
    assert a.ask("Digest   " + " ,  ".join("%s = %s" % kv for kv in f.items())).status == 200
    f = fresh()
    assert a.ask(row(dict(f, opaque='""', auth_param='"a,b=\\"c"'))).status == 200
    f = fresh()
    assert a.ask(row(dict(f, algorithm="md5"))).status == 200
    f = fresh()
    assert a.ask(row(dict(f, username='"\\%s"' % a.user))).status == 200
    assert a.ask(row(fresh(nc="00000002", cnonce="nc-not-from-one"))).status == 200


@pytest.mark.parametrize("missing", ["username", "realm", "nonce", "uri", "response", "nc", "cnonce"])
def test_a_required_parameter_is_missing_or_there_twice(asker, missing):
    """AU-16: 400."""
    a = asker()
    f = classic(a, a.challenge("MD5"), qop="auth")
    assert a.ask(row(dict(f, **{missing: None}))).status == 400
    f = classic(a, a.challenge("MD5"), qop="auth")
    assert a.ask(row(f) + ", %s=%s" % (missing, f[missing])).status == 400


def test_nonsense_in_parameters(asker):
    """AU-16: nc that is no hex number, or zero; responses of another length; nothing of it passes."""
    a = asker()
    for nc in ("00000000", "0000000g", "1ffffffff", ""):
        assert a.ask(row(classic(a, a.challenge("MD5"), qop="auth", nc=nc))).status in (400, 401), nc
    for response in ('""', '"%s"' % ("0" * 31), '"%s"' % ("0" * 64), '"%s"' % ("z" * 32)):
        assert a.ask(row(classic(a, a.challenge("MD5"), qop="auth", response=response))).status == 401
    assert a.ask(row(classic(a, a.challenge("MD5"), qop="auth-conf"))).status in (400, 401)


def test_unknown_schemes_are_ignored(asker):
    """AU-17: a challenge if nothing else is there, no matter beside good credentials."""
    a = asker()
    odd = 'NoOneKnowsThisScheme opaque-data=here, realm="x'
    strange = "NoOneKnowsThisScheme opaque-data=here"
    assert a.ask(strange).status == 401
    assert a.ask(strange, a.digest(a.challenge())).status == 200
    assert a.ask(odd).status in (400, 401)


def test_neither_passwords_nor_their_hashes_are_told(make_server, asker):
    """AU-18: only HA1 in the state folder, nothing of either in the log or in lists."""
    s = make_server(start=False, passwords={"alice": SECRET, "bob": "build-er", "carol": "sing-er"})
    s.config["log"]["level"] = "debug"
    s.start()
    a = asker(server=s, user="alice")
    assert a.ask(a.digest(a.challenge())).status == 200
    a.ask(a.digest(a.challenge(), password="not-" + SECRET))
    listed = s.command("user", "list", "--json", "--state", s.state).stdout
    s.stop()
    hashes = [h(("alice:example.com:" + SECRET).encode()).hexdigest() for h in (hashlib.md5, hashlib.sha256)]
    shown = s.read_log() + listed
    assert SECRET not in shown and not any(h in shown for h in hashes)
    stored = b"".join(open(os.path.join(folder, f), "rb").read() for folder, _, files in os.walk(s.state) for f in files)
    assert SECRET.encode() not in stored and b"build-er" not in stored
    assert all(h.encode() in stored for h in hashes)


# --- challenges cost nothing ---

def test_challenges_need_no_memory(make_server, asker):
    """TX-31 AU-15: each copy gets one answer with the same To tag, not repeated without ACK; ten thousand pass where
    sixteen transactions have room, so none was kept."""
    s = make_server(config={"limits": {"transactions": 16, "finished": "64KiB"}})
    a = asker(server=s, user="alice")
    r = a.peer.request("INVITE", "sip:bob@example.com", a.aor, contact="<%s>" % a.peer.contact_uri())
    tags = set()
    for _ in range(3):
        a.peer.send(r)
        tags.add(a.peer.expect(407).tag("to"))
    assert len(tags) == 1
    a.peer.silent(0.5)

    answers = []
    for i in range(10000):
        a.peer.send(a.peer.request("INVITE", "sip:bob@example.com", a.aor))
        if i % 50 == 49:
            answers += [a.peer.expect(407) for _ in range(50)]
    assert len({m.call_id for m in answers}) == 10000
    a.peer.silent(0.3)


def test_a_stream_is_challenged_statelessly_too(home, asker):
    """TX-31: the tag is the same for the same request on another connection."""
    a = asker()
    peers = [TcpPeer(home.address("tcp")) for _ in range(2)]
    r = peers[0].request("MESSAGE", a.aor, a.aor)
    tags = []
    for p in peers:
        p.send(r)
        tags.append(p.expect(407).tag("to"))
        p.close()
    assert tags[0] == tags[1]
