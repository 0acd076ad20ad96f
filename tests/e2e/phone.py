# SPDX-License-Identifier: Apache-2.0
"""A phone made of peers: one AOR, one instance, any number of flows, each a registration with a reg-id."""
import re
import uuid

from sip import Message, TcpPeer, TlsPeer, UdpPeer, digest, token, uri_of

KINDS = {"udp": UdpPeer, "tcp": TcpPeer, "tls": TlsPeer}


class Flow:
    def __init__(self, phone, peer, reg_id):
        self.phone, self.peer, self.reg_id = phone, peer, reg_id
        self.call_id, self.cseq = token("reg-"), 0
        self.route = ()

    def register(self, expires=3600, contact=None, headers=(), supported="path, outbound", expect=200, params="", timeout=3):
        """REGISTER, with digest when asked; the final response."""
        phone = self.phone
        contact = contact or "<%s>" % self.peer.contact_uri(phone.user)
        if phone.instance:
            contact += ';+sip.instance="<%s>"' % phone.instance
        if self.reg_id:
            contact += ";reg-id=%d" % self.reg_id
        contact += params
        extra = [("Expires", str(expires))] + ([("Supported", supported)] if supported else []) + list(headers)
        answer = phone.transact(self.peer, "REGISTER", "sip:" + phone.domain, phone.aor, self, extra, contact, timeout)
        if expect is not None:
            assert answer.status == expect, "REGISTER: wanted %s, got %r" % (expect, answer.start)
        return answer


class Phone:
    def __init__(self, server, user, password=None, domain="example.com", outbound=True, instance=None):
        self.server, self.user, self.domain = server, user, domain
        self.password = password if password is not None else server.passwords.get(user)
        self.aor = "sip:%s@%s" % (user, domain)
        self.instance = instance or ("urn:uuid:" + str(uuid.uuid4()) if outbound else None)
        self.outbound = outbound
        self.flows = []
        self.opened = []

    def open(self, kind="tcp", server=None, reg_id=None, register=True, **kw):
        """A connection (UDP: a socket), registered unless told otherwise."""
        target = (server or self.server).address(kind)
        peer = KINDS[kind](target, **kw)
        flow = Flow(self, peer, (reg_id or len(self.flows) + 1) if self.outbound else 0)
        self.flows.append(flow)
        self.opened.append(peer)
        if register:
            flow.register()
        return flow

    def close(self):
        for peer in self.opened:
            try:
                peer.close()
            except OSError:
                pass

    def transact(self, peer, method, ruri, to_uri, dialog=None, headers=(), contact=None, timeout=3, route=(), body=b"",
                 call_id=None, from_uri=None):
        """Send a request out of a dialog, answer one challenge, return the final response."""
        class Loose:
            call_id, cseq, route = token("call-"), 0, ()
        d = dialog or Loose()
        if call_id:
            d.call_id = call_id
        tag = token()
        headers = list(headers)
        for attempt in range(2):
            d.cseq += 1
            request = peer.request(method, ruri, from_uri or self.aor, to_uri, from_tag=tag, call_id=d.call_id, cseq=d.cseq,
                                   contact=contact, headers=headers, route=list(route) + list(d.route), body=body)
            peer.send(request)
            self.last_request = request
            answer = self.final(peer, request, timeout)
            if answer.status not in (401, 407) or attempt or self.password is None:
                return answer
            if method == "INVITE":
                self.ack(peer, request, answer)
            name = "Authorization" if answer.status == 401 else "Proxy-Authorization"
            challenge = answer.get("www-authenticate" if answer.status == 401 else "proxy-authenticate")
            headers = [h for h in headers if h[0] != name] + [(name, digest(challenge, method, ruri, self.user, self.password))]
        return answer

    def final(self, peer, request, timeout=3):
        """The final response to a request; provisional ones are kept in self.provisional."""
        self.provisional = []
        while True:
            m = peer.receive(timeout, lambda m: m.is_response and m.call_id == request.call_id and m.cseq == request.cseq
                             and m.get("cseq").split()[1] == request.method)
            assert m is not None, "no final answer to %s; so far %r" % (request.start, self.provisional)
            if m.status >= 200:
                return m
            self.provisional.append(m)

    def ack(self, peer, request, answer):
        """ACK for 300-699: same branch, same Request-URI."""
        h = [("Via", request.get("via")), ("Max-Forwards", "70")] + [("Route", r) for r in request.all("route")]
        h += [("From", request.get("from")), ("To", answer.get("to")), ("Call-ID", request.call_id), ("CSeq", "%d ACK" % request.cseq)]
        peer.send(Message("ACK %s SIP/2.0" % request.ruri, h))

    def invite(self, to_uri, flow=None, headers=(), body=b"v=0\r\n", expect=None, timeout=5, route=(), early=False):
        """Start a call. Returns a Call; with `expect` its final answer must have that status. early=True: returns after sending
        (authenticated), nothing awaited."""
        flow = flow or self.flows[0]
        return Call(self, flow.peer, to_uri, list(headers), body, list(route) + list(flow.route)).start(expect, timeout, early)


