"""The queues between the threads of the live box, and the events that go to the deciding thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge.error import EmvasError
from edge.messages import Face, Sound, Source, Speed, Utterance, Warned
from edge.publish.commands.receiver import Answer
from edge.publish.commands.requests import CommandRequest
from edge.runtime.perception_stages import UtteranceAnalysis

_Item = TypeVar("_Item")


class QueueEnded(Exception):  # noqa: N818 - the end of a stream is not an error
    """The queue is empty and takes no more items."""


class QueueFullError(EmvasError):
    """Items arrive faster than they are handled; the message says what is lost."""


class BoundedQueue(Generic[_Item]):
    """A queue of at most `size` items for any number of threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._ended = False

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, item: _Item) -> bool:
        """Add `item` and return True; False where the queue is full or ended."""
        with self._changed:
            if self._ended or len(self._items) >= self._size:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def put(self, item: _Item) -> None:
        """Add `item` and wait for room; a queue that has ended ignores it."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._items) < self._size)
            if not self._ended:
                self._items.append(item)
                self._changed.notify_all()

    def force(self, item: _Item) -> None:
        """Add `item` even to a full queue: for rare items that must neither wait nor be lost."""
        with self._changed:
            if not self._ended:
                self._items.append(item)
                self._changed.notify_all()

    def newest(self, item: _Item) -> int:
        """Replace all waiting items by `item`; return how many were dropped."""
        with self._changed:
            dropped = len(self._items)
            self._items.clear()
            if not self._ended:
                self._items.append(item)
            self._changed.notify_all()
            return dropped

    def take(self, timeout_s: float | None = None) -> _Item | None:
        """The oldest item; None when none came within `timeout_s`.

        Raises:
            QueueEnded: the queue has ended and is empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended, timeout_s)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._ended:
                raise QueueEnded
            return None

    def clear(self) -> int:
        """Drop all waiting items; return how many there were."""
        with self._changed:
            dropped = len(self._items)
            self._items.clear()
            self._changed.notify_all()
            return dropped

    def end(self) -> None:
        """Accept no more items; those that wait can still be taken."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class FacesEvent:
    """The faces of one frame; a frame without faces has one entry that says so."""

    faces: Sequence[Face]
    speaking: bool
    """Whether somebody was speaking when the frame was taken."""


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """Loudness and audio events of the last pieces of audio."""

    sounds: Sequence[Sound]


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """An utterance has ended; its analysis follows later."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class CommandEvent:
    """A command for the deciding thread, and the function that takes its outcome."""

    request: CommandRequest
    answer: Answer


Event = FacesEvent | SoundEvent | SpeechEvent | UtteranceAnalysis | Speed | Source | CommandEvent | Warned
