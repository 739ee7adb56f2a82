"""Sections `fatigue`, `attention`, `affect`, `alerts`, `arming`, `warning`: thresholds, alerts, warnings in the cab.

Defaults, bounds and sources of the safety thresholds are in `edge.config.constants`.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from edge.config.constants import ALERTS, ARMING, ATTENTION, FATIGUE, Section, bounded
from edge.i18n.texts import Language

FromLevel = Literal["advisory", "warning", "critical", "emergency"]
_LINE = r"^/dev/[A-Za-z0-9_-]+:[0-9]+$"
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class FatigueConfig(Section):
    """Fatigue from eyes and yawns, with its thresholds."""

    enabled: bool = Field(True, description="false: no fatigue alerts; eyes, yawns and nods are not evaluated")
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
    """Where the driver looks. Uses the faces that `fatigue` uses."""

    enabled: bool = Field(True, description="false: no distraction alerts")
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
    """Affect of utterances and of windows without speech."""

    enabled: bool = Field(True, description="false: no moods, no groups, no distress alerts")
    window_s: float = Field(10.0, ge=2.0, le=60.0, description="length of a window without speech")
    alerts_per_hour: float = Field(
        0.2, ge=0.01, le=4.0, description="sensitivity: accepted false alerts an hour of each kind, from normal moods"
    )


class AlertsConfig(Section):
    """When states become alerts."""

    cooldown_s: float = bounded(ALERTS["cooldown_s"])
    update_s: float = bounded(ALERTS["update_s"])
    blind_s: float = bounded(ALERTS["blind_s"])
    unseen_warning_s: float = bounded(ALERTS["unseen_warning_s"])
    unseen_critical_s: float = bounded(ALERTS["unseen_critical_s"])
    most_snooze_s: float = bounded(ALERTS["most_snooze_s"])


class ArmingConfig(Section):
    """Source of the vehicle's speed, and the speeds that arm the alerts. Without a source, alerts are always armed."""

    source: Literal["none", "mqtt", "nmea", "gpsd"] = Field(
        "none", description="source of the speed: an MQTT topic, a satellite receiver (nmea) or a gpsd"
    )
    topic: str | None = Field(
        None, min_length=1, description="mqtt: topic of the speed, on the broker of section `mqtt`"
    )
    key: str | None = Field(
        None, min_length=1, description="mqtt: key of the speed in a JSON payload; null: the payload is the number"
    )
    unit: Literal["km/h", "m/s"] = Field("km/h", description="mqtt: unit of the number")
    device: str | None = Field(
        None, min_length=1, description="nmea: serial device of the receiver, such as /dev/ttyUSB0"
    )
    baud: int = Field(9600, ge=1200, le=921600, description="nmea: baud rate of the serial device")
    host: str = Field("localhost", min_length=1, description="gpsd: host")
    port: int = Field(2947, ge=1, le=65535, description="gpsd: port")
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


class WarningConfig(Section):
    """Warnings in the cab, which need no network. Not permitted for purpose classroom-wellbeing."""

    speaker: str | None = Field(
        "default", description="sounddevice name or number (see `emvas devices`); null: no speaker"
    )
    volume: float = Field(
        0.5,
        ge=0.1,
        le=1.0,
        description="volume at which a critical warning starts, as a share of full scale; other warnings are softer",
    )
    loudest: float = Field(
        1.0,
        ge=0.3,
        le=1.0,
        description="volume to which a repeated warning rises, as a share of full scale; at least `volume`",
    )
    quiet: str | None = Field(
        None,
        description="hours in local time, such as 22:00-06:00, in which warnings below critical are 12 dB softer",
    )
    phrases: str | None = Field(
        None,
        description="folder of spoken phrases that follow the tones: a WAV file for each signal and language, such as "
        "critical.zh.wav; null: tones only",
    )
    phrase_language: Language = Field("en", description="language of the phrases that sound")
    gpio: str | None = Field(
        None, pattern=_LINE, description="chip and line that is high while a level lasts, such as /dev/gpiochip0:17"
    )
    gpio_from: FromLevel = Field(
        "warning", description="lowest level at which the line is high, for a lamp or a buzzer"
    )
    button: str | None = Field(
        None,
        pattern=_LINE,
        description="line of a button to ground; the button ends the repetition of a warning once the eyes are open",
    )
    relay: str | None = Field(
        None,
        pattern=r"^/dev/\S+$",
        description="relay that is on while a level lasts: /dev/hidraw0 (USB-HID, `USBRelay`) or "
        "/dev/ttyUSB0 (serial, LCUS)",
    )
    relay_channel: int = Field(1, ge=1, le=8, description="number of the relay on the board")
    relay_from: FromLevel = Field("critical", description="lowest level at which the relay is on, for a seat shaker")

    @field_validator("quiet")
    @classmethod
    def _hours(cls, quiet: str | None) -> str | None:
        if quiet is not None and not _HOURS.fullmatch(quiet):
            raise ValueError("hours are written 22:00-06:00")
        return quiet

    @property
    def quiet_min(self) -> tuple[int, int] | None:
        """Start and end of the quiet hours in minutes of the day; the start may be later than the end."""
        found = _HOURS.fullmatch(self.quiet or "")
        if found is None:
            return None
        hour, minute, to_hour, to_minute = map(int, found.groups())
        return 60 * hour + minute, 60 * to_hour + to_minute

    @model_validator(mode="after")
    def _warns(self) -> WarningConfig:
        if self.speaker is None and self.gpio is None and self.relay is None:
            raise ValueError("nothing would warn the driver: set speaker, gpio or relay")
        if self.phrases is not None and self.speaker is None:
            raise ValueError("phrases need a speaker")
        if self.loudest < self.volume:
            raise ValueError("loudest must not be below volume")
        return self
