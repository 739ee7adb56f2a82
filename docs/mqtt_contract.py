"""The contract as files, made from the tables and models: AsyncAPI 3 and one JSON Schema a payload.

python -m docs.mqtt_contract docs
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from edge.client.box_messages import BODIES
from edge.config.delivery import HARMLESS
from edge.publish.commands.requests import REQUESTS
from edge.publish.mqtt.connection import WILL_DELAY_S
from edge.publish.payloads import SCHEMA
from edge.publish.topics import SOURCE, TOPICS

_DIALECT = "http://json-schema.org/draft-07/schema#"
_FORMAT = "application/schema+json;version=draft-07"
_MQTT_BINDING = "0.2.0"
_PARAMETERS = {
    "base": "`mqtt.base` of the configuration",
    "site": "`box.site`",
    "box": "`box.id`",
    "source": f"`{SOURCE}`: the box's one camera with its microphone",
    "op": "the order",
}
_Json = dict[str, Any]


def schemas() -> dict[str, _Json]:
    """One JSON Schema a payload, by file name: what boxes say as they say it, orders as they may be given."""
    said = {name: _schema(model, "serialization") for name, model in BODIES.items()}
    return said | {f"request-{op}": _schema(model, "validation") for op, model in REQUESTS.items()}


def asyncapi() -> _Json:
    """The AsyncAPI 3.0 document: https://www.asyncapi.com/docs/reference/specification/v3.0.0."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "EMVAS Edge",
            "version": f"{SCHEMA}.0.0",
            "description": "What a box says over MQTT, and the orders it takes. From the box's point of view.",
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {name: _channel(name) for name in TOPICS},
        "operations": {**_sending(), **_receiving()},
        "components": {"messages": {name: _message(name) for name in schemas()}},
    }


def files() -> dict[Path, str]:
    """Every file of the contract: its path below `docs` and its text."""
    texts = {Path("schemas") / f"{name}.json": _json(schema) for name, schema in schemas().items()}
    head = "# Made by `python -m docs.mqtt_contract docs` from edge/publish; change it there.\n"
    return {**texts, Path("asyncapi.yaml"): head + yaml.safe_dump(asyncapi(), sort_keys=False, width=120)}


def _schema(model: type[BaseModel], mode: Any) -> _Json:
    title = re.sub("(Payload|Request)$", "", model.__name__)
    return {"$schema": _DIALECT, **model.model_json_schema(by_alias=True, mode=mode), "title": title}


def _json(content: _Json) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _server() -> _Json:
    will = {"topic": TOPICS["status"].path, "qos": 1, "retain": True, "message": "Status with state `offline`"}
    return {
        "host": "{host}",
        "protocol": "mqtt",
        "protocolVersion": "5",
        "description": f"MQTT 5, else 3.1.1; with 5 the will waits {WILL_DELAY_S} s",
        "variables": {"host": {"default": "localhost:1883", "description": "`mqtt.host` and `mqtt.port`"}},
        "bindings": {"mqtt": {"lastWill": will, "bindingVersion": _MQTT_BINDING}},
    }


def _names(topic: str) -> list[str]:
    """The messages of a channel."""
    return [name for name in schemas() if name == topic or (topic == "request" and name.startswith("request-"))]


def _channel(name: str) -> _Json:
    topic = TOPICS[name]
    return {
        "address": topic.path,
        "description": topic.payload,
        "messages": {message: {"$ref": f"#/components/messages/{message}"} for message in _names(name)},
        "parameters": {part: {"description": _PARAMETERS[part]} for part in re.findall(r"{(\w+)}", topic.path)},
    }


def _message(name: str) -> _Json:
    return {
        "name": name,
        "contentType": "application/json",
        "payload": {"schemaFormat": _FORMAT, "schema": {"$ref": f"./schemas/{name}.json"}},
        "bindings": {"mqtt": {"payloadFormatIndicator": 1, "bindingVersion": _MQTT_BINDING}},
    }


def _operation(action: str, channel: str, messages: list[str]) -> _Json:
    topic = TOPICS[channel]
    binding = {"qos": topic.qos, "retain": topic.retained}
    expiry = {} if topic.expiry_s is None else {"messageExpiryInterval": topic.expiry_s}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"} for message in messages],
        "bindings": {"mqtt": {**binding, **expiry, "bindingVersion": _MQTT_BINDING}},
    }


def _sending() -> dict[str, _Json]:
    said = [name for name in TOPICS if name not in {"request", "response"}]
    return {name: _operation("send", name, [name]) for name in said}


def _receiving() -> dict[str, _Json]:
    answer = {
        "channel": {"$ref": "#/channels/response"},
        "messages": [{"$ref": "#/channels/response/messages/response"}],
    }
    operations: dict[str, _Json] = {}
    for op, model in REQUESTS.items():
        default = "taken by default" if op in HARMLESS else "taken only where `commands.allow` names it"
        summary = {"summary": f"{(model.__doc__ or '').strip()} ({default})"}
        operations[op] = {**_operation("receive", "request", [f"request-{op}"]), **summary, "reply": answer}
    return operations


def _write(folder: Path) -> None:
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        (folder / path).write_text(text, encoding="utf-8")
        print(folder / path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m docs.mqtt_contract FOLDER   (docs in the repository)")
    _write(Path(sys.argv[1]))