class Call:
    """The caller's side of one INVITE."""

    def __init__(self, phone, peer, to_uri, headers, body, route):
        self.phone, self.peer, self.to_uri, self.headers, self.body, self.route = phone, peer, to_uri, headers, body, route
        self.call_id, self.from_tag, self.cseq = token("call-"), token(), 0
        self.provisional, self.final = [], None

    def send(self):
        self.cseq += 1
        self.request = self.peer.request("INVITE", self.to_uri, self.phone.aor, from_tag=self.from_tag, call_id=self.call_id,
                                         cseq=self.cseq, contact="<%s>" % self.peer.contact_uri(self.phone.user),
                                         headers=self.headers, route=self.route, body=self.body)
        self.peer.send(self.request)

    def next(self, timeout=5):
        """The next response to this INVITE."""
        m = self.peer.receive(timeout, lambda m: m.is_response and m.call_id == self.call_id and m.get("cseq") == "%d INVITE" % self.cseq)
        assert m is not None, "no answer to INVITE %s in %s s" % (self.to_uri, timeout)
        return m

    def start(self, expect, timeout, early):
        self.send()
        if early and self.phone.password is None:
            return self
        first = self.next(timeout)
        if first.status in (401, 407) and self.phone.password is not None:
            self.phone.ack(self.peer, self.request, first)
            name = "Authorization" if first.status == 401 else "Proxy-Authorization"
            self.headers.append((name, digest(first.get("www-authenticate") or first.get("proxy-authenticate"), "INVITE",
                                              self.to_uri, self.phone.user, self.phone.password)))
            self.send()
            first = None
        if first is not None:
            self.peer.stash.insert(0, first)
        if early:
            return self
        answer = self.wait(timeout)
        if expect is not None:
            assert answer.status == expect, "INVITE: wanted %s, got %r" % (expect, answer.start)
        return self

    def wait(self, timeout=5):
        """Until the final response; ACKs it."""
        while True:
            m = self.next(timeout)
            if m.status < 200:
                self.provisional.append(m)
                continue
            self.final = m
            if m.status < 300:
                self.learn(m)
                self.ack()
            else:
                self.phone.ack(self.peer, self.request, m)
            return m

    def learn(self, m):
        self.to_tag = m.tag("to")
        self.remote = uri_of(m.get("contact"))
        self.route_set = list(reversed(m.values("record-route")))

    def within(self, method, headers=(), body=b"", cseq=None):
        """A request inside the dialog, sent."""
        if method not in ("ACK", "CANCEL"):
            self.cseq += 1
        r = self.peer.request(method, self.remote, self.phone.aor, self.to_uri, from_tag=self.from_tag, to_tag=self.to_tag,
                              call_id=self.call_id, cseq=cseq or self.cseq, route=self.route_set, headers=headers, body=body)
        self.peer.send(r)
        return r

    def ack(self):
        return self.within("ACK")

    def bye(self, expect=200):
        r = self.within("BYE")
        m = self.phone.final(self.peer, r)
        assert m.status == expect, m.start
        return m

    def cancel(self, headers=()):
        h = [("Via", self.request.get("via")), ("Max-Forwards", "70")] + [("Route", v) for v in self.request.all("route")]
        h += [("From", self.request.get("from")), ("To", self.request.get("to")), ("Call-ID", self.call_id), ("CSeq", "%d CANCEL" % self.cseq)]
        self.peer.send(Message("CANCEL %s SIP/2.0" % self.to_uri, h + list(headers)))


class Callee:
    """The called side of one INVITE that a peer received."""

    def __init__(self, peer, invite, user="x"):
        self.peer, self.invite, self.tag, self.user = peer, invite, token(), user
        self.contact = "<%s>" % peer.contact_uri(user)
        self.cseq = 0

    @classmethod
    def wait(cls, flow, timeout=3):
        peer = getattr(flow, "peer", flow)
        return cls(peer, peer.expect("INVITE", timeout), getattr(getattr(flow, "phone", None), "user", "x"))

    def answer(self, status, **kw):
        return self.peer.answer(self.invite, status, to_tag=self.tag, contact=self.contact, **kw)

    def ring(self):
        return self.answer(180)

    def pick_up(self, body=b"v=0\r\n"):
        return self.answer(200, body=body)

    def expect_ack(self):
        return self.peer.expect("ACK")

    def within(self, method, headers=(), body=b""):
        """A request of the called side inside the dialog."""
        self.cseq += 1
        inv = self.invite
        to_uri = uri_of(inv.get("from"))
        r = self.peer.request(method, uri_of(inv.get("contact")), uri_of(inv.get("to")), to_uri, from_tag=self.tag,
                              to_tag=inv.tag("from"), call_id=inv.call_id, cseq=self.cseq, route=inv.values("record-route"),
                              headers=headers, body=body)
        self.peer.send(r)
        return r


def header_param(value, name):
    m = re.search(r";\s*%s=(\"[^\"]*\"|[^;,\s>]+)" % re.escape(name), value)
    return m.group(1) if m else None
