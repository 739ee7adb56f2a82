"""The files of docker/, as far as they can be tried without a container engine; their broker really runs."""

from __future__ import annotations

import contextlib
import getpass
import json
import queue
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mqtt_helpers import free_port, mosquitto, needs_mosquitto

from edge.client.consumer import Consumer
from edge.config import load_config
from edge.config.delivery import MqttConfig
from edge.messages import Alert, Level
from edge.publish import Publisher
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Acknowledged, Connected, Disconnected, Publication
from edge.run_registry import Start
from edge.runtime.metrics import METRICS

DOCKER = Path(__file__).resolve().parents[2] / "docker"
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool: apt install prometheus")
needs_keys = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("openssl", "mosquitto_passwd")), reason="needs openssl and mosquitto_passwd"
)


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8")))


def grafana() -> dict[str, Any]:
    return dict(json.loads((DOCKER / "grafana" / "emvas.json").read_text(encoding="utf-8")))


def expressions() -> list[str]:
    return [target["expr"] for panel in grafana()["panels"] for target in panel["targets"]]


def test_all_that_compose_mounts_is_there_and_every_volume_and_service_is_declared() -> None:
    whole = compose()
    for name, service in whole["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            there = (DOCKER / source).exists() if source.startswith(".") else source in whole["volumes"]
            assert there, f"{name}: {volume}"
        assert set(service.get("depends_on", {})) <= set(whole["services"])
    build = whole["services"]["box"]["build"]
    assert (DOCKER / build["context"] / build["dockerfile"]).is_file()


def test_what_runs_for_long_has_no_privilege_and_what_is_open_is_encrypted_or_on_loopback() -> None:
    for name, service in compose()["services"].items():
        if name == "keys":
            assert service["network_mode"] == "none"
            continue
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert all(port.startswith("127.0.0.1:") or port == "8883:8883" for port in service.get("ports", ())), name
        assert not service.get("privileged")
    images = [service["image"] for service in compose()["services"].values() if "/" in service.get("image", "")]
    assert all(re.search(r":v?\d", image) for image in images), "a version, never latest"


def test_the_configuration_is_the_boxs_own_and_its_paths_are_mounted() -> None:
    config = load_config(DOCKER / "edge.yaml")
    assert config.mqtt is not None
    assert config.mqtt.tls
    assert config.mqtt.host in compose()["services"]
    assert config.mqtt.username == config.box.id, "the ACL goes by the user's name"
    scraped = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())["scrape_configs"][0]
    assert scraped["static_configs"][0]["targets"] == [f"box:{config.health.port}"]
    assert f":{config.health.port}/healthz" in (DOCKER / "Dockerfile").read_text()


@needs_promtool
def test_prometheus_takes_the_rules_and_they_ring_when_they_should() -> None:
    for words in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ):
        done = subprocess.run(
            ["promtool", *words], cwd=DOCKER / "prometheus", check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_every_expression_of_the_dashboard_is_one_that_prometheus_reads(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$instance", ".*")}
        for number, expression in enumerate(expressions())
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "grafana", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yml")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dashboard_and_rules_name_metrics_that_there_are() -> None:
    known = {metric.name + ("_total" if metric.type == "counter" else "") for metric in METRICS}
    text = " ".join([*expressions(), (DOCKER / "prometheus" / "alerts.yml").read_text()])
    assert set(re.findall(r"\bemvas_\w+", text)) <= known


def test_the_dashboard_is_one_that_grafana_lays_out() -> None:
    board = grafana()
    assert board["uid"]
    assert board["schemaVersion"] >= 39
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells)), "no panel lies on another"
    assert max(x for x, _ in cells) < 24
    assert {panel["datasource"]["uid"] for panel in panels} == {"prometheus"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The broker as its container runs it, with its own keys, on a free port; the folder has keys and passwords."""
    keys, port = tmp_path / "keys", free_port()
    keys.mkdir()
    script = ["sh", str(DOCKER / "broker" / "keys.sh"), str(keys), "localhost", getpass.getuser()]
    for _ in range(2):  # the second time it changes nothing
        subprocess.run(script, check=True, capture_output=True)
    settings = (DOCKER / "broker" / "mosquitto.conf").read_text()
    for inside, here in (("/keys", keys), ("/broker", DOCKER / "broker"), ("/mosquitto/data", tmp_path)):
        settings = settings.replace(inside + "/", f"{here}/")
    settings = settings.replace("listener 8883\n", "")
    with mosquitto(tmp_path, port, settings):
        yield port, keys


def settings_of(user: str, port: int, keys: Path) -> dict[str, Any]:
    secret = {"username": user, "password_file": str(keys / f"{user}-password")}
    return {"host": "localhost", "port": port, "tls": True, "ca_file": str(keys / "ca.pem"), **secret}


@needs_mosquitto
@needs_keys
def test_the_broker_lets_the_box_speak_for_itself_and_the_backend_hear(
    tmp_path: Path, broker: tuple[int, Path]
) -> None:
    port, keys = broker
    config = load_config(DOCKER / "edge.yaml")
    config = config.model_copy(update={"mqtt": MqttConfig(**settings_of("bus-042", port, keys))})
    backend = settings_of("dispatch", port, keys)
    out = Publisher(config, tmp_path / "outbox.db", Start.now("run"))
    with Consumer(MqttConfig(**backend), name="dispatch-1", group="dispatch") as consumer:
        list(consumer.batches(1.5))  # its session begins
        out.start()
        out.write(Alert(1.0, "a1", "new", "microsleep", Level.CRITICAL, 0.0, 1.5, {}))
        heard = next(consumer.batches(10.0)).messages
    out.stop()
    assert [(item.address.box, item.body.seq) for item in heard] == [("bus-042", 1)]


@needs_mosquitto
@needs_keys
@pytest.mark.parametrize("wrong", [{"password_file": "/dev/null"}, {"tls": False, "ca_file": None}])
def test_the_broker_lets_nobody_else_in(broker: tuple[int, Path], wrong: dict[str, Any]) -> None:
    port, keys = broker
    link = MqttClient(MqttConfig(**{**settings_of("bus-042", port, keys), **wrong}), "stranger")
    link.start()
    try:
        assert isinstance(_first(link, Connected, Disconnected), Disconnected)
    finally:
        link.stop()


@needs_mosquitto
@needs_keys
def test_a_box_cannot_speak_for_another_nor_a_backend_give_orders(broker: tuple[int, Path]) -> None:
    port, keys = broker
    for user, path in (("bus-042", "emvas/depot-1/bus-043/main/alert"), ("dispatch", "emvas/d/bus-042/request/report")):
        link = MqttClient(MqttConfig(**settings_of(user, port, keys)), user)
        link.start()
        try:
            assert isinstance(_first(link, Connected, Disconnected), Connected)
            link.publish(Publication(path, "{}", 1, False))
            answer = _first(link, Acknowledged)
            assert isinstance(answer, Acknowledged)
            assert answer.refusal == "Not authorized"
        finally:
            link.stop()


def _first(link: MqttClient, *kinds: type) -> object:
    """The first event of these kinds."""
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        with contextlib.suppress(queue.Empty):
            event = link.events.get(timeout=1)
            if isinstance(event, kinds):
                return event
    return None
