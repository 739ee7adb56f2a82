"""What a report is about: the messages of a recording or of a stretch of a timeline, and what they come to."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import fmean
from typing import Any

from edge.config.purpose import Allowance, permitted
from edge.dashboard.digest import LEAST_STEP_S, POINTS, Digest, GroupStep, digest
from edge.dashboard.records import KINDS, RecordError, on_wall_clock, read_jsonl
from edge.dashboard.report.talk import Line, lines
from edge.messages import Group, Message, Source
from edge.store.reader import TimelineReader

_SQLITE = b"SQLite format 3\x00"
"""How a timeline begins (https://www.sqlite.org/fileformat.html)."""
_READ = tuple(kind for kind in KINDS if kind not in {"attention", "summary"})
"""What a report is made of; the rest would only cost time in a day at 1 Hz."""
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported; times are seconds of a recording, or Unix seconds moved to the box's own time of day."""

    name: str
    messages: tuple[Message, ...]
    found: Digest
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    zone: timezone | None = None
    """The time zone of a timeline's times; None for a recording."""

    @property
    def recording(self) -> bool:
        """Whether times count from the start of a recording."""
        return self.zone is None

    @property
    def only_groups(self) -> bool:
        """Whether nothing but what groups have in common is on record: a purpose may forbid all else."""
        return bool(self.groups) and not (self.found.faces or self.found.steps or self.lines)

    def moment(self, t_s: float) -> datetime | None:
        """The time of day of `t_s`; None in a recording."""
        if self.zone is None:
            return None
        return datetime.fromtimestamp(t_s, timezone.utc).replace(tzinfo=self.zone)


def about(
    name: str,
    messages: Sequence[Message],
    start_s: float = 0.0,
    end_s: float | None = None,
    zone: timezone | None = None,
    allowance: Allowance | None = None,
) -> Subject:
    """Sum `messages` up; `allowance` withholds what a purpose does not permit.

    Args:
        name: What the report is called.
        messages: In order of time.
        start_s: Where the report begins.
        end_s: Where it ends; by default with the last message.
        zone: As in `Subject`.
        allowance: What may be shown; None: all that is on record, which its own purpose has permitted.
    """
    if allowance is not None:
        messages = [allowed for message in messages if (allowed := permitted(message, allowance)) is not None]
    found = digest(messages, start_s, end_s)
    groups = tuple(message for message in messages if isinstance(message, Group))
    width_s = max(LEAST_STEP_S, (found.end_s - found.start_s) / POINTS)
    found = dataclasses.replace(found, group_steps=_group_steps(groups, width_s))
    return Subject(name, tuple(messages), found, lines(messages), groups, zone)


def of_jsonl(path: Path, allowance: Allowance | None = None) -> Subject:
    """The recording whose messages `emvas replay` wrote to `path`.

    Raises:
        RecordError: it cannot be read or is damaged.
    """
    return about(path.stem, read_jsonl(path), allowance=allowance)


def is_timeline(path: Path) -> bool:
    """Whether `path` is an SQLite file."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def newest_s(path: Path) -> float | None:
    """When the newest record of a timeline was made, Unix seconds; None: it is empty.

    Raises:
        RecordError: it is no timeline.
    """
    reader = TimelineReader(path)
    newest = _asked(path, lambda: [record for kind in KINDS if (record := reader.latest(kind))])
    return max((float(record["wall_s"]) for record in newest), default=None)


def of_timeline(path: Path, since_s: float, until_s: float, allowance: Allowance | None = None) -> Subject:
    """The records of a timeline from `since_s` to `until_s`, Unix seconds.

    Raises:
        RecordError: it is no timeline, or holds a record that does not fit.
    """
    offset = datetime.fromtimestamp(since_s).astimezone().utcoffset() or timedelta()
    shift_s = offset.total_seconds()
    reader = TimelineReader(path)
    messages: list[Message] = []
    for kind in _READ:
        for record in _asked(path, lambda kind=kind: reader.between(kind, since_s, until_s)):  # type: ignore[misc]
            try:
                message = on_wall_clock({**record, "wall_s": record["wall_s"] + shift_s})
            except (RecordError, KeyError, TypeError) as error:
                raise RecordError(f"{path}: a record of another version: {error}") from error
            messages += [message] if message else []
    if reader.unreadable:
        messages.append(Source(since_s + shift_s, "file", "lost", f"{reader.unreadable} unreadable rows"))
    messages.sort(key=lambda message: message.t_s)
    return about(path.stem, messages, since_s + shift_s, until_s + shift_s, timezone(offset), allowance)


def _asked(path: Path, ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    try:
        return ask()
    except (sqlite3.Error, ValueError, OSError) as error:
        raise RecordError(f"{path}: is no timeline that can be read: {error}") from error


def _group_steps(groups: Sequence[Group], width_s: float) -> tuple[GroupStep, ...]:
    steps: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        steps[int(group.t_s // width_s)].append(group)
    return tuple(
        GroupStep(
            (number + 0.5) * width_s,
            fmean(group.negative_share for group in found),
            _mean([group.motion for group in found]),
            _mean([group.noise_db for group in found]),
        )
        for number, found in sorted(steps.items())
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
