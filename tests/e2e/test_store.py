# SPDX-License-Identifier: Apache-2.0
"""What survives: kill -9 between REGISTERs, restarts, a second server, a taken port. DESIGN promise P3, RG-31."""
import errno
import glob
import json
import os
import random
import select
import socket
import subprocess
import time

import pytest

import server as server_module
from server import BIN, yaml
from sip import TcpPeer, TlsPeer, UdpPeer, digest, token, uri_of

OPEN = {"peers": [{"from": "127.0.0.1", "rights": ["inbound", "path", "identity"]}],
        "domains": [{"name": "example.com", "registration": "open"}],
        "registrar": {"expires": {"default": "20m", "min": "1s", "max": "1h"}}}


def register(peer, user, contact=None, expires=600, call_id=None, cseq=1, headers=()):
    """A REGISTER to a domain that lets anybody register, sent."""
    contact = contact or "<%s>" % peer.contact_uri(user)
    aor = "sip:%s@example.com" % user
    r = peer.request("REGISTER", "sip:example.com", aor, aor, call_id=call_id or "c-" + user, cseq=cseq,
                     headers=[("Contact", contact), ("Expires", str(expires))] + list(headers))
    return peer.send(r)


def registered(peer, user, expect=200, **kw):
    r = register(peer, user, **kw)
    answer = peer.receive(3, lambda m: m.call_id == r.call_id and m.cseq == r.cseq)
    assert answer is not None and expect in (None, answer.status), answer
    return answer


def ask(server, user):
    """A MESSAGE to a user: its final answer when nobody has it."""
    caller = UdpPeer(server.address("udp"))
    caller.send(caller.request("MESSAGE", "sip:%s@example.com" % user, "sip:core@elsewhere.invalid"))
    answer = caller.receive(2)
    caller.close()
    return answer


def rings(server, user, peer):
    """A MESSAGE to the user arrives at the peer; as it arrived, answered."""
    caller = UdpPeer(server.address("udp"))
    caller.send(caller.request("MESSAGE", "sip:%s@example.com" % user, "sip:core@elsewhere.invalid"))
    seen = peer.expect("MESSAGE")
    peer.answer(seen, 200)
    caller.expect(200)
    caller.close()
    return seen


def users_bound(server):
    return {b["aor"].split("@")[0] for b in server.bindings()}


KILLS = int(os.environ.get("SLUICE_KILLS", "20"))      # of both tests together


class Load:
    """Phones that register, refresh and go, over UDP and over new TCP connections, until the server is killed under them; what it
    answered and what it did not. A user has one request under way at a time."""

    def __init__(self, seed):
        self.rnd, self.number = random.Random(seed), 0
        self.held = {}                  # user: (call_id, cseq) as last acknowledged
        self.asked, self.acked = {}, set()

    def ask(self, peer):
        user = self.rnd.choice(sorted(self.held)) if self.held and self.rnd.random() < 0.6 else None
        gone = user and self.rnd.random() < 0.5
        if not user:
            self.number += 1
            user = "u%d" % self.number
        if user in self.asked:
            return
        call_id, cseq = self.held.get(user, (token(), 0))
        register(peer, user, expires=0 if gone else 600, contact="<sip:%s@192.0.2.1>" % user, call_id=call_id, cseq=cseq + 1)
        self.asked[user] = call_id, cseq + 1, not gone

    def run(self, server, length):
        peers = [UdpPeer(server.address("udp"), bind=("127.0.0.2", 0)) for _ in range(3)] + [TcpPeer(server.address("tcp"))]
        self.asked, self.acked = {}, set()
        stop = time.monotonic() + length
        while time.monotonic() < stop or not select.select([p.sock for p in peers], [], [], 0)[0]:
            for peer in peers:
                self.ask(peer)
            if self.rnd.random() < 0.05:
                peers.append(TcpPeer(server.address("tcp")))
        server.kill()
        for peer in peers:
            self.listen(peer)
            peer.close()
        assert self.asked and self.acked

    def listen(self, peer):
        while (m := peer.receive(0.02)) is not None:
            if not m.start:             # a keep-alive
                continue
            assert m.status == 200, m
            self.acked.add((m.call_id, m.cseq))

    def judge(self, bindings):
        """What had its 200 is so; what had none is as before or as asked; nobody else was touched."""
        there = {b["aor"].split("@")[0]: b["cseq"] for b in bindings}
        for user, (call_id, cseq, bound) in self.asked.items():
            now, before = there.get(user), self.held.get(user, (None, None))[1]
            after = cseq if bound else None
            assert now == after or ((call_id, cseq) not in self.acked and now == before), (user, now, before, after)
            if now is None:
                self.held.pop(user, None)
            else:
                self.held[user] = call_id, now
        assert there == {user: cseq for user, (_, cseq) in self.held.items()}


