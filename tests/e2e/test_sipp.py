# SPDX-License-Identifier: Apache-2.0
"""SIPp as phone and as gateway of the telephone network: whole calls through the server, with digest and without."""
import os
import shutil
import subprocess
import time

import pytest

from server import free_port

pytestmark = pytest.mark.skipif(not shutil.which("sipp"), reason="sipp is not installed (Debian: sip-tester)")

GATEWAY, STRANGER, PHONE = "127.0.0.8", "127.0.0.9", "127.0.0.10"
VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nMax-Forwards: 70\n"
SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 53655765 2353687637 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
EMPTY = "Content-Length: 0\n\n"


def send(text, attributes='retrans="500"'):
    return "<send %s><![CDATA[\n%s]]></send>\n" % (attributes, text)


def receive(what, more=""):
    return "<recv %s %s/>\n" % ('response="%d"' % what if isinstance(what, int) else 'request="%s"' % what, more)


def request(method, ruri, cseq, body=EMPTY, to_tag="", routes="", extra=""):
    return send("%s %s SIP/2.0\n%s%sFrom: <[from]>;tag=[pid]s[call_number]\nTo: <[to]>%s\nCall-ID: [call_id]\nCSeq: %d %s\n"
                "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>\n%s%s" % (
                    method, ruri, VIA, routes, to_tag, cseq, method, extra, body), "" if method == "ACK" else 'retrans="500"')


def invite(cseq, extra=""):
    return request("INVITE", "[to]", cseq, SDP, extra=extra)


def refused(status, cseq, auth=""):
    """A refusal of the INVITE, and its ACK in the same transaction."""
    return receive(100, 'optional="true"') + receive(status, auth) + send(
        "ACK [to] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-4]\nMax-Forwards: 70\n"
        "From: <[from]>;tag=[pid]s[call_number]\nTo: <[to]>[peer_tag_param]\nCall-ID: [call_id]\nCSeq: %d ACK\n%s" % (cseq, EMPTY), "")


def answered(cseq):
    """Ringing, 200, ACK, a moment, BYE."""
    within = {"to_tag": "[peer_tag_param]", "routes": "[routes]\n"}
    return (receive(100, 'optional="true"') + receive(180, 'optional="true"') + receive(200, 'rrs="true"') +
            request("ACK", "[next_url]", cseq, **within) + '<pause milliseconds="50"/>\n' +
            request("BYE", "[next_url]", cseq + 1, **within) + receive(200))


def answer(start, body=EMPTY, to_tag=""):
    return send("SIP/2.0 %s\n[last_Via:]\n[last_From:]\n[last_To:]%s\n[last_Call-ID:]\n[last_CSeq:]\n[last_Record-Route:]\n"
                "Contact: <sip:sipp@[local_ip]:[local_port]>\n%s" % (start, to_tag, body),
                'retrans="500"' if body is SDP else "")


SCENARIOS = {
    "register": request("REGISTER", "sip:example.com", 1) + receive(401, 'auth="true"') +
    request("REGISTER", "sip:example.com", 2, extra="[authentication]\n") + receive(200),
    "call": invite(1) + answered(1),
    "call-digest": invite(1) + refused(407, 1, 'auth="true"') + invite(2, "[authentication]\n") + answered(2),
    "refused": invite(1) + refused(403, 1),
    "callee": receive("INVITE", 'rrs="true"') + answer("180 Ringing", to_tag=";tag=[pid]u[call_number]") +
    '<pause milliseconds="20"/>\n' + answer("200 OK", SDP, to_tag=";tag=[pid]u[call_number]") + receive("ACK") +
    receive("BYE") + answer("200 OK"),
    "moved": receive("INVITE") + send(
        "SIP/2.0 302 Moved Temporarily\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]m[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
        "Contact: <sip:+12015550123@example.com>\n" + EMPTY) + receive("ACK"),
}


