# SPDX-License-Identifier: Apache-2.0
"""All 61 messages of RFC 4475 and RFC 5118, sent to the running server as they are."""
import json
import os
import re
import socket
import time

import pytest

from server import serving
from sip import Message, UdpPeer, token, uri_of

FOLDER = os.path.join(os.path.dirname(__file__), "..", "torture")


def corpus():
    out = []
    for rfc in ("rfc4475", "rfc5118"):
        with open(os.path.join(FOLDER, rfc, "manifest.json")) as f:
            for m in json.load(f)["messages"]:
                with open(os.path.join(FOLDER, rfc, m["file"]), "rb") as data:
                    out.append((m, data.read()))
    return out


CORPUS = corpus()
SILENCE = None
NOT_REFUSED = "processed"               # any answer but 400 and 5xx of syntax
# What this server answers, where the manifest leaves a choice or names a code. Requests that are not listed are processed.
WANTED = {
    "badinv01": 400, "clerr": 400, "ncl": 400, "scalar02": 400, "quotbal": 400, "ltgtruri": 400, "lwsruri": 400, "lwsstart": 400,
    "trws": 400, "escruri": 400, "regbadct": 400, "badaspec": (400, 404, 480), "baddn": 400, "badvers": 505, "mismatch01": 400,
    "mismatch02": (400, 501), "insuf": 400, "multi01": 400, "mcl01": 400, "unkscm": 416, "novelsc": 416, "unksm2": 400,
    "bext01": 420, "zeromf": (200, 483), "badbranch": (400, 200, 404, 480), "ipv6-bad": 400,
    "ipv6-bug-abnf-3-colons": (200, 400, 403, 404, 480, 500),
    "cparam01": 200, "cparam02": 200, "regescrt": 200, "regaut01": 200, "escnull": 200, "dblreq": 200,
}


@pytest.fixture(scope="module")
def torture_server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("torture"), config={
            "peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity"]}],
            "domains": [{"name": "example.com", "registration": "open", "aliases": ["example.org", "company.com", "registrar.example.com"]}],
            "timers": {"t1": "5ms", "t2": "40ms", "t4": "50ms", "d": "100ms"},
            "dns": {"servers": ["127.0.0.1:9"], "timeout": "50ms", "tries": 1}}) as s:
        yield s


def ids(entry):
    return entry[0]["name"]


used = {}


def exchange(server, data):
    """Send one datagram; the final answer, or None. Some messages of the RFCs share a branch: the earlier transaction (64*T1) is
    waited for, or, where that is long, the branch is made another."""
    branch = re.search(rb"branch=([^;,\s]+)", data)
    branch = branch and branch.group(1)
    slow = server.t1 > 0.1
    if slow and branch and branch in used:
        data = data.replace(branch, branch + token().encode(), 1)
    elif not slow:
        time.sleep(max(0, used.get(branch, 0) + 0.6 - time.monotonic()))
    used[branch] = time.monotonic()
    peer = UdpPeer(server.address("udp"))
    peer.send_bytes(data)
    answer = peer.receive(10 if slow else 2.5, lambda m: m.is_response and m.status >= 200)
    extra = peer.receive(0.05)
    peer.close()
    return answer, extra


def forget(server):
    """The bindings that messages of the corpus made: whoever calls them waits for 64*T1, which is long for another server."""
    aors = {uri_of(Message.parse(data).get("to")) for _, data in CORPUS if data.startswith(b"REGISTER ")}
    peer = UdpPeer(server.address("udp"))
    for aor in aors:
        peer.send(peer.request("REGISTER", "sip:example.com", aor, aor, headers=[("Contact", "*"), ("Expires", "0")]))
        peer.receive(1)
    peer.close()


def alive(server):
    peer = UdpPeer(server.address("udp"))
    peer.send(peer.request("OPTIONS", "sip:example.com", "sip:check@elsewhere.invalid"))
    assert peer.receive(2).status == 200
    peer.close()


