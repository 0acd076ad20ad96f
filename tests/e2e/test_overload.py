# SPDX-License-Identifier: Apache-2.0
"""Many peers, hostile peers, all at once: everybody else is served as if they were not there. Bounds are for a busy machine; `bench/overload`
measures."""
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import server as server_module
from sip import TlsPeer, UdpPeer
from test_transport import options

MOB = os.path.join(os.path.dirname(__file__), "..", "..", "bench", "mob.py")
SECONDS = 60                                                # longer than a test takes; the mob is ended with it


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1048576


def waits(server, count=60):
    """How long each OPTIONS of a bystander waited for its answer, in order; one that needs a second copy took half a second."""
    peer, out = UdpPeer(server.address("udp"), bind=("127.0.0.77", 0)), []
    for _ in range(count):
        at = time.monotonic()
        r = options(peer)
        peer.send(r)
        while peer.receive(0.5) is None:
            peer.send(r)
        out.append(time.monotonic() - at)
        time.sleep(0.02)
    peer.close()
    return sorted(out)


def beside_a_mob(server, kind, count):
    """What bystanders waited while it went on."""
    before = resident_mb(server.process.pid)
    mob = subprocess.Popen([sys.executable, MOB, kind, str(server.port), "--seconds", str(SECONDS), "--count", str(count)],
                           stdout=subprocess.PIPE)
    try:
        time.sleep(1)
        took = waits(server)
        assert mob.poll() is None
        assert resident_mb(server.process.pid) < before + 600       # AddressSanitizer keeps 256 of what was freed
    finally:
        mob.terminate()
        mob.communicate()
    return took


@pytest.mark.parametrize("kind,count", [("callid", 0), ("invites", 0), ("garbage", 0), ("greedy", 20), ("mute", 200), ("slow", 200),
                                        ("garbage-tcp", 50)])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_mob_delays_nobody_else(make_server, kind, count, workers):
    """Floods of datagrams of one address or Call-ID, peers that never read, that send all they can, or a byte a second. A machine
    that others use too may lose datagrams of its own accord: three tries, of which one must hold."""
    server = make_server(workers=workers, config={"log": {"level": "warn"}})
    for _ in range(3):
        took = beside_a_mob(server, kind, count)
        if took[len(took) * 9 // 10] < 0.4:
            return
    raise AssertionError(took)


@pytest.mark.skipif(os.geteuid() != 0, reason="the socket's buffer holds a thousand datagrams only with CAP_NET_ADMIN")
@pytest.mark.parametrize("addresses,calls", [(60, 1), (1, 1000)])
def test_who_comes_behind_a_flood_is_served_before_most_of_it(make_server, addresses, calls):
    """1000 requests with one Call-ID from many addresses, or of one address, stand before one of somebody else in the socket's queue: the
    process was stopped when they came. All answers come to one port, so their order is seen."""
    server = make_server(config={"log": {"level": "warn"}})
    answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answers.bind(("0.0.0.0", 0))
    answers.settimeout(3)
    answers.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)                 # SO_RCVBUFFORCE
    senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(addresses + 1)]
    for n, s in enumerate(senders):
        s.bind(("127.66.1.%d" % (n + 1), 0))

    def ask_from(s, branch, call_id):
        s.sendto(("OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: <sip:a@b>\r\n"
                  "From: <sip:a@b>;tag=1\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\n\r\n" % (
                      s.getsockname()[0], answers.getsockname()[1], branch, call_id)).encode(), server.address("udp"))

    os.kill(server.process.pid, signal.SIGSTOP)
    for n in range(1000):
        ask_from(senders[n % addresses], "flood%d" % n, "flood%d" % (n % calls))
    ask_from(senders[-1], "other", "other")
    os.kill(server.process.pid, signal.SIGCONT)
    before = 0
    while b"Call-ID: other" not in answers.recv(4096):
        before += 1
    assert before < 500
    for s in senders + [answers]:
        s.close()


def test_handshakes_by_the_hundred_delay_nobody(make_server):
    """Whoever connects by TLS and says nothing, and whoever goes on."""
    server = make_server(config={"log": {"level": "warn"}})
    idle = [socket.create_connection(server.address("tls")) for _ in range(200)]
    for s in idle[:100]:
        s.send(b"\x16\x03\x01\x02\x00\x01")           # the start of a record that does not come
    talking = [TlsPeer(server.address("tls")) for _ in range(20)]
    assert waits(server, 30)[26] < 0.4
    for peer in talking:
        peer.send(options(peer))
        peer.expect(200)
    for s in idle + talking:
        s.close()


