"""What lies between the threads of the live runner: a slot for the newest picture and bounded queues."""

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


class QueueEnded(Exception):  # noqa: N818 - the end of a stream is no error
    """Nothing more will come."""


class QueueFullError(EmvasError):
    """Items come faster than they are worked through; the message says what is lost by that."""


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
        """Add `item`, waiting for room; once the queue has ended it is not taken any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._items) < self._size)
            if not self._ended:
                self._items.append(item)
                self._changed.notify_all()

    def force(self, item: _Item) -> None:
        """Add `item` whether there is room or not, for what is rare and must neither wait nor be lost."""
        with self._changed:
            if not self._ended:
                self._items.append(item)
                self._changed.notify_all()

    def newest(self, item: _Item) -> int:
        """Add `item` in place of everything that waits; return how many items that dropped."""
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
            Ended: the queue has ended and is empty.
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
        """Throw away what waits; return how many items that was."""
        with self._changed:
            dropped = len(self._items)
            self._items.clear()
            self._changed.notify_all()
            return dropped

    def end(self) -> None:
        """Take no more; what waits can still be taken."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class FacesEvent:
    """The faces of one picture, or that there is none."""

    faces: Sequence[Face]
    speaking: bool
    """Whether somebody spoke when it was taken."""


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """How loud it was, in pieces."""

    sounds: Sequence[Sound]


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """Somebody has just spoken."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class CommandEvent:
    """What somebody asks of the judgement, and who hears how that went."""

    request: CommandRequest
    answer: Answer


Event = FacesEvent | SoundEvent | SpeechEvent | UtteranceAnalysis | Speed | Source | CommandEvent | Warned
