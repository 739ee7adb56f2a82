"""A real Mosquitto with real certificates, passwords and ACLs: each way to be kept out is a sentence, tried again."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from mqtt_helpers import START_WALL_S, Subscriber, alert, box, free_port, mosquitto, needs_mosquitto, until

from edge.config.delivery import MqttConfig
from edge.messages import Fatigue, Level
from edge.publish import Publisher
from edge.publish.mqtt import client
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Connected, Disconnected, Limits
from edge.run_registry import started

pytestmark = needs_mosquitto
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities; each has signed a server of 127.0.0.1 and a client."""
    folder = tmp_path_factory.mktemp("certificates")
    for authority in ("ours", "theirs"):
        out = ["-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", f"/CN={authority}"]
        openssl(folder, "req", "-x509", *CURVE, *out)
        for name in ("server", "client", "elsewhere"):
            host = "DNS:elsewhere.invalid" if name == "elsewhere" else "IP:127.0.0.1"
            file = f"{authority}-{name}"
            who = ["-subj", f"/CN={file}", "-addext", f"subjectAltName={host}"]
            sign = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key"]
            openssl(folder, "req", "-x509", *CURVE, "-keyout", f"{file}.key", "-out", f"{file}.pem", *who, *sign)
    return folder


@contextlib.contextmanager
def secured(folder: Path, certificates: Path, server: str = "ours-server") -> Iterator[tuple[int, Path]]:
    """A broker that wants a client certificate of ours; its port and its log."""
    port, log = free_port(), folder / "broker.log"
    wanted = (
        f"allow_anonymous true\ncafile {certificates}/ours.pem\nrequire_certificate true\n"
        f"certfile {certificates}/{server}.pem\nkeyfile {certificates}/{server}.key\nlog_dest file {log}\n"
    )
    with mosquitto(folder, port, wanted):
        yield port, log


def first(link: MqttClient, seconds: float = 10.0) -> Connected | Disconnected:
    deadline = time.monotonic() + seconds
    while True:
        event = link.events.get(timeout=deadline - time.monotonic())
        if isinstance(event, Connected | Disconnected):
            return event


def said(port: int, certificates: Path, ca: str = "ours", own: str | None = "ours-client") -> Connected | Disconnected:
    files: dict[str, Any] = {"ca_file": str(certificates / f"{ca}.pem")}
    if own:
        files |= {"cert_file": str(certificates / f"{own}.pem"), "key_file": str(certificates / f"{own}.key")}
    link = MqttClient(MqttConfig(host="127.0.0.1", port=port, tls=True, **files), "box")
    link.start()
    try:
        return first(link)
    finally:
        link.stop()


def test_a_box_shows_its_certificate_and_each_wrong_one_is_a_sentence(tmp_path: Path, certificates: Path) -> None:
    with secured(tmp_path, certificates) as (port, _):
        assert said(port, certificates) == Connected(1, "MQTT 5", Limits(None, 20))
        for answer, words in (
            (said(port, certificates, ca="theirs"), "is not trusted"),
            (said(port, certificates, own=None), "does it want a client certificate (cert_file, key_file)?"),
            (said(port, certificates, own="theirs-client"), "does it trust cert_file?"),
        ):
            assert isinstance(answer, Disconnected)
            assert words in answer.sentence


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, certificates: Path) -> None:
    with secured(tmp_path, certificates, "ours-elsewhere") as (port, _):
        answer = said(port, certificates)
    assert isinstance(answer, Disconnected)
    assert "its name must be the host's" in answer.sentence


def test_a_wrong_certificate_is_tried_again_with_growing_waits(
    tmp_path: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    with secured(tmp_path, certificates) as (port, log):
        config = MqttConfig(host="127.0.0.1", port=port, tls=True, ca_file=str(certificates / "theirs.pem"))
        link = MqttClient(config, "box")
        link.start()
        time.sleep(4.2)
        link.stop()
        lines = log.read_text(encoding="utf-8").splitlines()
    assert sum("unknown ca" in line for line in lines) == 4  # at 0, 0.5, 1.5 and 3.5 s


def test_a_fleet_that_lost_its_broker_does_not_return_at_once() -> None:
    low, high = client._JITTER
    waits = sorted(client._SHORTEST_WAIT_S * random.uniform(low, high) for _ in range(1000))
    busiest = max(sum(start <= wait < start + 0.1 for wait in waits) for start in waits)
    assert busiest < 100


def test_an_acl_that_forbids_a_retained_topic_is_said_with_the_topic(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, rules = free_port(), tmp_path / "acl"
    rules.write_text("topic read #\ntopic write emvas/depot/bus-1/status\ntopic write emvas/depot/bus-1/main/alert\n")
    with mosquitto(tmp_path, port, f"allow_anonymous true\nacl_file {rules}\n"), Subscriber(port) as heard:
        out = Publisher(box(port), tmp_path / "outbox.db", started("boot", START_WALL_S))
        out.start()
        out.write(Fatigue(1.0, 1, Level.WARNING, 0.2, 0.1, 0.9))
        out.write(alert(1))
        until(lambda: "publish on emvas/depot/bus-1/main/state (Not authorized)" in caplog.text)
        until(lambda: heard.alert_ids() == ["alert-0001"])
        out.stop()
    assert "does its ACL allow that?" in caplog.text
    assert caplog.text.count("publish on emvas/depot/bus-1/main/state") == 1


def test_home_assistant_that_starts_hears_the_box_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.2)
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port, paho.MQTTv5) as heard:
        out = Publisher(box(port, home_assistant=True), tmp_path / "outbox.db", started("boot", START_WALL_S))
        out.start()
        until(lambda: len(heard.on("config")) == 1)
        heard._client.publish("homeassistant/status", b"offline", 1)
        time.sleep(0.5)
        assert len(heard.on("config")) == 1
        heard._client.publish("homeassistant/status", b"online", 1)
        until(lambda: len(heard.on("config")) == 2)
        out.stop()
    buttons = {k: v for k, v in heard.on("config")[0]["components"].items() if v["platform"] == "button"}
    removed = {key for key, entity in buttons.items() if entity == {"platform": "button"}}
    assert set(buttons) - removed == {"self_test", "restart_microphone"}
    assert {"restart_camera", "snooze_drowsiness"} <= removed, "what was allowed once disappears"
    assert buttons["self_test"]["command_topic"] == "emvas/depot/bus-1/request/self_test"
