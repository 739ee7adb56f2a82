"""The kinds of alert, and which cause of fatigue raises which."""

from __future__ import annotations

MICROSLEEP = "microsleep"
DROWSINESS = "drowsiness"
CANNOT_SEE_DRIVER = "cannot_see_driver"
SOURCE_LOST = "source_lost"

KINDS: dict[str, str] = {
    MICROSLEEP: "the eyes stay closed; one alert escalates from microsleep through sleep to unresponsive",
    DROWSINESS: "the eyes are slowly closed for too large a share of the time",
    CANNOT_SEE_DRIVER: "no usable eyes for a while: nothing is known, and nothing is claimed",
    SOURCE_LOST: "a camera or microphone gives nothing",
}
"""Every kind of alert with its meaning."""

KIND_OF_CAUSE: dict[str, str] = {
    "yawns": DROWSINESS,
    "perclos_advisory": DROWSINESS,
    "perclos_warning": DROWSINESS,
    "perclos_critical": DROWSINESS,
    "microsleep": MICROSLEEP,
    "sleep": MICROSLEEP,
    "unresponsive": MICROSLEEP,
}
"""The kind that each cause of a fatigue level raises; its level is the cause's own (`edge.fatigue.policy.CAUSES`)."""
