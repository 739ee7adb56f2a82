"""Section `thermal`: how hot the box may be before it does less."""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.section import Section


class ThermalConfig(Section):
    """Temperatures of the hottest part of the processor; see `edge.runtime.thermal` for the way back."""

    yellow_c: float = Field(
        80.0, ge=50.0, le=90.0, description="°C; above, 15 pictures a second [openpilot hardwared: 80]"
    )
    red_c: float = Field(
        96.0, ge=60.0, le=99.0, description="°C; above, 10 pictures a second, no expressions [openpilot hardwared: 96]"
    )
    danger_c: float = Field(
        100.0,
        ge=65.0,
        le=101.0,
        description="°C; above, no words either, and an alert [chosen; a Jetson TX2 shuts down at 101.5]",
    )

    @model_validator(mode="after")
    def _rising(self) -> ThermalConfig:
        if not self.yellow_c < self.red_c < self.danger_c:
            raise ValueError("yellow_c, red_c and danger_c must rise in this order")
        return self
