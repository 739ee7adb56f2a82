"""Sections `box` and `thermal`, and the whole configuration of a box."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edge.config.constants import Section
from edge.config.decision import (
    AffectConfig,
    AlertsConfig,
    ArmingConfig,
    AttentionConfig,
    FatigueConfig,
    WarningConfig,
)
from edge.config.delivery import CommandsConfig, DashboardConfig, HealthConfig, MqttConfig, StoreConfig, SummaryConfig
from edge.config.perception import CameraConfig, MicrophoneConfig, ModelsConfig, SpeechConfig, VisionConfig
from edge.config.purpose import ALLOWANCES, Allowance, Purpose

_NAME = r"^[A-Za-z0-9_-]+$"


class BoxConfig(Section):
    """Identity of the box. `site` and `id` are levels of its MQTT topics."""

    site: str = Field("site", pattern=_NAME, description="place of the box: a depot, a school")
    id: str = Field("box", pattern=_NAME, description="name of the box, unique on its site")
    vehicle: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="name that people use for the vehicle or room; on pages and reports only",
    )

    @property
    def place(self) -> str:
        """Name of the box for the head of a page: B-AB 123 · bus-042 · depot-1."""
        return " · ".join(filter(None, (self.vehicle, self.id, self.site)))


class ThermalConfig(Section):
    """Temperature limits of the hottest part of the processor, above which the box does less."""

    yellow_c: float = Field(
        80.0, ge=50.0, le=90.0, description="°C; above it, 15 frames a second [openpilot hardwared: 80]"
    )
    red_c: float = Field(
        96.0,
        ge=60.0,
        le=99.0,
        description="°C; above it, 10 frames a second and no expressions [openpilot hardwared: 96]",
    )
    danger_c: float = Field(
        100.0,
        ge=65.0,
        le=101.0,
        description="°C; above it, also no transcripts, and an alert [chosen; a Jetson TX2 shuts down at 101.5]",
    )

    @model_validator(mode="after")
    def _rising(self) -> ThermalConfig:
        if not self.yellow_c < self.red_c < self.danger_c:
            raise ValueError("yellow_c, red_c and danger_c must rise in this order")
        return self


class Config(Section):
    """The whole configuration of a box."""

    purpose: Purpose = Field(description="purpose of the box; decides what it may infer, store and send")
    consent: Literal["none", "recorded"] = Field(
        "none", description="recorded: all persons in view have agreed in writing; required for purpose research"
    )
    box: BoxConfig = BoxConfig()
    camera: CameraConfig = CameraConfig()
    microphone: MicrophoneConfig = MicrophoneConfig()
    models: ModelsConfig = ModelsConfig()
    vision: VisionConfig = VisionConfig()
    speech: SpeechConfig = SpeechConfig()
    fatigue: FatigueConfig = FatigueConfig()
    attention: AttentionConfig = AttentionConfig()
    affect: AffectConfig = AffectConfig()
    alerts: AlertsConfig = AlertsConfig()
    arming: ArmingConfig = ArmingConfig()
    warning: WarningConfig | None = None
    thermal: ThermalConfig = ThermalConfig()
    summary: SummaryConfig = SummaryConfig()
    store: StoreConfig = StoreConfig()
    mqtt: MqttConfig | None = None
    commands: CommandsConfig = CommandsConfig()
    dashboard: DashboardConfig = DashboardConfig()
    health: HealthConfig = HealthConfig()

    @property
    def allowance(self) -> Allowance:
        """What the purpose of this box permits."""
        return ALLOWANCES[self.purpose]

    @model_validator(mode="after")
    def _purpose_allows(self) -> Config:
        if self.allowance.consent_needed and self.consent != "recorded":
            raise ValueError(
                f"purpose {self.purpose.value} needs `consent: recorded`: all persons in view have agreed in writing"
            )
        if self.store.keep_words and not self.allowance.words:
            raise ValueError(
                f"store.keep_words is not allowed for purpose {self.purpose.value}: transcripts stay in "
                "memory; only purpose research with recorded consent may keep them"
            )
        if self.warning is not None and not self.allowance.warns:
            raise ValueError(
                f"the section warning is not allowed for purpose {self.purpose.value}: a sound may not single out a "
                "person in a room; leave it out"
            )
        if not self.allowance.per_person:
            for name, switched_on in (("fatigue", self.fatigue.enabled), ("speech.transcribe", self.speech.transcribe)):
                if switched_on:
                    where = f"{name}.enabled" if name == "fatigue" else name
                    raise ValueError(
                        f"{where} must be false for purpose {self.purpose.value}: it is about single persons"
                    )
        return self

    @model_validator(mode="after")
    def _speed_has_a_broker(self) -> Config:
        if self.arming.source == "mqtt" and self.mqtt is None:
            raise ValueError("arming.source mqtt needs the section `mqtt`: the speed comes from its broker")
        return self
