"""The MQTT client: reconnects with a jittered back-off; MQTT 5 where the broker supports it, else 3.1.1.

Each connection is a new paho client. paho would queue unsent messages in memory and resend them by itself. Here only
the outbox decides what is sent again, so a new connection takes over nothing from a lost one.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence

from edge.config.delivery import MqttConfig
from edge.publish.mqtt import connection_errors
from edge.publish.mqtt.connection import GOODBYE_S, V5, V311, Connection
from edge.publish.mqtt.packets import Disconnected, Event, Publication, Subscription, Token
from edge.redact import error_line

_log = logging.getLogger(__name__)
_SHORTEST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_STEADY_S = 10.0
"""A connection that ends sooner counts as a failure: the wait after it grows."""
_MOST_SHORT = 3
"""The wait after short connections grows to 4 s only: some messages get through each time (two boxes with one id)."""
_JITTER = (0.5, 3.0)
"""Waits are multiplied by a random number from this range, so that a fleet does not reconnect at one moment: a thousand
boxes that lose a broker together reconnect over 2.5 s."""


class MqttClient:
    """Keeps a connection up from `start` to `stop`; reports what happens in `events`."""

    def __init__(
        self,
        config: MqttConfig,
        client_id: str,
        will: Callable[[int], Publication] | None = None,
        subscribe: Sequence[str] = (),
        keep_s: int = 0,
        owner_settles: bool = False,
    ) -> None:
        """`will` gets the connection's number; an empty `client_id` lets the broker choose one.

        For `keep_s` the broker keeps the messages of `subscribe` while this client is away. With `owner_settles` it
        also keeps received messages until `settle`.
        """
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        """`None` is a wake-up from the owner."""
        self._config = config
        self._client_id = client_id
        self._will = will
        self._subscribe, self._keep_s, self._owner_settles = subscribe, keep_s, owner_settles
        self._protocol = V5
        self._number = 0
        self._last_error: str | None = None
        self._short = 0
        self._connection: Connection | None = None
        self._stopping = threading.Event()
        self._thread = GuardedThread(self._run, "mqtt-link")

    @property
    def connected(self) -> bool:
        """Whether a publication can be sent now."""
        return self._current(None) is not None

    def is_up(self, number: int) -> bool:
        """Whether the connection of this number can still be used."""
        return self._current(number) is not None

    @property
    def broken(self) -> str | None:
        """The error that ended its thread: there will be no further connection."""
        return self._thread.broken

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Send the messages given to `publish`, disconnect cleanly (no will is sent) and end within a few seconds."""
        self._stopping.set()
        if connection := self._connection:
            connection.end()
        self._thread.join(2 * GOODBYE_S)

    def publish(self, publication: Publication, on: int | None = None) -> Token | None:
        """Give one message to the network; None without a connection. Only `Acknowledged` means delivered.

        With `on`, the number of a connection, it goes over that one alone: its owner may not know yet that there is
        another, on which everything begins anew.
        """
        connection = self._current(on)
        return connection.publish(publication) if connection is not None else None

    def subscribe(self, subscription: Subscription, on: int) -> Token | None:
        """Subscribe to one more topic for the life of connection `on`; None if that has ended."""
        connection = self._current(on)
        return connection.subscribe(subscription) if connection is not None else None

    def settle(self, token: Token) -> None:
        """Acknowledge a received message; after a lost connection the broker delivers it again."""
        connection = self._current(token.connection)
        if connection is not None:
            connection.settle(token)

    def _current(self, number: int | None) -> Connection | None:
        """The connection that is up, if it has this number."""
        connection = self._connection
        if connection is None or not connection.connected or number not in {None, connection.number}:
            return None
        return connection

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began_s = time.monotonic()
            connection = self._try_once()
            steady = connection.accepted and time.monotonic() - began_s >= _STEADY_S
            self._short = 0 if steady or not connection.accepted else self._short + 1
            failures = min(self._short, _MOST_SHORT) if connection.accepted else failures + 1
            if self._stopping.is_set():
                return
            if steady:
                self._last_error = None
            other = connection.answered_nothing() or connection_errors.is_about_version(connection.refusal)
            if other:
                self._protocol = V311 if self._protocol == V5 else V5
            if other and failures == 1:
                continue
            self._stopping.wait(back_off_s(failures))

    def _try_once(self) -> Connection:
        """Connect, stay as long as the connection lasts, and report its end unless the other MQTT version may work."""
        self._number += 1
        will = self._will(self._number) if self._will else None
        connection = Connection(
            self._config, self._client_id, self._number, self._protocol, will, self._keep_s, self._owner_settles
        )
        self._connection = connection
        if self._stopping.is_set():
            return connection
        try:
            connection.serve(self.events, self._subscribe)
        except Exception as error:  # paho and ssl raise many types; the next connection may succeed
            if not isinstance(error, OSError | ValueError):
                _log.exception("no connection to the broker")
            self._report(connection_errors.of_error(error, self._config))
            return connection
        if self._stopping.is_set() or (self._protocol == V5 and connection_errors.is_about_version(connection.refusal)):
            return connection
        if connection.fault:
            self._report(connection_errors.of_fault(connection.fault, self._config))
        elif reason := connection.unfit or (connection.refusal and connection.refusal.getName()):
            self._report(connection_errors.of_refusal(reason, self._config))
        elif connection.accepted:
            self._report(connection_errors.of_lost_connection(self._config, again=self._short > 0))
        elif self._protocol != V5:
            self._report(connection_errors.of_no_answer(self._config))
        return connection

    def _report(self, sentence: str) -> None:
        if sentence != self._last_error:
            self._last_error = sentence
            self.events.put(Disconnected(f"{sentence[0].upper()}{sentence[1:]}"))


def back_off_s(failures: int) -> float:
    """How long to wait before the next connection; 0 failures: a steady connection was lost."""
    wait_s = min(_LONGEST_WAIT_S, _SHORTEST_WAIT_S * 2.0 ** min(max(failures - 1, 0), 10))
    return wait_s * random.uniform(*_JITTER)


class GuardedThread(threading.Thread):
    """A daemon thread; an error that ends it is logged and kept in `broken`."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(target=work, name=name, daemon=True)
        self.broken: str | None = None
        """The error that ended it."""

    def run(self) -> None:
        """Do the work."""
        try:
            super().run()
        except Exception as error:  # any error: the owner must learn that this thread no longer works
            _log.exception("the thread %s ended", self.name)
            self.broken = f"the thread {self.name} ended ({error_line(error)})"
