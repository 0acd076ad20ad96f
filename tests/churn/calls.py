# SPDX-License-Identifier: Apache-2.0
"""Calls and messages, both sides of them, and the judgement.

A request is *owed* to a phone when one and the same flow of it was registered and live from shortly before the request was
placed until it was decided. Then it must arrive in the time that the design promises for each silent flow before, and what the
phone says must reach the caller. A request whose caller lost its own flow is the caller's to repeat, and void."""
import asyncio
import time

from sip import Message, token, uri_of
from transactions import LIFE_S, ClientTx, Watch

SHORTLY_S = 0.2                         # a flow counts when it was live for so long before
SILENT_S = {"INVITE": 2.0, "MESSAGE": 5.0, "BYE": 5.0}          # what a silent flow may cost
SLACK_S = 2.5                           # for sanitizers on a busy machine
PATIENCE_S = 34.0
ACKED_S, STOPPED_S = 6.0, 5.0           # until the ACK has come, until a phone that lost the call has stopped ringing


class Leg:
    """The called side at one phone."""

    def __init__(self, phone, call, tx):
        self.phone, self.call, self.tx, self.tag, self.state, self.acked = phone, call, tx, token(), "new", False
        self.status, self.over, self.at = None, asyncio.Event(), time.monotonic()
        self.invite, self.flow = tx.request, tx.flow
        tx.leg = self
        phone.legs[call.call_id] = self
        self.task = phone.loop.create_task(self.serve())

    @property
    def done(self):
        return self.acked

    def say(self, status, headers=(), body=b""):
        if self.tx:
            contact = [("Contact", "<%s>" % self.tx.flow.contact())] if self.tx.link.is_open else []
            self.tx.answer(status, tag=self.tag, headers=contact + list(headers), body=body)

    def finish(self, status):
        self.state, self.status = "ended", status
        self.say(status)
        self.over.set()

    async def serve(self):
        plan = self.call.plan
        if await self.wait(plan["think"]):
            return
        self.state = "ringing"
        self.call.note("%s rings over %s" % (self.phone, self.tx and self.tx.flow))
        self.call.rang(self)
        self.say(180)
        if await self.wait(plan["ring"]):
            return
        if plan["answer"] != 200:
            self.finish(plan["answer"])
            return
        self.state = "answered"
        self.call.note("%s picks up" % self.phone)
        self.say(200, body=b"v=0\r\n")
        pause, until = 0.5, time.monotonic() + LIFE_S / 2
        while not self.acked and time.monotonic() < until and not await self.wait(pause):
            pause = min(pause * 2, 4)
            if self.tx and not self.acked:
                self.tx.link.send(self.tx.last)
        if not self.acked:
            self.state = "ended"
        elif plan["hangup"] == "callee" and not await self.wait(plan["hold"]):
            await self.call.hang_up("callee")

    async def wait(self, seconds):
        """True: it is over."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            pass
        return self.over.is_set()

    def cancelled(self, invite_tx):
        if self.tx is invite_tx and self.state in ("new", "ringing"):
            self.call.note("%s is told to stop" % self.phone)
            self.finish(487)

    def orphaned(self):
        """The connection that the INVITE came over is lost. Another copy may come."""
        self.call.note("%s lost the connection of this call (%s)" % (self.phone, self.state))
        self.tx = None

    def rebind(self, tx):
        """The same call again, over another flow: the dialog is what is said now, with the routes of this copy."""
        self.tx, self.invite, self.flow = tx, tx.request, tx.flow
        tx.leg = self
        if self.state == "ringing":
            self.say(180)
        elif self.state == "answered":
            self.say(200, body=b"v=0\r\n")
        elif self.status:
            self.say(self.status)

    def acknowledged(self):
        self.acked = True
        if self.state == "answered":
            self.state = "talking"

    def lost_to_silence(self, flow):
        """The flow hangs now, and what this phone has said may not get out: no server can know."""
        if self.tx and self.tx.flow is flow and not self.acked:
            self.call.excuse("%s fell silent with the call in hand" % flow)


class Call:
    """One INVITE or MESSAGE of a caller, to the end of its dialog."""

    def __init__(self, world, caller, flow, callee, plan, repeats=0):
        self.world, self.caller, self.flow, self.callee, self.plan, self.repeats = world, caller, flow, callee, plan, repeats
        self.call_id, self.from_tag, self.cseq = token("call-"), token(), 0
        self.events, self.legs, self.rang_at, self.excused, self.presented = [], [], None, None, 0
        self.placed, self.decided_at, self.final, self.bye_arrived, self.acks = time.monotonic(), None, None, False, {}
        self.stalls = world.stalls
        self.watches = {p: Watch(p.live_flows(SHORTLY_S)) for p in callee.phones}
        self.undisturbed = all(f.live_for(1) for p in callee.phones for f in p.flows)
        self.caller_watch = Watch([flow])
        self.method = plan["method"]
        world.calls[self.call_id] = self

    def note(self, text):
        self.events.append((time.monotonic(), "call: " + text))

    def excuse(self, why):
        self.excused = self.excused or why
        self.note("not owed any more: " + why)

    def stalled(self):
        return 3 * (self.world.stalls - self.stalls)

    def budget(self):
        """Until it must have rung."""
        flows = max((len(p.flows) for p in self.watches), default=1)
        return SILENT_S[self.method] * (flows - 1) + SLACK_S + self.stalled()

    # --- the caller ---

    def make_request(self):
        self.cseq += 1
        uri = "sip:%s@example.com" % self.callee.name
        headers = [("Contact", "<%s>" % self.flow.contact())] if self.method == "INVITE" else []
        headers += self.flow.authorization(407, self.method, uri)
        return self.flow.request(self.method, uri, uri, tag=self.from_tag, call_id=self.call_id, cseq=self.cseq,
                                 headers=headers, body=b"v=0\r\n" if self.method == "INVITE" else b"hello")

    async def run(self):
        self.note("%s: %s to %s over %s, plan %s" % (self.caller, self.method, self.callee.name, self.flow, self.plan))
        for p, w in self.watches.items():
            self.note("live at %s: %s" % (p, sorted(map(repr, w.flows)) or "none"))
        try:
            for _ in range(3):
                answer = await self.attempt()
                if answer is None or answer.status != 407:
                    break
                self.flow.challenged(answer)
            self.final, self.decided_at = answer, time.monotonic()
            self.note("final: %s" % (answer.start if answer else None))
            self.world.judge(self)
            if answer and answer.status < 300 and self.method == "INVITE":
                self.learn(answer)
            await self.afterwards()
        finally:
            self.end()

    async def attempt(self):
        """One request to its final response; ACKs it. None: the caller's flow was lost, or its patience."""
        tx = ClientTx(self.caller, self.flow, self.make_request())
        cancelled = provisional = False
        until = self.placed + PATIENCE_S
        cancel_at = self.placed + (self.plan["cancel"] or PATIENCE_S)
        while self.caller_watch and time.monotonic() < until:
            m = await tx.next(0.25 if not provisional or cancelled else max(0.01, min(0.25, cancel_at - time.monotonic())))
            if m is None:
                if provisional and not cancelled and time.monotonic() >= cancel_at:
                    cancelled = True
                    self.note("the caller cancels")
                    self.send_same_branch(tx, "CANCEL")
            elif m.status < 200:
                provisional = True
                if m.status > 100:
                    self.note("caller hears %d" % m.status)
            else:
                if m.status >= 300 and self.method == "INVITE":
                    self.send_same_branch(tx, "ACK", m.get("to"))
                tx.end()
                return m
        tx.end()
        if self.method == "INVITE" and provisional and tx.link.is_open:
            self.send_same_branch(tx, "CANCEL")
        return None

    def send_same_branch(self, tx, method, to=None):
        r = tx.request
        m = Message("%s %s SIP/2.0" % (method, r.ruri),
                    [("Via", r.get("via")), ("Max-Forwards", "70"), ("From", r.get("from")), ("To", to or r.get("to")),
                     ("Call-ID", r.call_id), ("CSeq", "%d %s" % (r.cseq, method))])
        if method == "CANCEL":
            ClientTx(self.caller, self.flow, m)
            self.world.loop.call_later(LIFE_S, self.caller.client_txs.pop, (r.branch, "CANCEL"), None)
        else:
            tx.link.send(m.bytes())

    def learn(self, answer):
        self.to_tag = answer.tag("to")
        self.remote, self.routes = uri_of(answer.get("contact")), list(reversed(answer.values("record-route")))
        self.acknowledge(answer)

    def acknowledge(self, answer):
        routes = list(reversed(answer.values("record-route")))
        flow = self.way(self.caller, self.flow)
        if not flow:
            return
        ack = flow.request("ACK", uri_of(answer.get("contact")), "sip:%s@example.com" % self.callee.name, tag=self.from_tag,
                           to_tag=answer.tag("to"), call_id=self.call_id, cseq=answer.cseq, route=routes)
        flow.link.send(ack.bytes())

    # --- what the world heard ---

    def rang(self, leg):
        if self.rang_at is None:
            self.rang_at = time.monotonic()
        if not self.decided_at or time.monotonic() < self.decided_at + 1:
            return
        self.world.count["late rings"] += 1
        flow = leg and leg.tx and leg.tx.flow
        if self.final is not None and flow and flow.live_since is not None and flow.live_since < self.placed:
            self.fail("%s rings, and the call was over long ago" % leg.phone, [leg.phone])

    # --- in the dialog ---

    @staticmethod
    def way(phone, flow):
        """The flow that the dialog was made over, or a live one: to the same node if there is one, else to another. An edge that
        was restarted knows a UDP phone again after its next REGISTER: until then it cannot tell that it is a sibling."""
        if flow.live_for(0):
            return flow
        others = [f for f in phone.live_flows(SHORTLY_S) if f.node_generation == f.node.generation]
        return next((f for f in others if f.node is flow.node), others[0] if others else None)

    async def hang_up(self, side):
        leg = next((x for x in self.legs if self.final is not None and x.tag == self.final.tag("to")), None)
        if not leg or not leg.acked:
            return
        me, other = (self.caller, leg.phone) if side == "caller" else (leg.phone, self.caller)
        made_over = self.flow if side == "caller" else leg.flow
        flow = self.way(me, made_over)
        count = self.world.count
        if not flow:
            count["byes void"] += 1
            return
        mine, theirs = Watch([flow]), Watch(other.live_flows(SHORTLY_S))
        # Whose flow to the home is gone, and who speaks over an edge, is led past the home: nobody is left who could find another
        # way when the edge on the other side is gone as well.
        far = leg.flow if side == "caller" else self.flow
        left_home, far_up = made_over.node is self.world.home is not flow.node, far.node.up
        self.note("%s hangs up over %s; live at %s: %s" % (me, flow, other, sorted(map(repr, theirs.flows))))
        limit = SILENT_S["BYE"] * len(other.flows) + SLACK_S
        count["byes"] += 1
        cseq = self.cseq + 1 if side == "caller" else 1
        for attempt in range(3):
            m = await ClientTx(me, flow, self.bye(side, leg, flow, cseq + attempt)).final(limit + self.stalled())
            self.note("BYE: %s" % (m.start if m else None))
            if m is None or m.status != 500 or not m.get("retry-after"):
                break
            count["byes told to come again"] += 1
            await asyncio.sleep(min(5, int(m.get("retry-after").split()[0])))
        if not mine:
            count["byes void"] += 1
        elif not theirs:
            count["byes not owed"] += 1
        elif left_home and not (far_up and far.node.up):
            count["hung up past the home while the other edge was gone"] += 1
        else:
            count["byes owed"] += 1
            if m is not None and m.status == 200 and self.bye_arrived:
                count["byes delivered"] += 1
            else:
                self.fail("of the %s: %s" % (side, m.start if m else "no answer"), [leg.phone, self.caller], "BYE")
        mine.end()
        theirs.end()

    def bye(self, side, leg, flow, cseq):
        if side == "caller":
            return flow.request("BYE", self.remote, "sip:%s@example.com" % self.callee.name, tag=self.from_tag, to_tag=self.to_tag,
                                call_id=self.call_id, cseq=cseq, route=self.routes)
        inv = leg.invite
        return flow.request("BYE", uri_of(inv.get("contact")), self.caller.aor, tag=leg.tag, to_tag=self.from_tag,
                            call_id=self.call_id, cseq=cseq, route=inv.values("record-route"))

    # --- the judgement ---

    async def afterwards(self):
        """Does the ACK arrive, does everybody else stop ringing, and does the dialog end?"""
        if self.method != "INVITE" or self.final is None:
            return
        ringing = [(x, Watch([x.tx.flow])) for x in self.legs if x.state in ("new", "ringing") and x.tx and x.tx.flow.live_for(0)]
        answered = [x for x in self.legs if self.final.status < 300 and x.tag == self.final.tag("to")]
        heard = Watch([x.flow for x in answered if x.flow.live_for(0)])
        until = time.monotonic() + ACKED_S + self.stalled()
        while any(not x.acked for x in answered) and time.monotonic() < until:
            await asyncio.sleep(0.1)
        for x in answered:
            # Nothing answers an ACK: over a flow that fell silent it is lost, over one that ended it must find another.
            if not x.acked and self.caller_watch and self.watches.get(x.phone) and not self.excused and (heard or not x.tx):
                self.fail("the ACK did not arrive", [x.phone, self.caller])
        heard.end()
        if ringing:
            self.world.loop.create_task(self.stop_ringing(ringing))
        if answered and answered[0].acked:
            if self.plan["hangup"] == "caller":
                await asyncio.sleep(self.plan["hold"])
                await self.hang_up("caller")
            else:
                await asyncio.sleep(self.plan["hold"] + 1)

    async def stop_ringing(self, ringing):
        await asyncio.sleep(STOPPED_S + self.stalled())
        for leg, watch in ringing:
            if watch and leg.state == "ringing" and not self.excused:
                self.fail("%s was left ringing" % leg.phone, [leg.phone])
            watch.end()

    def fail(self, text, phones, kind=None):
        story = list(self.events)
        for p in set(phones):
            story += [e for e in p.events if e[0] > self.placed - 30]
        self.world.fail(kind or self.method, "%s: %s" % (self.call_id, text), sorted(story))

    def end(self):
        self.caller_watch.end()
        for w in self.watches.values():
            w.end()
        self.world.loop.call_later(LIFE_S + 8, self.world.calls.pop, self.call_id, None)
