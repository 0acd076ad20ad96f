# SPDX-License-Identifier: Apache-2.0
"""A DNS server of the test's own: A, SRV and NAPTR records from a dictionary, over UDP on loopback."""
import socket
import struct
import threading

A, SRV, NAPTR = 1, 33, 35
NO_ERROR, NO_SUCH_NAME = 0, 3


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def wire_text(text):
    return bytes([len(text)]) + text.encode()


class NameServer:
    """zone[(name, type)] = list of data: A "127.0.0.1"; SRV (priority, weight, port, target); NAPTR (order, preference, flags,
    service, replacement). May be changed while it runs."""

    def __init__(self, ttl=60):
        self.zone, self.ttl, self.asked = {}, ttl, []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return "%s:%d" % self.sock.getsockname()

    def add(self, name, kind, *data):
        self.zone.setdefault((name, kind), []).extend(data)

    def close(self):
        where = self.sock.getsockname()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", where)
        self.thread.join(5)
        self.sock.close()

    def run(self):
        while True:
            question, client = self.sock.recvfrom(4096)
            if not question:
                return
            self.sock.sendto(self.answer(question), client)

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind, = struct.unpack("!H", question[at + 1:at + 3])
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        records = self.zone.get((name, kind), [])
        known = any(n == name or n.endswith("." + name) for n, _ in self.zone)
        head = question[:2] + struct.pack("!HHHHH", 0x8400 | (NO_ERROR if known else NO_SUCH_NAME), 1, len(records), 0, 0)
        return head + question[12:at + 5] + b"".join(self.record(name, kind, r) for r in records)

    def record(self, name, kind, data):
        if kind == SRV:
            rdata = struct.pack("!HHH", *data[:3]) + wire_name(data[3])
        elif kind == NAPTR:
            order, preference, flags, service, replacement = data
            rdata = struct.pack("!HH", order, preference) + wire_text(flags) + wire_text(service) + wire_text("") + wire_name(replacement)
        else:
            rdata = socket.inet_aton(data)
        return wire_name(name) + struct.pack("!HHIH", kind, 1, self.ttl, len(rdata)) + rdata
