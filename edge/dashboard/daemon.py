"""What the running box says of itself over HTTP on this machine, for when no broker tells it; its `/healthz`."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass

from edge.config.delivery import HealthConfig

_PATIENCE_S = 2.0
_STATES = frozenset({"ok", "degraded", "unhealthy"})


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """What `/healthz` answered; `state` None: nobody answers there."""

    address: str
    state: str | None
    reasons: tuple[str, ...] = ()


def ask_health(config: HealthConfig) -> HealthAnswer | None:
    """Ask the box; None where its configuration gives the health pages no port, or another machine's address."""
    if config.port is None or not config.is_loopback:
        return None
    address = f"{config.host}:{config.port}"
    connection = http.client.HTTPConnection(config.host, config.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        told = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return HealthAnswer(address, None)
    finally:
        connection.close()
    if not isinstance(told, dict) or told.get("state") not in _STATES:  # another program's port
        return HealthAnswer(address, None)
    reasons = told.get("reasons")
    return HealthAnswer(address, str(told["state"]), tuple(map(str, reasons)) if isinstance(reasons, list) else ())
