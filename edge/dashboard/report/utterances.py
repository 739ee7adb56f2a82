"""What was said and how: one line an utterance, or a window without speech that was judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge.messages import Affect, Message, Speech, Transcript

MODALITIES = ("text", "audio", "vision")
"""In the order in which a report shows them."""


@dataclass(frozen=True, slots=True)
class UtteranceLine:
    """One utterance or window; None is what is not on record of it."""

    start_s: float
    end_s: float
    spoken: bool = False
    words: Transcript | None = None
    affect: Affect | None = None


def utterance_lines(messages: Iterable[Message]) -> tuple[UtteranceLine, ...]:
    """Every utterance and every judged window, in order; what was made of an utterance bears its very start."""
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
    """Whether it is an utterance that nobody's affect belongs to yet."""
    return line is not None and line.affect is None
