"""A small HTTP server for pages about this machine: few connections, each with a time limit."""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
from socketserver import TCPServer, ThreadingMixIn
from typing import IO, Any, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

_log = logging.getLogger(__name__)

MOST_CONNECTIONS = 16
"""Simultaneous connections; further ones are closed, because scrapers try again."""
REQUEST_S = 5.0
"""Time limit of a whole request, and of taking the answer."""


class SmallServer(ThreadingMixIn, WSGIServer):
    """For `wsgiref.simple_server.make_server`, with `SmallHandler`."""

    daemon_threads = True
    request_queue_size = socket.SOMAXCONN
    """As many as the system lets wait to be accepted; a full queue of 5, the default, delays a client by 1 s."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def server_bind(self) -> None:
        """Bind without a name lookup, unlike `http.server`."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve in its own thread while there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve, then free the place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a client that disconnects or is too slow, at debug level."""
        _log.debug("a request from %s ended early", client_address, exc_info=True)


class _Answer(ServerHandler):
    environ: dict[str, str] | None
    headers_sent: bool

    def write(self, data: bytes) -> None:
        """Send the body; for HEAD only the headers."""
        if self.environ is None or self.environ["REQUEST_METHOD"] != "HEAD":
            super().write(data)
        elif not self.headers_sent:
            self.bytes_sent = len(data)
            self.send_headers()

    def log_exception(self, exc_info: Any) -> None:
        """Log what a page raised; a client that disconnects early is logged at debug level."""
        if isinstance(exc_info[1], OSError):
            _log.debug("an answer was not taken", exc_info=exc_info)
        else:
            _log.error("a page failed", exc_info=exc_info)


class SmallHandler(WSGIRequestHandler):
    """Reads one request within `REQUEST_S`, even if its bytes arrive slowly."""

    timeout = REQUEST_S

    def setup(self) -> None:
        """Start the time limit."""
        super().setup()
        self.rfile = io.BufferedReader(_Timed(self.connection, time.monotonic() + REQUEST_S))

    def handle(self) -> None:
        """Read the request and answer it."""
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if not self.parse_request():
            return
        self.connection.settimeout(REQUEST_S)
        reader, writer = cast(IO[bytes], self.rfile), cast(IO[bytes], self.wfile)
        handler = _Answer(reader, writer, self.get_stderr(), self.get_environ())
        handler.request_handler = self  # type: ignore[attr-defined]
        handler.run(self.server.get_app())  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        """Do not log requests."""


class _Timed(io.RawIOBase):
    """The bytes of a socket until a deadline; then TimeoutError."""

    def __init__(self, connection: socket.socket, until_s: float) -> None:
        self._connection, self._until_s = connection, until_s

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the available bytes into `buffer`."""
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)
