"""The box as one device of Home Assistant, announced by MQTT device discovery.

Format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (Home Assistant 2024.11 and later).
"""

from __future__ import annotations

from typing import Any

from edge.config.appliance import BoxConfig
from edge.messages import Level
from edge.publish.events import Publication
from edge.publish.payloads import encode
from edge.publish.topics import path_of

_PREFIX = "homeassistant"
_STALE_S = 180
"""Three times the refresh of `state`: then a value is unknown rather than old."""
_EMPTY = "{{ none if value_json.%(key)s is none else %(value)s }}"


def _entities(node: str, state: str, health: str) -> dict[str, dict[str, Any]]:
    """One row an entity."""
    levels = [level.name.lower() for level in Level]
    percent = {"platform": "sensor", "unit_of_measurement": "%", "state_class": "measurement"}
    rows: dict[str, dict[str, Any]] = {
        "fatigue": {
            "platform": "binary_sensor",
            "name": "Fatigue",
            "device_class": "problem",
            "value_template": "{{ 'OFF' if value_json.level in (none, 'none') else 'ON' }}",
            "json_attributes_topic": state,
        },
        "level": {
            "platform": "sensor",
            "name": "Fatigue level",
            "device_class": "enum",
            "options": levels,
            "value_template": "{{ value_json.level }}",
        },
        "perclos": {
            **percent,
            "name": "PERCLOS (1 min)",
            "value_template": _EMPTY % {"key": "perclos_60", "value": "(value_json.perclos_60 * 100) | round(1)"},
        },
        "valid": {
            **percent,
            "name": "Eyes judged",
            "entity_category": "diagnostic",
            "value_template": _EMPTY % {"key": "valid_ratio", "value": "(value_json.valid_ratio * 100) | round(0)"},
        },
        "outbox": {
            "platform": "sensor",
            "name": "Messages waiting",
            "entity_category": "diagnostic",
            "state_topic": health,
            "value_template": "{{ value_json.outbox.rows }}",
        },
    }
    common = {"state_topic": state, "expire_after": _STALE_S}
    return {key: {"unique_id": f"{node}_{key}", **common, **row} for key, row in rows.items()}


def device(base: str, box: BoxConfig, software: str) -> Publication:
    """The retained announcement."""
    node = f"{base}_{box.site}_{box.id}"
    payload = {
        "device": {"identifiers": [node], "name": f"EMVAS {box.site} {box.id}", "sw_version": software},
        "origin": {"name": "EMVAS Edge", "sw_version": software},
        "availability": [
            {
                "topic": path_of("status", base, box),
                "value_template": "{{ 'online' if value_json.state == 'online' else 'offline' }}",
            }
        ],
        "components": _entities(node, path_of("state", base, box), path_of("health", base, box)),
        "qos": 1,
    }
    return Publication(f"{_PREFIX}/device/{node}/config", encode(payload), qos=1, retained=True)
