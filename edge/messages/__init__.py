"""The messages of the box: one frozen dataclass each, units in the names.

Every time `t_s` is the capture time in seconds on the source's own monotonic time line (replay: from the start of
the file). Messages that carry a `kind` are the public contract: they are written to JSONL, stored and published.
Messages without one (`Frame`, `Audio`, `Utterance`, `Speed`, `Sound`, `Anomaly`) never leave memory.
"""

from __future__ import annotations

from edge.messages.decisions import (
    Affect,
    Alert,
    AlertType,
    Anomaly,
    Attention,
    Blink,
    Closure,
    ClosureClass,
    Fatigue,
    Group,
    Level,
    Nod,
    Source,
    Summary,
    Trip,
    TripFigures,
    Warned,
    Yawn,
    hourly,
    known_level,
)
from edge.messages.observations import (
    EXPRESSIONS,
    ROOM_SOUNDS,
    SAMPLE_RATE_HZ,
    SPEED,
    Audio,
    Box,
    EyeReading,
    Face,
    Float32,
    Frame,
    Reason,
    Side,
    Sound,
    Speech,
    Speed,
    Transcript,
    Utterance,
)

__all__ = [
    "EXPRESSIONS",
    "ROOM_SOUNDS",
    "SAMPLE_RATE_HZ",
    "SPEED",
    "Affect",
    "Alert",
    "AlertType",
    "Anomaly",
    "Attention",
    "Audio",
    "Blink",
    "Box",
    "Closure",
    "ClosureClass",
    "EyeReading",
    "Face",
    "Fatigue",
    "Float32",
    "Frame",
    "Group",
    "Level",
    "Message",
    "Nod",
    "Reason",
    "Side",
    "Sound",
    "Source",
    "Speech",
    "Speed",
    "Summary",
    "Transcript",
    "Trip",
    "TripFigures",
    "Utterance",
    "Warned",
    "Yawn",
    "hourly",
    "known_level",
]

Message = (
    Face
    | Blink
    | Closure
    | Yawn
    | Nod
    | Fatigue
    | Attention
    | Speech
    | Transcript
    | Affect
    | Group
    | Alert
    | Source
    | Summary
    | Trip
    | Warned
)
