"""A broker of a few lines that misbehaves as a test wants it to: MQTT 3.1.1 and 5, packets by hand."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 12, 14


@dataclass(frozen=True)
class Packet:
    """One packet of a client."""

    kind: int
    topic: str
    """Of PUBLISH, and the first of SUBSCRIBE; of CONNECT the client id."""
    payload: bytes = b""
    packet_id: int = 0
    properties: bytes = b""
    """Of CONNECT with MQTT 5."""


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A packet with its length (MQTT 5, chapter 2.1)."""
    length, head = len(body), bytes([kind << 4 | flags])
    while length >= 128:
        head, length = head + bytes([length % 128 | 128]), length // 128
    return head + bytes([length]) + body


def publish(topic: bytes, payload: bytes, v5: bool, retained: bool = False) -> bytes:
    """A message to a client, QoS 0."""
    return packet(PUBLISH, struct.pack("!H", len(topic)) + topic + (b"\0" if v5 else b"") + payload, int(retained))


def _end(line: socket.socket) -> None:
    """Hang up so that what was sent before still arrives: a socket closed with unread bytes resets the connection."""
    line.shutdown(socket.SHUT_WR)
    while line.recv(4096):
        pass


@dataclass
class RawBroker:
    """Answers as a broker does, unless `hangs_up` says so of a packet; `hears` are all packets in order."""

    hangs_up: Callable[[Packet], bool] = lambda _: False
    after_subscribe: Callable[[str, bool], bytes] = lambda _topic, _v5: b""
    """What to send behind a SUBACK, by the topic and whether it is MQTT 5."""
    after_publish: Callable[[Packet, bool], bytes] = lambda _heard, _v5: b""
    """What to send behind a PUBACK."""
    limits: bytes = b""
    """Properties of CONNACK, MQTT 5."""
    connack: int = 0
    v5: bool = True
    port: int = 0
    hears: list[Packet] = field(default_factory=list)
    connections: int = 0
    most_unanswered: int = 0
    """Messages that lay before the broker at once, each unanswered; where `slow_s` lets them gather."""
    slow_s: float = 0.0

    def taken(self, end: str) -> list[bytes]:
        """Payloads of what was acknowledged on topics with this end."""
        return [heard.payload for heard in self.hears if heard.kind == PUBLISH and heard.topic.endswith(end)]

    @contextlib.contextmanager
    def running(self) -> Iterator[RawBroker]:
        """Listen."""
        broker = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                broker.connections += 1
                with contextlib.suppress(ConnectionError, EOFError):
                    broker._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        with Server(("127.0.0.1", self.port), Handler) as server:
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            yield self
            server.shutdown()

    def _serve(self, line: socket.socket) -> None:
        v5 = False
        while True:
            kind, flags, body = _read(line)
            if kind == CONNECT:
                v5 = body[6] == 5
                if v5 and not self.v5:
                    return
            heard = _packet(kind, flags, body, v5)
            if self.hangs_up(heard):
                _end(line)
                return
            self.hears.append(heard)
            if kind == CONNECT:
                tail = bytes([len(self.limits)]) + self.limits if v5 else b""
                line.sendall(packet(2, bytes([0, self.connack]) + tail))
                if self.connack:
                    return
            elif kind == PUBLISH and flags & 6:
                if self.slow_s:
                    self.most_unanswered = max(self.most_unanswered, 1 + self._gathered(line))
                line.sendall(packet(4, struct.pack("!H", heard.packet_id)) + self.after_publish(heard, v5))
            elif kind == SUBSCRIBE:
                line.sendall(packet(9, struct.pack("!H", heard.packet_id) + (b"\0" if v5 else b"") + b"\1"))
                line.sendall(self.after_subscribe(heard.topic, v5))
            elif kind == PINGREQ:
                line.sendall(packet(13, b""))
            elif kind == DISCONNECT:
                return

    def _gathered(self, line: socket.socket) -> int:
        """How many messages more that want an answer (QoS 1) lie unread after a while."""
        time.sleep(self.slow_s)
        line.setblocking(False)
        try:
            waiting = line.recv(1 << 20, socket.MSG_PEEK)
        except BlockingIOError:
            waiting = b""
        finally:
            line.setblocking(True)
        return sum(kind == PUBLISH and bool(flags & 6) for kind, flags in _heads(waiting))


def _heads(waiting: bytes) -> Iterator[tuple[int, int]]:
    """Kind and flags of each packet that has begun to arrive."""
    at = 0
    while at < len(waiting):
        yield waiting[at] >> 4, waiting[at] & 15
        length = shift = 0
        for byte in waiting[at + 1 : at + 5]:
            length |= (byte & 127) << shift
            shift, at = shift + 7, at + 1
            if byte < 128:
                break
        at += 1 + length


def _exactly(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = line.recv(count - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found


def _read(line: socket.socket) -> tuple[int, int, bytes]:
    head = _exactly(line, 1)[0]
    length = shift = 0
    while True:
        byte = _exactly(line, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return head >> 4, head & 15, _exactly(line, length)


def _packet(kind: int, flags: int, body: bytes, v5: bool) -> Packet:
    if kind == CONNECT:
        rest = body[10:]
        properties, rest = (rest[1 : 1 + rest[0]], rest[1 + rest[0] :]) if v5 else (b"", rest)
        (length,) = struct.unpack("!H", rest[:2])
        return Packet(kind, rest[2 : 2 + length].decode(), properties=properties)
    if kind == PUBLISH:
        (length,) = struct.unpack("!H", body[:2])
        topic, rest, number = body[2 : 2 + length].decode(), body[2 + length :], 0
        if flags & 6:
            (number,), rest = struct.unpack("!H", rest[:2]), rest[2:]
        if v5:  # their length is below 128 in all that a box sends
            rest = rest[1 + rest[0] :]
        return Packet(kind, topic, rest, number)
    if kind == SUBSCRIBE:
        (number,), rest = struct.unpack("!H", body[:2]), body[2:]
        rest = rest[1 + rest[0] :] if v5 else rest
        (length,) = struct.unpack("!H", rest[:2])
        return Packet(kind, rest[2 : 2 + length].decode(), packet_id=number)
    return Packet(kind, "")
