# SPDX-License-Identifier: Apache-2.0
"""A phone's transactions (RFC 3261 §17), and the watch that tells which flows lived without a break."""
import collections
import time

from sip import Message, token

T1, T2 = 0.5, 4.0
LIFE_S = 64 * T1                # how long a transaction is remembered


class Watch:
    """Which of some flows live without a break from now on."""

    def __init__(self, flows):
        self.flows = set(flows)
        for f in self.flows:
            f.watches.add(self)

    def lost(self, flow):
        self.flows.discard(flow)

    def end(self):
        for f in self.flows:
            f.watches.discard(self)

    def __bool__(self):
        return bool(self.flows)


class ClientTx:
    """A request under way: its responses come out of next()."""

    def __init__(self, phone, flow, request):
        self.phone, self.flow, self.link, self.request = phone, flow, flow.link, request
        self.data, self.queue, self.waiter, self.timer = request.bytes(), collections.deque(), None, None
        self.key = (request.branch, request.method)
        self.started, self.wait = time.monotonic(), T1
        phone.client_txs[self.key] = self
        self.link.send(self.data)
        if self.link.proto == "UDP":
            self.timer = phone.loop.call_later(T1, self.again)

    def again(self):
        self.timer = None
        if time.monotonic() - self.started < LIFE_S and self.link.is_open:
            self.link.send(self.data)
            self.wait = min(self.wait * 2, 99 if self.request.method == "INVITE" else T2)
            self.timer = self.phone.loop.call_later(self.wait, self.again)

    def got(self, response):
        if self.timer and (response.status >= 200 or self.request.method == "INVITE"):
            self.timer.cancel()
            self.timer = None
        self.queue.append(response)
        self.ring()

    def ring(self):
        if self.waiter and not self.waiter.done():
            self.waiter.set_result(None)

    async def next(self, timeout):
        """The next response; None after the timeout, or when the connection is lost."""
        end = time.monotonic() + timeout
        while not self.queue:
            left = end - time.monotonic()
            if left <= 0 or not self.link.is_open:
                return None
            self.waiter = self.phone.loop.create_future()
            timer = self.phone.loop.call_later(left, self.ring)
            try:
                await self.waiter
            finally:
                timer.cancel()
        return self.queue.popleft()

    async def final(self, timeout):
        while True:
            m = await self.next(timeout)
            if m is None or m.status >= 200:
                self.end()
                return m

    def end(self):
        if self.timer:
            self.timer.cancel()
            self.timer = None
        self.phone.client_txs.pop(self.key, None)


class ServerTx:
    """A request that came, and what was said to it last."""

    def __init__(self, flow, link, request):
        self.flow, self.link, self.request, self.last, self.leg, self.at = flow, link, request, None, None, time.monotonic()
        self.merge_key = (request.call_id, request.tag("from"), request.get("cseq"))

    def answer(self, status, phrase="Whatever", tag=None, headers=(), body=b""):
        r = self.request
        h = [("Via", v) for v in r.values("via")]
        if 100 < status < 300:
            h += [("Record-Route", v) for v in r.all("record-route")]
        to = r.get("to")
        if status > 100 and not r.tag("to"):
            to += ";tag=" + (tag or token())
        h += [("From", r.get("from")), ("To", to), ("Call-ID", r.call_id), ("CSeq", r.get("cseq"))]
        self.last = Message("SIP/2.0 %d %s" % (status, phrase), h + list(headers), body).bytes()
        self.link.send(self.last)