@pytest.mark.parametrize("workers", [1, 2])
def test_no_binding_that_was_promised_is_lost_by_kill_9(make_server, workers):
    """P3 RG-09 RG-31: kill -9, ten times in the middle of REGISTERs: what had its 200 is there, what had its 200 to a removal is not."""
    s = make_server(config=dict(OPEN, store={"segment": "1s"}), users=(), workers=workers)
    load = Load(workers)
    for _ in range((KILLS + 1) // 2):
        load.run(s, 0.02 + load.rnd.random() * 0.15)
        s.start()
        load.judge(s.bindings())
    assert len(load.held) > 20


def test_a_removed_binding_stays_removed(make_server):
    """P3: acknowledged, then kill -9 at once; also star, and what was replaced."""
    s = make_server(config=OPEN, users=())
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    for user in ("one", "star", "kept"):
        registered(peer, user)
    registered(peer, "one", expires=0, cseq=2)
    registered(peer, "star", contact="*", expires=0, cseq=2)
    registered(peer, "kept", contact="<%s>;v=2" % peer.contact_uri("kept"), cseq=2)
    s.kill()
    s.start()
    assert [(b["aor"], b["cseq"]) for b in s.bindings()] == [("kept@example.com", 2)]
    s.stop()
    s.start()
    assert [(b["aor"], b["cseq"]) for b in s.bindings()] == [("kept@example.com", 2)]
    values = registered(peer, "kept", contact="<sip:other@192.0.2.9>", call_id="other").values("contact")
    assert len(values) == 2 and any(";v=2" in v for v in values)
    peer.close()


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_after_a_restart_udp_and_path_ring_and_streams_are_listed(make_server, how):
    """RG-31 RG-34: a UDP phone and one behind an edge at once; one on a stream is flow-lost: listed, 480 with Retry-After, until it registers."""
    s = make_server(config=OPEN, users=())
    udp, tcp, edge = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0)), TcpPeer(s.address("tcp"), bind=("127.0.0.3", 0)), UdpPeer(s.address("udp"))
    path = "<sip:t@127.0.0.1:%d;lr>" % edge.local[1]
    instance = ';+sip.instance="<urn:uuid:11111111-2222-3333-4444-555555555555>";reg-id=1'
    registered(udp, "udp", contact="<sip:x@unreachable.invalid>" + instance, headers=[("Supported", "path, outbound")])
    registered(udp, "plain")
    registered(edge, "edge", contact="<sip:x@unreachable.invalid>", headers=[("Path", path), ("Supported", "path")])
    registered(tcp, "tcp", call_id="stream", cseq=7)
    registered(tcp, "tcp2", contact="<sip:x@unreachable.invalid>" + instance, headers=[("Supported", "path, outbound")])
    getattr(s, how)()
    s.start()
    for user, peer in (("udp", udp), ("plain", udp), ("edge", edge)):
        seen = rings(s, user, peer)
        assert seen.values("route") == ([path] if user == "edge" else [])
    states = {b["aor"].split("@")[0]: b["state"] for b in s.bindings()}
    assert states == {"udp": "live", "plain": "live", "edge": "live", "tcp": "flow-lost", "tcp2": "flow-lost"}
    for user in ("tcp", "tcp2"):
        answer = ask(s, user)
        assert answer.status == 480 and int(answer.get("retry-after")) > 0
    tcp.close()
    tcp = TcpPeer(s.address("tcp"), bind=("127.0.0.3", 0))
    registered(tcp, "tcp", call_id="stream", cseq=7, contact="<sip:old@192.0.2.1>, <sip:tcp@127.0.0.3:1;transport=tcp>")
    registered(tcp, "tcp2", contact="<sip:x@unreachable.invalid>" + instance, headers=[("Supported", "path, outbound")], call_id="new")
    rings(s, "tcp2", tcp)
    assert [b["state"] for b in s.bindings("sip:tcp2@example.com")] == ["live"]
    for p in (udp, tcp, edge):
        p.close()


