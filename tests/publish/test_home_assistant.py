"""What Home Assistant is told of a box: the buttons of allowed orders, below the prefix that it listens to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mqtt_helpers import box

from edge.config import Config
from edge.config.delivery import CommandsConfig, MqttConfig
from edge.publish.home_assistant import device, has_started
from edge.publish.mqtt.packets import Received


def announced(*allow: str, **mqtt: Any) -> tuple[str, dict[str, Any]]:
    settings: Config = box(1883, **mqtt)
    settings = settings.model_copy(update={"commands": CommandsConfig.model_validate({"allow": allow})})
    assert settings.mqtt is not None
    said = device(settings.mqtt, settings, "1.0")
    return said.path, json.loads(said.payload)


def buttons(*allow: str) -> dict[str, dict[str, Any]]:
    _, payload = announced(*allow)
    return {key: entity for key, entity in payload["components"].items() if entity["platform"] == "button"}


def test_a_button_that_was_there_once_is_taken_away_when_its_order_is_no_longer_allowed() -> None:
    with_it, without = buttons("self_test", "snooze"), buttons("self_test")
    assert with_it.keys() == without.keys(), "each is named in every announcement: else Home Assistant keeps it"
    assert "command_topic" in with_it["snooze_drowsiness"]
    assert without["snooze_drowsiness"] == {"platform": "button"}
    assert without["self_test"] == with_it["self_test"]
    assert all(button == {"platform": "button"} for button in buttons().values())


def test_a_source_that_the_box_has_not_has_no_button() -> None:
    assert buttons("restart_source")["restart_camera"] == {"platform": "button"}
    assert "command_topic" in buttons("restart_source")["restart_microphone"]


@pytest.mark.parametrize("prefix", ["homeassistant", "ha/discovery"])
def test_the_prefix_is_home_assistant_s_own(prefix: str) -> None:
    path, _ = announced(discovery_prefix=prefix)
    assert path == f"{prefix}/device/emvas_depot_bus-1/config"
    assert has_started(Received(f"{prefix}/status", b"online", False), prefix)
    assert not has_started(Received("other/status", b"online", False), prefix)


@pytest.mark.parametrize("prefix", ["", "a/#", "+", "a b"])
def test_a_prefix_that_is_no_topic_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="discovery_prefix"):
        MqttConfig(host="broker", discovery_prefix=prefix)
