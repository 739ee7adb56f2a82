"""The messages of the box: one frozen dataclass each, units in the names.

Every time `t_s` is the capture time in seconds on the source's own monotonic time line (replay: from the start of
the file). Messages that carry a `kind` are the public contract: they are written to JSONL, stored and published.
Messages without one (`Frame`, `Audio`, `Utterance`, `Speed`, `Sound`, `Anomaly`) never leave memory.
"""

from __future__ import annotations

from edge.messages.alerts import Alert, AlertType, Anomaly, Level, Warned
from edge.messages.faces import EXPRESSIONS, Box, EyeReading, Face, Group, Reason, Side
from edge.messages.fatigue import Attention, Blink, Closure, ClosureClass, Fatigue, Nod, Yawn, known_level
from edge.messages.reports import Source, Summary, Trip
from edge.messages.signals import SAMPLE_RATE_HZ, SPEED, Audio, Float32, Frame, Sound, Speed, Utterance
from edge.messages.speech import Affect, Speech, Transcript

__all__ = [
    "EXPRESSIONS",
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
    "Utterance",
    "Warned",
    "Yawn",
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
