"""`/healthz` and `/metrics` over real HTTP."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from edge.config.health import HealthConfig
from edge.messages import Source
from edge.runtime.board import OLDEST_S, Board
from edge.runtime.health import Health
from edge.runtime.pages import HealthPages, PagesError

FACTS = {"version": "1", "bundle": "b", "provider": "cpu", "purpose": "driver-safety"}


def serve(board: Board, port: int | None = None) -> HealthPages:
    return HealthPages(HealthConfig(port=port), board.verdict, lambda: board.figures(None))


def get(pages: HealthPages, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=5)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def healthz(pages: HealthPages) -> tuple[int, dict[str, Any]]:
    status, body = get(pages, "/healthz")
    return status, json.loads(body)


def test_healthz_goes_from_starting_over_ok_and_degraded_to_stuck_and_silent() -> None:
    board = Board(Health(), FACTS, {})
    with serve(board) as pages:
        assert healthz(pages)[0] == 503
        board.turn(time.monotonic(), ready=False, stuck=None)
        assert healthz(pages)[1]["reasons"][0].startswith("starting")
        board.turn(time.monotonic(), ready=True, stuck=None)
        status, body = healthz(pages)
        assert (status, body["state"], body["reasons"]) == (200, "ok", [])
        board.write(Source(1.0, "camera", "lost", "rtsp://user:S3cret@cam/ cannot be read"))
        status, body = healthz(pages)
        assert (status, body["state"]) == (200, "degraded")
        assert body["reasons"] == ["camera lost: rtsp://***@cam/ cannot be read"]
        board.write(Source(2.0, "camera", "ok"))
        board.turn(time.monotonic() - OLDEST_S - 1, ready=True, stuck=None)
        status, body = healthz(pages)
        assert (status, body["reasons"][0][:11]) == (503, "no progress")
        board.turn(time.monotonic(), ready=True, stuck="vision hangs")
        status, body = healthz(pages)
        assert (status, body["state"], body["reasons"]) == (503, "unhealthy", ["vision hangs"])


def test_a_camera_without_models_that_see_is_no_healthy_box() -> None:
    board = Board(Health(), FACTS, {})
    board.write(Source(0.0, "vision", "absent", "the bundle has no iris"))
    board.turn(time.monotonic(), ready=True, stuck=None)
    verdict = board.verdict(time.monotonic())
    assert (verdict.healthy, verdict.reasons) == (False, ("vision absent: the bundle has no iris",))
    board.write(Source(0.0, "camera", "absent", "camera.uri is not set"))
    assert board.verdict(time.monotonic()).healthy


def test_metrics_are_what_prometheus_reads() -> None:
    health = Health(frames=5, frames_dropped=1)
    board = Board(health, FACTS, {"vad": "fp32"})
    with serve(board) as pages:
        health.frames = 7
        status, body = get(pages, "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert status == 200
    assert [s.value for s in families["emvas_frames"].samples] == [7.0]
    assert families["emvas_frames"].type == "counter"
    assert families["emvas_model_info"].samples[0].labels == {"role": "vad", "variant": "fp32"}
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6


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
    with serve(Board(Health(), FACTS, {})) as pages:
        assert get(pages, path, method, **headers)[0] == status


def test_a_port_that_is_taken_is_a_sentence() -> None:
    board = Board(Health(), FACTS, {})
    with serve(board) as pages, pytest.raises(PagesError, match=rf"health.port {pages.port} at 127.0.0.1 cannot"):
        serve(board, pages.port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "box.local"])
def test_the_network_is_let_in_only_when_that_is_said(host: str) -> None:
    with pytest.raises(ValidationError, match="open_to_network"):
        HealthConfig(host=host)
    assert HealthConfig(host=host, open_to_network=True).host == host
