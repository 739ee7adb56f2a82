"""A made-up drive as messages: quiet, then a microsleep, words, a lost camera."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from edge.i18n.texts import Sentence
from edge.messages import (
    Affect,
    Alert,
    Attention,
    Blink,
    Closure,
    Face,
    Fatigue,
    Group,
    Level,
    Message,
    Nod,
    Reason,
    Source,
    Speech,
    Summary,
    Transcript,
    Yawn,
)
from edge.messages.serialize import to_record

LENGTH_S = 120.0
_SCORES = ((5.0, 0.55, "happy"), (22.0, 0.2, "relaxed"), (41.0, -0.25, "tired"), (88.0, -0.5, "anxious"))


def drive(words: str = "good morning") -> list[Message]:
    """Two minutes at 1 Hz; the microsleep is 60.0 to 62.4 s, the camera is gone 100 to 105 s."""
    messages: list[Message] = [Source(0.0, "text", "absent", Sentence("roles_missing", roles=("text",)))]
    for second in range(int(LENGTH_S)):
        t_s = float(second)
        usable = not 100 <= second < 105
        level = Level.CRITICAL if second in (61, 62) else Level.ADVISORY if 62 < second < 90 else Level.NONE
        causes = {Level.CRITICAL: ("microsleep",), Level.ADVISORY: ("perclos_advisory",)}.get(level, ())
        perclos = min(0.12, 0.001 * second) if second > 30 else None
        box = (200.0, 120.0, 180.0, 180.0)
        if usable:
            seen = {"eye_opening": 0.3, "mouth": 0.04, "yaw_deg": 2.0, "pitch_deg": -4.0}
            messages.append(Face(t_s, 1, box, True, None, 0.05 if second in (60, 61) else 0.92, **seen))
        else:
            messages.append(Face(t_s, 1, box, False, Reason.DARK))
        messages.append(Fatigue(t_s, 1, level, perclos, perclos, 1.0 if usable else 0.9, causes))
        messages.append(Attention(t_s, 1, Level.NONE, () if second > 60 else ("learning",)))
    for index in range(30):
        start_s = 1.0 + 3.5 * index
        messages.append(Blink(start_s + 0.2, 1, start_s, start_s + 0.2, 200.0, 0.9, 5.0))
    for start_s, score, emotion in _SCORES:
        end_s = start_s + 3.0
        messages.append(Speech(end_s, start_s, end_s))
        messages.append(Transcript(end_s, start_s, end_s, words, "en", 0.9))
        modalities = {"text": score, "audio": None, "vision": score}
        messages.append(Affect(end_s, start_s, end_s, score, emotion, "neutral", modalities, 0.8, 1))
    told = {"causes": ("microsleep",), "track": 1, "perclos_60": None, "closed_s": 2.4, "closed_from_s": 60.0}
    messages += [
        Yawn(48.0, 1, 43.0, 48.0),
        Nod(61.0, 1, 60.5, 61.0),
        Closure(62.4, 1, 60.0, 62.4, "microsleep"),
        Alert(61.5, "a1", "new", "microsleep", Level.CRITICAL, 60.0, 1.5, told),
        Alert(62.7, "a1", "end", "microsleep", Level.CRITICAL, 60.0, 2.7, told),
        Alert(110.0, "a2", "new", "drowsiness", Level.ADVISORY, 108.0, 2.0, {"causes": ("perclos_advisory",)}),
        Source(100.0, "camera", "lost", "no picture for 2 s"),
        Source(105.0, "camera", "ok"),
        Group(110.0, 100.0, 110.0, 6, 0.3333, 0.2, 0.1, -45.0),
        Summary(LENGTH_S, 0.0, LENGTH_S, {"happy": 1.0}, 0.0, 0.05, {"microsleep": 1}, 0.95),
    ]
    return sorted(messages, key=lambda message: message.t_s)


def write_jsonl(path: Path, messages: Iterable[Message]) -> Path:
    """The file that `emvas replay` would write."""
    lines = (json.dumps(to_record(message), ensure_ascii=False) + "\n" for message in messages)
    path.write_text("".join(lines), encoding="utf-8")
    return path
