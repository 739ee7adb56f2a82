"""The box as one device of Home Assistant, announced by MQTT device discovery.

Format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (Home Assistant 2024.11 and later).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from edge.alerts.condition import KINDS
from edge.config import Config
from edge.config.delivery import MqttConfig, Op
from edge.messages import Level
from edge.publish.mqtt.packets import Publication, Received
from edge.publish.publications import encoded
from edge.publish.topics import path_of

_BIRTH = b"online"
"""Home Assistant publishes this after its start."""
_MOST_DELAY_S = 10.0
"""Boxes announce themselves within this time after its start, so that a fleet does not do so at once."""
_SNOOZE_S = 300.0
_STALE_S = 180
"""Three times the refresh of `state`: then a value is unknown rather than old."""
_EMPTY = "{{ none if value_json.%(key)s is none else %(value)s }}"


def _entities(node: str, state: str, health: str) -> dict[str, dict[str, Any]]:
    """One row for each entity."""
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


def birth_topic(prefix: str) -> str:
    """The topic on which Home Assistant reports its start and stop; `prefix` is its discovery prefix."""
    return f"{prefix}/status"


def has_started(event: Received, prefix: str) -> bool:
    """Whether Home Assistant reports that it has just started."""
    return event.path == birth_topic(prefix) and event.payload == _BIRTH and not event.retained


def renewal_delay_s() -> float:
    """How long to wait before the box announces itself again."""
    return random.uniform(0.0, _MOST_DELAY_S)


def _commands(config: Config) -> Iterator[tuple[str, str, Op, dict[str, Any], bool]]:
    """Key, name, op and fields of each possible button, and whether this box has a use for it.

    `acknowledge` and `sensitivity` need parameters that a button does not have.
    """
    yield "self_test", "Self-test", "self_test", {}, True
    for source, wanted in (("camera", config.camera.uri), ("microphone", config.microphone.device)):
        yield f"restart_{source}", f"Restart {source}", "restart_source", {"source": source}, wanted is not None
    seconds = min(_SNOOZE_S, config.alerts.most_snooze_s)
    for kind in sorted(kind for kind, row in KINDS.items() if row.snoozable):
        label = f"Snooze {kind.replace('_', ' ')} ({seconds:g} s)"
        yield f"snooze_{kind}", label, "snooze", {"kind": kind, "seconds": seconds}, kind in config.allowance.alerts


def _buttons(node: str, base: str, config: Config) -> dict[str, dict[str, Any]]:
    """A button for each allowed command without parameters; without a transaction each press is a new command.

    A component with only its platform removes an earlier button from Home Assistant.
    """
    return {
        key: {
            "platform": "button",
            "name": name,
            "unique_id": f"{node}_{key}",
            "entity_category": "config",
            "command_topic": path_of("request", base, config.box, op),
            "payload_press": encoded(fields),
        }
        if useful and op in config.commands.allow
        else {"platform": "button"}
        for key, name, op, fields, useful in _commands(config)
    }


def device(mqtt: MqttConfig, config: Config, software: str) -> Publication:
    """The retained announcement."""
    base = mqtt.base
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
    return Publication(f"{mqtt.discovery_prefix}/device/{node}/config", encoded(payload), qos=1, retained=True)