def test_after_a_restart_a_udp_flow_is_suspect_until_something_comes_from_it(make_server):
    """DESIGN §7: of two flows of a phone the one that spoke since is tried first, though the other registered last; before, that one."""
    s = make_server(config=OPEN, users=())
    first, last = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0)), UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    flow = '<sip:x@unreachable.invalid>;+sip.instance="<urn:uuid:11111111-2222-3333-4444-555555555555>";reg-id=%d'
    for reg_id, peer in enumerate((first, last), 1):
        registered(peer, "bob", contact=flow % reg_id, headers=[("Supported", "path, outbound")], call_id="reg-%d" % reg_id)
    s.kill()
    s.start()
    rings(s, "bob", last)                       # and its answer clears it
    s.kill()
    s.start()
    first.send_bytes(b"\r\n")
    rings(s, "bob", first)
    first.close()
    last.close()


def test_the_way_to_a_phone_behind_nat_is_kept_open_after_a_restart(make_server):
    """TP-17: it need not register first, and is pinged no longer than it was registered."""
    s = make_server(config=dict(OPEN, flow={"nat_ping": "1s"}), users=())
    natted, open_, gone = (UdpPeer(s.address("udp"), bind=("127.0.0.2", 0)) for _ in range(3))
    registered(natted, "natted", contact="<sip:x@10.11.12.13>", expires=4)
    registered(open_, "open")
    registered(gone, "gone", contact="<sip:x@10.11.12.13>")
    registered(gone, "gone", contact="<sip:x@10.11.12.13>", expires=0, cseq=2)
    end = time.monotonic() + 4
    s.kill()
    while natted.read(0):
        pass
    s.start()
    assert natted.read(1.6) == b"\r\n\r\n" and natted.read(1.6) == b"\r\n\r\n"
    while natted.read(0) or time.monotonic() < end:
        time.sleep(0.05)
    assert natted.read(1.6) is None
    assert open_.read(0) is None and gone.read(0) is None
    for peer in (natted, open_, gone):
        peer.close()


def first_ring(server, user, peer, began):
    """Seconds from `began` to the first request that arrives at the phone; until then callers are told to try again."""
    caller = UdpPeer(server.address("udp"))
    while time.monotonic() < began + 20:
        r = caller.send(caller.request("MESSAGE", "sip:%s@example.com" % user, "sip:core@elsewhere.invalid"))
        seen = peer.receive(0.2, lambda m: not m.is_response)
        if seen is not None:
            took = time.monotonic() - began
            peer.answer(seen, 200)
            assert caller.receive(2, lambda m: m.call_id == r.call_id and m.status >= 200).status == 200
            caller.close()
            return took
    raise AssertionError("%s does not ring" % user)


def test_how_long_after_a_restart_phones_ring(make_server):
    """RG-31 RG-34 OB-88: after kill -9 a UDP phone rings as soon as the server runs; one on TCP or TLS as soon as it is back, and until then
    its callers hear 480 with Retry-After."""
    s = make_server(config=OPEN, users=())
    peers = {"udp": UdpPeer(s.address("udp"), bind=("127.0.0.2", 0)), "tcp": TcpPeer(s.address("tcp")), "tls": TlsPeer(s.address("tls"))}
    for user, peer in peers.items():
        registered(peer, user)
    s.kill()
    began = time.monotonic()
    s.start()
    listening = time.monotonic() - began
    took = {"udp": first_ring(s, "udp", peers["udp"], began)}
    for user, peer_type in (("tcp", TcpPeer), ("tls", TlsPeer)):
        peers[user].close()
        answer = ask(s, user)
        assert answer.status == 480 and int(answer.get("retry-after")) > 0
        back = time.monotonic()
        peers[user] = peer_type(s.address(user))
        registered(peers[user], user, cseq=2)
        took[user] = first_ring(s, user, peers[user], back)
    print("listening %.0f ms after the start; first ring: UDP %.0f ms after the start, TCP %.0f ms and TLS %.0f ms after the phone came back"
          % tuple(1000 * t for t in (listening, took["udp"], took["tcp"], took["tls"])))
    assert took["udp"] < listening + 1 and took["tcp"] < 1 and took["tls"] < 1 and listening < 10
    for peer in peers.values():
        peer.close()


