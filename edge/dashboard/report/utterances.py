"""The lines of a report: utterances and judged windows without speech, and the key moments among them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edge.messages import Affect, Message, Speech, Transcript

Kind = Literal["lowest", "highest", "fall", "rise"]
MIN_TURN = 0.3
"""Minimum change of score at a turn: the width of the labels `tired` and `relaxed` (edge.affect.fusion)."""


@dataclass(frozen=True, slots=True)
class UtteranceLine:
    """One utterance or window; None is not recorded."""

    start_s: float
    end_s: float
    spoken: bool = False
    words: Transcript | None = None
    affect: Affect | None = None


def utterance_lines(messages: Iterable[Message]) -> tuple[UtteranceLine, ...]:
    """Every utterance and judged window, in order. Messages of one utterance share its `start_s`."""
    found: dict[tuple[float, int], UtteranceLine] = {}
    for message in messages:
        if not isinstance(message, (Speech, Transcript, Affect)):
            continue
        key = (message.start_s, (message.track or 0) if isinstance(message, Affect) else 0)
        if isinstance(message, Affect) and _free(found.get((key[0], 0))):
            key = (key[0], 0)
        line = found.get(key, UtteranceLine(message.start_s, message.end_s))
        if isinstance(message, Affect):
            found[key] = replace(line, affect=message)
        elif isinstance(message, Transcript):
            found[key] = replace(line, words=message, spoken=True)
        else:
            found[key] = replace(line, spoken=True)
    return tuple(found[key] for key in sorted(found))


def _free(line: UtteranceLine | None) -> bool:
    """Whether the line is an utterance without affect."""
    return line is not None and line.affect is None


@dataclass(frozen=True, slots=True)
class KeyMoment:
    """A peak or a turn of the score, with its line."""

    kind: Kind
    line: UtteranceLine
    change: float | None = None
    """Change of score since the previous judgement; None for a peak."""

    @property
    def score(self) -> float:
        """The affect score."""
        assert self.line.affect is not None
        return self.line.affect.score


def key_moments(lines: Sequence[UtteranceLine]) -> tuple[KeyMoment, ...]:
    """In order of time, each line once: lowest and highest score, steepest fall and rise between neighbours."""
    judged = [(line, line.affect.score) for line in lines if line.affect]
    if len(judged) < 2:
        return ()
    turns = [(after[1] - before[1], after[0]) for before, after in itertools.pairwise(judged)]
    found = [
        KeyMoment("lowest", min(judged, key=lambda item: item[1])[0]),
        KeyMoment("highest", max(judged, key=lambda item: item[1])[0]),
    ]
    fall, rise = min(turns, key=lambda turn: turn[0]), max(turns, key=lambda turn: turn[0])
    found += [KeyMoment("fall", fall[1], fall[0])] if fall[0] <= -MIN_TURN else []
    found += [KeyMoment("rise", rise[1], rise[0])] if rise[0] >= MIN_TURN else []
    once = {moment.line.start_s: moment for moment in reversed(found)}
    return tuple(sorted(once.values(), key=lambda moment: moment.line.start_s))