class Sipp:
    """Starts SIPp processes, each bounded in time and count."""

    def __init__(self, folder, server):
        self.folder, self.server, self.running, self.count = str(folder), server, [], 0

    def start(self, scenario, host, port, calls=1, frm="sip:sipp@example.com", to="sip:bob@example.com", transport="u1", user=None):
        self.count += 1
        path = os.path.join(self.folder, "%s-%d.xml" % (scenario, self.count))
        with open(path, "w") as f:
            f.write('<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="%s">\n%s</scenario>\n' % (scenario, SCENARIOS[scenario]))
        args = ["sipp", "-sf", path, "-i", host, "-p", str(port), "-mp", str(free_port()), "-t", transport, "-m", str(calls), "-r", "50", "-nostdin",
                "-timeout", "12", "-timeout_error", "-key", "from", frm, "-key", "to", to, "-trace_err", "-error_file", path + ".err"]
        if user:
            args += ["-au", user, "-ap", self.server.passwords[user]]
        args += ["%s:%d" % self.server.address("udp")]
        log = open(path + ".log", "wb")
        p = subprocess.Popen(args, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        log.close()
        self.running.append((p, path))
        return p, path

    def done(self, started):
        """Ends well: every call of the scenario went as written."""
        p, path = started
        code = p.wait(15)
        texts = [open(path + e, errors="replace").read()[-2500:] for e in (".err", ".log") if os.path.exists(path + e)]
        assert code == 0, "SIPp %s: exit status %d\n%s" % (os.path.basename(path), code, "\n".join(texts))

    def run(self, *args, **kw):
        self.done(self.start(*args, **kw))

    def callee(self, host, port, calls, scenario="callee"):
        started = self.start(scenario, host, port, calls)
        end = time.monotonic() + 3
        while "%08X" % int.from_bytes(bytes(map(int, host.split("."))), "little") + ":%04X" % port not in open("/proc/net/udp").read():
            assert started[0].poll() is None and time.monotonic() < end, "SIPp does not listen"
            time.sleep(0.02)
        return started

    def stop(self):
        for p, _ in self.running:
            if p.poll() is None:
                p.kill()
                p.wait()


@pytest.fixture
def site(make_server, tmp_path):
    """A server with one gateway for every number, and bob's SIPp registered at the port it will be called at."""
    port = free_port()
    server = make_server(config={"peers": [{"from": GATEWAY, "rights": ["inbound"]}], "auth": {"algorithms": ["MD5"]}, "moves": {"to": [{"prefix": "+1201"}]},
                                 "routes": [{"prefix": "+", "to": ["sip:%s:%d" % (GATEWAY, port)]}]})
    sipp = Sipp(tmp_path, server)
    sipp.port = port
    yield sipp
    sipp.stop()


def register(sipp):
    sipp.run("register", PHONE, sipp.port, frm="sip:bob@example.com", user="bob")


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_calls_with_digest_between_two_phones(site, transport):
    """RFC 3261 §16, §22: 20 calls, the caller over UDP or TCP, the callee over UDP."""
    register(site)
    callee = site.callee(PHONE, site.port, 20)
    site.run("call-digest", PHONE, free_port(), 20, frm="sip:alice@example.com", transport=transport, user="alice")
    site.done(callee)


def test_a_gateway_calls_in(site):
    """A peer with the right `inbound` is asked for no password."""
    register(site)
    callee = site.callee(PHONE, site.port, 10)
    site.run("call", GATEWAY, free_port(), 10, frm="sip:+12015550123@pstn.invalid")
    site.done(callee)


def test_a_user_calls_out_through_the_gateway(site):
    callee = site.callee(GATEWAY, site.port, 10)
    site.run("call-digest", PHONE, free_port(), 10, frm="sip:alice@example.com", to="sip:+12015550123@example.com", user="alice")
    site.done(callee)


def test_a_stranger_calls_nobody(site):
    """The calls of the two tests above, from an address that is no peer and without a password: 403, and nobody rings."""
    register(site)
    site.callee(PHONE, site.port, 1)
    phone = site.running[-1][0]
    site.run("refused", STRANGER, free_port(), 3, frm="sip:+12015550123@pstn.invalid")
    site.run("refused", STRANGER, free_port(), 3, frm="sip:+12015550123@pstn.invalid", to="sip:+12015550124@example.com")
    assert phone.poll() is None


def test_a_phone_that_redirects_is_followed_to_the_gateway(site):
    """RD-18 RD-41: 20 calls to bob, whose SIPp says 302 with a number; each rings at the gateway, is answered and hung up."""
    register(site)
    moved = site.callee(PHONE, site.port, 20, "moved")
    callee = site.callee(GATEWAY, site.port, 20)
    site.run("call-digest", PHONE, free_port(), 20, frm="sip:alice@example.com", user="alice")
    site.done(moved)
    site.done(callee)