def test_order_of_requests_is_known_after_a_restart(make_server):
    """RG-24 RG-14 RG-31: an old REGISTER, and an old star, change nothing although the flow is lost."""
    s = make_server(config=OPEN, users=())
    tcp = TcpPeer(s.address("tcp"))
    contact = "<sip:x@unreachable.invalid>"
    registered(tcp, "bob", contact=contact, call_id="stream", cseq=7)
    s.kill()
    s.start()
    tcp = TcpPeer(s.address("tcp"))
    registered(tcp, "bob", contact=contact, call_id="stream", cseq=7, expect=400)
    registered(tcp, "bob", contact="*", expires=0, call_id="stream", cseq=6, expect=400)
    assert [b["state"] for b in s.bindings("sip:bob@example.com")] == ["flow-lost"]
    answer = registered(tcp, "bob", contact=contact, call_id="stream", cseq=8)
    assert [uri_of(c) for c in answer.values("contact")] == ["sip:x@unreachable.invalid"]
    rings(s, "bob", tcp)
    tcp.close()


def test_time_goes_on_while_the_server_is_down(make_server):
    """RG-25 RG-27: remaining seconds are less, and what expired meanwhile is gone."""
    s = make_server(config=OPEN, users=())
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "short", expires=1)
    registered(peer, "long", expires=100)
    s.kill()
    time.sleep(1.1)
    s.start()
    bindings = s.bindings()
    assert [b["aor"] for b in bindings] == ["long@example.com"] and 90 <= bindings[0]["expires_in_s"] <= 98
    assert ask(s, "short").status == 480
    peer.close()


def test_many_segments_are_one_journal(make_server):
    """P3: segments begin every second; after restarts the newest word of each counts; a file whose content has expired goes."""
    s = make_server(config=dict(OPEN, store={"segment": "1s"}), users=())
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "brief", expires=1)
    assert glob.glob(os.path.join(s.state, "location-1.journal"))
    time.sleep(1.05)
    for round_ in range(1, 4):
        for user in ("a", "b", "c", "d%d" % round_):
            registered(peer, user, cseq=round_)
        registered(peer, "d%d" % round_, expires=0, cseq=10)
        time.sleep(1.05)
        if round_ == 2:
            s.kill()
            s.start()
    registered(peer, "e")
    s.kill()
    s.start()
    assert {b["aor"].split("@")[0]: b["cseq"] for b in s.bindings()} == {"a": 3, "b": 3, "c": 3, "e": 1}
    assert not glob.glob(os.path.join(s.state, "location-1.journal*"))
    peer.close()


def test_a_damaged_segment_does_not_stop_the_server(make_server):
    """What cannot be read is set aside and told; the rest is kept."""
    s = make_server(config=OPEN, users=())
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "bob")
    s.stop()
    with open(os.path.join(s.state, "location-99.journal"), "wb") as f:
        f.write(b"this is no database" * 1000)
    s.start()
    assert users_bound(s) == {"bob"}
    assert "location-99.journal is damaged" in s.read_log() and glob.glob(os.path.join(s.state, "location-99*damaged*"))
    peer.close()


# --- a full disk ---

