"""The HTTP pages `/healthz` and `/metrics` for the monitoring of boxes."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import make_server

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.config.delivery import HealthConfig
from edge.error import EmvasError
from edge.http_server import SmallHandler, SmallServer
from edge.i18n.texts import Sentence
from edge.redact import redacted
from edge.runtime.metrics import METRICS, Metric, samples
from edge.status import HealthVerdict

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

_NAMES_OF_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class PagesError(EmvasError):
    """The pages cannot be served."""


class HealthPages:
    """The server of both pages, from `with` to its end, in threads of its own."""

    def __init__(
        self,
        config: HealthConfig,
        verdict: Callable[[float], HealthVerdict],
        figures: Callable[[], Mapping[str, Any]],
    ) -> None:
        """`verdict` takes the monotonic time.

        Raises:
            PagesError: the port is taken or the address is not this machine's.
        """
        self._loopback, self._verdict = config.is_loopback, verdict
        registry = CollectorRegistry()
        registry.register(_Figures(figures))
        ProcessCollector(registry=registry)
        self._metrics = make_wsgi_app(registry)
        try:
            self._server = make_server(config.host, config.port or 0, self._serve, SmallServer, SmallHandler)
        except OSError as error:
            raise PagesError(
                f"health.port {config.port} at {config.host} cannot be used ({error.strerror or error}): is another "
                "program there? Take another port, or null"
            ) from error
        self.port: int = self._server.server_port

    def __enter__(self) -> HealthPages:
        threading.Thread(target=self._server.serve_forever, name="health-pages", daemon=True).start()
        _log.info("/healthz and /metrics at http://%s:%d", self._server.server_name, self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self._loopback and name not in _NAMES_OF_LOOPBACK:  # DNS rebinding: the name of a web page that leads here
            return _answer(start, "403 Forbidden", {"error": "these pages are for this machine"})
        if environ["REQUEST_METHOD"] == "HEAD":
            self._serve({**environ, "REQUEST_METHOD": "GET"}, start)
            return []
        if environ["REQUEST_METHOD"] != "GET":
            return _answer(start, "405 Method Not Allowed", {"error": "use GET or HEAD"})
        if environ["PATH_INFO"] == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start)
            return answer
        if environ["PATH_INFO"] == "/healthz":
            return self._healthz(start)
        return _answer(start, "404 Not Found", {"error": "there are /healthz and /metrics"})

    def _healthz(self, start: StartResponse) -> Iterable[bytes]:
        verdict = self._verdict(time.monotonic())
        state = "unhealthy" if not verdict.healthy else "degraded" if verdict.reasons else "ok"
        reasons = [redacted(reason) for reason in verdict.reasons]
        codes = [reason.as_data if isinstance(reason, Sentence) else None for reason in reasons]
        body = {"state": state, "reasons": reasons, "reason_codes": codes, "age_s": verdict.age_s}
        return _answer(start, "200 OK" if verdict.healthy else "503 Service Unavailable", body)


def _answer(start: StartResponse, status: str, body: Mapping[str, Any]) -> Iterable[bytes]:
    start(status, [("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")])
    return [json.dumps(body).encode() + b"\n"]


class _Figures(Collector):
    """The table of metrics, filled at each request."""

    def __init__(self, figures: Callable[[], Mapping[str, Any]]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        """One family for each metric that has a value."""
        figures = self._figures()
        for metric in METRICS:
            found = list(samples(metric, figures))
            if found:
                yield _family(metric, found)


def _family(metric: Metric, found: list[tuple[tuple[str, ...], float]]) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in found:
        family.add_metric(labels, value)
    return family
