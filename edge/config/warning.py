"""Section `warning`: what in the cab warns the driver, on the spot."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from edge.config.section import Section

FromLevel = Literal["advisory", "warning", "critical", "emergency"]
_LINE = r"^/dev/[A-Za-z0-9_-]+:[0-9]+$"
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class WarningConfig(Section):
    """What warns the driver in the cab, without any network; not for purpose classroom-wellbeing."""

    speaker: str | None = Field(
        "default", description="a sounddevice name or number (see `emvas devices`); null: no speaker"
    )
    volume: float = Field(
        0.5, ge=0.1, le=1.0, description="share of full scale at which a critical warning begins; others are softer"
    )
    loudest: float = Field(
        1.0, ge=0.3, le=1.0, description="share of full scale to which a repeated warning rises; never below `volume`"
    )
    quiet: str | None = Field(
        None,
        description="hours such as 22:00-06:00, local time, in which signals below critical are 12 dB softer; critical "
        "ones never are",
    )
    gpio: str | None = Field(
        None, pattern=_LINE, description="chip and line that is high while a level holds: /dev/gpiochip0:17"
    )
    gpio_from: FromLevel = Field("warning", description="the level from which the line is high: a lamp, a buzzer")
    button: str | None = Field(
        None,
        pattern=_LINE,
        description="line of a button to ground that ends the repetition of a warning, once the eyes are open",
    )
    relay: str | None = Field(
        None,
        pattern=r"^/dev/\S+$",
        description="a relay that is on while a level holds: /dev/hidraw0 (USB-HID, `USBRelay`) or /dev/ttyUSB0 "
        "(serial, LCUS)",
    )
    relay_channel: int = Field(1, ge=1, le=8, description="which relay of the board")
    relay_from: FromLevel = Field("critical", description="the level from which it is on: a seat shaker")

    @field_validator("quiet")
    @classmethod
    def _hours(cls, quiet: str | None) -> str | None:
        if quiet is not None and not _HOURS.fullmatch(quiet):
            raise ValueError("hours are written 22:00-06:00")
        return quiet

    @property
    def quiet_min(self) -> tuple[int, int] | None:
        """Start and end of the quiet hours in minutes of the day; the start may be the later one."""
        found = _HOURS.fullmatch(self.quiet or "")
        if found is None:
            return None
        hour, minute, to_hour, to_minute = map(int, found.groups())
        return 60 * hour + minute, 60 * to_hour + to_minute

    @model_validator(mode="after")
    def _warns(self) -> WarningConfig:
        if self.speaker is None and self.gpio is None and self.relay is None:
            raise ValueError("nothing would warn the driver: name a speaker, a gpio or a relay")
        if self.loudest < self.volume:
            raise ValueError("loudest must not be below volume")
        return self
