# SPDX-License-Identifier: Apache-2.0
"""Hand-written SIP peers with control over every byte: UDP, TCP and TLS, blocking, each receive bounded in time."""
import hashlib
import itertools
import os
import re
import select
import socket
import ssl
import struct
import time
import uuid

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
           "k": "supported", "s": "subject"}
_numbers = itertools.count(1)
PATIENCE = 1e9                          # no wait for the other side is longer, whatever a test asks for: --patience


def token(prefix=""):
    return prefix + uuid.uuid4().hex[:12]


class Message:
    """One SIP message: start line, headers in order as (name, value), body."""

    def __init__(self, start, headers=(), body=b""):
        self.start, self.headers, self.body = start, list(headers), body

    @classmethod
    def parse(cls, data):
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        headers = []
        for line in lines[1:]:
            if line[:1] in " \t" and headers:
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
                continue
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        return cls(lines[0], headers, body)

    def bytes(self, add_length=True):
        rows = [self.start] + ["%s: %s" % h for h in self.headers]
        if add_length and self.get("content-length") is None:
            rows.append("Content-Length: %d" % len(self.body))
        return "\r\n".join(rows).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    @property
    def is_response(self):
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self):
        return int(self.start.split(" ")[1]) if self.is_response else None

    @property
    def phrase(self):
        return self.start.split(" ", 2)[2]

    @property
    def method(self):
        return self.start.split(" ")[0] if not self.is_response else self.get("cseq").split()[-1]

    @property
    def ruri(self):
        return self.start.split(" ")[1]

    def all(self, name):
        """Every row's value of this header, long or compact name."""
        name = name.lower()
        return [v for n, v in self.headers if COMPACT.get(n.lower(), n.lower()) == name]

    def values(self, name):
        """The values of a comma-separated header, commas in quotes and <> respected."""
        out = []
        for row in self.all(name):
            depth, quoted, start = 0, False, 0
            for i, c in enumerate(row):
                if quoted:
                    quoted = not (c == '"' and row[i - 1] != "\\")
                elif c == '"':
                    quoted = True
                elif c == "<":
                    depth += 1
                elif c == ">":
                    depth -= 1
                elif c == "," and depth == 0:
                    out.append(row[start:i].strip())
                    start = i + 1
            out.append(row[start:].strip())
        return out

    def get(self, name, default=None):
        rows = self.all(name)
        return rows[0] if rows else default

    def set(self, name, value):
        self.remove(name)
        self.headers.append((name, value))
        return self

    def remove(self, name):
        self.headers = [(n, v) for n, v in self.headers if COMPACT.get(n.lower(), n.lower()) != name.lower()]
        return self

    def tag(self, name):
        m = re.search(r";\s*tag=([^;>\s]+)\s*(;|$)", self.get(name).split(">")[-1])
        return m.group(1) if m else None

    @property
    def branch(self):
        m = re.search(r";\s*branch=([^;,\s]+)", self.values("via")[0])
        return m.group(1) if m else None

    @property
    def call_id(self):
        return self.get("call-id")

    @property
    def cseq(self):
        return int(self.get("cseq").split()[0])

    def __repr__(self):
        return "<%s %s>" % (self.start, self.call_id)


def uri_of(value):
    """The URI inside a name-addr."""
    m = re.search(r"<([^>]*)>", value)
    return m.group(1) if m else value.split(";")[0].strip()


