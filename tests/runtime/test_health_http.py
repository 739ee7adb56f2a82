"""`/healthz` and `/metrics` over real HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from edge.config.delivery import HealthConfig
from edge.messages import Source
from edge.runtime.health_http import HealthPages, PagesError
from edge.runtime.metrics import RunCounters, figures
from edge.status import SystemStatus

FACTS = {"version": "1", "bundle": "b", "provider": "cpu", "purpose": "driver-safety"}


def serve(status: SystemStatus, health: RunCounters | None = None, port: int | None = None) -> HealthPages:
    def told() -> dict[str, Any]:
        return figures(FACTS, {"vad": "fp32"}, health or RunCounters(), status, {})

    return HealthPages(HealthConfig(port=port), status.verdict, told)


def get(pages: HealthPages, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=5)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def healthz(pages: HealthPages) -> tuple[int, dict[str, Any]]:
    status, body = get(pages, "/healthz")
    return status, json.loads(body)


def test_healthz_goes_from_starting_over_ok_to_degraded() -> None:
    status = SystemStatus()
    with serve(status) as pages:
        assert healthz(pages)[0] == 503
        status.turned(time.monotonic(), None)
        assert healthz(pages)[1]["reasons"][0].startswith("starting")
        status.worked("camera")
        code, body = healthz(pages)
        assert (code, body["state"], body["reasons"]) == (200, "ok", [])
        status.take(Source(1.0, "camera", "lost", "rtsp://user:S3cret@cam/ cannot be read"))
        code, body = healthz(pages)
        assert (code, body["state"]) == (200, "degraded")
        assert body["reasons"] == ["camera lost: rtsp://***@cam/ cannot be read"]
        parameters = {"part": "camera", "state": "lost", "detail": "rtsp://***@cam/ cannot be read"}
        assert body["reason_codes"] == [{"code": "part_state", "parameters": parameters}]


def test_metrics_are_what_prometheus_reads() -> None:
    health = RunCounters(frames=5, frames_dropped=1)
    with serve(SystemStatus(), health) as pages:
        health.frames = 7
        status, body = get(pages, "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert status == 200
    assert [s.value for s in families["emvas_frames"].samples] == [7.0]
    assert families["emvas_frames"].type == "counter"
    assert families["emvas_model_info"].samples[0].labels == {"role": "vad", "variant": "fp32"}
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6


@pytest.mark.parametrize(("path", "code"), [("/metrics", 200), ("/healthz", 503), ("/", 404)])
def test_head_is_answered_like_get_without_a_body(path: str, code: int) -> None:
    with serve(SystemStatus()) as pages, socket.create_connection(("127.0.0.1", pages.port), 5) as link:
        link.sendall(f"HEAD {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == str(code).encode()
    assert b"Content-Type: " in head
    assert body == b""


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/", "GET", {}, 404),
        ("/metrics", "POST", {}, 405),
        ("/metrics", "GET", {"Host": "evil.example"}, 403),
        ("/healthz", "GET", {"Host": "localhost:1"}, 503),
    ],
)
def test_nothing_else_is_answered(path: str, method: str, headers: dict[str, str], status: int) -> None:
    with serve(SystemStatus()) as pages:
        assert get(pages, path, method, **headers)[0] == status


def test_a_port_that_is_taken_is_a_sentence() -> None:
    status, taken = SystemStatus(), r"health.port \d+ at 127.0.0.1 cannot"
    with serve(status) as pages, pytest.raises(PagesError, match=taken):
        serve(status, port=pages.port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "box.local"])
def test_the_network_is_let_in_only_when_that_is_said(host: str) -> None:
    with pytest.raises(ValidationError, match="open_to_network"):
        HealthConfig(host=host)
    assert HealthConfig(host=host, open_to_network=True).host == host
