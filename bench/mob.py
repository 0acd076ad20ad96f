#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/mob.py KIND PORT [options] - peers that mean harm or know no better, on loopback, for as long as they are told.

Used by bench/overload, at idle priority; prints one line of what it did. Kinds:
  mute       COUNT TCP connections that ask (OPTIONS) and never read an answer; who is thrown out comes again
  slow       COUNT TCP connections that send one byte of a request a second
  callid     one UDP socket, OPTIONS with one Call-ID, as fast as it can
  invites    the same with INVITEs, each a transaction of its own, to a user without a phone
  retrans    the same INVITE, byte for byte
  garbage    one UDP socket, datagrams of noise, of headers without end, of requests that break off
  garbage-tcp  COUNT TCP connections that send the same, and come again when they are thrown out
  greedy     COUNT TCP connections that ask (OPTIONS) as fast as they can and read the answers
"""
import argparse
import errno
import os
import random
import resource
import select
import socket
import time


def request(method, transport, branch, call_id):
    uri = "bench.test" if method == "OPTIONS" else "nobody@bench.test"
    return ("%s sip:%s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:9;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"
            "From: <sip:m@bench.test>;tag=m\r\nTo: <sip:nobody@bench.test>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n"
            "Contact: <sip:m@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n" % (method, uri, transport, branch, call_id, method)).encode()


def noise():
    """Datagrams of no use: what a parser must get rid of, and soon."""
    rng = random.Random(7)
    out = [rng.randbytes(n) for n in (30, 200, 1000, 1400)]
    out.append(b"INVITE sip:" + b"a" * 1300)
    out.append(b"INVITE sip:u1@bench.test SIP/2.0\r\n" + b"X: y\r\n" * 200)
    out.append(b"REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP " + b";a=b" * 250 + b"\r\n\r\n")
    out.append(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKnobody\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n")
    return out


def flood_udp(a, packets):
    """packets: a function of a counter, bytes."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.66.0.1", 0))
    s.connect(("127.0.0.1", a.port))
    s.setblocking(False)
    sent, end = 0, time.monotonic() + a.seconds
    while time.monotonic() < end:
        for _ in range(64):
            try:
                s.send(packets(sent))
                sent += 1
            except OSError:
                pass
        if a.rate and sent > a.rate * (time.monotonic() - end + a.seconds):
            time.sleep(0.001)
    return "%d datagrams, %.0f/s" % (sent, sent / a.seconds)


class Peers:
    """Non-blocking TCP connections that come again when they are closed."""

    def __init__(self, a, receive_buffer=0):
        self.a, self.receive_buffer, self.open, self.made, self.poll = a, receive_buffer, {}, 0, select.epoll()

    def connect(self, events):
        s = socket.socket()
        s.setblocking(False)
        if self.receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        s.bind(("127.66.%d.%d" % (self.made // 250 % 250, 1 + self.made % 250), 0))
        e = s.connect_ex(("127.0.0.1", self.a.port))
        if e not in (0, errno.EINPROGRESS):
            s.close()
            return
        self.made += 1
        self.open[s.fileno()] = s
        self.poll.register(s, events)

    def drop(self, fd):
        self.poll.unregister(fd)
        self.open.pop(fd).close()

    def fill(self, events):
        while len(self.open) < self.a.count:
            self.connect(events)


def talkers(a, burst, read, receive_buffer=0):
    """They send `burst` (a function of a counter, bytes) whenever the socket takes it."""
    peers, sent = Peers(a, receive_buffer), 0
    end = time.monotonic() + a.seconds
    events = select.EPOLLOUT | (select.EPOLLIN if read else 0)
    n = 0
    while time.monotonic() < end:
        peers.fill(events)
        for fd, what in peers.poll.poll(0.1):
            s = peers.open[fd]
            try:
                if what & (select.EPOLLERR | select.EPOLLHUP):
                    raise OSError()
                if what & select.EPOLLIN and not s.recv(65536):
                    raise OSError()
                if what & select.EPOLLOUT:
                    sent += s.send(burst(n))
                    n += 1
            except BlockingIOError:
                pass
            except OSError:
                peers.drop(fd)
        if a.rate and n > a.rate * (time.monotonic() - end + a.seconds):
            time.sleep(0.001)
    return "%d connections made, %d open, %.1f MB sent" % (peers.made, len(peers.open), sent / 1e6)


def mute(a):
    burst = b"".join(request("OPTIONS", "TCP", i, "mute%d" % i) for i in range(8))
    return talkers(a, lambda n: burst, False, 4096)


def greedy(a):
    burst = b"".join(request("OPTIONS", "TCP", i, "greedy%d" % i) for i in range(64))
    return talkers(a, lambda n: burst, True)


def garbage_tcp(a):
    junk = noise()
    return talkers(a, lambda n: junk[n % len(junk)], True)


def slow(a):
    peers, at = Peers(a), 0
    text = request("MESSAGE", "TCP", "slow", "slow")
    end = time.monotonic() + a.seconds
    while time.monotonic() < end:
        peers.fill(select.EPOLLIN)
        due = time.monotonic() + 1
        for fd, s in list(peers.open.items()):
            try:
                s.send(text[at:at + 1])
            except OSError:
                peers.drop(fd)
        at = (at + 1) % len(text)
        time.sleep(max(0, due - time.monotonic()))
    return "%d connections made, %d open" % (peers.made, len(peers.open))


def callid(a):
    before, after = request("OPTIONS", "UDP", "#", "one-and-only").split(b"#")
    return flood_udp(a, lambda n: b"%s%d%s" % (before, n, after))


def invites(a):
    before, after = request("INVITE", "UDP", "#", "one-and-only").split(b"#")
    return flood_udp(a, lambda n: b"%s%d%s" % (before, n, after))


def retrans(a):
    text = request("INVITE", "UDP", "same", "one-and-only")
    return flood_udp(a, lambda n: text)


def garbage(a):
    junk = noise()
    return flood_udp(a, lambda n: junk[n % len(junk)])


KINDS = {"mute": mute, "slow": slow, "callid": callid, "invites": invites, "retrans": retrans, "garbage": garbage,
         "garbage-tcp": garbage_tcp, "greedy": greedy}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("kind", choices=KINDS)
    ap.add_argument("port", type=int)
    ap.add_argument("--count", type=int, default=1000)
    ap.add_argument("--seconds", type=float, default=5)
    ap.add_argument("--rate", type=float, default=0, help="sends a second, about; 0: as fast as they go")
    a = ap.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    print(KINDS[a.kind](a), flush=True)


if __name__ == "__main__":
    main()
