"""The one reader of the timeline behind the page: the state now, and a window of the past."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, TypeVar

from edge.dashboard.digest import Digest, digest, incidents
from edge.dashboard.records import KINDS, RecordError, on_wall_clock
from edge.dashboard.state import FRESH_S, State, gravest, missing
from edge.messages import Affect, Alert, Face, Fatigue, Message, Source
from edge.store.reader import TimelineReader

_LAST_ALERTS = 8
_ALERTS_WITHIN_S = 86_400.0
_AFFECT_WITHIN_S = 60.0
"""An affect older than this is no longer how things are."""
_DRAWN = tuple(kind for kind in KINDS if kind not in {"face", "blink", "summary", "source"})
"""What the timeline chart is drawn from."""

_Kind = TypeVar("_Kind", bound=Message)


class FeedError(RecordError):
    """The timeline cannot be read; the message says which file and why."""


class Feed:
    """A timeline on the wall clock; safe from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = TimelineReader(path)

    @property
    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.is_file()

    def state(self) -> State:
        """What the newest records say.

        Raises:
            FeedError: the file is no timeline, or holds a record of a kind that does not fit.
        """
        newest = max((record for kind in KINDS if (record := self._latest(kind))), key=_wall_s, default=None)
        if newest is None:
            return State(None, None, None, None, (), ())
        now_s = _wall_s(newest)
        begun_s = now_s - newest["t_s"] - 1.0
        fatigue = gravest(self._between(Fatigue, now_s - FRESH_S, now_s + 1))
        faces = [face for face in self._between(Face, now_s - FRESH_S, now_s + 1) if fatigue]
        affects = self._between(Affect, now_s - _AFFECT_WITHIN_S, now_s + 1)
        told = incidents(self._between(Alert, now_s - _ALERTS_WITHIN_S, now_s + 1))
        return State(
            written_s=now_s,
            fatigue=fatigue,
            face=next((face for face in reversed(faces) if fatigue and face.track == fatigue.track), None),
            affect=affects[-1] if affects else None,
            missing=missing(self._between(Source, begun_s, now_s + 1)),
            incidents=told[: -_LAST_ALERTS - 1 : -1],
        )

    def window(self, since_s: float, until_s: float) -> Digest:
        """Everything from `since_s` to `until_s`, Unix seconds.

        Raises:
            FeedError: as `state`.
        """
        records = [record for kind in _DRAWN for record in self._records(kind, since_s, until_s)]
        messages = [message for record in records if (message := self._message(record))]
        return digest(messages, since_s, until_s)

    def _between(self, type_: type[_Kind], since_s: float, until_s: float) -> list[_Kind]:
        messages = [self._message(record) for record in self._records(type_.kind, since_s, until_s)]
        return [message for message in messages if isinstance(message, type_)]

    def _latest(self, kind: str) -> dict[str, Any] | None:
        try:
            return self._reader.latest(kind)
        except (sqlite3.Error, ValueError) as error:
            raise FeedError(f"{self.path}: {error}") from error

    def _records(self, kind: str, since_s: float, until_s: float) -> list[dict[str, Any]]:
        try:
            return self._reader.between(kind, since_s, until_s)
        except (sqlite3.Error, ValueError) as error:
            raise FeedError(f"{self.path}: {error}") from error

    def _message(self, record: dict[str, Any]) -> Message | None:
        try:
            return on_wall_clock(record)
        except RecordError as error:
            raise FeedError(f"{self.path}: a record of another version: {error}") from error


def _wall_s(record: dict[str, Any]) -> float:
    return float(record["wall_s"])
