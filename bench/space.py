# SPDX-License-Identifier: Apache-2.0
"""Network namespaces of a run's own: links are cut and packets filtered in them, never in the machine's own network."""
import contextlib
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNET = 0x40000000


def lacks():
    """What is missing here to make one, or None."""
    if os.geteuid():
        return "it needs root, for a network namespace"
    missing = [t for t in ("nft", "unshare", "nsenter", "ip") if not shutil.which(t, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")]
    return "it needs %s (bench/setup)" % ", ".join(missing) if missing else None


def _enter(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(fd)


class Space:
    """One namespace, loopback up. It lives as long as its holder, and the holder no longer than this process."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "ip link set lo up && echo up && exec cat"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "up\n":
            raise RuntimeError("no network namespace")
        self.pid = self.holder.pid
        self.path = "/proc/%d/ns/net" % self.pid
        self.enter = ["nsenter", "--net=" + self.path]      # put before a command, it runs inside

    def run(self, *command, **kw):
        return subprocess.run(self.enter + list(command), check=True, **kw)

    @contextlib.contextmanager
    def inside(self):
        """Sockets made meanwhile belong to this namespace."""
        home = "/proc/self/task/%d/ns/net" % os.getpid()
        fd = os.open(home, os.O_RDONLY)
        try:
            _enter(self.path)
            yield
        finally:
            _enter("/proc/self/fd/%d" % fd)
            os.close(fd)

    def close(self):
        self.holder.communicate()