class SmallDisk:
    """A tmpfs that only the processes of this test see: its own mount namespace, held by a process that waits. Where it cannot be made the
    test is skipped, with the reason."""

    def __init__(self, folder, size):
        self.folder = folder
        script = "mount -t tmpfs -o size=%s,mode=0755 none '%s' && echo made && exec cat" % (size, folder)
        try:
            self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", script], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except OSError as e:
            pytest.skip("a tmpfs of the test's own needs unshare: %s" % e)
        if self.holder.stdout.readline() != "made\n":
            said = self.holder.communicate()[1].strip()
            pytest.skip("a tmpfs of the test's own needs the right to mount: %s" % said)
        self.path = "/proc/%d/root%s" % (self.holder.pid, folder)

    def wrapper(self, binary, path):
        """A program that is `binary` within the namespace."""
        with open(path, "w") as f:
            f.write("#!/bin/sh\nexec nsenter -t %d -m -- '%s' \"$@\"\n" % (self.holder.pid, os.path.abspath(binary)))
        os.chmod(path, 0o755)
        return str(path)

    def fill(self):
        """Not a byte is left."""
        with open(os.path.join(self.path, "filler"), "ab", buffering=0) as f:
            for size in (4096, 512, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError as e:
                    assert e.errno == errno.ENOSPC

    def empty(self):
        os.unlink(os.path.join(self.path, "filler"))

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(5)


@pytest.fixture
def on_small_disk(make_server, tmp_path, monkeypatch):
    """on_small_disk(config) is a server whose state is on a disk of 1 MB, and the disk."""
    disks = []

    def make(config):
        s = make_server(config=config, users=(), start=False)
        disks.append(SmallDisk(s.state, "1m"))
        monkeypatch.setattr(server_module, "BIN", disks[-1].wrapper(BIN, str(tmp_path / "sluice")))
        return s.start(), disks[-1]
    yield make
    for d in disks:
        d.close()


def status(disk):
    """What the control socket says of the server."""
    folder = os.open(disk.path, os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(5)
        c.connect("/proc/self/fd/%d/control" % folder)          # the whole path is longer than an address may be
        c.sendall(b"status\n")
        lines = c.makefile().readlines()
    os.close(folder)
    return json.loads(lines[0])


def wait_until(what, seconds):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "not within %d s" % seconds
        time.sleep(0.05)


def fill_until_noticed(disk, peer):
    """Registers until the full disk shows: durable is no."""
    disk.fill()
    for cseq in range(10, 200):
        registered(peer, "heavy", cseq=cseq, headers=[("User-Agent", "x" * 1000)], expect=None)
        if not status(disk)["durable"]:
            return
    raise AssertionError("the disk is full and nobody noticed")


def test_a_full_disk_in_memory_mode_leaves_phones_reachable(on_small_disk):
    """RG-31: on_failure: memory: 200, rings, an alarm, durable is no; when there is room again all is durable by itself; kill -9 shows it."""
    s, disk = on_small_disk(OPEN)
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "early")
    registered(peer, "leaves")
    assert status(disk)["durable"] is True
    fill_until_noticed(disk, peer)
    registered(peer, "late")
    registered(peer, "leaves", expires=0, cseq=2)
    for user in ("early", "late", "heavy"):
        rings(s, user, peer)
    assert "registrations are in memory only" in s.read_log() and status(disk)["durable"] is False
    disk.empty()
    wait_until(lambda: status(disk)["durable"], 35)
    assert "what is in memory is on the disk" in s.read_log()
    s.kill()
    s.start()
    assert users_bound(s) == {"early", "late", "heavy"}
    rings(s, "late", peer)
    peer.close()


def test_a_full_disk_does_not_stop_a_start_in_memory_mode(on_small_disk):
    """RG-31: what was durable is there, rings and is refreshed; not durable, until there is room again."""
    s, disk = on_small_disk(OPEN)
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "early")
    s.kill()
    disk.fill()
    s.start()
    rings(s, "early", peer)
    registered(peer, "late")
    rings(s, "late", peer)
    assert status(disk)["durable"] is False
    disk.empty()
    wait_until(lambda: status(disk)["durable"], 35)
    s.kill()
    s.start()
    assert users_bound(s) == {"early", "late"}
    peer.close()


def test_a_full_disk_in_refuse_mode_is_a_500_to_register(on_small_disk):
    """RG-09 RG-31: on_failure: refuse: nothing changes that is not durable; what was promised rings; then all goes on by itself."""
    s, disk = on_small_disk(dict(OPEN, store={"on_failure": "refuse"}))
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "early")
    fill_until_noticed(disk, peer)
    registered(peer, "late", expect=500)
    registered(peer, "early", expires=0, cseq=2, expect=500)
    rings(s, "early", peer)
    assert ask(s, "late").status == 480
    assert "registrations are refused" in s.read_log()
    promised = {b["aor"]: b["cseq"] for b in s.bindings()}
    disk.empty()
    wait_until(lambda: status(disk)["durable"], 35)
    registered(peer, "late", cseq=2)
    s.kill()
    s.start()
    assert {b["aor"]: b["cseq"] for b in s.bindings()} == dict(promised, **{"late@example.com": 2})
    peer.close()


def test_memory_only_keeps_nothing(make_server):
    """store.kind: memory writes no journal."""
    s = make_server(config=dict(OPEN, store={"kind": "memory"}), users=())
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "bob")
    assert users_bound(s) == {"bob"}
    s.stop()
    s.start()
    assert s.bindings() == [] and not glob.glob(os.path.join(s.state, "location-*.journal"))
    peer.close()


