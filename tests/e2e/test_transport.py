# SPDX-License-Identifier: Apache-2.0
"""Sockets, framing, keep-alives and STUN, seen from outside."""
import os
import socket
import struct
import time

import pytest

from phone import Callee
from sip import Listener, TcpPeer, TlsPeer, UdpPeer, token

OPEN = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "relay", "identity"]}]}


@pytest.fixture
def open_server(make_server):
    return make_server(config=OPEN)


def options(peer, **kw):
    return peer.request("OPTIONS", "sip:example.com", "sip:check@elsewhere.invalid", **kw)


@pytest.mark.parametrize("cls,kind", [(UdpPeer, "udp"), (TcpPeer, "tcp"), (TlsPeer, "tls")])
def test_options_over_every_transport(server, cls, kind):
    """TP-01 TP-03 TP-09: each listener answers; rport and received are filled in on every transport."""
    peer = cls(server.address(kind))
    peer.send(options(peer))
    answer = peer.expect(200)
    assert "received=127.0.0.1" in answer.get("via") and "rport=%d" % peer.local[1] in answer.get("via")
    assert "INVITE" in answer.get("allow")
    peer.close()


def test_received_is_added_for_a_wrong_or_named_sent_by(server):
    """TP-02 TP-08: and never with brackets."""
    peer = UdpPeer(server.address("udp"))
    for sent_by in ("192.0.2.9:%d", "some.invalid:%d"):
        r = options(peer)
        r.headers[0] = ("Via", "SIP/2.0/UDP %s;branch=z9hG4bK%s" % (sent_by % peer.local[1], token()))
        peer.send(r)
        assert ";received=127.0.0.1" in peer.expect(200).get("via")


def test_ipv6(make_server):
    """TP-04 TP-08 MS-37: a listener on ::1, answers come from there."""
    s = make_server(start=False)
    s.config["listen"] += [{"udp": "[::1]:%d" % s.port}, {"tcp": "[::1]:%d" % s.port}]
    s.start()
    peer = UdpPeer(("::1", s.port))
    peer.send(options(peer))
    answer = peer.expect(200)
    assert peer.source[:2] == ("::1", s.port)
    assert "received=::1" in answer.get("via")
    peer.close()


def test_a_wildcard_socket_answers_from_the_address_that_was_asked(make_server):
    """TP-04: 0.0.0.0, asked at 127.0.0.1 and at 127.0.0.77."""
    s = make_server(start=False)
    s.config["listen"] = [{"udp": "0.0.0.0:%d" % s.port}, {"tcp": "0.0.0.0:%d" % s.port}]
    s.start()
    for address in ("127.0.0.1", "127.0.0.77"):
        peer = UdpPeer((address, s.port))
        peer.send(options(peer))
        peer.expect(200)
        assert peer.source == (address, s.port)
        peer.close()


def test_without_rport_the_answer_goes_to_the_sent_by_port(make_server):
    """TP-05: with force_rport off."""
    s = make_server(config={"flow": {"force_rport": False}})
    sender, other = UdpPeer(s.address("udp")), UdpPeer(s.address("udp"))
    r = options(sender)
    r.headers[0] = ("Via", "SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s" % (other.local[1], token()))
    sender.send(r)
    other.expect(200)
    sender.silent(0.2)


def test_a_response_finds_another_way_when_its_connection_is_gone(open_server, phones):
    """TP-06 TX-10 TX-30: closed before the answer: a new connection to received:sent-by port, not to the old source port."""
    bob = phones(open_server, "bob", outbound=False)
    flow = bob.open("udp", bind=("127.0.0.2", 0))
    listener = Listener()
    caller = TcpPeer(open_server.address("tcp"))
    r = caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<sip:core@127.0.0.1:%d>" % listener.local[1])
    r.headers[0] = ("Via", "SIP/2.0/TCP 127.0.0.1:%d;branch=z9hG4bK%s" % (listener.local[1], token()))
    caller.send(r)
    inv = flow.peer.expect("INVITE")
    caller.close()
    time.sleep(0.1)
    flow.peer.answer(inv, 486)
    assert listener.accept().receive(3).status == 486
    listener.close()


def test_one_byte_at_a_time_and_many_at_once(server):
    """TP-18 TP-19 OB-57: every split gives the same messages."""
    peer = TcpPeer(server.address("tcp"))
    data = b"\r\n" + options(peer).bytes()
    for i in range(len(data)):
        peer.send_bytes(data[i:i + 1])
    peer.expect(200)
    peer.send_bytes(b"".join(options(peer).bytes() for _ in range(50)))
    for _ in range(50):
        peer.expect(200)
    peer.close()


