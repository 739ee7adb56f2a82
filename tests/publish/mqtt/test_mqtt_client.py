"""The link to a broker: each way it can fail is one clear sentence, said once, and it goes on trying."""

from __future__ import annotations

import contextlib
import gc
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mqtt_helpers import free_port, until

from demo.broker import LocalBroker
from edge.config.delivery import MqttConfig
from edge.publish.mqtt import connection_errors
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Connected, Disconnected, Event, Publication


@contextlib.contextmanager
def running(link: MqttClient) -> Iterator[MqttClient]:
    link.start()
    try:
        yield link
    finally:
        link.stop()


def first(link: MqttClient, kind: type[Event], seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        event = link.events.get(timeout=deadline - time.monotonic())
        if isinstance(event, kind):
            return event


@contextlib.contextmanager
def hanging_up() -> Iterator[int]:
    """A server that takes connections and closes them without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_connections_that_are_over_hold_no_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody collects garbage on a box for hours."""
    gc.collect()
    monkeypatch.setattr("edge.publish.mqtt.client.back_off_s", lambda *_: 0.01)
    gc.disable()
    try:
        with LocalBroker() as broker, running(MqttClient(MqttConfig(host="127.0.0.1", port=broker.port), "")) as link:
            held = []
            for _ in range(6):
                first(link, Connected)
                held.append(len(list(Path("/proc/self/fd").iterdir())))
                link._connection.end()
    finally:
        gc.enable()
    assert held[-1] <= held[0] + 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "no-such-host.invalid"}, "the host name no-such-host.invalid is not known here"),
        ({"username": "u", "password_file": "/nowhere/secret"}, "/nowhere/secret cannot be read"),
        ({"username": "u", "password_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE (mqtt.password_env) is not set"),
        ({"tls": True, "ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem cannot be read"),
        ({"tls": True, "ca_file": __file__}, "are the certificate files right?"),
        ({}, "No broker answers at 127.0.0.1"),
    ],
)
def test_a_setting_that_cannot_work_is_named(settings: dict[str, Any], words: str) -> None:
    config = MqttConfig(**{"host": "127.0.0.1", "port": free_port(), **settings})
    with running(MqttClient(config, "")) as link:
        assert words.lower() in first(link, Disconnected).sentence.lower()
        assert not link.connected
        assert link.publish(Publication("a", "{}", 1, False)) is None


@pytest.mark.parametrize(("code", "said"), [(9, "certificate is not yet valid"), (10, "certificate has expired")])
def test_a_certificate_that_is_not_valid_now_asks_for_the_clock(code: int, said: str) -> None:
    error = ssl.SSLCertVerificationError(1, said)
    error.verify_code, error.verify_message = code, said
    sentence = connection_errors.of_error(error, MqttConfig(host="broker.example", port=8883, tls=True))
    assert f"is not valid now ({said}): is the clock right? It says 20" in sentence


def test_a_port_that_speaks_no_mqtt_is_said_once_though_it_is_tried_again() -> None:
    with hanging_up() as port, running(MqttClient(MqttConfig(host="127.0.0.1", port=port), "")) as link:
        assert "does not answer in MQTT" in first(link, Disconnected).sentence
        with pytest.raises(queue.Empty):
            link.events.get(timeout=2.5)


def test_a_plain_port_asked_for_tls_is_said() -> None:
    with hanging_up() as port, running(MqttClient(MqttConfig(host="127.0.0.1", port=port, tls=True), "")) as link:
        assert "a TLS port" in first(link, Disconnected).sentence


def test_a_link_comes_up_when_its_broker_does_and_again_after_it_was_gone() -> None:
    port = free_port()
    with running(MqttClient(MqttConfig(host="127.0.0.1", port=port), "box")) as link:
        first(link, Disconnected)
        with LocalBroker(port):
            once = first(link, Connected)
        assert "was lost" in first(link, Disconnected).sentence
        with LocalBroker(port):
            assert first(link, Connected).connection > once.connection


def test_stopping_takes_no_time_whatever_the_link_is_doing() -> None:
    link = MqttClient(MqttConfig(host="127.0.0.1", port=free_port()), "")
    link.start()
    first(link, Disconnected)
    started = time.monotonic()
    link.stop()
    assert time.monotonic() - started < 1.0


def test_an_error_that_ends_its_thread_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: object) -> float:
        raise RuntimeError("a fault in rtsp://bus:secret@cab")

    monkeypatch.setattr("edge.publish.mqtt.client.back_off_s", wait)
    link = MqttClient(MqttConfig(host="127.0.0.1", port=free_port()), "box")
    assert link.broken is None
    link.start()
    until(lambda: link.broken is not None)
    assert link.broken == "the thread mqtt-link ended (RuntimeError: a fault in rtsp://***@cab)"
    link.stop()
