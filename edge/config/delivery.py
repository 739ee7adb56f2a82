"""Sections `mqtt`, `commands`, `store`, `summary`, `dashboard` and `health`: what leaves the box, and how."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from edge.config.constants import NOT_ECHOED, Section

_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")
"""A host name, an address, or an IPv6 address with its zone."""
Op = Literal["report", "self_test", "restart_source", "snooze", "acknowledge", "sensitivity"]
OPS: tuple[Op, ...] = get_args(Op)
HARMLESS: tuple[Op, ...] = ("report", "self_test", "restart_source")
"""Commands that cannot silence an alert. The others can; a configuration must name them."""


class MqttConfig(Section):
    """The MQTT broker. Leave the section out for a box that publishes nothing."""

    host: str = Field(min_length=1, description="host name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="port of the broker; with TLS usually 8883")
    base: str = Field("emvas", pattern=r"^[A-Za-z0-9_-]+$", description="first level of every topic")
    username: str | None = Field(None, description="user name at the broker; null: no login")
    password_file: str | None = Field(
        None, description="file that holds the password; the configuration itself holds none"
    )
    password_env: str | None = Field(None, description="environment variable that holds the password")
    tls: bool = Field(False, description="true: encrypt, and verify the certificate of the broker")
    ca_file: str | None = Field(None, description="certificate authority to trust, PEM; null: those of the system")
    cert_file: str | None = Field(None, description="certificate of this box, PEM, for brokers that require one")
    key_file: str | None = Field(None, description="private key of cert_file, PEM")
    home_assistant: bool = Field(False, description="true: announce the box to Home Assistant")
    discovery_prefix: str = Field(
        "homeassistant",
        pattern=r"^[^+#\s]+$",
        description="first level of the discovery topics, as set in Home Assistant",
    )

    @field_validator("host")
    @classmethod
    def _only_a_host(cls, host: str) -> str:
        if not _HOST.fullmatch(host):  # people write user:password@host
            raise PydanticCustomError(
                NOT_ECHOED,
                "only the broker's name or address is allowed, such as broker.example or 10.0.0.2: no mqtt:// or "
                "mqtts:// (write tls: true), no user or password (username, password_file), no port, path or space",
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

    def password(self) -> str | None:
        """The password from its file or the environment, read at each call; OSError: it is missing."""
        if self.password_file:
            return Path(self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        if self.password_env:
            if self.password_env not in os.environ:
                raise OSError(f"the environment variable {self.password_env} (mqtt.password_env) is not set")
            return os.environ[self.password_env]
        return None


class CommandsConfig(Section):
    """Commands over MQTT. The broker's ACL decides who may send them."""

    allow: tuple[Op, ...] = Field(
        HARMLESS,
        description="accepted commands; snooze, acknowledge and sensitivity can silence alerts and need an ACL",
    )


class StoreConfig(Section):
    """The timeline, a database on this box."""

    path: str = Field("timeline.db", description="SQLite file; relative to the state folder")
    retention_days: float = Field(
        30.0, ge=1.0, le=3650.0, description="older records are deleted, once the clock is synchronized"
    )
    most_mb: float = Field(
        2000.0, ge=16.0, le=1e6, description="maximum size; above it the oldest telemetry is deleted first, alerts last"
    )
    least_free_mb: float = Field(
        500.0,
        ge=10.0,
        le=1e6,
        description="minimum free space on the disk; below it the oldest telemetry is deleted",
    )
    least_free_share: float = Field(0.05, ge=0.01, le=0.5, description="minimum free space as a share of the disk")
    keep_words: bool = Field(False, description="true: store transcripts, if the purpose permits it")


class SummaryConfig(Section):
    """The periodic summary message."""

    every_s: float = Field(300.0, ge=10.0, le=86400.0, description="period of time that a summary covers")


class DashboardConfig(Section):
    """The local page. It requires a password on any address other than loopback."""

    host: str = Field("127.0.0.1", description="address of the page; addresses other than loopback need a password")
    port: int = Field(8080, ge=1, le=65535, description="port of the page; `emvas dashboard --port` overrides it")
    password_file: str | None = Field(
        None, description="file that holds the password; the configuration itself holds none"
    )
    password_env: str | None = Field(None, description="environment variable that holds the password")
    cert_file: str | None = Field(None, description="certificate for HTTPS, PEM")
    key_file: str | None = Field(None, description="private key of cert_file, PEM")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._~/-]*)?$",
        description="address of the page behind a reverse proxy, such as https://bus.example/cab; needs a password",
    )

    @model_validator(mode="after")
    def _consistent(self) -> DashboardConfig:
        if self.password_file and self.password_env:
            raise ValueError("give password_file or password_env, not both")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together")
        return self


class HealthConfig(Section):
    """`/healthz` and `/metrics` over HTTP. Off without a port."""

    port: int | None = Field(None, ge=1, le=65535, description="port of the pages; null: no pages")
    host: str = Field(
        "127.0.0.1", description="address of the pages; addresses other than loopback need `open_to_network`"
    )
    open_to_network: bool = Field(
        False,
        description="allow a `host` other than loopback; everyone in that network can read how often this box alerts",
    )

    @property
    def is_loopback(self) -> bool:
        """Whether the pages can be reached from this machine only."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @model_validator(mode="after")
    def _loopback_by_default(self) -> HealthConfig:
        if not self.is_loopback and not self.open_to_network:
            raise ValueError(
                f"health.host {self.host} opens the pages to the network without a password: use 127.0.0.1, or set "
                "`open_to_network: true`"
            )
        return self
