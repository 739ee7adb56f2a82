"""The box as one device of Home Assistant, announced by MQTT device discovery.

Format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (Home Assistant 2024.11 and later).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from edge.alerts.kinds import KINDS
from edge.config import Config
from edge.messages import Level
from edge.publish.events import Publication, Received
from edge.publish.payloads import encode
from edge.publish.topics import path_of

_PREFIX = "homeassistant"
BIRTH_TOPIC, _BIRTH = f"{_PREFIX}/status", b"online"
"""What Home Assistant says when it has started."""
_MOST_DELAY_S = 10.0
"""Boxes answer its start over this long, so that a fleet does not at once."""
_SNOOZE_S = 300.0
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
            "value_template": "{{ {none: none, 'none': 'OFF'}.get(value_json.level, 'ON') }}",
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


def has_started(event: Received) -> bool:
    """Whether this is Home Assistant's word that it has just started."""
    return event.path == BIRTH_TOPIC and event.payload == _BIRTH and not event.retained


def renewal_delay_s() -> float:
    """How long to wait before the box announces itself anew."""
    return random.uniform(0.0, _MOST_DELAY_S)


def _orders(config: Config) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Key, name, op and fields of each button; `acknowledge` and `sensitivity` need words that a button has not."""
    allow = config.commands.allow
    if "self_test" in allow:
        yield "self_test", "Self-test", "self_test", {}
    if "restart_source" in allow:
        for source, wanted in (("camera", config.camera.uri), ("microphone", config.microphone.device)):
            if wanted is not None:
                yield f"restart_{source}", f"Restart {source}", "restart_source", {"source": source}
    if "snooze" in allow:
        seconds = min(_SNOOZE_S, config.alerts.most_snooze_s)
        for kind in sorted(kind for kind in config.allowance.alerts if KINDS[kind].snoozable):
            said = f"Snooze {kind.replace('_', ' ')} ({seconds:g} s)"
            yield f"snooze_{kind}", said, "snooze", {"kind": kind, "seconds": seconds}


def _buttons(node: str, base: str, config: Config) -> dict[str, dict[str, Any]]:
    """A button for each order that is allowed and needs no words; without a transaction each press is a new order."""
    return {
        key: {
            "platform": "button",
            "name": name,
            "unique_id": f"{node}_{key}",
            "entity_category": "config",
            "command_topic": path_of("request", base, config.box, op),
            "payload_press": encode(fields),
        }
        for key, name, op, fields in _orders(config)
    }


def device(base: str, config: Config, software: str) -> Publication:
    """The retained announcement."""
    box = config.box
    node = f"{base}_{box.site}_{box.id}"
    sensors = _entities(node, path_of("state", base, box), path_of("health", base, box))
    payload = {
        "device": {"identifiers": [node], "name": f"EMVAS {box.site} {box.id}", "sw_version": software},
        "origin": {"name": "EMVAS Edge", "sw_version": software},
        "availability": [
            {
                "topic": path_of("status", base, box),
                "value_template": "{{ 'online' if value_json.state == 'online' else 'offline' }}",
            }
        ],
        "components": {**sensors, **_buttons(node, base, config)},
        "qos": 1,
    }
    return Publication(f"{_PREFIX}/device/{node}/config", encode(payload), qos=1, retained=True)