@pytest.mark.parametrize("cls,kind", [(TcpPeer, "tcp"), (TlsPeer, "tls")])
def test_pings_get_pongs(server, cls, kind):
    """OB-56 OB-57: four bytes, exactly two back; split; several at once; a lone CRLF is none; around a message."""
    peer = cls(server.address(kind))

    def pongs(wait=0.3):
        end = time.monotonic() + wait
        while time.monotonic() < end:
            peer.read_some(0.05)
        got, peer.data = peer.data, b""
        return got
    peer.send_bytes(b"\r\n\r\n")
    assert pongs() == b"\r\n"
    for b in (b"\r", b"\n", b"\r", b"\n"):
        peer.send_bytes(b)
        time.sleep(0.02)
    assert pongs() == b"\r\n"
    peer.send_bytes(b"\r\n\r\n" * 3)
    assert pongs() == b"\r\n" * 3
    peer.send_bytes(b"\r\n")
    assert pongs() == b""
    peer.send_bytes(options(peer).bytes())
    peer.expect(200)
    peer.send_bytes(b"\r\n\r\n" + options(peer).bytes() + b"\r\n\r\n")
    peer.expect(200)
    pongs()
    assert peer.pongs >= 1
    peer.close()


def test_keep_alive_datagrams_are_dropped_silently(server):
    """TP-17: empty, CRLF, four zero bytes."""
    peer = UdpPeer(server.address("udp"))
    for data in (b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0"):
        for _ in range(50):
            peer.send_bytes(data)
    peer.silent(0.2)
    peer.send(options(peer))
    peer.expect(200)
    assert len(server.read_log()) < 200000


def test_a_datagram_of_60_kilobytes(open_server, phones):
    """TP-13 TP-12: in over UDP, out on the flow of a UDP phone."""
    bob = phones(open_server, "bob")
    flow = bob.open("udp", bind=("127.0.0.2", 0))
    peer = UdpPeer(open_server.address("udp"))
    body = os.urandom(60000)
    peer.send(peer.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", body=body))
    seen = flow.peer.expect("MESSAGE")
    assert seen.body == body
    flow.peer.answer(seen, 200)
    peer.expect(200)


def stun(transaction=None, kind=1, attributes=b"", cookie=0x2112A442):
    transaction = transaction or os.urandom(12)
    return struct.pack("!HHI", kind, len(attributes), cookie) + transaction + attributes


def test_stun_on_the_sip_port(server):
    """OB-59 TP-27 TP-28: XOR-MAPPED-ADDRESS from the address that was asked, SIP goes on beside it."""
    peer = UdpPeer(server.address("udp"))
    ask = stun()
    peer.send_bytes(ask)
    data = peer.read(2)
    kind, length, cookie = struct.unpack("!HHI", data[:8])
    assert kind == 0x0101 and cookie == 0x2112A442 and data[8:20] == ask[8:20] and len(data) == 20 + length
    at, found = 20, None
    while at < len(data):
        a, n = struct.unpack("!HH", data[at:at + 4])
        if a == 0x0020:
            family, port, ip = struct.unpack("!xBH4s", data[at + 4:at + 12])
            found = socket.inet_ntoa(bytes(x ^ y for x, y in zip(ip, struct.pack("!I", 0x2112A442)))), port ^ 0x2112
        at += 4 + (n + 3) // 4 * 4
    assert found == peer.local
    peer.send(options(peer))
    peer.expect(200)


def test_stun_that_must_not_be_answered(server):
    """TP-30: bad cookie, bad length, indications, responses; then 420 for what must be understood (TP-29)."""
    peer = UdpPeer(server.address("udp"))
    for data in (stun(cookie=1), stun()[:19], stun() + b"x", stun(kind=0x11), stun(kind=0x101), stun(kind=3)):
        peer.send_bytes(data)
    assert peer.read(0.3) is None
    peer.send_bytes(stun(attributes=struct.pack("!HHI", 0x7777, 4, 0)))
    data = peer.read(2)
    assert struct.unpack("!H", data[:2])[0] == 0x0111 and b"\x00\x0a" in data


def test_what_cannot_be_framed_is_answered_and_closed(server):
    """TP-20 TP-21: no, negative, wordy, huge and conflicting Content-Length on a stream."""
    for length in (None, "-1", "five", "2147483648000", "4294967297", "18446744073709551616", "5\r\nContent-Length: 6"):
        peer = TcpPeer(server.address("tcp"))
        r = options(peer)
        if length:
            r.set("Content-Length", length)
        peer.send_bytes(r.bytes(add_length=False))
        answer = peer.receive(2)
        assert answer is not None and answer.status in (400, 413), (length, answer)
        assert peer.closed(), length


def test_sizes_have_limits(server):
    """TP-22: an endless header line and a gigabyte of body."""
    peer = TcpPeer(server.address("tcp"))
    try:
        peer.send_bytes(b"OPTIONS sip:example.com SIP/2.0\r\nX: " + b"a" * 200000)
    except OSError:
        pass
    assert peer.closed(5) or peer.data.startswith(b"SIP/2.0 513")
    peer = TcpPeer(server.address("tcp"))
    peer.send_bytes(options(peer).set("Content-Length", "1000000000").bytes())
    assert peer.receive(2).status == 413
    assert peer.closed()


def test_slow_and_silent_connections_are_cut(make_server):
    """TP-23: a message that does not end, and a stranger that says nothing."""
    s = make_server(config={"flow": {"message": "400ms", "unregistered": "600ms"}})
    slow, silent = TcpPeer(s.address("tcp")), TcpPeer(s.address("tcp"))
    slow.send_bytes(b"OPTIONS sip:example.com SIP/2.0\r\n")
    assert slow.closed(2)
    assert silent.closed(2)


def test_a_connection_lives_as_long_as_its_transactions(make_server, phones):
    """TP-24: past 64*T1 after its last message, and as long as timer C under a pending INVITE: the answer comes back on it."""
    s = make_server(config=dict(OPEN, timers={"t1": "5ms", "t2": "40ms", "t4": "50ms", "d": "320ms"}))
    bob = phones(s, "bob", outbound=False)
    flow = bob.open("udp", bind=("127.0.0.2", 0))
    caller = TcpPeer(s.address("tcp"))
    caller.send(options(caller))
    caller.expect(200)
    assert not caller.closed(0.5)
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid", contact="<%s>" % caller.contact_uri()))
    invite = flow.peer.expect("INVITE")
    flow.peer.answer(invite, 180, to_tag="r")
    caller.expect(180)
    assert not caller.closed(1)
    flow.peer.answer(invite, 486, to_tag="r")
    caller.expect(486)


def test_flow_timer_and_grace_judge_a_registered_flow(make_server, phones):
    """OB-61 OB-60: silence of Flow-Timer and a bit keeps the flow, past the grace it ends."""
    s = make_server(config={"flow": {"timer": "1s", "grace": "1s", "unregistered": "500ms"}})
    bob = phones(s, "bob")
    flow = bob.open("tcp")
    assert flow.register().get("flow-timer") == "1"
    assert not flow.peer.closed(1.3)
    flow.peer.send_bytes(b"\r\n\r\n")
    assert not flow.peer.closed(1.3)
    assert flow.peer.closed(2)
    assert s.bindings("sip:bob@example.com") == [] or s.bindings("sip:bob@example.com")[0].get("state") != "live"


def test_a_peer_that_does_not_read_delays_nobody(make_server, phones):
    """TP-25 OB-88: its queue has a limit; past it the flow is closed."""
    s = make_server(config=dict(OPEN, flow={"queue": "64KiB"}))
    bob, carol = phones(s, "bob"), phones(s, "carol")
    deaf = bob.open("tcp", bind=("127.0.0.2", 0))
    good = carol.open("tcp", bind=("127.0.0.3", 0))
    caller = UdpPeer(s.address("udp"))
    big = b"x" * 30000
    worst = 0
    for i in range(200):
        caller.send(caller.request("MESSAGE", "sip:bob@example.com", "sip:core@elsewhere.invalid", body=big))
        if i % 20 == 0:
            started = time.monotonic()
            r = caller.send(caller.request("MESSAGE", "sip:carol@example.com", "sip:core@elsewhere.invalid"))
            good.peer.answer(good.peer.expect("MESSAGE"), 200)
            assert caller.receive(2, lambda m: m.call_id == r.call_id).status == 200
            worst = max(worst, time.monotonic() - started)
    assert worst < 0.5
    end = time.monotonic() + 5
    while time.monotonic() < end and any(b.get("state") == "live" for b in s.bindings("sip:bob@example.com")):
        time.sleep(0.1)
    assert not any(b.get("state") == "live" for b in s.bindings("sip:bob@example.com"))
    deaf.peer.close()


def test_a_contact_of_another_host_is_no_hijack(open_server, phones):
    """TP-26: a connection is never chosen by its source address alone."""
    target = Listener("127.0.0.4")
    squatter = TcpPeer(open_server.address("tcp"), bind=("127.0.0.4", 0))
    squatter.send(options(squatter))
    squatter.expect(200)
    bob = phones(open_server, "bob", outbound=False)
    flow = bob.open("udp", bind=("127.0.0.2", 0), register=False)
    caller = UdpPeer(open_server.address("udp"))
    caller.send(caller.request("MESSAGE", "sip:x@127.0.0.4:%d;transport=tcp" % target.local[1], "sip:core@elsewhere.invalid"))
    assert target.accept().expect("MESSAGE")
    squatter.silent(0.2)
    assert flow.peer.receive(0.05) is None


def test_large_requests_prefer_tcp_and_fall_back(open_server):
    """TP-10 TP-11: 1290 bytes go by UDP, more by TCP; refused TCP falls back to UDP."""
    caller = UdpPeer(open_server.address("udp"))
    udp = UdpPeer(open_server.address("udp"), bind=("127.0.0.4", 0))
    port = udp.local[1]
    tcp = Listener.__new__(Listener)
    tcp.sock = socket.socket()
    tcp.sock.bind(("127.0.0.4", port))
    tcp.sock.listen(4)
    ruri = "sip:x@127.0.0.4:%d" % port
    caller.send(caller.request("MESSAGE", ruri, "sip:core@elsewhere.invalid", body=b"x" * 200))
    udp.answer(udp.expect("MESSAGE"), 200)
    caller.expect(200)
    caller.send(caller.request("MESSAGE", ruri, "sip:core@elsewhere.invalid", body=b"x" * 1500))
    stream = tcp.accept()
    seen = stream.expect("MESSAGE")
    assert "SIP/2.0/TCP" in seen.values("via")[0]
    stream.answer(seen, 200)
    caller.expect(200)
    stream.close()
    tcp.close()
    time.sleep(0.1)
    caller.send(caller.request("MESSAGE", ruri, "sip:core@elsewhere.invalid", body=b"x" * 1500))
    udp.answer(udp.expect("MESSAGE"), 200)
    caller.expect(200)


def test_icmp_ends_a_transaction_at_once(open_server, phones):
    """TP-16 OB-88: the phone's port is closed: the answer comes long before timer B."""
    bob = phones(open_server, "bob")
    flow = bob.open("udp", bind=("127.0.0.2", 0))
    flow.peer.close()
    caller = UdpPeer(open_server.address("udp"))
    started = time.monotonic()
    caller.send(caller.request("INVITE", "sip:bob@example.com", "sip:core@elsewhere.invalid"))
    assert caller.receive(3, lambda m: m.status >= 200).status == 480
    assert time.monotonic() - started < 1
    assert open_server.bindings("sip:bob@example.com") == []


def test_two_workers_share_the_work(make_server, phones):
    """A call whose messages arrive on different workers still is one call; streams of any worker are reached."""
    s = make_server(workers=2)
    alice, bob = phones(s, "alice"), phones(s, "bob")
    flows = [alice.open("tcp") for _ in range(4)] + [alice.open("udp") for _ in range(4)]
    for i in range(24):
        target = bob.open(("tcp", "udp", "tls")[i % 3], reg_id=1)
        call = alice.invite("sip:bob@example.com", flow=flows[i % 8], early=True)
        leg = Callee.wait(target)
        leg.ring()
        leg.pick_up()
        assert call.wait().status == 200
        leg.expect_ack()
        bye = leg.within("BYE")
        peer = flows[i % 8].peer
        peer.answer(peer.expect("BYE"), 200)
        assert bob.final(target.peer, bye).status == 200


def test_garbage_hurts_nobody(server):
    """MS-29: random bytes and mutated messages over UDP and TCP, bounded; the server answers as before."""
    import random
    rnd = random.Random(4475)
    udp = UdpPeer(server.address("udp"))
    good = options(udp).bytes()
    for i in range(3000):
        data = bytearray(good)
        for _ in range(rnd.randrange(1, 8)):
            at = rnd.randrange(len(data))
            data[at:at + rnd.randrange(0, 3)] = bytes(rnd.randrange(256) for _ in range(rnd.randrange(0, 3)))
        udp.send_bytes(bytes(data) if i % 3 else os.urandom(rnd.randrange(1, 400)))
    for i in range(60):
        with socket.create_connection(server.address("tcp"), 2) as s:
            data = bytearray(good)
            data[rnd.randrange(len(data))] = rnd.randrange(256)
            s.sendall(bytes(data) + os.urandom(50))
    fresh = UdpPeer(server.address("udp"))
    fresh.send(options(fresh))
    fresh.expect(200)
