"""Sections `fatigue`, `attention`, `affect`, `alerts` and `arming`: what an operator may move, within safe bounds.

Defaults, bounds and sources stand in `edge.config.constants`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edge.config.constants import ALERTS, ARMING, ATTENTION, FATIGUE, bounded
from edge.config.section import Section


class FatigueConfig(Section):
    """Eyes, yawns and their thresholds."""

    enabled: bool = Field(True, description="false: eyes, yawns and nods are not judged")
    closed_below: float = bounded(FATIGUE["closed_below"])
    open_above: float = bounded(FATIGUE["open_above"])
    microsleep_s: float = bounded(FATIGUE["microsleep_s"])
    sleep_s: float = bounded(FATIGUE["sleep_s"])
    unresponsive_s: float = bounded(FATIGUE["unresponsive_s"])
    reopened_s: float = bounded(FATIGUE["reopened_s"])
    out_of_sight_s: float = bounded(FATIGUE["out_of_sight_s"])
    perclos_advisory: float = bounded(FATIGUE["perclos_advisory"])
    perclos_warning: float = bounded(FATIGUE["perclos_warning"])
    perclos_180_warning: float = bounded(FATIGUE["perclos_180_warning"])
    perclos_critical: float = bounded(FATIGUE["perclos_critical"])
    exit_share: float = bounded(FATIGUE["exit_share"])
    least_valid_ratio: float = bounded(FATIGUE["least_valid_ratio"])
    baseline_s: float = bounded(FATIGUE["baseline_s"])
    hold_s: float = bounded(FATIGUE["hold_s"])
    yawns: int = bounded(FATIGUE["yawns"])
    yawns_within_s: float = bounded(FATIGUE["yawns_within_s"])
    drowsy_blinks: float = bounded(FATIGUE["drowsy_blinks"])
    drowsy_blinks_s: float = bounded(FATIGUE["drowsy_blinks_s"])


class AttentionConfig(Section):
    """Where the driver looks; follows the faces that `fatigue` follows."""

    enabled: bool = Field(True, description="false: nobody is told to look away")
    learn_s: float = bounded(ATTENTION["learn_s"])
    yaw_deg: float = bounded(ATTENTION["yaw_deg"])
    pitch_deg: float = bounded(ATTENTION["pitch_deg"])
    gaze_yaw_deg: float = bounded(ATTENTION["gaze_yaw_deg"])
    gaze_pitch_deg: float = bounded(ATTENTION["gaze_pitch_deg"])
    exit_share: float = bounded(ATTENTION["exit_share"])
    advisory_s: float = bounded(ATTENTION["advisory_s"])
    warning_s: float = bounded(ATTENTION["warning_s"])
    critical_s: float = bounded(ATTENTION["critical_s"])
    cumulative_s: float = bounded(ATTENTION["cumulative_s"])
    cumulative_window_s: float = bounded(ATTENTION["cumulative_window_s"])
    back_s: float = bounded(ATTENTION["back_s"])
    lost_s: float = bounded(ATTENTION["lost_s"])

    @model_validator(mode="after")
    def _rising(self) -> AttentionConfig:
        if not self.advisory_s < self.warning_s < self.critical_s:
            raise ValueError("advisory_s, warning_s and critical_s must rise in this order")
        return self


class AffectConfig(Section):
    """Affect of utterances and windows."""

    enabled: bool = Field(True, description="false: no moods, groups or distress")
    window_s: float = Field(10.0, ge=2.0, le=60.0, description="length of a window where nobody speaks")
    alerts_per_hour: float = Field(
        0.2, ge=0.01, le=4.0, description="sensitivity: alerts an hour of each kind that normal moods may cause"
    )


class AlertsConfig(Section):
    """How states become alerts."""

    cooldown_s: float = bounded(ALERTS["cooldown_s"])
    update_s: float = bounded(ALERTS["update_s"])
    blind_s: float = bounded(ALERTS["blind_s"])
    unseen_warning_s: float = bounded(ALERTS["unseen_warning_s"])
    unseen_critical_s: float = bounded(ALERTS["unseen_critical_s"])
    most_snooze_s: float = bounded(ALERTS["most_snooze_s"])


class ArmingConfig(Section):
    """Where the vehicle's speed comes from; without a source the alerts are always armed."""

    source: Literal["none", "mqtt", "nmea", "gpsd"] = Field(
        "none", description="a topic, a receiver of satellite navigation, or a gpsd"
    )
    topic: str | None = Field(None, min_length=1, description="mqtt: topic on the broker of section `mqtt`")
    key: str | None = Field(
        None, min_length=1, description="mqtt: name of the speed in a JSON payload; null: the payload is the number"
    )
    unit: Literal["km/h", "m/s"] = Field("km/h", description="mqtt: unit of the number")
    device: str | None = Field(None, min_length=1, description="nmea: serial device of the receiver, /dev/ttyUSB0")
    baud: int = Field(9600, ge=1200, le=921600, description="nmea: speed of the serial line")
    host: str = Field("localhost", min_length=1, description="gpsd: its host")
    port: int = Field(2947, ge=1, le=65535, description="gpsd: its port")
    on_kmh: float = bounded(ARMING["on_kmh"])
    off_kmh: float = bounded(ARMING["off_kmh"])
    asleep_on_kmh: float = bounded(ARMING["asleep_on_kmh"])
    asleep_off_kmh: float = bounded(ARMING["asleep_off_kmh"])
    silent_s: float = bounded(ARMING["silent_s"])

    @model_validator(mode="after")
    def _consistent(self) -> ArmingConfig:
        if self.source == "mqtt" and self.topic is None:
            raise ValueError("source mqtt needs a topic")
        if self.topic is not None and any(sign in self.topic for sign in "+#"):
            raise ValueError("the topic must be one topic, without + and #")
        if self.source == "nmea" and self.device is None:
            raise ValueError("source nmea needs a device")
        if self.off_kmh > self.on_kmh:
            raise ValueError("off_kmh must not be above on_kmh")
        if self.asleep_off_kmh > self.asleep_on_kmh:
            raise ValueError("asleep_off_kmh must not be above asleep_on_kmh")
        return self
