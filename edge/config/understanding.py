"""Sections `fatigue`, `affect` and `alerts`: the thresholds an operator may move, within safe bounds.

Sources of the fatigue constants: Wierwille 1994 (DOT HS 808 247), the drowsy-driver warning field trial
(DOT HS 811 117) and Euro NCAP's driver status monitoring protocol.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.section import Section


class FatigueConfig(Section):
    """Eyes, yawns and their thresholds."""

    enabled: bool = True
    closed_below: float = Field(0.30, ge=0.15, le=0.40, description="openness below which an eye counts as closed")
    open_above: float = Field(0.50, ge=0.40, le=0.70, description="openness above which it counts as open again")
    microsleep_s: float = Field(1.5, ge=1.0, le=2.0, description="Euro NCAP: a microsleep is a closure of 1 to 2 s")
    sleep_s: float = Field(3.0, ge=2.0, le=4.0, description="Euro NCAP: sleep is a closure of 3 s or more")
    unresponsive_s: float = Field(6.0, ge=4.0, le=8.0, description="Euro NCAP: unresponsive from 6 s")
    perclos_advisory: float = Field(0.08, ge=0.05, le=0.10)
    perclos_warning: float = Field(0.15, ge=0.10, le=0.20, description="over 60 s, with 0.10 over 180 s")
    perclos_critical: float = Field(0.30, ge=0.20, le=0.40)
    least_valid_ratio: float = Field(0.5, ge=0.3, le=0.9, description="below this share of usable time no PERCLOS")
    baseline_s: float = Field(60.0, ge=20.0, le=120.0, description="usable time from which the open eye is learned")
    hold_s: float = Field(
        60.0, ge=5.0, le=300.0, description="time below the exit threshold before a PERCLOS level ends"
    )


class AffectConfig(Section):
    """Affect of utterances and windows."""

    enabled: bool = True
    window_s: float = Field(10.0, ge=2.0, le=60.0, description="length of a window where nobody speaks")


class AlertsConfig(Section):
    """How states become alerts."""

    cooldown_s: float = Field(
        45.0, ge=10.0, le=300.0, description="rest between alerts of one kind; never holds back a critical one"
    )
    update_s: float = Field(3.0, ge=1.0, le=60.0, description="least time between updates while an alert lasts")
    blind_s: float = Field(
        10.0, ge=5.0, le=10.0, description="Euro NCAP: say within 10 s that the driver's eyes cannot be seen"
    )
