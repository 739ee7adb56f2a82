"""Five boxes as people meet them: a cab on its way, a lesson, a research recording, an empty box and a blind one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from edge.affect.fusion import emotion, polarity
from edge.i18n.texts import Sentence
from edge.messages import (
    Affect,
    Alert,
    AlertType,
    Attention,
    Blink,
    Closure,
    Face,
    Fatigue,
    Group,
    Level,
    Message,
    Reason,
    Source,
    Speech,
    Summary,
    Transcript,
    Trip,
    Yawn,
)

FIVES = tuple(300.0 * number for number in range(1, 9))
BOX = (200.0, 120.0, 180.0, 180.0)
HEARD = {"laughter": (640, 650, 1490, 2310, 2320), "shouting": (1530, 1540, 1560, 2530, 2550)}
"""Starts of the windows of the lesson in which the room's audio holds each sound."""
TALK = (
    (4.0, 0.62, "Good morning, I slept well and the road is clear.", "en"),
    (31.0, 0.35, "今天的课我很喜欢。", "zh"),
    (66.0, 0.05, "We turn left at the next corner.", "en"),
    (102.0, -0.3, "I am a little tired of waiting here.", "en"),
    (140.0, -0.82, "This is unacceptable, I have asked three times!", "en"),
    (171.0, -0.55, "我真的很担心。", "zh"),
    (214.0, 0.1, "Let us look at it again.", "en"),
    (251.0, 0.74, "Wonderful, that is what I hoped for!", "en"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A box: its configuration, and what it recorded until now."""

    config: dict[str, Any]
    messages: list[Message] = field(default_factory=list)
    length_s: float = 0.0


def cab() -> Scene:
    """Forty minutes in a bus; the lids get heavy, there was a microsleep, and a warning lasts."""
    length_s = 2400.0
    found: list[Message] = [
        Source(0.0, "asr", "absent", Sentence("switched_off", setting="speech.transcribe")),
        Source(0.0, "speaker", "ok", ""),
        Source(900.0, "camera", "lost", Sentence("csi_without_picture", seconds=2)),
        Source(1020.0, "camera", "ok"),
        *(Trip(t_s, 65.0, t_s, round(21.4 * t_s / 2399, 1)) for t_s in (*FIVES[:-1], 2399.0)),
        *(
            Summary(end_s, end_s - 300.0, end_s, {}, None, 0.05, {}, 0.97 if end_s != 1200.0 else 0.6)
            for end_s in FIVES
        ),
        Yawn(1500.0, 1, 1495.0, 1500.0),
        Closure(1802.1, 1, 1800.0, 1802.1, "microsleep"),
        Alert(1801.5, "m1", "new", "microsleep", Level.CRITICAL, 1800.0, 1.5, {"track": 1, "closed_s": 1.5}),
        Alert(1802.4, "m1", "end", "microsleep", Level.CRITICAL, 1800.0, 2.4, {"track": 1, "closed_s": 2.1}),
        _drowsy(2340.0, "new"),
        *(_drowsy(t_s, "update") for t_s in (2355.0, 2370.0, 2385.0, 2399.0)),
    ]
    for second in range(int(length_s)):
        t_s = float(second)
        if 900 <= second < 1020:
            continue
        perclos = round(max(0.0, 0.02 + 0.15 * (second / length_s) ** 3 + 0.01 * math.sin(second / 40)), 3)
        causes: tuple[str, ...] = ("yawns", "perclos_warning") if second > 2340 else ()
        level = Level.WARNING if causes else Level.ADVISORY if perclos > 0.08 else Level.NONE
        if 1801 <= second <= 1803:
            level, causes = Level.CRITICAL, ("microsleep",)
        causes = causes or (("perclos_advisory",) if level is Level.ADVISORY else ())
        openness = 0.05 if 1800 <= second < 1802 else 0.9 - perclos + 0.04 * math.sin(second)
        found.append(Face(t_s, 1, BOX, True, None, openness))
        found.append(Fatigue(t_s, 1, level, perclos, perclos, 0.97, causes, judged_s=1.0))
        found.append(Attention(t_s, 1, Level.NONE))
        if second % 4 == 0:
            found.append(Blink(t_s, 1, t_s - 0.2, t_s, 200.0, 0.9, 5.0))
    return Scene(_config("driver-safety", "depot-1", "bus-042", vehicle="B-EV 42"), _sorted(found), length_s)


def lesson() -> Scene:
    """Forty-five minutes in a classroom; it grows loud twice, and for a while too few faces can be seen."""
    length_s = 2700.0
    told = {"causes": ("sustained",), "shift": 3.4, "baseline": 0.09}
    found: list[Message] = [
        Source(0.0, "fatigue", "absent", Sentence("switched_off", setting="fatigue.enabled")),
        Alert(1500.0, "g1", "new", "agitation", Level.ADVISORY, 1480.0, 20.0, told),
        Alert(1610.0, "g1", "end", "agitation", Level.ADVISORY, 1480.0, 130.0, told),
        Alert(2520.0, "g2", "new", "agitation", Level.ADVISORY, 2500.0, 20.0, told),
        Alert(2600.0, "g2", "end", "agitation", Level.ADVISORY, 2500.0, 100.0, told),
    ]
    for start in range(0, int(length_s), 10):
        if 900 <= start < 1080:
            continue
        loud = math.exp(-(((start - 1540) / 90) ** 2)) + 0.8 * math.exp(-(((start - 2540) / 60) ** 2))
        share = 0.1 + 0.08 * math.sin(start / 300) + 0.3 * loud
        spread, motion, noise = 0.2 + 0.25 * loud, 0.08 + 0.3 * loud, -52.0 + 24 * loud + 3 * math.sin(start / 33)
        faces = 9 + round(3 * math.sin(start / 500))
        sounds = tuple(name for name, at in HEARD.items() if start in at)
        figures = (faces, share, spread, motion, noise, faces + 4, sounds)
        found.append(Group(start + 10.0, float(start), start + 10.0, *figures))
    return Scene(_config("classroom-wellbeing", "school-3", "room-12", vehicle="Class 5b"), _sorted(found), length_s)


def research(words: bool = True) -> Scene:
    """Five minutes of somebody who speaks, with words, voice and face."""
    length_s = 290.0
    found: list[Message] = []
    for start_s, score, text, language in TALK:
        end_s = start_s + 4.0
        found.append(Speech(end_s, start_s, end_s))
        if words:
            found.append(Transcript(end_s, start_s, end_s, text, language, 0.93))
        modalities = {
            "text": _within(score * 1.15),
            "audio": _within(score * 0.7 - 0.1),
            "vision": _within(score * 0.85),
        }
        found.append(_affect(start_s, end_s, score, modalities))
    for number in range(2, 28):
        start_s = 10.0 * number + 5.0
        if not any(abs(start_s - said) < 8 for said, *_ in TALK):
            score = _within(0.45 * math.sin(start_s / 45 + 1.3))
            found.append(_affect(start_s, start_s + 5.0, score, {"text": None, "audio": None, "vision": score}))
    for second in range(int(length_s)):
        face = Face(float(second), 1, BOX, True, None, 0.9 + 0.03 * math.sin(second), expression={"happiness": 0.4})
        found.append(face)
        perclos = 0.03 + 0.01 * math.sin(second / 20)
        found.append(Fatigue(float(second), 1, Level.NONE, perclos, perclos, 0.99, judged_s=1.0))
    config = _config("research", "lab", "desk") | {"consent": "recorded"}
    config["store"] |= {"keep_words": True}
    return Scene(config, _sorted(found), length_s)


def empty() -> Scene:
    """Installed, never run."""
    return Scene(_config("driver-safety", "depot-1", "bus-077"))


def blind() -> Scene:
    """Somebody hung a jacket over the camera; the speaker is unplugged."""
    length_s = 600.0
    found: list[Message] = [
        Source(0.0, "speaker", "ok", ""),
        Source(300.0, "speaker", "lost", Sentence("speaker_ended")),
        Source(0.0, "asr", "absent", Sentence("switched_off", setting="speech.transcribe")),
        Alert(420.0, "c1", "new", "cannot_see_driver", Level.ADVISORY, 300.0, 120.0, {"causes": ("dark",)}),
    ]
    for second in range(int(length_s)):
        dark = second >= 300
        found.append(
            Face(float(second), None if dark else 1, None if dark else BOX, not dark, Reason.DARK if dark else None)
        )
        unknown = "dark" if dark else None
        ratio = max(0.0, 1 - max(0, second - 300) / 60)
        found.append(
            Fatigue(float(second), 1, Level.NONE, None, None, ratio, unknown=unknown, judged_s=0.0 if dark else 1.0)
        )
    return Scene(_config("driver-safety", "depot-1", "bus-013"), _sorted(found), length_s)


SCENES = {"cab": cab, "lesson": lesson, "research": research, "empty": empty, "blind": blind}


def _config(purpose: str, site: str, name: str, vehicle: str | None = None) -> dict[str, Any]:
    box = {"site": site, "id": name} | ({"vehicle": vehicle} if vehicle else {})
    off = {"fatigue": {"enabled": False}, "speech": {"transcribe": False}} if purpose == "classroom-wellbeing" else {}
    return {"purpose": purpose, "box": box, "store": {"path": "timeline.db"}, **off}


def _drowsy(t_s: float, step: AlertType) -> Alert:
    told = {"track": 1, "causes": ("perclos_warning",), "perclos_60": 0.16}
    return Alert(t_s, "d1", step, "drowsiness", Level.WARNING, 2340.0, t_s - 2340.0, told)


def _affect(start_s: float, end_s: float, score: float, modalities: dict[str, float | None]) -> Affect:
    word, kind = emotion(score).en, polarity(score).en
    return Affect(end_s, start_s, end_s, score, word, kind, modalities, 0.8, 1, mood=0.6 * score)


def _within(score: float) -> float:
    return max(-1.0, min(1.0, score))


def _sorted(found: list[Message]) -> list[Message]:
    return sorted(found, key=lambda message: message.t_s)
