"""A whole replay, faces and words, under each provider, held against the same replay on the CPU in float32."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.gpu.providers import bundles
from benchmarks.gpu.rows import words_config
from benchmarks.gpu.step import Context, FailedError, Finding
from edge.bundle.bundle import Bundle
from edge.messages import Alert, Face, Message, Transcript
from edge.runtime.pipeline import Pipeline, ReplayReport, replay_file, session_of
from training.asr.metrics import error_rates

_ALERT_S = 0.1
"""An alert may come this much earlier or later: three pictures at 30 a second."""
_FACE = {"eye_opening": 0.01, "mouth": 0.02, "yaw_deg": 1.0, "pitch_deg": 1.0}
"""Root mean square differences that float16 may make; a blink moves the lids by .2 of the eye's width."""
_EVENTS = ("blink", "closure", "yawn", "nod", "speech", "transcript", "face")
_SHARE = 0.02
"""One event, or this share of them, may be judged otherwise at a threshold."""
_CER = 0.1
"""Share of characters that may differ: float16 tips single words between equally likely ones."""


class _Kept:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def write(self, message: Message) -> None:
        self.messages.append(message)


def ask(context: Context) -> Finding:
    """FailedError names what differs by more than its bound."""
    wanted, _ = _replay(Bundle(context.bundle), context)
    rows = []
    for provider, bundle in bundles(context):
        given, report = _replay(bundle, context)
        rows.append({"provider": provider, "speed": round(report.speed, 2), **difference(wanted, given)})
    wrong = [f"{row['provider']}: {fault}" for row in rows for fault in row["faults"]]
    if wrong:
        raise FailedError("; ".join(wrong), rows)
    speeds = ", ".join(f"{row['provider']} {row['speed']} x real time" for row in rows)
    return Finding(f"{len(wanted)} messages on the CPU, the same within bounds: {speeds}", rows)


def _replay(bundle: Bundle, context: Context) -> tuple[list[Message], ReplayReport]:
    kept = _Kept()
    report = replay_file(context.clip, Pipeline(bundle, words_config(), session_of(context.clip)), [kept])
    return kept.messages, report


def difference(wanted: Sequence[Message], given: Sequence[Message]) -> dict[str, Any]:
    """What differs between the CPU's messages and the others; `faults` says what is beyond its bound."""
    counts = [Counter(message.kind for message in side) for side in (wanted, given)]
    faults = [
        f"{counts[1][kind]} {kind} messages, {counts[0][kind]} on the CPU"
        for kind in _EVENTS
        if abs(counts[1][kind] - counts[0][kind]) > max(1, _SHARE * counts[0][kind])
    ]
    faults += _alert_faults(*([m for m in side if isinstance(m, Alert)] for side in (wanted, given)))
    faces = _faces(wanted, given)
    faults += [f"{name} differs by {value:.3g}" for name, value in faces.items() if value > _FACE[name]]
    said, heard = (" ".join(m.text for m in side if isinstance(m, Transcript)) for side in (wanted, given))
    cer = round(error_rates([(said, heard)]).cer, 4) if said else None
    if cer is not None and cer > _CER:
        faults.append(f"{cer:.2f} of the characters differ")
    return {"faults": faults, "faces": faces, "character_difference": cer, "counts": dict(counts[1])}


def _alert_faults(wanted: Sequence[Alert], given: Sequence[Alert]) -> list[str]:
    sides = [[(alert.alert, alert.type) for alert in side] for side in (wanted, given)]
    if sides[0] != sides[1]:
        return [f"alerts {sides[1]}, on the CPU {sides[0]}"]
    late = [abs(one.t_s - other.t_s) for one, other in zip(wanted, given, strict=True)]
    return [f"an alert is {max(late):.2f} s apart"] if late and max(late) > _ALERT_S else []


def _faces(wanted: Sequence[Message], given: Sequence[Message]) -> Mapping[str, float]:
    """Root mean square difference of each reading, over the pictures in which both have it."""
    sides = [{(m.t_s, m.track): m for m in side if isinstance(m, Face)} for side in (wanted, given)]
    found = {}
    for name in _FACE:
        pairs = [
            (getattr(sides[0][key], name), getattr(sides[1][key], name)) for key in sides[0].keys() & sides[1].keys()
        ]
        values = [one - other for one, other in pairs if one is not None and other is not None]
        found[name] = float(np.sqrt(np.mean(np.square(values)))) if values else 0.0
    return found
