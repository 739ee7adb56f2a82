"""What happens in the demo clip, and when: the one source of the drawn face, the spoken words and the ground truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["blink", "closure", "yawn", "nod", "smile"]

SHUT = 0.7
"""Share of its way from which a drawn lid counts as shut in the ground truth."""
_LID_DOWN_S, _LID_UP_S = 0.06, 0.08
"""Lids fall and rise this fast in a blink."""
_BLINK_SHUT_S = 0.09
"""With the lids' fall and rise a blink of 0.19 s."""
_DROWSY_DOWN_S, _DROWSY_UP_S = 0.40, 0.20
_YAWN_RAMP_S = 0.9
_YAWN_LIDS = 0.4
_NOD_DEG, _NOD_PX = 18.0, 14.0
_SMILE_RAMP_S = 0.5


@dataclass(frozen=True, slots=True)
class Event:
    """Something drawn from `start_s` to `end_s`; a closure's and a blink's times are those of lids that are down."""

    kind: Kind
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, and how espeak-ng says them (see `demo.speech.say`)."""

    start_s: float
    text: str
    words_per_minute: int = 155
    pitch: int = 60
    liveliness: int = 75


@dataclass(frozen=True, slots=True)
class Story:
    """The whole clip."""

    length_s: float
    events: tuple[Event, ...]
    sentences: tuple[Sentence, ...]
    tired_from_s: float = math.inf
    """From here on the lids hang a little and the mouth's corners sink."""

    def lids(self, t_s: float) -> float:
        """How far the lids are down at `t_s`, 0 open to 1 shut."""
        down = 0.12 * _ramp(t_s, self.tired_from_s, 4.0)
        for event in self.events:
            if event.kind in {"blink", "closure", "nod"}:
                down = max(down, _lid_wave(event, t_s))
            elif event.kind == "yawn":
                down = max(down, _YAWN_LIDS * _bump(event, t_s, _YAWN_RAMP_S))
        return down

    def yawn(self, t_s: float) -> float:
        """How wide the mouth yawns at `t_s`, 0..1."""
        return 0.85 * max((_bump(e, t_s, _YAWN_RAMP_S) for e in self.events if e.kind == "yawn"), default=0.0)

    def smile(self, t_s: float) -> float:
        """The smile at `t_s`: 0 at rest, 1 broad, below 0 with sunken corners."""
        tired = -0.5 * _ramp(t_s, self.tired_from_s, 4.0)
        smiles = [_bump(event, t_s, _SMILE_RAMP_S) for event in self.events if event.kind == "smile"]
        return max([tired, *(share for share in smiles if share > 0.0)])

    def nod_deg(self, t_s: float) -> float:
        """How far the head has sunk forward at `t_s`."""
        return _NOD_DEG * self._nod(t_s)

    def nod_px(self, t_s: float) -> float:
        """How far the head has sunk down at `t_s`."""
        return _NOD_PX * self._nod(t_s)

    def _nod(self, t_s: float) -> float:
        return max((_sinking(event, t_s) for event in self.events if event.kind == "nod"), default=0.0)


def _smooth(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def _ramp(t_s: float, start_s: float, length_s: float) -> float:
    return 0.0 if math.isinf(start_s) else _smooth((t_s - start_s) / length_s)


def _bump(event: Event, t_s: float, ramp_s: float) -> float:
    """Rises at the start of an event and falls before its end."""
    return _smooth((t_s - event.start_s) / ramp_s) * _smooth((event.end_s - t_s) / ramp_s)


def _lid_wave(event: Event, t_s: float) -> float:
    """Lids that are past `SHUT` from start to end of the event."""
    slow = event.kind != "blink"
    down_s, up_s = (_DROWSY_DOWN_S, _DROWSY_UP_S) if slow else (_LID_DOWN_S, _LID_UP_S)
    falling = SHUT + (t_s - event.start_s) / down_s
    rising = SHUT + (event.end_s - t_s) / up_s
    return _smooth(min(falling, rising, 1.0))


def _sinking(event: Event, t_s: float) -> float:
    """The head sinks once the lids have been down for 0.4 s, and jerks back with them."""
    return _smooth((t_s - event.start_s - 0.4) / 0.6) * _smooth((event.end_s + 0.25 - t_s) / 0.35)


def _blinks(*starts_s: float) -> tuple[Event, ...]:
    return tuple(Event("blink", start_s, round(start_s + _BLINK_SHUT_S, 3)) for start_s in starts_s)


DRIVE = Story(
    length_s=66.0,
    events=(
        *_blinks(0.9, 4.6, 7.1, 11.9, 14.4, 18.8, 22.3, 29.9, 33.2, 36.1, 38.9, 46.3, 48.6, 51.2, 58.0, 60.4, 64.3),
        Event("smile", 1.2, 12.0),
        Event("yawn", 24.0, 28.6),
        Event("closure", 40.4, 44.4),
        Event("nod", 54.0, 55.3),
    ),
    sentences=(
        Sentence(1.5, "Good morning everyone. What a beautiful day to drive."),
        Sentence(7.5, "I feel great today, and I love this sunny road."),
        Sentence(14.0, "We will arrive at the school in twenty minutes."),
        Sentence(31.0, "I am so tired today. I just want to sleep.", 125, 30, 15),
        Sentence(46.9, "Oh no, that was terrible. I nearly fell asleep!", 165, 60, 80),
        Sentence(58.6, "I will stop at the next parking place and take a break.", 135, 40, 35),
    ),
    tired_from_s=20.0,
)
"""An alert and talkative start, from which the box learns the open eyes; then tiredness, a long closure and a nod."""