class Peer:
    """A SIP element of the test's own. Subclasses move bytes."""
    proto = None

    def __init__(self):
        self.number = next(_numbers)
        self.stash = []

    # --- to be given by subclasses: send_bytes(data), read(timeout) -> bytes message or None, local, close() ---

    def via(self, branch=None, extra=";rport"):
        host, port = self.local
        return "SIP/2.0/%s %s:%d;branch=%s%s" % (self.proto, host, port, branch or "z9hG4bK" + token(), extra)

    def send(self, message):
        self.send_bytes(message.bytes() if isinstance(message, Message) else message)
        return message

    def receive(self, timeout=3, want=None):
        """The next message, or the next one for which want(message) holds (others wait). None after the timeout."""
        for i, m in enumerate(self.stash):
            if want is None or want(m):
                return self.stash.pop(i)
        end = time.monotonic() + min(timeout, PATIENCE)
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            data = self.read(left)
            if data is None:
                return None
            if not data.strip(b"\r\n"):                # keeps the way through a NAT open, and is no message
                continue
            m = Message.parse(data)
            if want is None or want(m):
                return m
            self.stash.append(m)

    def expect(self, what, timeout=3):
        """The next message with this status (int) or method (str); everything else but 100 is a failure."""
        end = time.monotonic() + timeout
        while True:
            m = self.receive(max(0.01, end - time.monotonic()))
            assert m is not None, "%s %d: nothing came, wanted %s" % (self.proto, self.number, what)
            if m.is_response and m.status == 100 and what != 100:
                continue
            if isinstance(what, int):
                assert m.is_response and m.status == what, "wanted %s, got %r" % (what, m.start)
            else:
                assert not m.is_response and m.method == what, "wanted %s, got %r" % (what, m.start)
            return m

    def silent(self, timeout=0.4):
        m = self.receive(timeout)
        assert m is None, "wanted silence, got %r" % m.start

    # --- requests and answers ---

    def request(self, method, ruri, from_uri, to_uri=None, *, from_tag=None, to_tag=None, call_id=None, cseq=1, route=(),
                contact=None, headers=(), body=b"", branch=None, max_forwards=70):
        h = [("Via", self.via(branch)), ("Max-Forwards", str(max_forwards))]
        h += [("Route", r) for r in route]
        h += [("From", "<%s>;tag=%s" % (from_uri, from_tag or token())),
              ("To", "<%s>%s" % (to_uri or ruri, ";tag=" + to_tag if to_tag else "")),
              ("Call-ID", call_id or token("call-")), ("CSeq", "%d %s" % (cseq, method))]
        if contact:
            h.append(("Contact", contact))
        h += list(headers)
        return Message("%s %s SIP/2.0" % (method, ruri), h, body)

    def response(self, request, status, phrase="Whatever", to_tag=None, contact=None, headers=(), body=b""):
        h = [("Via", v) for v in request.values("via")]
        h += [("Record-Route", v) for v in request.values("record-route")] if 100 < status < 300 else []
        to = request.get("to")
        if status > 100 and not request.tag("to"):
            to += ";tag=" + (to_tag or token())
        h += [("From", request.get("from")), ("To", to), ("Call-ID", request.call_id), ("CSeq", request.get("cseq"))]
        if contact:
            h.append(("Contact", contact))
        return Message("SIP/2.0 %d %s" % (status, phrase), h + list(headers), body)

    def answer(self, request, status, **kw):
        return self.send(self.response(request, status, **kw))

    def contact_uri(self, user="x"):
        host, port = self.local
        return "sip:%s@%s:%d%s" % (user, host, port, "" if self.proto == "UDP" else ";transport=" + self.proto.lower())


class UdpPeer(Peer):
    proto = "UDP"

    def __init__(self, target, bind=("127.0.0.1", 0)):
        super().__init__()
        self.sock = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(bind if ":" not in target[0] else ("::1", 0))
        self.target = target

    @property
    def local(self):
        host, port = self.sock.getsockname()[:2]
        return ("[%s]" % host if ":" in host else host), port

    def send_bytes(self, data):
        self.sock.sendto(data, self.target)

    def read(self, timeout):
        if not select.select([self.sock], [], [], min(timeout, PATIENCE))[0]:
            return None
        data, self.source = self.sock.recvfrom(65536)
        return data

    def close(self):
        self.sock.close()


