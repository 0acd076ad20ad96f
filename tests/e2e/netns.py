# SPDX-License-Identifier: Apache-2.0
"""Hosts of the test's own: network namespaces joined by veth pairs and a router that can drop what it should forward.

A namespace here has no name, only a descriptor: it is gone with the process, whatever becomes of the test. It belongs to the thread that
enters it; sockets and processes made inside stay inside."""
import ctypes
import os
import shutil
import subprocess
import threading

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def why_not():
    """What is missing to use this; None: nothing."""
    for tool in ("ip", "nft"):
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return tool + " is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        Host("probe").close()
    except OSError as e:
        return "no network namespace can be made: %s" % e
    return None


class Host:
    """One namespace. `with host:` makes everything that this thread opens or starts belong to it."""

    def __init__(self, name):
        self.name, self.fd, self.before = name, None, threading.local()
        made = threading.Thread(target=self._make)
        made.start()
        made.join()
        if self.fd is None:
            raise OSError(self.error, os.strerror(self.error))

    def _make(self):
        if libc.unshare(CLONE_NEWNET):
            self.error = ctypes.get_errno()
        else:
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def __enter__(self):
        stack = self.before.__dict__.setdefault("stack", [])
        stack.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        check(libc.setns(self.fd, CLONE_NEWNET))
        return self

    def __exit__(self, *_):
        fd = self.before.stack.pop()
        check(libc.setns(fd, CLONE_NEWNET))
        os.close(fd)

    def run(self, *command, stdin=None):
        with self:
            p = subprocess.run(command, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20,
                               env=dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"))
        assert p.returncode == 0, "%s: %s: %s" % (self.name, " ".join(command), p.stdout)
        return p.stdout

    def ip(self, text):
        self.run("ip", *text.split())

    def nft(self, text):
        self.run("nft", "-f", "-", stdin=text + "\n")

    def set(self, name, value):
        """A sysctl under net/."""
        with self, open("/proc/sys/net/" + name, "w") as f:
            f.write(str(value))

    def close(self):
        os.close(self.fd)


class Lan:
    """A router and hosts around it; host k has 10.77.k.2. What the router drops is dropped without a word."""

    def __init__(self, *names):
        self.hosts, self.links, self.addresses = {}, 0, {}
        self.lock, self.drops = threading.Lock(), 0
        self.router = self._host("router")
        self.router.set("ipv4/ip_forward", 1)
        self.router.nft("table inet fw {\nchain forward {\ntype filter hook forward priority 0;\n}\n}")
        for name in names:
            self.join(name)

    def _host(self, name):
        self.hosts[name] = Host(name)
        self.hosts[name].ip("link set lo up")
        return self.hosts[name]

    def join(self, name, gateway=None):
        """A new host behind this gateway (the router)."""
        gateway, host = gateway or self.router, self._host(name)
        self.links += 1
        near, far = "10.77.%d.1" % self.links, "10.77.%d.2" % self.links
        gateway.ip("link add veth%d type veth peer name eth0 netns /proc/%d/fd/%d" % (self.links, os.getpid(), host.fd))
        gateway.ip("addr add %s/24 dev veth%d" % (near, self.links))
        gateway.ip("link set veth%d up" % self.links)
        host.ip("addr add %s/24 dev eth0" % far)
        host.ip("link set eth0 up")
        host.ip("route add default via " + near)
        self.addresses[name] = far
        return host

    def __getitem__(self, name):
        return self.hosts[name]

    def drop(self, *matches):
        """Drop what matches: "ip saddr 10.77.1.2 udp sport 5060", ... What to give to heal()."""
        with self.lock:
            self.drops += 1
            name = "drop %d;" % self.drops
        self.router.nft("".join('add rule inet fw forward %s drop comment "%s"\n' % (m, name) for m in matches))
        return name

    def drop_flow(self, peer):
        """All packets of this connection or UDP socket, in both directions."""
        kind, (host, port) = "udp" if peer.proto == "UDP" else "tcp", peer.local
        return self.drop("ip saddr %s %s sport %d" % (host, kind, port), "ip daddr %s %s dport %d" % (host, kind, port))

    def cut(self, one, two):
        """All packets between two hosts."""
        a, b = self.addresses[one], self.addresses[two]
        return self.drop("ip saddr %s ip daddr %s" % (a, b), "ip saddr %s ip daddr %s" % (b, a))

    def heal(self, name):
        """Let through again what this drop dropped."""
        rules = self.router.run("nft", "-a", "list", "chain", "inet", "fw", "forward").splitlines()
        self.router.nft("".join("delete rule inet fw forward handle %s\n" % r.split()[-1] for r in rules if '"%s"' % name in r))

    def close(self):
        for host in self.hosts.values():
            host.close()
