"""Sections `mqtt`, `store`, `summary` and `dashboard`: what leaves the pipeline, and where to."""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.section import Section


class MqttConfig(Section):
    """The broker; leave the section out for a box that publishes nothing."""

    host: str = Field(min_length=1)
    port: int = Field(1883, ge=1, le=65535)
    base: str = Field("emvas", pattern=r"^[A-Za-z0-9_-]+$", description="first level of every topic")
    username: str | None = None
    password_file: str | None = Field(None, description="file that holds the password; passwords never stand here")
    password_env: str | None = Field(None, description="environment variable that holds the password")
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    home_assistant: bool = Field(False, description="announce the box to Home Assistant")

    @model_validator(mode="after")
    def _consistent(self) -> MqttConfig:
        if self.password_file and self.password_env:
            raise ValueError("give password_file or password_env, not both")
        if (self.password_file or self.password_env) and self.username is None:
            raise ValueError("a password needs a username")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together")
        if (self.ca_file or self.cert_file) and not self.tls:
            raise ValueError("ca_file and cert_file need tls: true")
        return self


class StoreConfig(Section):
    """The timeline on this box."""

    path: str = Field("timeline.db", description="SQLite file, relative to the state folder")
    retention_days: float = Field(30.0, ge=1.0, le=3650.0, description="older records go, once the clock is trusted")
    most_mb: float = Field(2000.0, ge=16.0, le=1e6, description="then the oldest telemetry goes, alerts last")
    least_free_mb: float = Field(
        500.0,
        ge=10.0,
        le=1e6,
        description="free space below which the oldest telemetry goes",
    )
    least_free_share: float = Field(0.05, ge=0.01, le=0.5, description="the same as a share of the disk")
    keep_words: bool = Field(False, description="store transcripts; only where the purpose allows")


class SummaryConfig(Section):
    """The periodic summary."""

    every_s: float = Field(300.0, ge=10.0, le=86400.0)


class DashboardConfig(Section):
    """The local page; on any address but this machine's own it asks for a password."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    password_file: str | None = Field(None, description="file that holds the password; passwords never stand here")
    password_env: str | None = Field(None, description="environment variable that holds the password")
    cert_file: str | None = Field(None, description="certificate for HTTPS, PEM")
    key_file: str | None = Field(None, description="its key")

    @model_validator(mode="after")
    def _consistent(self) -> DashboardConfig:
        if self.password_file and self.password_env:
            raise ValueError("give password_file or password_env, not both")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together")
        return self
