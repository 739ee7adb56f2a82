"""The committed contract is what the code says, and what a real box publishes is what the contract says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import paho.mqtt.client as paho
import pytest
import yaml
from mqtt_helpers import START_WALL_S, Subscriber, alert, box, free_port, mosquitto, needs_mosquitto, until
from paho.mqtt.publish import single

from docs.mqtt_contract import files, schemas
from edge.client.box_messages import BODIES
from edge.messages import Affect, Fatigue, Group, Level, Source, Summary
from edge.publish import Publisher
from edge.publish.commands.requests import REQUESTS
from edge.publish.topics import TOPICS, address_of
from edge.run_registry import started

DOCS = Path(__file__).parents[2] / "docs"
COMMAND = "python -m docs.mqtt_contract docs"


@pytest.mark.parametrize("path", files(), ids=str)
def test_the_committed_file_is_current(path: Path) -> None:
    committed = (DOCS / path).read_text(encoding="utf-8")
    assert committed == files()[path], f"run `{COMMAND}`"


def test_there_is_no_file_of_a_payload_that_is_gone() -> None:
    assert {path.stem for path in (DOCS / "schemas").glob("*.json")} == set(schemas())


def test_every_topic_has_a_payload_and_every_reference_leads_somewhere() -> None:
    assert set(BODIES) | {"request"} == set(TOPICS)
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    found = list(references(document))
    assert len(found) > 50
    for reference in found:
        if reference.startswith("#/"):
            node = document
            for part in reference[2:].split("/"):
                node = node[part]
        else:
            assert (DOCS / reference).is_file(), reference
    assert set(REQUESTS) < set(document["operations"])


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


def unknown_fields(payload: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    return set() if schema.get("additionalProperties") is True else set(payload) - set(schema["properties"])


@needs_mosquitto
def test_what_a_box_publishes_is_what_the_schemas_say(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port, paho.MQTTv5) as heard:
        out = Publisher(box(port), tmp_path / "outbox.db", started("boot", START_WALL_S))
        out.describe({"bundle": "default 1", "provider": "cpu", "models": {"vad": "fp32"}})
        out.measure({"frames": 7, "stages": {"vision": {"calls": 1}}})
        out.start()
        out.write(alert(1))
        out.write(Fatigue(1.0, 1, Level.WARNING, 0.2, None, 0.9, ("perclos_warning",)))
        out.write(Source(2.0, "microphone", "lost", "unplugged"))
        out.write(Summary(9.0, 0.0, 9.0, {"happy": 1.0}, 0.5, 0.03, {"microsleep": 1}, 0.9, 0.5, {"spread": 0.1}))
        out.write(Affect(3.0, 1.0, 3.0, 0.1, "neutral", "neutral", {"text": None}, 0.4))
        until(lambda: bool(heard.on("health")))
        out.write(Group(9.0, 0.0, 9.0, 6, 0.5, 0.1, None, -40.0))
        single("emvas/depot/bus-1/request/report", '{"transaction": "t"}', 1, port=port)
        until(lambda: bool(heard.on("group") and heard.on("report")))
        out.stop()
        until(lambda: len(heard.on("status")) == 2)
    seen = set()
    for arrival in heard.arrivals:
        address = address_of(arrival.path, "emvas")
        assert address is not None, arrival.path
        schema = json.loads((DOCS / "schemas" / f"{address.name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(arrival.payload, schema, jsonschema.Draft7Validator)
        assert unknown_fields(arrival.payload, schema) == set(), arrival.path
        seen.add(address.name)
    assert seen == set(BODIES)


def test_a_payload_that_lacks_a_field_is_refused_by_its_schema() -> None:
    for name, schema in schemas().items():
        for field in schema.get("required", []):
            with pytest.raises(jsonschema.ValidationError, match=field):
                jsonschema.validate({}, {**schema, "required": [field]}, jsonschema.Draft7Validator)
        assert schema.get("required") or name.startswith("request-"), name
