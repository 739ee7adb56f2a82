"""Sections `mqtt`, `commands`, `store`, `summary`, `dashboard` and `health`: what leaves the box, and how."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from edge.config.section import NOT_ECHOED, Section

_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")
"""A name, an address, or an IPv6 address with its zone."""
Op = Literal["report", "self_test", "restart_source", "snooze", "acknowledge", "sensitivity"]
OPS: tuple[Op, ...] = get_args(Op)
HARMLESS: tuple[Op, ...] = ("report", "self_test", "restart_source")
"""What cannot silence an alert; the others can, and are taken only where a configuration names them."""


class MqttConfig(Section):
    """The broker; leave the section out for a box that publishes nothing."""

    host: str = Field(min_length=1, description="the broker's name or address")
    port: int = Field(1883, ge=1, le=65535, description="its port; with TLS usually 8883")
    base: str = Field("emvas", pattern=r"^[A-Za-z0-9_-]+$", description="first level of every topic")
    username: str | None = Field(None, description="user at the broker; null: none is given")
    password_file: str | None = Field(None, description="file that holds the password; passwords never stand here")
    password_env: str | None = Field(None, description="environment variable that holds the password")
    tls: bool = Field(False, description="encrypt, and check the broker's certificate")
    ca_file: str | None = Field(None, description="authority to trust, PEM; null: those of the system")
    cert_file: str | None = Field(None, description="this box's own certificate, PEM, for brokers that ask for one")
    key_file: str | None = Field(None, description="its key")
    home_assistant: bool = Field(False, description="announce the box to Home Assistant")
    discovery_prefix: str = Field(
        "homeassistant", pattern=r"^[^+#\s]+$", description="first level of the announcement, as in Home Assistant"
    )

    @field_validator("host")
    @classmethod
    def _only_a_host(cls, host: str) -> str:
        if not _HOST.fullmatch(host):  # people write user:password@host
            raise PydanticCustomError(
                NOT_ECHOED,
                "only the broker's name or address stands here, as broker.example or 10.0.0.2: no mqtt:// or mqtts:// "
                "before it (write tls: true), no user or password (username, password_file), no port, path or blank",
            )
        return host

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


class CommandsConfig(Section):
    """Orders over MQTT; who may give them is the broker's ACL."""

    allow: tuple[Op, ...] = Field(
        HARMLESS,
        description="snooze, acknowledge and sensitivity can silence an alert: only with an ACL at the broker",
    )


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

    every_s: float = Field(300.0, ge=10.0, le=86400.0, description="length of the period that a summary tells of")


class DashboardConfig(Section):
    """The local page; on any address but this machine's own it asks for a password."""

    host: str = Field("127.0.0.1", description="address it is served on; any but loopback needs a password")
    port: int = Field(8080, ge=1, le=65535, description="its port; `emvas dashboard --port` wins")
    password_file: str | None = Field(None, description="file that holds the password; passwords never stand here")
    password_env: str | None = Field(None, description="environment variable that holds the password")
    cert_file: str | None = Field(None, description="certificate for HTTPS, PEM")
    key_file: str | None = Field(None, description="its key")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._~/-]*)?$",
        description="where browsers find the page behind a reverse proxy, as https://bus.example/cab; needs a password",
    )

    @model_validator(mode="after")
    def _consistent(self) -> DashboardConfig:
        if self.password_file and self.password_env:
            raise ValueError("give password_file or password_env, not both")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together")
        return self


class HealthConfig(Section):
    """`/healthz` and `/metrics` over HTTP; off without a port."""

    port: int | None = Field(None, ge=1, le=65535, description="null: no pages")
    host: str = Field("127.0.0.1", description="address they are served on; any but loopback needs `open_to_network`")
    open_to_network: bool = Field(
        False, description="allow a `host` other than loopback: whoever reaches it reads how often this box alerts"
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the pages."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @model_validator(mode="after")
    def _loopback_unless_said(self) -> HealthConfig:
        if not self.is_loopback and not self.open_to_network:
            raise ValueError(
                f"health.host {self.host} lets the network in, and the pages ask for no password: use 127.0.0.1, or "
                "say `open_to_network: true`"
            )
        return self
