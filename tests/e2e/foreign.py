# SPDX-License-Identifier: Apache-2.0
"""Somebody else's server, put to the black-box tests by --target. What it must be configured for (tests/conformance/kamailio does it):

the domain example.com, with the users of server.PASSWORDS, Zoe and u000 to u999, whose passwords are "secret-" and the name; bindings of 20
minutes, at least one and at most an hour. It is asked through up to three doors, ports of one server with TLS on the port after each:

--target       everybody is a stranger, or a user with a password;
--target-core  127.0.0.1 is a neighbour who needs no password, may relay, be believed about identities and bring a Path;
--target-open  as --target-core, anybody may register any name of the domain without a password, and example.org, company.com and
               registrar.example.com are names of the domain too.

Its timers are those of RFC 3261 (T1 500 ms, T2 4 s)."""
import itertools

import pytest

from sip import UdpPeer, digest, token, uri_of

OWN = "needs a configuration of its own"
CLEANED = ("alice", "bob", "carol")
# What the doors are configured for, as the tests say it to a server of their own.
REGISTRAR = {"expires": {"default": "20m", "min": "60s", "max": "1h"}}
OPEN = {"name": "example.com", "registration": "open"}
RIGHTS = {"inbound", "relay", "identity", "path"}
SCALED = {"t1", "t2", "t4", "d", "trying"}


def door_for(config=None, start=True, workers=1, host="127.0.0.1", domain="example.com", users=(), passwords=None):
    """Which door stands for a server with this configuration; None when only a server of its own will do."""
    config = dict(config or {})
    if not start or host != "127.0.0.1" or domain != "example.com" or set(config.pop("timers", {})) - SCALED:
        return None
    config.pop("dns", None)                                 # only how long a name may be looked for
    home, *others = config.pop("domains", None) or [{"name": domain}]
    if others or config.pop("registrar", REGISTRAR) != REGISTRAR:
        return None
    peers = config.pop("peers", [])
    trusted = [p for p in peers if p.get("from") == "127.0.0.1" and set(p["rights"]) <= RIGHTS]
    if config or trusted != peers or len(peers) > 1:
        return None
    aliases = set(home.get("aliases", ())) - {"example.org", "company.com", "registrar.example.com"}
    home = {k: v for k, v in home.items() if k != "aliases"}
    if aliases or home not in ({"name": domain}, OPEN):
        return None
    return "open" if home == OPEN else "core" if peers else "closed"


class Foreign:
    """One door of the server, with the face of server.Sluice as far as a stranger can see it."""
    t1, t2 = 0.5, 4.0

    def __init__(self, doors, door, numbers):
        self.doors, self.door = doors, door
        self.host, self.port = doors[door]
        self.domain = "example.com"
        self.numbers = numbers
        self.names = ("u%03d" % i for i in numbers)

    def __getattr__(self, name):
        """Whatever else a test asks its server for, this one has not: its command line, its log, its process."""
        pytest.skip(OWN)

    def address(self, kind):
        return self.host, self.port + (kind == "tls")

    @property
    def passwords(self):
        from server import PASSWORDS
        return dict({"u%03d" % i: "secret-u%03d" % i for i in range(1000)}, Zoe="secret-Zoe", **PASSWORDS)

    def ask(self, user, *rows):
        """The answer to one REGISTER with a password; None when none comes."""
        peer, call_id = UdpPeer(self.doors["closed"]), token("ask-")
        aor, ruri, answer, rows = "sip:%s@%s" % (user, self.domain), "sip:" + self.domain, None, list(rows)
        for cseq in (1, 2):
            peer.send(peer.request("REGISTER", ruri, aor, aor, call_id=call_id, cseq=cseq, headers=rows))
            answer = peer.receive(2, lambda m: m.is_response and m.cseq == cseq)
            if answer is None or answer.status != 401:
                break
            rows.append(("Authorization", digest(answer.get("www-authenticate"), "REGISTER", ruri, user, self.passwords[user])))
        peer.close()
        return answer

    def clean(self):
        """The users whom every test uses have no bindings left from the one before."""
        for user in CLEANED:
            self.ask(user, ("Contact", "*"), ("Expires", "0"))

    def bindings(self, aor):
        """What `sluice bindings` would tell, as far as a registrar tells it to its user."""
        answer = self.ask(aor.split(":")[1].split("@")[0])
        assert answer is not None and answer.status == 200, "no list of bindings"
        return [{"contact": uri_of(c), "state": "live"} for c in answer.values("contact")]


class Target:
    """The doors of the command line."""

    def __init__(self, closed, core=None, open=None):
        self.doors = {k: self.parse(v) for k, v in (("closed", closed), ("core", core), ("open", open)) if v}
        self.numbers = itertools.count()

    @staticmethod
    def parse(text):
        host, _, port = text.rpartition(":")
        return host, int(port)

    def stand_for(self, **kw):
        """The server as this test wants it, or the test is skipped."""
        door = door_for(**kw)
        if door is None:
            pytest.skip(OWN)
        if door not in self.doors:
            pytest.skip("needs --target-" + door)
        foreign = Foreign(self.doors, door, self.numbers)
        foreign.clean()
        return foreign
