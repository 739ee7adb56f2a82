"""The table of alert kinds: what each is based on, when it may be raised, and which causes raise it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MICROSLEEP = "microsleep"
DROWSINESS = "drowsiness"
DISTRACTION = "distraction"
CANNOT_SEE_DRIVER = "cannot_see_driver"
SOURCE_LOST = "source_lost"
DISTRESS = "distress"
COUGHING_FIT = "coughing_fit"
BREAKING_SOUND = "breaking_sound"
ALARM_SOUND = "alarm_sound"
MOOD_SHIFT = "mood_shift"
AGITATION = "agitation"
GROUP_MOOD = "group_mood"

Motion = Literal["any", "rolling", "driving"]
"""At any speed; from walking pace on; from the speed on at which looks and fatigue matter (`arming`)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table."""

    meaning: str
    from_eyes: bool = False
    """It begins and rises only in a frame in which the person's eyes can be judged."""
    while_: Motion = "any"
    """How the vehicle must move; a driver who sleeps in a parked bus raises no alert."""
    rests: bool = True
    """Whether a cooldown follows its end; a driver who looks away again is warned again."""
    snoozable: bool = True
    """Whether it can be snoozed; a critical level is never silenced."""


KINDS: dict[str, Kind] = {
    MICROSLEEP: Kind(
        "the eyes stay closed; one alert escalates from microsleep through sleep to unresponsive",
        from_eyes=True, while_="rolling", snoozable=False,
    ),
    DROWSINESS: Kind(
        "the eyes are slowly closed for too large a share of the time", from_eyes=True, while_="driving"
    ),
    DISTRACTION: Kind(
        "the driver looks away from the road for too long or too often", while_="driving", rests=False
    ),
    CANNOT_SEE_DRIVER: Kind("hardly any usable eyes: nothing is known, and nothing is claimed", while_="driving"),
    SOURCE_LOST: Kind("a camera, microphone or other source gives nothing"),
    DISTRESS: Kind("somebody cries or screams, or voices are far louder and higher than usual here"),
    COUGHING_FIT: Kind("somebody coughs again and again"),
    BREAKING_SOUND: Kind("glass breaks, or something crashes"),
    ALARM_SOUND: Kind("an alarm or a siren sounds"),
    MOOD_SHIFT: Kind("one person's mood is well below that person's own last half hour; research only"),
    AGITATION: Kind("a group, or in research one person, moves far more than in the last half hour"),
    GROUP_MOOD: Kind("the mood of at least five faces together is well below their own last half hour"),
}  # fmt: skip
"""Every kind of alert."""

KIND_OF_CAUSE: dict[str, str] = {
    "yawns": DROWSINESS,
    "drowsy_blinks": DROWSINESS,
    "drowsy_blinks_perclos": DROWSINESS,
    "perclos_advisory": DROWSINESS,
    "perclos_warning": DROWSINESS,
    "perclos_critical": DROWSINESS,
    "microsleep": MICROSLEEP,
    "sleep": MICROSLEEP,
    "unresponsive": MICROSLEEP,
}
"""The kind that each cause of a fatigue level raises; its level is the cause's own (`edge.fatigue.policy.CAUSES`)."""
