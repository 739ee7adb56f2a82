"""Section `health`: the pages for those who watch over boxes."""

from __future__ import annotations

import ipaddress

from pydantic import Field, model_validator

from edge.config.section import Section


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
