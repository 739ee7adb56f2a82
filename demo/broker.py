"""A small MQTT broker inside this process, for the demonstration and the tests (extra `demo`); MQTT 3.1.1, loopback.

amqtt 0.12 speaks MQTT 3.1.1 and, offered MQTT 5 with a will, misreads the packet and waits for ever instead of saying
so. The version is therefore looked at here, before amqtt sees the connection, and refused as the standard asks.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from types import TracebackType

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker

HOST = "127.0.0.1"
_WAIT_S = 10.0
_LISTENER = "default"
_MQTT_5 = 5
_REFUSE_VERSION = bytes([0x20, 2, 0, 1])
"""CONNACK of MQTT 3.1.1 (chapter 3.2): unacceptable protocol version."""


class LocalBroker:
    """Runs from `with` to its end, in its own thread; `port` 0 takes a free one. It keeps nothing on disk."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mqtt-broker", daemon=True)
        self._broker: Broker | None = None
        self._server: asyncio.Server | None = None

    def __enter__(self) -> LocalBroker:
        """Start; OSError when the port is taken."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_WAIT_S)
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(2 * _WAIT_S)
        self._end_loop()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        self._broker = Broker({"listeners": {_LISTENER: {"type": "external"}}, "plugins": plugins})
        await self._broker.start()

    async def _stop(self) -> None:
        assert self._server is not None
        assert self._broker is not None
        self._server.close()
        await self._broker.shutdown()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await _connect_head(reader)
        except asyncio.IncompleteReadError:
            writer.close()
            return
        if head[-1] == _MQTT_5:
            writer.write(_REFUSE_VERSION)
            writer.close()
            return
        assert self._broker is not None
        await self._broker.external_connected(_Reread(head, reader), StreamWriterAdapter(writer), _LISTENER)


class _Reread(StreamReaderAdapter):  # type: ignore[misc]
    """A connection whose first bytes were read already."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._head = head

    async def read(self, n: int = -1) -> bytes:
        """Read `n` bytes, -1 all until the end."""
        if not self._head:
            return bytes(await super().read(n))
        if n < 0:
            taken, self._head = self._head, b""
            return taken + bytes(await super().read(n))
        taken, self._head = self._head[:n], self._head[n:]
        return taken if len(taken) == n else taken + bytes(await super().read(n - len(taken)))


async def _connect_head(reader: asyncio.StreamReader) -> bytes:
    """The first packet up to its protocol level: type, remaining length (1 to 4 bytes), `MQTT`, level."""
    head = await reader.readexactly(2)
    while head[-1] & 0x80 and len(head) < 5:
        head += await reader.readexactly(1)
    return head + await reader.readexactly(7)
