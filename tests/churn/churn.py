#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Phones appear, move, die and call while edges are killed and hang. Every call to a phone with a live flow must be delivered,
memory must be flat in the second half, and no sanitizer may speak. SLUICE_BIN names the program.

usage: churn.py [--seconds N] [--seed S] [--rate CALLS-A-SECOND] [--users N] [--log LEVEL] [--keep] [--verbose]"""
import argparse
import asyncio
import collections
import logging
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]

import packets  # noqa: E402
from calls import SHORTLY_S, Call, Leg  # noqa: E402
from nodes import make_site  # noqa: E402
from report import judge_memory, print_summary  # noqa: E402
from sip import uri_of  # noqa: E402
from transactions import ClientTx  # noqa: E402
from trouble import Trouble  # noqa: E402

STORIES = 40                    # failures that are told in full
STALL_S = 0.2                   # this late is the machine's fault, not the server's


class User:
    def __init__(self, name):
        self.name, self.password, self.phones = name, "secret-of-" + name, []


class World:
    def __init__(self, options, can_cut):
        self.can_cut, self.options, self.random, self.loop = can_cut, options, random.Random(options.seed), asyncio.get_running_loop()
        self.count, self.failures, self.calls, self.stalls = collections.Counter(), collections.Counter(), {}, 0.0
        self.ring_ms, self.ring_clean_ms, self.message_ms = [], [], []
        self.started, self.stories, self.tasks, self.stopping = time.monotonic(), 0, set(), False
        self.users = [User("user%02d" % i) for i in range(options.users)]
        self.folder = tempfile.mkdtemp(prefix="churn-")
        self.home, self.edges = make_site(self, self.folder, [u.name for u in self.users],
                                          {u.name: u.password for u in self.users}, options.log)
        self.nodes = [self.home] + self.edges

    # --- telling ---

    def note(self, text):
        if self.options.verbose:
            print("%8.2f %s" % (time.monotonic() - self.started, text), flush=True)

    def fail(self, kind, text, story):
        self.failures[kind] += 1
        print("%8.2f FAILURE (%s) %s" % (time.monotonic() - self.started, kind, text), flush=True)
        self.stories += 1
        if self.stories <= STORIES:
            for e in story:
                print("         | %s" % (e if isinstance(e, str) else "%8.2f %s" % (e[0] - self.started, e[1])), flush=True)

    def spawn(self, coroutine):
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.ended)

    def ended(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.loop.call_exception_handler({"message": "task failed", "exception": task.exception(), "task": task})

    def exception(self, _, context):
        e = context.get("exception")
        if isinstance(e, (ConnectionError, TimeoutError)):
            return
        import traceback
        self.fail("harness", context["message"], traceback.format_exception(e) if e else [repr(context)])

    # --- what phones report ---

    def on_new_request(self, phone, tx):
        call = self.calls.get(tx.request.call_id)
        if not call:
            tx.answer(404)
            return
        if tx.request.method == "MESSAGE":
            call.presented += 1
            call.rang(None)
            call.note("%s reads it over %s" % (phone, tx.flow))
            tx.answer(200)
            return
        leg = phone.legs.get(call.call_id)
        if not leg:
            call.legs.append(Leg(phone, call, tx))
        elif leg.tx is None:
            self.count["presented anew after a lost connection"] += 1
            call.note("%s gets it anew over %s" % (phone, tx.flow))
            leg.rebind(tx)
        else:
            call.fail("%s rang twice" % phone, [phone])
        if len(phone.legs) > 40:
            phone.legs = {k: v for k, v in phone.legs.items() if v.at > time.monotonic() - 60}

    def on_merged(self, phone, other):
        """A phone that is asked twice looks whether the way that the first came is still there."""
        call = self.calls.get(other.request.call_id)
        if call:
            call.note("%s: 482" % phone)
        if other.link.proto == "UDP":
            other.link.ping()

    def on_ack(self, phone, m):
        leg = phone.legs.get(m.call_id)
        if leg and leg.tag == m.tag("to"):
            leg.acknowledged()

    def on_request_in_dialog(self, phone, tx):
        m = tx.request
        call, leg = self.calls.get(m.call_id), phone.legs.get(m.call_id)
        known = call and (m.tag("to") == (leg.tag if leg and leg.phone is phone else None) or
                          (phone is call.caller and m.tag("to") == call.from_tag))
        if known and m.method == "BYE":
            call.bye_arrived = True
            if leg:
                leg.over.set()
        if call:
            call.note("%s gets %s over %s: %s" % (phone, m.method, tx.flow, "200" if known else "481"))
        tx.answer(200 if known else 481)

    def second_success(self, phone, m):
        """A 2xx again, or of another phone that picked up as well: ACK, and no call with two."""
        call = self.calls.get(m.call_id)
        if not call or phone is not call.caller:
            return
        call.acknowledge(m)
        if call.final is not None and call.final.status < 300 and m.tag("to") == call.final.tag("to"):
            return
        flow = call.way(phone, call.flow)
        if flow and m.tag("to") not in call.acks:
            call.acks[m.tag("to")] = True
            self.count["2xx to a void call" if not call.caller_watch else "2xx too many"] += 1
            ClientTx(phone, flow, flow.request("BYE", uri_of(m.get("contact")), "sip:%s@example.com" % call.callee.name,
                     tag=call.from_tag, to_tag=m.tag("to"), call_id=call.call_id, cseq=call.cseq + 1,
                     route=list(reversed(m.values("record-route")))))

    # --- the judgement ---

    def judge(self, call):
        kind = "calls" if call.method == "INVITE" else "messages"
        count, now = self.count, time.monotonic()
        if not call.caller_watch:
            count[kind + " void"] += 1
            if not self.stopping:
                self.repeat(call)
            return
        owed = [p for p, w in call.watches.items() if w]
        if not owed or call.excused:
            count[kind + " not owed"] += 1
            return
        count[kind + " owed"] += 1
        problem = self.problem(call, now)
        if problem:
            call.fail(problem, list(call.watches) + [call.caller])
            return
        count[kind + " delivered"] += 1
        if call.rang_at:
            took = (call.rang_at - call.placed) * 1000
            (self.message_ms if call.method == "MESSAGE" else self.ring_clean_ms if call.undisturbed else self.ring_ms).append(took)

    def problem(self, call, now):
        """What is wrong with a call that was owed; None: nothing."""
        plan, status = call.plan, call.final.status if call.final else None
        limit = call.budget()
        if plan["cancel"] and status == 487:
            late = call.rang_at is None and plan["cancel"] > limit
            return "cancelled after %.1f s, and it had not rung" % plan["cancel"] if late else None
        if call.rang_at is None:
            return "never arrived; the caller heard %s after %.1f s" % (status, now - call.placed)
        if call.rang_at - call.placed > limit:
            return "arrived after %.1f s, promised %.1f s" % (call.rang_at - call.placed, limit)
        if status is None:
            return "no final answer"
        if status // 100 != plan["answer"] // 100 or status in (408, 430, 480, 482, 481):
            return "arrived, but the caller heard %d, not %d" % (status, plan["answer"])
        return None

    def repeat(self, call):
        flows = [f for f in call.caller.live_flows(SHORTLY_S) if f is not call.flow]
        if flows and call.repeats < 3 and call.callee.phones:
            self.count["repeated by the caller"] += 1
            self.start_call(call.caller, self.random.choice(flows), call.callee, call.plan, call.repeats + 1)

    # --- making it happen ---

    def start_call(self, caller, flow, callee, plan, repeats=0):
        self.count["calls" if plan["method"] == "INVITE" else "messages"] += 1
        self.spawn(Call(self, caller, flow, callee, plan, repeats).run())

    def make_plan(self):
        r = self.random
        if r.random() < 0.25:
            return {"method": "MESSAGE", "answer": 200, "cancel": None}
        return {"method": "INVITE", "think": r.choice([0, 0, r.uniform(0, 0.2)]), "ring": r.choice([0.05, r.uniform(0.1, 2)]),
                "answer": r.choice([200] * 9 + [486]), "cancel": r.uniform(0.02, 3) if r.random() < 0.12 else None,
                "hold": r.uniform(0.1, 4), "hangup": r.choice(["caller", "callee"])}

    async def caller(self):
        r = self.random
        while True:
            await asyncio.sleep(r.expovariate(self.options.rate))
            phones = [p for u in self.users for p in u.phones if p.live_flows(SHORTLY_S)]
            users = [u for u in self.users if u.phones]
            if len(phones) < 2 or len(users) < 2:
                continue
            phone = r.choice(phones)
            callee = r.choice([u for u in users if u is not phone.user])
            self.start_call(phone, r.choice(phone.live_flows(SHORTLY_S)), callee, self.make_plan())

    async def watch(self):
        """Processes, memory, and how late this program itself is."""
        next_sample = 0
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            late = time.monotonic() - before - 0.1
            if late > STALL_S:
                self.stalls += late
                self.count["stalls"] += 1
            for n in self.nodes:
                if n.died():
                    self.fail("exit", "%s: exit status %d without our doing" % (n.name, n.process.returncode), [n.read_log()[-4000:]])
                    n.set_up(False)
                    n.wanted = False
                    await n.launch()
            now = time.monotonic() - self.started
            if now >= next_sample:
                next_sample = now + 5
                for n in self.nodes:
                    await n.sample(now)
                await self.look_at_bindings()

    async def look_at_bindings(self):
        """Whoever has a live flow is registered with it, whatever happened to others."""
        flows = [f for u in self.users for p in u.phones for f in p.live_flows(1)]
        rows = await self.home.ask("bindings")
        if rows is None:
            self.count["no answer on the control socket"] += 1
            return
        have = {(r.get("instance"), r.get("reg_id")) for r in rows} | {r.get("contact") for r in rows}
        self.count["flows looked for"] += len(flows)
        for f in flows:
            if f.live_for(1) and ((f.phone.instance, f.reg_id) if f.reg_id else f.contact()) not in have:
                self.fail("binding", "%s %s is live and has no binding" % (f.phone, f), list(f.phone.events))

    async def run(self):
        self.loop.set_exception_handler(self.exception)
        print("seed %d, %d s, in %s" % (self.options.seed, self.options.seconds, self.folder), flush=True)
        await self.home.launch()
        for e in self.edges:                    # one cluster, one key
            shutil.copy(os.path.join(self.home.state, "flow-keys"), e.state)
            await e.launch()
        watch = self.loop.create_task(self.watch())
        self.started = time.monotonic()
        trouble = Trouble(self)
        for u in self.users:
            trouble.new_phone(u)
            await asyncio.sleep(0.03)
        makers = [self.loop.create_task(c) for c in (self.caller(), trouble.of_phones(), trouble.of_edges())]
        await self.until_over(makers)
        await self.close(makers[2], watch)
        return self.verdict()

    async def until_over(self, makers):
        end, next_word = self.started + self.options.seconds, 60
        while time.monotonic() < end:
            await asyncio.sleep(0.5)
            for t in makers:
                if t.done():
                    t.result()
            if time.monotonic() - self.started > next_word:
                next_word += 60
                c = self.count
                print("%8.0f calls %d owed %d delivered %d, messages %d owed %d delivered %d, failures %d; home %s" % (
                    time.monotonic() - self.started, c["calls"], c["calls owed"], c["calls delivered"], c["messages"],
                    c["messages owed"], c["messages delivered"], sum(self.failures.values()),
                    ", ".join("%s %s" % kv for kv in self.home.samples[-1].items() if kv[0] != "t")), flush=True)
        for t in makers[:2]:
            t.cancel()

    async def close(self, edge_trouble, watch):
        """No new trouble for phones: let every call end, then everything."""
        self.stopping = True
        end = time.monotonic() + 45
        while self.tasks and time.monotonic() < end:
            await asyncio.sleep(0.2)
        edge_trouble.cancel()
        watch.cancel()
        for u in self.users:
            for p in list(u.phones):
                p.die("fin")
        for n in self.nodes:
            if n.wanted:
                n.process.send_signal(signal.SIGCONT)   # it may hang just now
                await n.end(False)
            elif n.process.poll() is None:              # it was starting or stopping
                n.process.kill()
            for report in n.sanitizer_reports():
                self.fail("sanitizer", n.name, [report])

    def verdict(self):
        judge_memory(self)
        print_summary(self)
        bad = sum(self.failures.values())
        if self.options.keep or bad:
            print("logs: " + self.folder)
        else:
            shutil.rmtree(self.folder)
        return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--rate", type=float, default=30.0, help="calls and messages a second [30]")
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--log", default="warn", help="log level of the servers [warn]")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and state")
    parser.add_argument("--verbose", action="store_true", help="say what happens to the servers")
    options = parser.parse_args()

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)      # a crash leaves its core
    why_not = packets.prepare()
    if why_not:
        print("no dropped packets in this run: " + why_not)

    async def run():
        return await World(options, not why_not).run()
    sys.exit(asyncio.run(run()))


if __name__ == "__main__":
    main()
