"""Formats an MQTT message of a box as one readable line.

English lines keep the names of the payloads, which filters and `jq` take; other languages show their texts instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

from edge.cli.terminal import LEVEL_STYLES
from edge.dashboard.box_link import figure, stages
from edge.i18n.texts import CODE_SUFFIX, Labels, Sentence, signed
from edge.messages import Level
from edge.messages.serialize import with_sentences
from edge.publish.mqtt.packets import Received
from edge.publish.topics import address_of

_ENGLISH = Labels("en")
_ON_TIME_S = 3.0
"""A line names the time of a message that took longer to arrive."""
_STATUS_STYLES = {"online": "green", "offline": "bold red", "stopped": "yellow", "failed": "bold red"}


def line_of(event: Received, base: str, now: datetime, labels: Labels = _ENGLISH) -> Text:
    """One line: local time of arrival, box, content, and the time of the content if it is older."""
    line = _line_of(event, base, now, labels)
    line.plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line.plain)
    return line


def _line_of(event: Received, base: str, now: datetime, labels: Labels) -> Text:
    address, payload = address_of(event.path, base), decoded(event)
    if address is not None and isinstance(payload, dict):
        try:
            content = _FORMATTERS[address.name](payload, labels)
            time = payload.get("end") or payload.get("time") or payload.get("start")
            at = datetime.fromisoformat(str(time).replace("Z", "+00:00")).astimezone() if time else now
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
            pass  # payload of another version or program: shown unchanged
        else:
            return _head(now, f"{address.site}/{address.box}") + content + _late_note(at, now, payload, labels)
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


def _late_note(at: datetime, now: datetime, payload: dict[str, Any], labels: Labels) -> Text:
    """The time of a message that arrived late."""
    if abs((now - at).total_seconds()) <= _ON_TIME_S and not payload.get("historical"):
        return Text("")
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    text = labels("listen_of_late" if payload.get("historical") else "listen_of", when=f"{day}{at:%H:%M:%S}")
    return Text(f"  {text}", style="dim")


def _head(at: datetime, place: str) -> Text:
    return Text.assemble((f"{at:%H:%M:%S}  ", "dim"), f"{place:<20}  ")


def _named(labels: Labels, name: str, code: str | None = None) -> str:
    """A name of a payload: unchanged in English, translated elsewhere."""
    return name if labels.language == "en" else labels(code or name, name)


def _level(word: str | None, labels: Labels) -> Text:
    if word is None:
        return Text(_named(labels, "unknown"), style="dim")
    return Text(_named(labels, word), style=LEVEL_STYLES[Level[word.upper()]])


def _known_values(evidence: dict[str, Any], labels: Labels) -> Iterator[str]:
    """The known values; a sentence of the box is translated, and the field with its code is left out."""
    for name, value in with_sentences(evidence).items():
        if value is not None and not name.endswith(CODE_SUFFIX):
            text = labels.sentence(value) if isinstance(value, Sentence) else _named(labels, _number(value))
            yield f"{_named(labels, name, 'evidence_' + name)}={text}"


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _status(payload: dict[str, Any], labels: Labels) -> Text:
    why = f"  {payload['why']}" if payload.get("why") else ""
    state = Text(_named(labels, payload["state"]), style=_STATUS_STYLES[payload["state"]])
    return Text("status   ") + state + Text(why)


def _info(payload: dict[str, Any], labels: Labels) -> Text:
    rest = {key: value for key, value in payload.items() if key not in {"schema", "boot", "sw", "purpose", "config"}}
    text = labels("listen_version", version=payload["sw"], purpose=_named(labels, payload["purpose"]))
    text += f", {json.dumps(rest)}" if rest else ""
    return Text(f"info     {text}", style="dim")


def _state(payload: dict[str, Any], labels: Labels) -> Text:
    figures = ("perclos_60", "valid_ratio")
    parts = [
        *map(labels, payload["causes"]),
        *(f"{_named(labels, key)} {payload[key]:.2f}" for key in figures if payload[key] is not None),
    ]
    inputs = payload["inputs"].items()
    parts += [f"{_named(labels, name)} {_named(labels, state)}" for name, state in inputs if state != "ok"]
    return Text("state    ") + _level(payload["level"], labels) + Text(f"  {', '.join(parts)}" if parts else "")


def _alert(payload: dict[str, Any], labels: Labels) -> Text:
    evidence = " ".join(_known_values(payload["evidence"], labels))
    step = f"{_named(labels, payload['kind'])} {_named(labels, payload['type'], 'step_' + payload['type'])}"
    text = Text(f"  {step}, {payload['duration_ms'] / 1000:.1f} s", style="bold")
    return Text("alert    ") + _level(payload["level"], labels) + text + Text(f"  {evidence}", style="dim")


def _summary(payload: dict[str, Any], labels: Labels) -> Text:
    counts = payload["alerts"].items()
    alerts = ", ".join(f"{count} {_named(labels, kind)}" for kind, count in counts) or labels("listen_no_alerts")
    parts = [alerts, labels("listen_valid", share=f"{payload['valid_ratio']:.0%}")]
    if payload["perclos"] is not None:
        parts.append(f"PERCLOS {payload['perclos']:.1%}")
    if payload["score_mean"] is not None:
        parts.append(labels("listen_mood", score=signed(payload["score_mean"])))
    parts += [f"{labels(word)} {share:.0%}" for word, share in payload["emotions"].items()]
    trip = payload.get("trip")
    if trip:
        way = "" if trip["distance_km"] is None else f", {trip['distance_km']:.1f} km"
        parts.append(labels("listen_trip", length=labels.length(trip["length_s"], whole=True), way=way))
    return Text(f"summary  {', '.join(parts)}")


def _health(payload: dict[str, Any], labels: Labels) -> Text:
    outbox = payload["outbox"]
    figures = {name: figure(payload, name) for name in ("camera_hz", "frames_dropped", "celsius")}
    given_up = sum(outbox["evicted"].values())
    parts = [labels("listen_waiting", n=outbox["rows"]), labels("listen_given_up", n=given_up)]
    parts += [labels(f"listen_{name}", value=value) for name, value in figures.items() if value is not None]
    parts += [f"{_named(labels, slowest.name)} {slowest.figures[1]} ms" for slowest in stages(payload)[:1]]
    return Text(f"health   {', '.join(parts)}", style="dim")


def _group(payload: dict[str, Any], labels: Labels) -> Text:
    values = {key: payload[key] for key in ("negative_share", "spread", "motion", "noise_db")}
    figures = ", ".join(f"{_named(labels, key)} {_number(value)}" for key, value in values.items() if value is not None)
    return Text(f"group    {labels('listen_faces', n=payload['faces'])}, {figures}")


def _request(payload: dict[str, Any], _labels: Labels) -> Text:
    said = " ".join(f"{key}={_number(value)}" for key, value in payload.items())
    return Text(f"request  {said}", style="cyan")


def _response(payload: dict[str, Any], labels: Labels) -> Text:
    good = {"ok": True, "error": False}[payload["status"]]
    said = labels("listen_done") if good else str(payload["error"])
    return Text(f"response {payload['op']}: ", style="cyan") + Text(said, style="green" if good else "red")


_FORMATTERS: dict[str, Callable[[dict[str, Any], Labels], Text]] = {
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
