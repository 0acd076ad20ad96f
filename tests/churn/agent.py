# SPDX-License-Identifier: Apache-2.0
"""A phone as RFC 5626 wants it: one instance, one flow a reg-id, pings, recovery with back-off (scaled down), merged requests
refused with 482 (RFC 3261 §8.2.2.2). The core of a user agent only; what a call does stands in calls.py."""
import asyncio
import collections
import time
import uuid

from link import open_link
from sip import Message, digest, parse_challenge, token
from transactions import LIFE_S, ClientTx, ServerTx

EXPIRES_S = 60
PONG_S = 5.0
RECOVER_S, RECOVER_OTHERS_S, RECOVER_MAX_S = 0.5, 1.5, 20.0     # RFC 5626 §4.5: 30 s, 90 s, 1800 s


class Failed(Exception):
    pass


class Flow:
    """One reg-id: a connection to one node, kept registered. `live` by the book of the test: nothing stands between a
    request for this flow and its phone."""

    def __init__(self, phone, reg_id, node, kind):
        self.phone, self.reg_id, self.node, self.kind = phone, reg_id, node, kind
        self.link, self.registered, self.hung, self.ended, self.leaving = None, False, False, False, False
        self.cut = None                 # the link whose packets are dropped, until a pong came after that
        self.live_since, self.watches, self.fails = None, set(), 0
        self.reg_call_id, self.cseq, self.reg_tag = token("reg-"), 0, token()
        self.credentials = {}           # status: [challenge, uses]
        self.event = asyncio.Event()    # something happened that run() should look at
        self.healing, self.pongs, self.stun_error, self.skip_wait, self.away_s = None, 0, False, False, 0
        self.flow_timer, self.node_generation = 10, 0
        node.flows.add(self)
        self.task = phone.loop.create_task(self.run())

    def __repr__(self):
        return "flow %d (%s %s%s)" % (self.reg_id, self.kind, self.node.name, " %s:%d" % self.link.local if self.link else "")

    # --- alive or not ---

    def update(self):
        live = bool(self.link and self.link.is_open and self.registered and not self.hung and not self.phone.hung and
                    self.cut is not self.link and self.node.up and not self.leaving)
        if live and self.live_since is None:
            self.live_since = time.monotonic()
            self.phone.note("%s: live" % self)
        elif not live and self.live_since is not None:
            self.live_since = None
            self.phone.note("%s: not live any more" % self)
            for w in list(self.watches):
                w.lost(self)
            self.watches.clear()

    def live_for(self, seconds):
        return self.live_since is not None and self.live_since <= time.monotonic() - seconds

    def healed(self):
        self.phone.note("%s: packets pass again" % self)
        self.cut = self.healing = None
        self.update()

    # --- from the link ---

    def on_message(self, link, message):
        if message.is_response:
            self.phone.response(message)
        else:
            self.phone.request(self, link, message)

    def on_pong(self, link, error):
        self.pongs += 1
        if link is self.healing:
            self.healed()
        if error:
            self.stun_error = True
            self.event.set()

    def on_closed(self, link):
        if link is self.link:
            self.phone.note("%s: closed" % self)
            self.registered = False
            self.update()
        self.phone.link_lost(link)
        self.event.set()

    # --- its life ---

    async def run(self):
        try:
            while not self.ended:
                try:
                    await self.awake()
                    await self.connect()
                    await self.register(EXPIRES_S)
                    self.fails = 0
                    await self.keep()
                except (OSError, Failed, TimeoutError) as e:
                    self.phone.note("%s: failed: %s" % (self, e or type(e).__name__))
                self.drop("fin")
                await self.rest()
        finally:
            self.ended = True
            self.drop("fin")
            self.node.flows.discard(self)

    async def rest(self):
        """RFC 5626 §4.5: a random part of min(max, base * 2^failures)."""
        if self.ended or self.skip_wait:
            self.skip_wait = False
            return
        base = RECOVER_OTHERS_S if any(f.registered for f in self.phone.flows) else RECOVER_S
        wait, self.away_s = self.away_s or min(RECOVER_MAX_S, base * 2 ** self.fails) * self.phone.random.uniform(0.5, 1), 0
        self.fails += 1
        await asyncio.sleep(wait)

    async def awake(self):
        while (self.hung or self.phone.hung) and not self.ended:
            await asyncio.sleep(0.05)

    def drop(self, how):
        self.registered = self.leaving = False
        self.update()
        if self.link:
            self.link.close(how)

    async def connect(self):
        self.link = await open_link(self, self.kind, self.phone.ip, self.node.address(self.kind))
        self.credentials, self.stun_error = {}, False
        self.phone.note("%s: connected" % self)
        if self.hung or self.phone.hung:
            self.link.hang()

    async def register(self, expires):
        phone = self.phone
        contact = "<%s>;expires=%d" % (self.contact(), expires)
        if self.reg_id:
            contact += ';+sip.instance="<%s>";reg-id=%d' % (phone.instance, self.reg_id)
        for _ in range(3):
            self.cseq += 1
            r = self.request("REGISTER", "sip:example.com", phone.aor, tag=self.reg_tag, call_id=self.reg_call_id, cseq=self.cseq,
                             headers=[("Contact", contact)] + ([("Supported", "path, outbound")] if self.reg_id else []) +
                             self.authorization(401, "REGISTER", "sip:example.com"))
            phone.world.count["registers"] += 1
            answer = await ClientTx(phone, self, r).final(5)
            if answer is None:
                raise Failed("REGISTER without an answer")
            if answer.status != 401:
                break
            self.challenged(answer)
        if answer.status != 200:
            if answer.status not in (408, 500, 502, 503, 504):
                phone.world.fail("register", "%s %s: REGISTER got %s" % (phone, self, answer.start), list(phone.events))
            raise Failed("REGISTER got %s" % answer.start)
        if expires:
            self.flow_timer = min(10, int(answer.get("flow-timer", "10")))
            self.registered, self.registered_at, self.node_generation = True, time.monotonic(), self.node.generation
            self.update()

    async def keep(self):
        """Ping, refresh, and notice when it is over: returns then."""
        rng = self.phone.random
        now = time.monotonic()
        ping_at, pong_by = now + self.flow_timer * rng.uniform(0.7, 0.95), None
        while not self.ended and self.link.is_open:
            await self.awake()
            now = time.monotonic()
            if self.leaving or not self.link.is_open:
                return
            if self.stun_error or now > self.registered_at + EXPIRES_S * 0.6:
                self.stun_error = False
                await self.register(EXPIRES_S)
                continue
            if pong_by and self.pongs > pongs_before:
                pong_by = None
            if pong_by and now > pong_by:
                raise Failed("no pong")
            if now >= ping_at:
                pongs_before, pong_by = self.pongs, now + PONG_S
                self.link.ping()
                if self.kind == "udp":
                    self.phone.loop.call_later(1, self.ping_again, self.link, pongs_before)
                ping_at = now + self.flow_timer * rng.uniform(0.7, 0.95)
            self.event.clear()
            until = min(t for t in (ping_at, pong_by, self.registered_at + EXPIRES_S * 0.6 + 0.01) if t)
            timer = self.phone.loop.call_later(max(0.01, until - now), self.event.set)
            await self.event.wait()
            timer.cancel()
            if self.link.was_hung and not self.link.hung and pong_by:
                self.link.was_hung, pong_by = False, time.monotonic() + PONG_S

    def ping_again(self, link, pongs_before):
        if link is self.link and link.is_open and self.pongs == pongs_before:
            link.ping()

    async def deregister(self):
        self.leaving = True
        self.update()
        try:
            await self.register(0)
        except (Failed, OSError):
            pass

    # --- requests ---

    def contact(self):
        host, port = self.link.local
        transport = "" if self.kind == "udp" else ";transport=" + self.kind
        return "sip:%s@%s:%d%s%s" % (self.phone.user.name, host, port, transport, ";ob" if self.reg_id else "")

    def request(self, method, ruri, to_uri, *, tag, call_id, cseq, to_tag=None, route=(), headers=(), body=b"", branch=None):
        host, port = self.link.local
        h = [("Via", "SIP/2.0/%s %s:%d;branch=%s;rport" % (self.link.proto, host, port, branch or "z9hG4bK" + token())),
             ("Max-Forwards", "70")]
        h += [("Route", r) for r in route]
        h += [("From", "<%s>;tag=%s" % (self.phone.aor, tag)), ("To", "<%s>%s" % (to_uri, ";tag=" + to_tag if to_tag else "")),
              ("Call-ID", call_id), ("CSeq", "%d %s" % (cseq, method))]
        return Message("%s %s SIP/2.0" % (method, ruri), h + list(headers), body)

    def challenged(self, answer):
        value = answer.get("www-authenticate" if answer.status == 401 else "proxy-authenticate")
        self.credentials[answer.status] = [parse_challenge(value), 0]

    def authorization(self, status, method, uri):
        known = self.credentials.get(status)
        if not known:
            return []
        known[1] += 1
        return [("Authorization" if status == 401 else "Proxy-Authorization",
                 digest(known[0], method, uri, self.phone.user.name, self.phone.user.password, nc=known[1]))]


