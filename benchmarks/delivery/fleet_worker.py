"""A process with many simulated boxes: one loop over their sockets and their due messages."""

from __future__ import annotations

import heapq
import itertools
import random
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.delivery.simulated_box import EVERY_S, SimulatedBox

_TURN_S = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """How a worker's boxes stand."""

    connected: int
    published: int
    raised: int
    """Alerts and summaries so far."""
    waiting: int
    """Of them not yet acknowledged by the broker."""
    attempts: int
    accepted_s: list[float]
    """When each connection that stands was accepted, monotonic."""


class Worker:
    """Boxes `first` to `first + count - 1`; told by a pipe how fast they speak, asked there how they stand."""

    def __init__(self, first: int, count: int, port: int, spread_s: float, pipe: Connection) -> None:
        numbers = range(first, first + count)
        self._boxes = [SimulatedBox(number, port, self._opened, self._closed) for number in numbers]
        self._pipe, self._speed, self._published = pipe, 1.0, 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe, selectors.EVENT_READ)
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._speech: list[tuple[float, int, SimulatedBox, str]] = []
        for box in self._boxes:
            self._at(time.monotonic() + random.uniform(0, spread_s), partial(self._connect, box))
        self._plan()

    def run(self) -> None:
        """Until the pipe says so."""
        while True:
            first_s = min([self._speech[0][0], *(entry[0] for entry in self._due[:1])])
            wait_s = min(_TURN_S, max(0.0, first_s - time.monotonic()))
            for key, _ in self._selector.select(wait_s):
                if key.fileobj is self._pipe:
                    order = self._pipe.recv()
                    if order == "end":
                        return
                    self._obey(order)
                else:
                    key.data.handle()
            now_s = time.monotonic()
            while self._due and self._due[0][0] <= now_s:
                heapq.heappop(self._due)[2]()
            while self._speech[0][0] <= now_s:
                self._speak(*heapq.heappop(self._speech)[2:])

    def _obey(self, order: str | float) -> None:
        if order == "stand":
            self._pipe.send(self._standing())
        elif isinstance(order, float):
            self._speed = order
            self._plan()

    def _plan(self) -> None:
        """Everybody's next words, evenly spread over the time that they take at this speed."""
        now_s = time.monotonic()
        self._speech = [
            (now_s + random.uniform(0, every_s / self._speed), next(self._order), box, name)
            for box in self._boxes
            for name, every_s in EVERY_S.items()
        ]
        heapq.heapify(self._speech)

    def _at(self, when_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when_s, next(self._order), what))

    def _connect(self, box: SimulatedBox) -> None:
        if not box.connect():
            self._again(box, connected=False)

    def _opened(self, box: SimulatedBox, socket: Any) -> None:
        self._selector.register(socket, selectors.EVENT_READ, box)

    def _closed(self, box: SimulatedBox, socket: Any) -> None:
        self._selector.unregister(socket)
        self._again(box, connected=True)

    def _again(self, box: SimulatedBox, connected: bool) -> None:
        self._at(time.monotonic() + box.wait_s(connected), partial(self._connect, box))

    def _speak(self, box: SimulatedBox, name: str) -> None:
        self._published += box.publish(name)
        pause_s = EVERY_S[name] / self._speed * random.uniform(0.8, 1.2)
        heapq.heappush(self._speech, (time.monotonic() + pause_s, next(self._order), box, name))

    def _standing(self) -> Standing:
        accepted = [box.accepted_s for box in self._boxes if box.accepted_s is not None]
        return Standing(
            connected=len(accepted),
            published=self._published,
            raised=sum(box.raised for box in self._boxes),
            waiting=sum(len(box.unacknowledged) for box in self._boxes),
            attempts=sum(box.attempts for box in self._boxes),
            accepted_s=accepted,
        )


def work(first: int, count: int, port: int, spread_s: float, pipe: Connection) -> None:
    """The process."""
    Worker(first, count, port, spread_s, pipe).run()
