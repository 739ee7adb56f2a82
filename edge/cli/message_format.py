"""Formats an MQTT message of a box as one readable line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

from edge.cli.terminal import LEVEL_STYLES
from edge.dashboard.health_view import figure, stages
from edge.i18n.labels import Labels
from edge.i18n.sentence import CODE_SUFFIX
from edge.messages import Level
from edge.publish.mqtt.events import Received
from edge.publish.topics import address_of

_WORDS = Labels("en")
_FIGURES = {"camera_hz": "frames/s", "frames_dropped": "frames dropped", "celsius": "°C"}
_ON_TIME_S = 3.0
"""A line names the time of a message that took longer to arrive."""
_STATUS_STYLES = {"online": "green", "offline": "bold red", "stopped": "yellow", "failed": "bold red"}


def line_of(event: Received, base: str, now: datetime) -> Text:
    """One line: local time of arrival, box, content, and the time of the content if it is older."""
    line = _line_of(event, base, now)
    line.plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line.plain)
    return line


def _line_of(event: Received, base: str, now: datetime) -> Text:
    address, payload = address_of(event.path, base), decoded(event)
    if address is not None and isinstance(payload, dict):
        try:
            said = _FORMATTERS[address.name](payload)
            told = payload.get("end") or payload.get("time") or payload.get("start")
            at = datetime.fromisoformat(str(told).replace("Z", "+00:00")).astimezone() if told else now
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
            pass  # payload of another version or program: shown unchanged
        else:
            return _head(now, f"{address.site}/{address.box}") + said + _late_note(at, now, payload)
    shown = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return _head(now, event.path) + Text(shown)


def decoded(event: Received) -> Any:
    """The payload as JSON data, or as text if it cannot be written as JSON again."""
    try:
        payload = json.loads(event.payload)
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # json.loads takes NaN and lone surrogates, which are not valid JSON in UTF-8
        return event.payload.decode("utf-8", errors="replace")
    return payload


def _late_note(at: datetime, now: datetime, payload: dict[str, Any]) -> Text:
    """The time of a message that arrived late."""
    if abs((now - at).total_seconds()) <= _ON_TIME_S and not payload.get("historical"):
        return Text("")
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return Text(f"  (of {day}{at:%H:%M:%S}{', late' if payload.get('historical') else ''})", style="dim")


def _head(at: datetime, place: str) -> Text:
    return Text.assemble((f"{at:%H:%M:%S}  ", "dim"), f"{place:<20}  ")


def _level(word: str | None) -> Text:
    return Text("unknown", style="dim") if word is None else Text(word, style=LEVEL_STYLES[Level[word.upper()]])


def _told(evidence: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is known, without the codes, whose texts stand beside them."""
    return ((k, v) for k, v in evidence.items() if v is not None and not k.endswith(CODE_SUFFIX))


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _status(payload: dict[str, Any]) -> Text:
    why = f"  {payload['why']}" if payload.get("why") else ""
    return Text("status   ") + Text(payload["state"], style=_STATUS_STYLES[payload["state"]]) + Text(why)


def _info(payload: dict[str, Any]) -> Text:
    rest = {key: value for key, value in payload.items() if key not in {"schema", "boot", "sw", "purpose", "config"}}
    text = f"version {payload['sw']}, {payload['purpose']}" + (f", {json.dumps(rest)}" if rest else "")
    return Text(f"info     {text}", style="dim")


def _state(payload: dict[str, Any]) -> Text:
    figures = ("perclos_60", "valid_ratio")
    parts = [
        *map(_WORDS, payload["causes"]),
        *(f"{key} {payload[key]:.2f}" for key in figures if payload[key] is not None),
    ]
    parts += [f"{name} {state}" for name, state in payload["inputs"].items() if state != "ok"]
    return Text("state    ") + _level(payload["level"]) + Text(f"  {', '.join(parts)}" if parts else "")


def _alert(payload: dict[str, Any]) -> Text:
    evidence = " ".join(f"{k}={_number(v)}" for k, v in _told(payload["evidence"]))
    said = f"  {payload['kind']} {payload['type']}, {payload['duration_ms'] / 1000:.1f} s"
    return Text("alert    ") + _level(payload["level"]) + Text(said, style="bold") + Text(f"  {evidence}", style="dim")


def _summary(payload: dict[str, Any]) -> Text:
    alerts = ", ".join(f"{count} {kind}" for kind, count in payload["alerts"].items()) or "no alerts"
    parts = [alerts, f"valid {payload['valid_ratio']:.0%}"]
    if payload["perclos"] is not None:
        parts.append(f"PERCLOS {payload['perclos']:.1%}")
    if payload["score_mean"] is not None:
        parts.append(f"mood {payload['score_mean']:+.2f}")
    parts += [f"{word} {share:.0%}" for word, share in payload["emotions"].items()]
    return Text(f"summary  {', '.join(parts)}")


def _health(payload: dict[str, Any]) -> Text:
    outbox = payload["outbox"]
    told = {name: figure(payload, name) for name in ("camera_hz", "frames_dropped", "celsius")}
    parts = [f"{outbox['rows']} waiting", f"{sum(outbox['evicted'].values())} given up"]
    parts += [f"{value} {_FIGURES[name]}" for name, value in told.items() if value is not None]
    parts += [f"{slowest.name} {slowest.figures[1]} ms" for slowest in stages(payload)[:1]]
    return Text(f"health   {', '.join(parts)}", style="dim")


def _group(payload: dict[str, Any]) -> Text:
    told = {key: payload[key] for key in ("negative_share", "spread", "motion", "noise_db")}
    figures = ", ".join(f"{key} {_number(value)}" for key, value in told.items() if value is not None)
    return Text(f"group    {payload['faces']} faces, {figures}")


def _request(payload: dict[str, Any]) -> Text:
    said = " ".join(f"{key}={_number(value)}" for key, value in payload.items())
    return Text(f"request  {said}", style="cyan")


def _response(payload: dict[str, Any]) -> Text:
    good = {"ok": True, "error": False}[payload["status"]]
    said = "done" if good else str(payload["error"])
    return Text(f"response {payload['op']}: ", style="cyan") + Text(said, style="green" if good else "red")


_FORMATTERS: dict[str, Callable[[dict[str, Any]], Text]] = {
    "status": _status,
    "info": _info,
    "state": _state,
    "alert": _alert,
    "summary": _summary,
    "group": _group,
    "health": _health,
    "request": _request,
    "response": _response,
}
"""One function for each topic of `edge.publish.topics`."""