@pytest.fixture
def few_files(monkeypatch, tmp_path):
    """few_files(n, wrapper): servers made after it may open n files a table."""
    def use(n, wrapper=""):
        few = tmp_path / "few"
        few.write_text('#!/bin/sh\nulimit -n %d\nexec %s "%s" "$@"\n' % (n, wrapper, server_module.BIN))
        few.chmod(few.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(server_module, "BIN", str(few))
    return use


def ask(s):
    s.send(b"OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKx\r\nMax-Forwards: 70\r\nTo: <sip:a@b>\r\n"
           b"From: <sip:a@b>;tag=1\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def strangers(server, count):
    """Connections that have sent a request."""
    made = [socket.create_connection(server.address("tcp")) for _ in range(count)]
    for s in made:
        ask(s)
    return made


def answered(sockets):
    """How many of them have something to read within a second."""
    count, end = 0, time.monotonic() + 1
    for s in sockets:
        s.settimeout(max(0.001, end - time.monotonic()))
        try:
            count += s.recv(4096).startswith(b"SIP/2.0 200")
        except OSError:
            pass
    return count


def test_at_the_limit_of_descriptors_flows_live_and_nothing_spins(make_server, phones, few_files):
    """P6: existing flows are served, who waits or goes on knocking costs nothing; then there is room again. tests/transport/limit.c has
    the minutes."""
    few_files(200)
    server = make_server(config={"log": {"level": "warn"}})
    alice = phones(server, "alice").open("tcp")
    guests = strangers(server, 300)
    time.sleep(1)
    used, end, knocks = cpu_s(server.process.pid), time.monotonic() + 2, 0
    while time.monotonic() < end:
        socket.create_connection(server.address("tcp")).close()
        knocks += 1
        time.sleep(0.005)
    assert knocks > 100
    assert cpu_s(server.process.pid) - used < 0.4
    alice.register()
    assert waits(server, 3)[-1] < 1
    assert server.read_log().count("no more are accepted") == 1
    for s in guests:
        s.close()
    phones(server, "bob").open("tcp")


def knows_tables():
    """ThreadSanitizer lets no thread have a table of its own: close_range(2) is not supported there."""
    with open(server_module.BIN, "rb") as f:
        if b"__tsan_init" in f.read():
            pytest.skip("built with ThreadSanitizer")


def test_each_worker_has_a_table_of_descriptors_of_its_own(make_server, phones, few_files):
    """Three workers hold more than a process may open, and what they hold can be called."""
    knows_tables()
    few_files(400)
    server = make_server(workers=3, config={"log": {"level": "warn"}})
    bob, carol = phones(server, "bob"), phones(server, "carol")
    peer, caller = bob.open("tcp").peer, carol.open("udp").peer
    guests = strangers(server, 500)
    assert answered(guests) == 500
    for task in os.listdir("/proc/%d/task" % server.process.pid):           # and nobody holds a file that is another's to remove
        held = ["/proc/%d/task/%s/fd/%s" % (server.process.pid, task, fd) for fd in os.listdir("/proc/%d/task/%s/fd" % (server.process.pid, task))]
        with open("/proc/%d/task/%s/comm" % (server.process.pid, task)) as f:
            if f.read().startswith("worker"):
                assert not [path for path in held if os.readlink(path).startswith(server.state)]
    with ThreadPoolExecutor() as pool:
        final = pool.submit(carol.transact, caller, "MESSAGE", bob.aor, bob.aor)
        peer.answer(peer.expect("MESSAGE"), 200)
        assert final.result().status == 200
    for s in guests:
        s.close()


def test_where_a_table_of_its_own_is_forbidden_workers_share_one(make_server, few_files):
    knows_tables()
    few_files(200, "%s %s" % (sys.executable, os.path.join(os.path.dirname(__file__), "forbid.py")))
    server = make_server(workers=3)
    guests = strangers(server, 300)
    assert 50 < answered(guests) < 200
    assert "workers share one table of descriptors: Operation not permitted" in server.read_log()   # its writer has had a second
    for s in guests:
        s.close()
