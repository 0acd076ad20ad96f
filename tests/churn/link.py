# SPDX-License-Identifier: Apache-2.0
"""One connection of a phone (UDP: a socket), and what can happen to it: it breaks with a sign, or it just hangs."""
import asyncio
import os
import socket
import ssl
import struct

from sip import Message

MAGIC = b"\x21\x12\xa4\x42"
HELD_MAX = 500

tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE


class Link:
    """owner.on_message(link, message), owner.on_pong(link, error), owner.on_closed(link)."""
    proto = None

    def __init__(self, owner):
        self.owner, self.transport, self.is_open, self.hung, self.held = owner, None, False, False, []
        self.was_hung = False

    def connection_made(self, transport):
        self.transport, self.is_open = transport, True
        self.local = transport.get_extra_info("sockname")[:2]

    def connection_lost(self, _):
        if self.is_open:
            self.is_open = False
            self.owner.on_closed(self)

    def send(self, data):
        """What a hung phone or a broken path holds back leaves when it wakes up."""
        if not self.is_open:
            return
        if self.hung:
            if len(self.held) < HELD_MAX:
                self.held.append(data)
        else:
            self.write(data)

    def hang(self):
        self.hung = self.was_hung = True

    def wake(self):
        self.hung = False
        for data in self.held:
            if self.is_open:
                self.write(data)
        self.held.clear()

    def close(self, how="fin"):
        """how: fin, or rst."""
        if not self.is_open:
            return
        self.is_open = False
        if how == "rst" and self.proto != "UDP":
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        self.owner.on_closed(self)


class StreamLink(Link, asyncio.Protocol):
    """TCP, and TLS: framed by Content-Length; CRLF is the pong."""

    def __init__(self, owner, proto):
        super().__init__(owner)
        self.proto, self.buffer = proto, b""

    def write(self, data):
        self.transport.write(data)

    def ping(self):
        self.send(b"\r\n\r\n")

    def hang(self):
        super().hang()
        self.transport.pause_reading()

    def wake(self):
        super().wake()
        if self.is_open:
            self.transport.resume_reading()

    def data_received(self, data):
        self.buffer += data
        while self.is_open and self.buffer:
            if self.buffer.startswith(b"\r\n"):
                self.buffer = self.buffer[2:]
                self.owner.on_pong(self, False)
                continue
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            message = Message.parse(self.buffer[:end + 4])
            total = end + 4 + int(message.get("content-length", "0"))
            if len(self.buffer) < total:
                return
            message.body, self.buffer = self.buffer[end + 4:total], self.buffer[total:]
            self.owner.on_message(self, message)


class UdpLink(Link, asyncio.DatagramProtocol):
    """A connected socket, so that ICMP is heard; STUN is the ping."""
    proto = "UDP"

    def __init__(self, owner):
        super().__init__(owner)
        self.kept = []

    def write(self, data):
        self.transport.sendto(data)

    def ping(self):
        self.send(b"\x00\x01\x00\x00" + MAGIC + os.urandom(12))

    def wake(self):
        super().wake()
        kept, self.kept = self.kept, []
        for data in kept:
            self.datagram_received(data, None)

    def datagram_received(self, data, _):
        if self.hung:
            if len(self.kept) < HELD_MAX:
                self.kept.append(data)
        elif not self.is_open:
            return
        elif data[:1] in (b"\x00", b"\x01") and data[4:8] == MAGIC:
            self.owner.on_pong(self, data[:2] != b"\x01\x01")
        elif data.strip(b"\r\n"):
            self.owner.on_message(self, Message.parse(data))

    def error_received(self, error):
        """ICMP: nobody listens there any more."""
        if isinstance(error, ConnectionRefusedError):
            self.close()


async def open_link(owner, kind, local_ip, address):
    loop = asyncio.get_running_loop()
    if kind == "udp":
        opening = loop.create_datagram_endpoint(lambda: UdpLink(owner), local_addr=(local_ip, 0), remote_addr=address)
    else:
        extra = {"ssl": tls, "server_hostname": "localhost", "ssl_handshake_timeout": 5} if kind == "tls" else {}
        opening = loop.create_connection(lambda: StreamLink(owner, kind.upper()), *address, local_addr=(local_ip, 0), **extra)
    async with asyncio.timeout(5):
        return (await opening)[1]