class TcpPeer(Peer):
    proto = "TCP"

    def __init__(self, target, bind=None, sock=None):
        super().__init__()
        self.data = b""
        self.pongs = 0
        if sock is None:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if bind:
                sock.bind(bind)
            sock.settimeout(5)
            sock.connect(target)
            sock = self.wrap(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock

    def wrap(self, sock):
        return sock

    @property
    def local(self):
        return self.sock.getsockname()[:2]

    def send_bytes(self, data):
        self.sock.settimeout(5)
        self.sock.sendall(data)

    def _take(self):
        while self.data.startswith(b"\r\n"):
            self.data = self.data[2:]
            self.pongs += 1
        head, sep, rest = self.data.partition(b"\r\n\r\n")
        if not sep:
            return None
        m = re.search(rb"^(?:content-length|l)\s*:\s*(\d+)", head, re.I | re.M)
        n = int(m.group(1)) if m else 0
        if len(rest) < n:
            return None
        self.data = rest[n:]
        return head + sep + rest[:n]

    def read_some(self, timeout):
        """More bytes into self.data: True; False on time-out or end."""
        self.sock.settimeout(max(timeout, 0.001))
        try:
            more = self.sock.recv(65536)
        except (socket.timeout, ssl.SSLWantReadError, ConnectionResetError, BrokenPipeError):
            return False
        self.data += more
        return bool(more)

    def read(self, timeout):
        end = time.monotonic() + timeout
        while True:
            message = self._take()
            if message:
                return message
            if time.monotonic() >= end or not self.read_some(end - time.monotonic()):
                return self._take()

    def closed(self, timeout=2):
        """Does the other side close (or reset) within the time?"""
        end = time.monotonic() + min(timeout, PATIENCE)
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                more = self.sock.recv(65536)
            except socket.timeout:
                return False
            except OSError:
                return True
            if not more:
                return True
            self.data += more
        return False

    def reset(self):
        """Close with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


class TlsPeer(TcpPeer):
    proto = "TLS"

    def __init__(self, target, server_name=None, ca=None, certificate=None, **kw):
        self.server_name, self.ca, self.certificate = server_name, ca, certificate
        super().__init__(target, **kw)

    def wrap(self, sock):
        context = ssl.create_default_context(cafile=self.ca)
        if not self.ca:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        return context.wrap_socket(sock, server_hostname=self.server_name)

    def reset(self):
        """RST under TLS: no close_notify."""
        raw = socket.socket(fileno=os.dup(self.sock.fileno()))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.sock.detach())
        raw.close()


class Listener:
    """A TCP port of the test's own; accept() gives a peer."""

    def __init__(self, host="127.0.0.1"):
        self.sock = socket.socket()
        self.sock.bind((host, 0))
        self.sock.listen(16)

    @property
    def local(self):
        return self.sock.getsockname()[:2]

    def accept(self, timeout=3):
        self.sock.settimeout(min(timeout, PATIENCE))
        return TcpPeer(None, sock=self.sock.accept()[0])

    def close(self):
        self.sock.close()


# --- digest, RFC 7616 ---

def parse_challenge(value):
    return {k.lower(): v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', value.split(" ", 1)[1])}


def digest(challenge, method, uri, user, password, nc=1, cnonce=None, body=None):
    """An Authorization value for one challenge."""
    c = parse_challenge(challenge) if isinstance(challenge, str) else challenge
    name = c.get("algorithm", "MD5").upper()
    h = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[name]

    def H(*parts):
        return h(":".join(parts).encode()).hexdigest()
    cnonce, count = cnonce or token(), "%08x" % nc
    ha2 = H(method, uri) if body is None else H(method, uri, h(body).hexdigest())
    qop = "auth" if body is None else "auth-int"
    response = H(H(user, c["realm"], password), c["nonce"], count, cnonce, qop, ha2)
    out = 'Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=%s, cnonce="%s", qop=%s, nc=%s' % (
        user, c["realm"], c["nonce"], uri, response, c.get("algorithm", "MD5"), cnonce, qop, count)
    return out + (', opaque="%s"' % c["opaque"] if "opaque" in c else "")
