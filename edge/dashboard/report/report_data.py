"""The content of a report, from a recording or from a period of a timeline."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.config.purpose import Allowance, permitted
from edge.dashboard.data.aggregates import Aggregates, Aggregator
from edge.dashboard.data.deserialize import KINDS, RecordError, read_jsonl, to_wall_clock_message
from edge.dashboard.data.events import GAP_S, GroupStepBuilder
from edge.dashboard.data.trips import TripSummary, trip_summaries
from edge.dashboard.report.utterances import UtteranceLine, utterance_lines
from edge.i18n.texts import Sentence
from edge.messages import (
    Affect,
    Closure,
    Group,
    Level,
    Message,
    Nod,
    Source,
    Speech,
    Transcript,
    Yawn,
    known_level,
)
from edge.store.reader import TimelineReader

_SQLITE = b"SQLite format 3\x00"
"""The first bytes of a timeline (https://www.sqlite.org/fileformat.html)."""
_MANY = ("fatigue", "face", "blink")
"""Kinds with many records: their fields are aggregated while they are read, without message objects."""
_UNREAD = ("attention", "summary", "trip", "warned")
"""Kinds that a report does not use."""
_LEVELS = {level.name.lower(): level for level in Level}
DAY_S = 86_400.0

Event = Closure | Yawn | Nod


@dataclass(frozen=True, slots=True)
class ReportData:
    """The content of a report; times are seconds of a recording, or Unix seconds."""

    name: str
    found: Aggregates
    lines: tuple[UtteranceLine, ...]
    groups: tuple[Group, ...]
    events: tuple[Event, ...]
    """Closures longer than a blink, yawns and nods."""
    empty: bool
    """Whether there are no records."""
    recording: bool
    """Whether times count from the start of a recording."""
    kinds: frozenset[str] | None = None
    """Kinds of message that the purpose permits; None: unknown, all records are shown."""

    def tells(self, kind: str) -> bool:
        """Whether the purpose permits `kind`."""
        return self.kinds is None or kind in self.kinds

    @property
    def only_groups(self) -> bool:
        """Whether only group windows are recorded: a purpose may forbid the rest."""
        return bool(self.groups) and not (self.found.faces or self.found.steps or self.lines)

    def moment(self, t_s: float) -> datetime | None:
        """The local time of the box at `t_s`; None in a recording."""
        return None if self.recording else datetime.fromtimestamp(t_s).astimezone()


class _Builder:
    """Collects the messages of a report while they are read."""

    def __init__(self, start_s: float, end_s: float, allowance: Allowance | None) -> None:
        self.aggregator = Aggregator(start_s, end_s)
        self._allowance = allowance
        self._groups: list[Group] = []
        self._events: list[Event] = []
        self._talk: list[Message] = []

    def add(self, message: Message) -> None:
        """Add a message if the purpose permits it."""
        allowed = message if self._allowance is None else permitted(message, self._allowance)
        if allowed is None:
            return
        self.aggregator.add(allowed)
        match allowed:
            case Group():
                self._groups.append(allowed)
            case Closure() | Yawn() | Nod() if not (isinstance(allowed, Closure) and allowed.class_ == "blink"):
                self._events.append(allowed)
            case Speech() | Transcript() | Affect():
                self._talk.append(allowed)

    def shown(self, kind: str) -> bool:
        """Whether the purpose permits a kind."""
        return self._allowance is None or kind in self._allowance.kinds

    def build(self, name: str, recording: bool) -> ReportData:
        steps = GroupStepBuilder(self.aggregator.width_s)
        for group in self._groups:
            steps.add(group)
        found = dataclasses.replace(self.aggregator.aggregate(), group_steps=steps.steps())
        lines = utterance_lines(sorted(self._talk, key=lambda message: message.t_s))
        kinds = self._allowance.kinds if self._allowance else None
        groups, events = tuple(self._groups), tuple(self._events)
        return ReportData(
            name, found, lines, groups, events, empty=self.aggregator.empty, recording=recording, kinds=kinds
        )


def from_messages(
    name: str,
    messages: Iterable[Message],
    start_s: float = 0.0,
    end_s: float | None = None,
    allowance: Allowance | None = None,
    recording: bool = True,
) -> ReportData:
    """The report of `messages`; `allowance` withholds what the purpose does not permit.

    Args:
        name: Title of the report.
        messages: In order of time.
        start_s: Start of the report.
        end_s: Its end; by default the last message.
        allowance: What may be shown; None: all records, which the purpose of the box has permitted.
        recording: As in `ReportData`.
    """
    messages = list(messages)
    end_s = max((message.t_s for message in messages), default=start_s) if end_s is None else end_s
    builder = _Builder(start_s, end_s, allowance)
    for message in messages:
        builder.add(message)
    return builder.build(name, recording)


def from_jsonl(path: Path, allowance: Allowance | None = None) -> ReportData:
    """The report of a recording that `emvas replay` wrote to `path`.

    Raises:
        RecordError: it cannot be read or is damaged.
    """
    return from_messages(path.stem, read_jsonl(path), allowance=allowance)


def is_timeline(path: Path) -> bool:
    """Whether `path` is an SQLite file."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def newest_record_s(path: Path) -> float | None:
    """Time of the newest record of a timeline, Unix seconds; None if it is empty.

    Raises:
        RecordError: it is no timeline.
    """
    reader = TimelineReader(path)
    try:
        newest = [record for kind in KINDS if (record := reader.latest(kind))]
    except (sqlite3.Error, ValueError, OSError) as error:
        raise _unreadable(path, error) from error
    return max((float(record["wall_s"]) for record in newest), default=None)


def trips_in(path: Path) -> tuple[TripSummary, ...]:
    """All trips of a timeline, newest first.

    Raises:
        RecordError: it is no timeline.
    """
    try:
        return trip_summaries(TimelineReader(path), -math.inf, math.inf)
    except (sqlite3.Error, ValueError, OSError) as error:
        raise _unreadable(path, error) from error


def from_timeline(
    path: Path, since_s: float, until_s: float, allowance: Allowance | None = None, name: str = ""
) -> ReportData:
    """The report of a timeline from `since_s` to `until_s` (Unix seconds), with title `name`.

    Raises:
        RecordError: the file is not a timeline, or a record does not match its schema.
    """
    reader, builder = TimelineReader(path), _Builder(since_s, until_s, allowance)
    try:
        _aggregate(reader, builder, since_s, until_s)
        for kind in KINDS:
            if kind not in {*_MANY, *_UNREAD}:
                for message in _messages(reader, kind, since_s, until_s):
                    builder.add(message)
    except (sqlite3.Error, ValueError, OSError) as error:
        raise _unreadable(path, error) from error
    except (RecordError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: a record of another version: {error}") from error
    if reader.unreadable:
        builder.add(Source(since_s, "file", "lost", Sentence("unreadable_rows", count=reader.unreadable)))
    return builder.build(name or path.stem, recording=False)


def _aggregate(reader: TimelineReader, builder: _Builder, since_s: float, until_s: float) -> None:
    """Aggregate the kinds with many records, one run of the box after another."""
    aggregator, run_s = builder.aggregator, None
    if builder.shown("fatigue"):
        paths = ("$.track", "$.level", "$.perclos_60", "$.valid_ratio", "$.unknown", "$.judged_s")
        for begun_s, t_s, (track, level, perclos, ratio, unknown, judged_s) in reader.stream(
            "fatigue", since_s - GAP_S, until_s, paths
        ):
            if begun_s != run_s:
                aggregator.begin_run()
                run_s = begun_s
            aggregator.fatigue(begun_s + t_s, track, known_level(_LEVELS[level], ratio, unknown), perclos, judged_s)
    if builder.shown("face"):
        seen = ("$.track", "$.usable", "$.reason")
        for track, usable, reason, count in reader.counts("face", since_s, until_s, seen):
            aggregator.faces(track, bool(usable), reason, count)
    if builder.shown("blink"):
        ((aggregator.blinks,),) = reader.sums("COUNT(*)", "blink", since_s, until_s) or [(0,)]


def _messages(reader: TimelineReader, kind: str, since_s: float, until_s: float) -> Iterator[Message]:
    for begun_s, _, (record,) in reader.stream(kind, since_s, until_s, ("$",)):
        if message := to_wall_clock_message({**_record(record), "begun_s": begun_s}):
            yield message


def _record(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise RecordError("not a JSON object")
    return found


def _unreadable(path: Path, error: Exception) -> RecordError:
    return RecordError(f"{path}: is not a readable timeline: {error}")
