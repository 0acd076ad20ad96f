# SPDX-License-Identifier: Apache-2.0
"""What happens to phones and edges: they appear, move, break, fall silent, lose their packets, leave and die."""
import asyncio

import packets
from agent import Phone


class Trouble:
    def __init__(self, world):
        self.world, self.random, self.count = world, world.random, world.count

    def new_phone(self, user):
        """1 to 3 flows: to the edges and to the home, over any transport."""
        r = self.random
        if r.random() < 0.12:
            Phone(self.world, user, [(self.world.home, r.choice(["udp", "tcp", "tls"]))], outbound=False).note("appears, without outbound")
            self.count["phones"] += 1
            return
        nodes = r.sample(self.world.nodes, r.choice([1, 2, 2, 2, 3]))
        Phone(self.world, user, [(n, r.choice(["udp", "tcp", "tls"])) for n in nodes]).note("appears")
        self.count["phones"] += 1

    async def come_back(self, user, seconds):
        await asyncio.sleep(seconds)
        if not self.world.stopping and not user.phones:       # as many phones at the end as at the beginning
            self.new_phone(user)

    async def of_phones(self):
        """One thing after the other happens to some phone."""
        r = self.random
        deeds = {self.break_flow: 30, self.move_flow: 18, self.hang_flow: 16, self.cut_flow: 16, self.hang_phone: 8, self.leave: 8,
                 self.kill_phone: 8, self.second_phone: 3}
        while True:
            await asyncio.sleep(r.expovariate(len(self.world.users) / 26))
            phones = [p for u in self.world.users for p in u.phones]
            if phones:
                phone = r.choice(phones)
                r.choices(list(deeds), list(deeds.values()))[0](phone)

    def some_flow(self, phone):
        flows = [f for f in phone.flows if f.live_since is not None]
        return self.random.choice(flows) if flows else None

    def break_flow(self, phone):
        f = self.some_flow(phone)
        if f:
            how = self.random.choice(["rst", "fin"])
            self.count["flow broken: " + how] += 1
            phone.note("%s: breaks (%s)" % (f, how))
            self.lose(f, how)

    @staticmethod
    def lose(f, how):
        """UDP ends without a sign: nobody hears of it before something is sent there."""
        if f.kind == "udp":
            for leg in f.phone.legs.values():
                leg.lost_to_silence(f)
        f.drop(how)

    def move_flow(self, phone):
        f = self.some_flow(phone)
        if f:
            self.count["flow moved"] += 1
            phone.note("%s: moves" % f)
            f.skip_wait = True
            self.lose(f, "rst")

    def hang_flow(self, phone):
        f = self.some_flow(phone)
        if f and not phone.hung:
            self.count["flow silent"] += 1
            self.world.spawn(self.hang(f))

    async def hang(self, f):
        seconds = 0.3 * 80 ** self.random.random()
        f.phone.note("%s: silent for %.1f s" % (f, seconds))
        f.hung = True
        f.update()
        for leg in f.phone.legs.values():
            leg.lost_to_silence(f)
        link = f.link
        link.hang()
        await asyncio.sleep(seconds)
        f.phone.note("%s: heard again" % f)
        f.hung = False
        if not f.phone.hung:
            link.wake()
        f.update()
        f.event.set()

    def cut_flow(self, phone):
        f = self.some_flow(phone)
        if f and self.world.can_cut:
            self.count["flow cut"] += 1
            self.world.spawn(self.cut(f))

    async def cut(self, f):
        """No packet passes in either direction, and nobody is told. The phone notices by its pings, or not in time."""
        link, seconds = f.link, 0.3 * 60 ** self.random.random()
        f.phone.note("%s: packets vanish for %.1f s" % (f, seconds))
        f.cut = link
        f.update()
        for leg in f.phone.legs.values():
            leg.lost_to_silence(f)
        await packets.change_path("add", link)
        await asyncio.sleep(seconds)
        await packets.change_path("delete", link)
        f.healing = link
        while f.cut is link and link.is_open:
            link.ping()
            await asyncio.sleep(0.5)

    def hang_phone(self, phone):
        if not phone.hung:
            self.count["phone silent"] += 1
            self.world.spawn(self.hang_all(phone))

    async def hang_all(self, phone):
        phone.hang(True)
        for f in phone.flows:
            for leg in phone.legs.values():
                leg.lost_to_silence(f)
        await asyncio.sleep(0.3 * 60 ** self.random.random())
        phone.hang(False)

    def leave(self, phone):
        f = self.some_flow(phone)
        if f and not phone.hung:
            self.count["flow deregistered"] += 1
            self.world.spawn(self.deregister(f))

    async def deregister(self, f):
        f.phone.note("%s: deregisters" % f)
        f.away_s = self.random.uniform(0.5, 8)
        await f.deregister()
        self.lose(f, "fin")

    def kill_phone(self, phone):
        self.count["phone killed"] += 1
        phone.die(self.random.choice(["rst", "fin"]))
        self.world.spawn(self.come_back(phone.user, self.random.uniform(0.2, 6)))

    def second_phone(self, phone):
        if len(phone.user.phones) < 2:
            self.new_phone(phone.user)

    async def of_edges(self):
        """Never both edges at once."""
        r = self.random
        await asyncio.sleep(3)
        while True:
            edge, deed = r.choice(self.world.edges), r.choices(["killed", "stopped", "hung", "cut"], [4, 2, 3, 3 if self.world.can_cut else 0])[0]
            self.count["edge " + deed] += 1
            if deed == "hung":
                await edge.freeze(3)
            elif deed == "cut":
                await edge.cut(self.world.home, r.uniform(1, 4))
            else:
                await edge.end(deed == "killed")
                await asyncio.sleep(r.uniform(1, 5))
                await edge.launch()
            await asyncio.sleep(r.uniform(4, 16))