# --- users ---

def signs_in(server, user, password):
    """Does REGISTER with this password succeed?"""
    peer, aor = UdpPeer(server.address("udp")), "sip:%s@example.com" % user
    peer.send(peer.request("REGISTER", "sip:example.com", aor, aor))
    challenge = peer.expect(401).get("www-authenticate")
    peer.send(peer.request("REGISTER", "sip:example.com", aor, aor, cseq=2,
                           headers=[("Authorization", digest(challenge, "REGISTER", "sip:example.com", user, password))]))
    status = peer.receive(2).status
    peer.close()
    return status == 200


def test_users_survive_and_change_while_the_server_runs(server):
    """AU-18: kill -9 loses none; add, passwd and remove are known at once."""
    server.kill()
    server.start()
    assert signs_in(server, "alice", "wonder-land") and not signs_in(server, "alice", "other")
    at = ["--state", server.state]
    server.command("user", "add", "dora@example.com", "--password-file", "-", *at, stdin="explore-r\n")
    assert signs_in(server, "dora", "explore-r")
    server.command("user", "passwd", "dora@example.com", "--password-file", "-", *at, stdin="other-word\n")
    assert signs_in(server, "dora", "other-word") and not signs_in(server, "dora", "explore-r")
    server.command("user", "remove", "bob@example.com", *at)
    assert not signs_in(server, "bob", "build-er")
    assert server.command("user", "remove", "bob@example.com", *at, check=False).returncode == 1
    assert server.command("user", "add", "dora@example.com", "--generate", *at, check=False).returncode == 1
    server.kill()
    server.start()
    assert signs_in(server, "dora", "other-word") and not signs_in(server, "bob", "build-er")


# --- one at a time ---

def serve_fails(config, folder, name):
    """sluice serve with this configuration ends by itself with exit status 1; what it said."""
    path = os.path.join(str(folder), name)
    with open(path, "w") as f:
        f.write(yaml(config))
    p = subprocess.run([BIN, "serve", "--config", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    assert p.returncode == 1, p
    assert "AddressSanitizer" not in p.stderr and "runtime error" not in p.stderr
    return p.stdout + p.stderr


def other_config(server, port, state, kinds=("udp", "tcp")):
    return dict(server.config, listen=[{k: "127.0.0.1:%d" % port} for k in kinds], server=dict(server.config["server"], state=state))


def test_a_second_server_on_the_same_state_is_refused(make_server, tmp_path):
    """The sentence names the process and the folder; the first is not disturbed; after kill -9 the folder is free at once."""
    s = make_server(config=OPEN, users=())
    peer = UdpPeer(s.address("udp"), bind=("127.0.0.2", 0))
    registered(peer, "bob")
    said = serve_fails(other_config(s, s.port + 1000 if s.port < 60000 else s.port - 1000, s.state), tmp_path, "second.yaml")
    assert str(s.process.pid) in said and s.state in said
    assert users_bound(s) == {"bob"}
    rings(s, "bob", peer)
    s.kill()
    s.start()
    assert users_bound(s) == {"bob"}
    peer.close()


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_taken_port_is_refused(make_server, tmp_path, kind):
    """By a second sluice, and by any other program: the sentence names the port; the first is not disturbed."""
    s = make_server(config=OPEN, users=())
    state = str(tmp_path / "other-state")
    said = serve_fails(other_config(s, s.port, state, [kind]), tmp_path, "second.yaml")
    assert str(s.port) in said
    assert ask(s, "nobody").status == 480
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp":
            taken.listen()
        port = taken.getsockname()[1]
        said = serve_fails(other_config(s, port, state, [kind]), tmp_path, "third.yaml")
        assert str(port) in said


def test_a_state_folder_that_cannot_be_is_refused(make_server, tmp_path):
    """A file where the folder should be; nothing is left running."""
    s = make_server(config=OPEN, users=())
    (tmp_path / "file").write_text("x")
    said = serve_fails(other_config(s, s.port, str(tmp_path / "file" / "state")), tmp_path, "bad.yaml")
    assert str(tmp_path / "file" / "state") in said
    assert (tmp_path / "file").read_text() == "x"
