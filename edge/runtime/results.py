"""The way from the threads of the live runner to the one that judges."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from edge.messages import Message, Source
from edge.runtime.health import Health
from edge.runtime.judgement import Judgement
from edge.runtime.queues import Bounded
from edge.runtime.situation import Situation

_log = logging.getLogger(__name__)

_WAITING = 256

Result = Callable[[], list[Message]]
"""A call that turns a result into messages; done in the judging thread."""


class Results:
    """What the sources and the heavy stages hand over; nothing of it is dropped."""

    def __init__(self, judgement: Judgement, health: Health, situation: Situation) -> None:
        self._judgement, self._health, self._situation = judgement, health, situation
        self._queue: Bounded[Result] = Bounded(_WAITING)

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, result: Result) -> None:
        """Hand over one result, waiting for room."""
        self._queue.put(result)

    def offer(self, result: Result) -> bool:
        """Hand over one result; False where there is no room."""
        return self._queue.offer(result)

    def report(self, source: Source) -> None:
        """Any thread's word about a source or a stage."""
        self._note(source)
        self.put(partial(self._judgement.source, source))

    def report_unasked(self, source: Source) -> None:
        """The judging thread's own word: it empties the results, so it must not wait for room in them."""
        self._note(source)
        _log.log(logging.ERROR if source.state == "lost" else logging.INFO, "%s", f"{source.source} {source.detail}")
        self.offer(partial(self._judgement.source, source))

    def take(self, timeout_s: float | None = None) -> Result | None:
        """The oldest result; None when none came in time. Raises Ended after `end` when all are taken."""
        return self._queue.take(timeout_s)

    def end(self) -> None:
        """Take no more."""
        self._queue.end()

    def _note(self, source: Source) -> None:
        self._health.losses += source.state == "lost"
        self._situation.note(source)
