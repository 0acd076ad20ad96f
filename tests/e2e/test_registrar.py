# SPDX-License-Identifier: Apache-2.0
"""The registrar seen from outside: RFC 3261 §10.3. Requirements RG-01..RG-30, RG-44."""
import re
import time

import pytest

from registering import CONFIG, arrives, caller, client, home, message, remaining  # noqa: F401 (fixtures)
from sip import UdpPeer, token, uri_of

OLD = (400, 500)                        # no RFC says which; ours is 400


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
        c.register("*", expires=0, cseq=cseq, expect=OLD)
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
    c.register("<sip:x@192.0.2.1>;q=0.9", cseq=10)
    for cseq in (9, 10):
        assert c.register("<sip:x@192.0.2.1>;q=0.1", cseq=cseq, expect=OLD)
        assert c.register("<sip:x@192.0.2.1>", expires=0, cseq=cseq, expect=OLD)
        c.register(["<sip:w@192.0.2.9>", "<sip:x@192.0.2.1>;q=0.1"], cseq=cseq, expect=OLD)
    (value,) = c.contacts()
    assert ";q=0.9" in value
    c.register("<sip:x@192.0.2.1>;q=0.5", cseq=1, call_id=token())
    assert ";q=0.5" in c.contacts()[0]
    c.register("<sip:x@192.0.2.1>", expires=0, cseq=1, call_id=token())
    assert c.contacts() == []


def test_call_ids_are_compared_byte_by_byte_and_tags_are_random_tokens(client):
    """MS-21: another case is another Call-ID, whose CSeq begins anew; no two of our tags are the same."""
    c = client()
    c.register("<sip:x@192.0.2.1>", call_id="Case-" + c.user, cseq=10)
    c.register("<sip:x@192.0.2.1>;q=0.1", call_id="Case-" + c.user, cseq=9, expect=OLD)
    c.register("<sip:x@192.0.2.1>;q=0.9", call_id="cASE-" + c.user, cseq=9)
    assert ";q=0.9" in c.contacts()[0]
    tags = [c.register("*", expect=400).tag("to") for _ in range(30)]
    assert len(set(tags)) == 30 and all(re.fullmatch(r"[\w.!%*+`'~-]{8,}", t) for t in tags)


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