@pytest.mark.parametrize("entry", CORPUS, ids=ids)
def test_over_udp(torture_server, entry):
    """MS-01 MS-02 MS-03 MS-04 MS-05 MS-12 MS-13 MS-15 MS-16 MS-19 MS-22 MS-28 MS-37 MS-40 TP-14 TP-15 PX-41: the manifest's answer, and the server lives."""
    manifest, data = entry
    name = manifest["name"]
    if torture_server.t1 > 0.1:
        forget(torture_server)
    answer, extra = exchange(torture_server, data)
    if manifest["kind"] == "response":
        assert answer is SILENCE and extra is None
    else:
        wanted = WANTED.get(name, NOT_REFUSED)
        assert answer is not None, "no answer"
        if wanted == NOT_REFUSED:
            assert answer.status not in (400, 413, 416, 420, 501, 505, 513), answer.start
        else:
            assert answer.status in (wanted if isinstance(wanted, tuple) else (wanted,)), answer.start
    alive(torture_server)


@pytest.mark.parametrize("entry", CORPUS, ids=ids)
def test_over_tcp(torture_server, entry):
    """TP-18 TP-20 TP-21 MS-29: the same bytes on a stream, in two pieces; the server lives and other connections too."""
    manifest, data = entry
    with socket.create_connection(torture_server.address("tcp"), 2) as s:
        s.sendall(data[:7])
        time.sleep(0.005)
        s.sendall(data[7:])
        s.settimeout(0.5)
        got = b""
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    break
                got += more
                if manifest["name"] not in ("ncl", "mcl01", "inv2543") and b"\r\n\r\n" in got:
                    break
        except (socket.timeout, ConnectionResetError):
            pass
    if manifest["name"] in ("ncl", "mcl01", "inv2543"):     # the end of the message is unknown: 400 and close
        assert got.startswith(b"SIP/2.0 400"), got[:60]
    alive(torture_server)


def fetch(server, aor):
    peer = UdpPeer(server.address("udp"))
    peer.send(peer.request("REGISTER", "sip:example.com", aor, aor))
    answer = peer.expect(200)
    peer.close()
    return answer.values("contact")


def message_named(name):
    return next(data for m, data in CORPUS if m["name"] == name)


def test_contact_parameters_stay_where_they_belong(torture_server):
    """RG-20 RG-21: cparam01's parameter is the Contact's, cparam02's is the URI's; regescrt's header part comes back."""
    for name, inside in (("cparam01", None), ("cparam02", "unknownparam"), ("regescrt", "?Route=")):
        data = message_named(name)
        answer, _ = exchange(torture_server, data.replace(b"Call-ID: ", b"Call-ID: again-"))
        assert answer.status == 200
        contacts = fetch(torture_server, uri_of(Message.parse(data).get("to")))
        mine = [c for c in contacts if "unknownparam" in c or "?Route" in c] if inside else contacts
        if inside:
            assert any(inside in uri_of(c) for c in mine), contacts
        else:
            assert not any("unknownparam" in uri_of(c) for c in contacts), contacts


def test_escaped_nulls_are_two_contacts(torture_server):
    """RG-11: escnull."""
    exchange(torture_server, message_named("escnull").replace(b"Call-ID: ", b"Call-ID: again-"))
    assert len(fetch(torture_server, "sip:null-%00-null@example.com")) == 2


def test_bext01_lists_what_is_not_supported(torture_server):
    """PX-05."""
    answer, _ = exchange(torture_server, message_named("bext01"))
    assert answer.values("unsupported") == ["noProxiesSupportThis", "norDoAnyProxiesSupportThis"]


def test_longreq_gets_all_its_vias_back(torture_server):
    """MS-28: 34 of them, in order, with the long tag and Call-ID."""
    data = message_named("longreq")
    answer, _ = exchange(torture_server, data)
    sent = Message.parse(data)
    assert len(answer.values("via")) == 34
    assert answer.values("via")[1:] == sent.values("via")[1:]
    assert answer.call_id == sent.call_id and answer.get("from") == sent.get("from")