class Phone:
    """One instance of a user. legs: see calls.py."""
    numbers = 0

    def __init__(self, world, user, plan, outbound=True):
        """plan: [(node, kind)] in the order of reg-ids. Without outbound: one flow, no instance, no reg-id."""
        Phone.numbers += 1
        self.number, self.world, self.user, self.random, self.loop = Phone.numbers, world, user, world.random, world.loop
        self.aor, self.instance = "sip:%s@example.com" % user.name, "urn:uuid:" + str(uuid.uuid4())
        self.ip = "127.0.%d.%d" % (1 + self.number // 250 % 250, 1 + self.number % 250)
        self.events = collections.deque(maxlen=300)
        self.hung, self.client_txs, self.server_txs, self.merge, self.legs = False, {}, {}, {}, {}
        self.flows = []
        user.phones.append(self)
        self.flows = [Flow(self, i + 1 if outbound else 0, node, kind) for i, (node, kind) in enumerate(plan)]

    def __repr__(self):
        return "%s#%d" % (self.user.name, self.number)

    def note(self, text):
        self.events.append((time.monotonic(), "%s: %s" % (self, text)))

    def live_flows(self, seconds=0.0):
        return [f for f in self.flows if f.live_for(seconds)]

    def hang(self, on):
        self.hung = on
        self.note("hangs" if on else "wakes up")
        self.each_link(on)

    def each_link(self, on):
        for f in self.flows:
            f.update()
            if f.link and f.link.is_open and not (f.hung and not on):
                f.link.hang() if on else f.link.wake()
            f.update()
            f.event.set()

    def die(self, how):
        """No word to anybody, for ever."""
        self.note("killed (%s)" % how)
        for f in self.flows:
            f.ended = True
            f.drop(how)
            f.task.cancel()
        self.user.phones.remove(self)

    # --- messages ---

    def response(self, m):
        tx = self.client_txs.get((m.branch, m.get("cseq").split()[1]))
        if tx:
            tx.got(m)
        elif 200 <= m.status < 300 and m.method == "INVITE":
            self.world.second_success(self, m)

    def request(self, flow, link, m):
        method, now = m.method, time.monotonic()
        if method == "ACK":
            self.world.on_ack(self, m)
            return
        key = (m.branch, method)
        known = self.server_txs.get(key)
        if known:
            if known.last:
                known.link.send(known.last)
            return
        tx = self.server_txs[key] = ServerTx(flow, link, m)
        if len(self.server_txs) > 80:
            self.forget(now)
        if method == "CANCEL":
            invite = self.server_txs.get((m.branch, "INVITE"))
            tx.answer(200 if invite else 481)
            if invite and invite.leg:
                invite.leg.cancelled(invite)
        elif method == "OPTIONS":
            tx.answer(200)
        elif m.tag("to"):
            self.world.on_request_in_dialog(self, tx)
        else:
            other = self.merge.get(tx.merge_key)
            if other and now - other.at < LIFE_S:
                self.note("%s: %s %s again: 482" % (flow, method, m.call_id))
                self.world.count["merged"] += 1
                tx.answer(482, "Merged Request")
                self.world.on_merged(self, other)
                return
            self.merge[tx.merge_key] = tx
            self.world.on_new_request(self, tx)

    def link_lost(self, link):
        """Nothing can be answered over it any more: its transactions have failed."""
        for key, tx in list(self.server_txs.items()):
            if tx.link is link and self.merge.get(tx.merge_key) is tx and (not tx.leg or not tx.leg.done):
                del self.merge[tx.merge_key]
                if tx.leg:
                    tx.leg.orphaned()
        for tx in list(self.client_txs.values()):
            if tx.link is link:
                tx.ring()

    def forget(self, now):
        self.server_txs = {k: t for k, t in self.server_txs.items() if now - t.at < LIFE_S}
        self.merge = {k: t for k, t in self.merge.items() if now - t.at < LIFE_S}
