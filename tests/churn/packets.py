# SPDX-License-Identifier: Apache-2.0
"""Packets that vanish: the whole run moves into a network namespace of its own, and nftables drops what belongs to a dead path."""
import asyncio
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNET = 0x40000000
RULES = """table ip churn {
	set dead { type ipv4_addr . inet_proto . inet_service; }
	set links { type inet_service; }
	chain in {
		type filter hook input priority 0;
		ip saddr . ip protocol . th sport @dead drop
		ip daddr . ip protocol . th dport @dead drop
		ip saddr 127.0.0.1 ip daddr 127.0.0.1 tcp sport @links drop
		ip saddr 127.0.0.1 ip daddr 127.0.0.1 tcp dport @links drop
	}
}"""


def tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def prepare():
    """None, or why packets cannot be dropped here (then the run stays where it is)."""
    if not (tool("nft") and tool("ip")):
        return "nft and ip are needed"
    if os.geteuid():
        return "root is needed"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        return "no network namespace: " + os.strerror(ctypes.get_errno())
    subprocess.run([tool("ip"), "link", "set", "lo", "up"], check=True)
    p = subprocess.run([tool("nft"), "-f", "-"], input=RULES, text=True, stderr=subprocess.PIPE)
    return "nft: " + p.stderr if p.returncode else None


async def change(verb, to, element):
    """verb: add, or delete."""
    p = await asyncio.create_subprocess_exec(tool("nft"), verb, "element", "ip", "churn", to, "{ %s }" % element)
    if await p.wait():
        raise RuntimeError("nft %s element %s %s failed" % (verb, to, element))


async def change_path(verb, link):
    """A phone's connection."""
    await change(verb, "dead", "%s . %s . %d" % (link.local[0], "udp" if link.proto == "UDP" else "tcp", link.local[1]))


async def change_links(verb, ports):
    """Connections between servers, by a port of theirs."""
    await change(verb, "links", ", ".join(map(str, sorted(ports))))
