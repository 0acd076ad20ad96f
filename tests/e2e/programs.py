# SPDX-License-Identifier: Apache-2.0
"""Real SIP programs as the tests use them: baresip, SIPp and sipsak, each bounded in time."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from server import free_port

LIMIT = 15                              # seconds that one program may take


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason="%s is not installed" % program)


def wait_until(what, seconds=6):
    """what() until it is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


# --- baresip, driven through its control connection ---

BARESIP_CONFIG = """poll_method epoll
sip_listen {host}:{port}
sip_cafile {ca}
net_interface {host}
rtp_ports {rtp}-{rtp_end}
audio_player aubridge,{user}
audio_source aubridge,{user}
audio_alert aubridge,{user}-alert
module_path {modules}
module g711.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


def baresip_modules():
    for folder in ("/usr/lib/baresip/modules", "/usr/lib/%s-linux-gnu/baresip/modules" % os.uname().machine,
                   "/usr/local/lib/baresip/modules"):
        if os.path.isdir(folder):
            return folder
    return "/usr/lib/baresip/modules"


class Baresip:
    """A phone with up to two outbound proxies, each (host, port), over one transport; no sound device is touched."""

    def __init__(self, folder, user, password, proxies, kind, ca, domain="example.com", host="127.0.0.1"):
        self.folder, self.user, self.events, self.data = os.path.join(str(folder), "baresip-" + user), user, [], b""
        os.makedirs(self.folder)
        control, rtp = free_port(), free_port()
        self.write("config", BARESIP_CONFIG.format(host=host, port=free_port(), ca=ca, rtp=rtp, rtp_end=rtp + 40, user=user,
                                                   modules=baresip_modules(), control=control))
        outbound = "".join(';outbound%s="sip:%s:%d;transport=%s"' % ("" if i == 0 else i + 1, h, p, kind)
                           for i, (h, p) in enumerate(proxies))
        self.write("accounts", "<sip:%s@%s;transport=%s>;auth_pass=%s;sipnat=outbound%s;regint=600;answermode=manual\n" % (
            user, domain, kind, password, outbound))
        self.write("contacts", "")
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(["baresip", "-s", "-f", self.folder, "-t", "20"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        self.control = wait_until(lambda: self.connect(control))
        assert self.control, "baresip did not start:\n" + self.log()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def connect(self, port):
        try:
            return socket.create_connection(("127.0.0.1", port), 0.5)
        except OSError:
            return None

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()[-8000:]

    def do(self, command, parameters=""):
        """One command of its menu."""
        text = json.dumps({"command": command, "params": parameters}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))

    def take(self):
        """The events that have arrived whole go to self.events (netstrings of JSON)."""
        while True:
            found = re.match(rb"(\d+):", self.data)
            if not found or len(self.data) < found.end() + int(found.group(1)) + 1:
                return
            end = found.end() + int(found.group(1))
            message = json.loads(self.data[found.end():end])
            self.data = self.data[end + 1:]
            if message.get("event"):
                self.events.append(message)

    def wait(self, event, seconds=6):
        """Until it tells of this event; earlier ones are forgotten."""
        end = time.monotonic() + seconds
        while True:
            self.take()
            for i, e in enumerate(self.events):
                if e["type"] == event:
                    del self.events[:i + 1]
                    return e
            left = end - time.monotonic()
            assert left > 0, "no %s from %s's baresip, only %s\n%s" % (event, self.user, [e["type"] for e in self.events], self.log())
            self.control.settimeout(left)
            try:
                more = self.control.recv(65536)
            except socket.timeout:
                continue
            assert more, "baresip ended:\n" + self.log()
            self.data += more

    def stop(self):
        if getattr(self, "control", None):
            self.control.close()
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


# --- SIPp ---

SIPP = {
    "register": """
  <send retrans="300"><![CDATA[
{register}
Content-Length: 0

]]></send>
  <recv response="401" auth="true"/>
  <send retrans="300"><![CDATA[
{register2}
[authentication username={user} password={password}]
Content-Length: 0

]]></send>
  <recv response="200"/>""",
    "uac": """
{invite}
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
{within}
CSeq: 2 ACK
Content-Length: 0

]]></send>
  <pause milliseconds="50"/>
  <send retrans="300"><![CDATA[
BYE [next_url] SIP/2.0
{within}
CSeq: 3 BYE
Content-Length: 0

]]></send>
  <recv response="200"/>""",
    "uas": """
  <recv request="INVITE" rrs="true"/>
  <send><![CDATA[
SIP/2.0 180 Ringing
{answer}
Contact: <sip:[service]@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

]]></send>
  <pause milliseconds="20"/>
  <send retrans="300"><![CDATA[
SIP/2.0 200 OK
{answer}
Contact: <sip:[service]@[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>""",
}
SDP = """v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000"""
ANSWER = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]u[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]"""
VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport\nMax-Forwards: 70"


def send_invite(who, to, cseq, authentication=""):
    return """  <send retrans="300"><![CDATA[
INVITE %s SIP/2.0
%s
From: <%s>;tag=[pid]s[call_number]
To: <%s>
Call-ID: [call_id]
CSeq: %d INVITE
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
%sContent-Type: application/sdp
Content-Length: [len]

%s
]]></send>""" % (to, VIA, who, to, cseq, authentication, SDP)


def refused(who, to, status):
    """After an INVITE: this status, acknowledged."""
    return """
  <recv response="100" optional="true"/>
  <recv response="%d" auth="true"/>
  <send><![CDATA[
ACK %s SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <%s>;tag=[pid]s[call_number]
To: <%s>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
""" % (status, to, who, to)


def register_rows(user, domain, cseq):
    return """REGISTER sip:%s SIP/2.0
%s
From: <sip:%s@%s>;tag=[call_number]
To: <sip:%s@%s>
Call-ID: [call_id]
CSeq: %d REGISTER
Contact: <sip:%s@[local_ip]:[local_port];transport=[transport]>
Expires: 600""" % (domain, VIA, user, domain, user, domain, cseq, user)


class Sipp:
    """SIPp with a scenario of ours, in its own folder; transport "u1" or "t1"."""

    def __init__(self, folder, host="127.0.0.1", transport="u1"):
        self.folder, self.host, self.port, self.transport, self.runs = str(folder), host, free_port(), transport, 0

    def start(self, name, scenario, target=None, calls=1, rate=100):
        self.runs += 1
        base = os.path.join(self.folder, "sipp-%d-%d-%s" % (self.port, self.runs, name))
        with open(base + ".xml", "w") as f:
            f.write('<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="%s">%s\n</scenario>\n' % (name, scenario))
        command = ["sipp", "-sf", base + ".xml", "-i", self.host, "-p", str(self.port), "-t", self.transport, "-m", str(calls),
                   "-r", str(rate), "-nostdin", "-timeout", str(LIMIT - 3), "-timeout_error", "-trace_err", "-error_file", base + ".err",
                   "-s", "sipp"]
        with open(base + ".out", "wb") as out:
            process = subprocess.Popen(command + (["%s:%d" % target] if target else []), stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT, cwd=self.folder)
        process.base = base
        return process

    def finish(self, process):
        """Every call of it went well."""
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        said = ""
        for end in (".err", ".out"):
            if os.path.exists(process.base + end):
                with open(process.base + end, errors="replace") as f:
                    said += f.read()[-3000:]
        assert code == 0, "sipp: exit status %s\n%s" % (code, said)

    def register(self, server, user, domain="example.com"):
        """Binds the user to this address, with digest."""
        scenario = SIPP["register"].format(register=register_rows(user, domain, 1), register2=register_rows(user, domain, 2), user=user,
                                           password=server.passwords[user])
        self.finish(self.start("register", scenario, server.address("udp")))

    def answering(self, calls=1):
        """A callee for so many calls. It runs until then: finish() it."""
        process = self.start("uas", SIPP["uas"].format(answer=ANSWER, sdp=SDP), calls=calls)
        time.sleep(0.3)
        return process

    def calling(self, server, who, to, user=None, calls=1):
        """A caller who hangs up after a moment; as `user` he answers the proxy's challenge."""
        within = VIA + "\n[routes]\nFrom: <%s>;tag=[pid]s[call_number]\nTo: <%s>[peer_tag_param]\nCall-ID: [call_id]" % (who, to)
        invite = send_invite(who, to, 2)
        if user:
            row = "[authentication username=%s password=%s]\n" % (user, server.passwords[user])
            invite = send_invite(who, to, 1) + refused(who, to, 407) + send_invite(who, to, 2, row)
        return self.start("uac", SIPP["uac"].format(invite=invite, within=within), server.address("udp"), calls)

    def refused(self, server, who, to, status):
        """A caller who gets this status."""
        self.finish(self.start("refused", send_invite(who, to, 1) + refused(who, to, status), server.address("udp")))


# --- sipsak ---

def sipsak(*arguments):
    return subprocess.run(["sipsak", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=LIMIT)
