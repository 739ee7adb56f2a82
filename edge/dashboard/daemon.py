"""What the running box says of itself over HTTP on this machine, for when no broker tells it; its `/healthz`."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass

from edge.config.delivery import HealthConfig

_PATIENCE_S = 2.0
_STATES = frozenset({"ok", "degraded", "unhealthy"})


@dataclass(frozen=True, slots=True)
class Pulse:
    """What `/healthz` answered; `state` None: nobody answers there."""

    address: str
    state: str | None
    reasons: tuple[str, ...] = ()


def pulse(config: HealthConfig) -> Pulse | None:
    """Ask the box; None where its configuration gives the health pages no port, or another machine's address."""
    if config.port is None or not config.is_loopback:
        return None
    address = f"{config.host}:{config.port}"
    connection = http.client.HTTPConnection(config.host, config.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        told = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return Pulse(address, None)
    finally:
        connection.close()
    if not isinstance(told, dict) or told.get("state") not in _STATES:  # another program's port
        return Pulse(address, None)
    reasons = told.get("reasons")
    return Pulse(address, str(told["state"]), tuple(map(str, reasons)) if isinstance(reasons, list) else ())
