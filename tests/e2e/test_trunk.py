# SPDX-License-Identifier: Apache-2.0
"""Our own answers to a trunk that asks for credentials: RFC 3261 §22.2, RFC 7616, RFC 8760. What a user agent has to do there, as far as a
proxy can: CSeq stays the caller's, so AU-23 is not fulfilled in full."""
import re

import pytest

from sip import UdpPeer, digest, parse_challenge

SHA = 'Digest realm="gw", nonce="n-sha", qop="auth,auth-int", algorithm=SHA-256, opaque="o \\"1\\""'
MD5 = 'Digest realm="gw", nonce="n-md5", qop="auth", algorithm=MD5'
STRANGE = ['Basic realm="gw"', "NoOneKnowsThis data=here", 'Digest realm="gw", nonce="n", qop="auth", algorithm=SHA-3-999',
           'Digest realm="gw", nonce="n", qop="auth-conf", algorithm=MD5']


@pytest.fixture
def trunk(make_server, phones):
    """A gateway behind a route with a password, and alice, who calls it."""
    gateway = UdpPeer(("127.0.0.1", 9), bind=("127.0.0.9", 0))
    s = make_server(config={"routes": [{"prefix": "+7", "username": "us", "password": "secret", "to": ["sip:%s:%d" % gateway.local]}]})
    gateway.target = s.address("udp")
    gateway.phone = phones(s, "alice")
    gateway.phone.open("udp", bind=("127.0.0.2", 0))
    yield gateway
    gateway.close()


def challenged(gateway, rows, status=407):
    """A call that is answered with these challenges: (the call, the INVITE they answered)."""
    call = gateway.phone.invite("sip:+7900@example.com", early=True)
    first = gateway.expect("INVITE")
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    gateway.answer(first, status, headers=[(name, r) for r in rows])
    assert gateway.expect("ACK").branch == first.branch
    return call, first


def end(gateway, call, invite):
    gateway.answer(invite, 486)
    gateway.expect("ACK")
    assert call.wait().status == 486


def right(value, challenge, invite):
    """Is this the answer to the challenge?"""
    c = parse_challenge(value)
    return c["response"] == parse_challenge(digest(challenge, "INVITE", invite.ruri, "us", "secret", cnonce=c["cnonce"]))["response"]


@pytest.mark.parametrize("rows,taken", [([SHA, MD5], SHA), ([MD5, SHA], MD5), (STRANGE + [SHA], SHA)])
def test_the_topmost_challenge_that_we_know(trunk, rows, taken):
    """AU-22: of several for one realm, whatever strange ones stand above it."""
    call, _ = challenged(trunk, rows)
    again = trunk.expect("INVITE")
    (value,) = again.all("proxy-authorization")
    assert right(value, taken, again)
    end(trunk, call, again)


def test_none_of_the_challenges_is_known(trunk):
    """AU-22: they go to the caller as they are, and nothing is tried."""
    call, _ = challenged(trunk, STRANGE)
    answer = call.wait()
    assert answer.status == 407 and answer.all("proxy-authenticate") == STRANGE
    trunk.silent(0.2)


@pytest.mark.parametrize("status,name", [(407, "proxy-authorization"), (401, "authorization")])
def test_the_second_try(trunk, status, name):
    """Same Call-ID, From and To, another branch (of AU-23 what a proxy can do)."""
    call, first = challenged(trunk, [SHA], status)
    again = trunk.expect("INVITE")
    assert again.all(name) and again.branch != first.branch and again.ruri == first.ruri
    assert [again.get(h) for h in ("from", "to", "call-id", "cseq")] == [first.get(h) for h in ("from", "to", "call-id", "cseq")]
    end(trunk, call, again)


@pytest.mark.parametrize("row", [SHA, SHA.replace("n-sha", "another")])
def test_rejected_credentials_are_not_tried_again(trunk, row):
    """AU-24: the second 407 is the answer."""
    call, _ = challenged(trunk, [SHA])
    again = trunk.expect("INVITE")
    assert right(again.get("proxy-authorization"), SHA, again)
    trunk.answer(again, 407, headers=[("Proxy-Authenticate", row)])
    trunk.expect("ACK")
    answer = call.wait()
    assert answer.status == 407 and answer.all("proxy-authenticate") == [row]
    trunk.silent(0.2)


def test_how_credentials_are_written(trunk):
    """AU-25: opaque and algorithm as given, a fresh cnonce each time, nc=00000001 with each new nonce; what is quoted and what is not."""
    cnonces = set()
    for n, row in enumerate((SHA, MD5, SHA.replace("SHA-256", "SHA-256-sess"), 'Digest realm="gw", nonce="old"')):
        call, _ = challenged(trunk, [row.replace('nonce="', 'nonce="%d' % n)])
        again = trunk.expect("INVITE")
        value = again.get("proxy-authorization")
        c = parse_challenge(value)
        for quoted in ("username", "realm", "nonce", "uri", "response"):
            assert re.search(r'\b%s="' % quoted, value), (quoted, value)
        assert re.search(r'\bresponse="[0-9a-f]+"', value) and c["uri"] == again.ruri and c["nonce"].startswith(str(n))
        if "qop" in row:
            assert re.search(r"\bqop=auth\b", value) and re.search(r"\bnc=00000001\b", value) and re.search(r'\bcnonce="', value)
            assert re.search(r"\balgorithm=%s\b" % re.search(r"algorithm=([\w-]+)", row).group(1), value)
            cnonces.add(c["cnonce"])
        assert ('opaque="o \\"1\\""' in value) == ("opaque" in row)
        end(trunk, call, again)
    assert len(cnonces) == 3
