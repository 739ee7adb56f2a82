"""Delivery over a real Mosquitto that is frozen, killed, locked and secured."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from mqtt_helpers import START_WALL_S, Subscriber, alert, box, free_port, mosquitto, needs_mosquitto, until

from edge.messages import Fatigue, Level, Summary
from edge.publish import Publisher
from edge.run_registry import started

pytestmark = needs_mosquitto


def publisher(port: int, folder: Path, **mqtt: object) -> Publisher:
    return Publisher(box(port, **mqtt), folder / "outbox.db", started("boot", START_WALL_S))


def test_every_alert_arrives_in_order_through_a_frozen_and_twice_killed_broker(tmp_path: Path) -> None:
    port = free_port()
    durable = f"allow_anonymous true\npersistence true\npersistence_location {tmp_path}/\n"
    durable += "autosave_interval 1\nautosave_on_changes true\n"
    out = publisher(port, tmp_path)
    out.start()
    with mosquitto(tmp_path, port, durable) as broker:
        heard = Subscriber(port, client_id="backend")
        heard.__enter__()
        for number in range(30):
            out.write(alert(number))
        until(lambda: len(heard.alert_ids()) == 30)
        broker.send_signal(signal.SIGSTOP)  # takes bytes, acknowledges nothing
        for number in range(30, 60):
            out.write(alert(number))
        broker.kill()
        broker.wait()
    for number in range(60, 90):
        out.write(alert(number))
    with mosquitto(tmp_path, port, durable) as broker:
        until(lambda: len(heard.alert_ids()) == 90)
        broker.kill()
        broker.wait()
    out.write(alert(90))
    with mosquitto(tmp_path, port, durable):
        until(lambda: len(heard.alert_ids()) == 91)
        out.stop()
        heard.__exit__()
    assert heard.alert_ids() == [f"alert-{number:04d}" for number in range(91)]


def test_with_mqtt_5_a_message_says_what_it_is_and_how_long_it_is_worth_keeping(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port, paho.MQTTv5) as heard:
        out = publisher(port, tmp_path)
        out.start()
        out.write(alert(1))
        until(lambda: bool(heard.on("alert") and heard.on("health")))
        out.stop()
    (raised,) = [arrival for arrival in heard.arrivals if arrival.path.endswith("/alert")]
    assert raised.properties["ContentType"] == "application/json"
    assert ("historical", "false") in raised.properties["UserProperty"]
    assert 86_000 < raised.properties["MessageExpiryInterval"] <= 86_400
    assert heard.on("health")[0]["mqtt"]["protocol"] == "MQTT 5"


def test_a_wrong_password_is_said_clearly_and_the_right_one_taken_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, users, secret = free_port(), tmp_path / "users", tmp_path / "secret"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "bus", "right"], check=True, capture_output=True)
    secret.write_text("wrong\n")
    with mosquitto(tmp_path, port, f"allow_anonymous false\npassword_file {users}\n"):
        out = publisher(port, tmp_path, username="bus", password_file=str(secret))
        out.start()
        out.write(alert(1))
        until(lambda: "the user name or its password is wrong" in caplog.text)
        assert "'bus'" in caplog.text
        assert "wrong\n" not in caplog.text
        with Subscriber(port, username="bus", password="right") as heard:
            secret.write_text("right\n")
            until(lambda: heard.alert_ids() == ["alert-0001"])
        out.stop()


def test_an_alert_that_an_acl_forbids_stays_in_the_outbox(tmp_path: Path) -> None:
    port, rules = free_port(), tmp_path / "acl"
    rules.write_text("topic read #\ntopic write emvas/depot/bus-1/health\ntopic write emvas/depot/bus-1/status\n")
    with mosquitto(tmp_path, port, f"allow_anonymous true\nacl_file {rules}\n"):
        out = publisher(port, tmp_path)
        out.start()
        out.write(alert(1))
        until(lambda: any("the broker refuses messages" in word.detail for word in out.take_reports(1.0)))
        out.stop()
    allowed = free_port()
    with mosquitto(tmp_path, allowed), Subscriber(allowed) as heard:
        again = publisher(allowed, tmp_path)
        again.start()
        until(lambda: heard.alert_ids() == ["alert-0001"])
        again.stop()


def test_an_acl_that_forbids_summaries_stops_no_alert_and_once_it_is_mended_they_follow_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.publish.mqtt.flow_control._FIRST_WAIT_S", 0.2)
    monkeypatch.setattr("edge.publish.mqtt.flow_control._LONGEST_WAIT_S", 1.0)
    port, rules = free_port(), tmp_path / "acl"
    allowed = "topic read #\n" + "".join(
        f"topic write emvas/depot/bus-1/{name}\n" for name in ("health", "status", "info", "main/alert")
    )
    rules.write_text(allowed)
    with mosquitto(tmp_path, port, f"allow_anonymous true\nacl_file {rules}\n") as broker, Subscriber(port) as heard:
        out = publisher(port, tmp_path)
        out.start()
        for number in range(40):
            out.write(Summary(10.0 * number + 10, 10.0 * number, 10.0 * number + 10, {}, None, None, {}, 0.9))
            out.write(alert(number))
        until(lambda: len(heard.alert_ids()) == 40, 60)
        until(lambda: any(source.source == "delivery" for source in out.take_reports(0.0)), 60)
        assert heard.on("summary") == []
        rules.write_text(allowed + "topic write emvas/depot/bus-1/main/summary\n")
        broker.send_signal(signal.SIGHUP)
        until(lambda: len(heard.on("summary")) == 40, 90)
        out.stop()
    for name in ("alert", "summary"):
        numbers = [payload["seq"] for payload in heard.on(name)]
        assert numbers == sorted(set(numbers))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates of this test")
def test_tls_trusts_the_named_authority_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("ours", "theirs"):
        subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        key = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-nodes"]
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        subprocess.run(["openssl", "req", "-x509", *ec, *key, *subject], cwd=tmp_path, check=True, capture_output=True)
    port = free_port()
    secured = f"allow_anonymous true\ncertfile {tmp_path}/ours.pem\nkeyfile {tmp_path}/ours.key\n"
    with mosquitto(tmp_path, port, secured):
        wrong = publisher(port, tmp_path, tls=True, ca_file=str(tmp_path / "theirs.pem"))
        wrong.start()
        wrong.write(alert(1))
        until(lambda: "is not trusted" in caplog.text)
        wrong.stop()
        caplog.clear()
        caplog.set_level("INFO")
        right = publisher(port, tmp_path, tls=True, ca_file=str(tmp_path / "ours.pem"))
        right.start()
        until(lambda: "with MQTT 5" in caplog.text)
        right.stop()


def test_home_assistant_hears_of_the_box_and_its_templates_find_what_they_name(tmp_path: Path) -> None:
    jinja2 = pytest.importorskip("jinja2")
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port) as heard:
        out = publisher(port, tmp_path, home_assistant=True)
        out.start()
        out.write(Fatigue(1.0, 1, Level.WARNING, 0.2, 0.11, 0.95, ("perclos_warning",)))
        until(lambda: bool(heard.on("config") and heard.on("state") and heard.on("health")))
        out.stop()
    (announced,) = heard.on("config")
    last = {arrival.path: arrival.payload for arrival in heard.arrivals}
    shown = {
        name: jinja2.Template(entity["value_template"]).render(value_json=last[entity["state_topic"]])
        for name, entity in announced["components"].items()
        if entity["platform"] != "button"
    }
    assert shown == {"fatigue": "ON", "level": "warning", "perclos": "20.0", "valid": "95.0", "outbox": "0"}
    assert {"device", "origin", "availability", "components"} <= announced.keys()
    assert announced["availability"][0]["topic"] in last
    named = [entity["unique_id"] for entity in announced["components"].values() if "unique_id" in entity]
    assert len(set(named)) == len(named)
    assert json.dumps(announced)
