"""`emvas listen`: what boxes say over MQTT, one line each."""

from __future__ import annotations

import json
import os
import queue
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from edge.config.delivery import MqttConfig
from edge.messages import Level
from edge.publish.client import Link
from edge.publish.events import Connected, Received, Trouble
from edge.publish.topics import address_of
from edge.runtime.sinks import LEVEL_STYLES

_STATUS_STYLES = {"online": "green", "offline": "bold red", "stopped": "yellow"}
_EXAMPLE = """\b
Examples:
  emvas listen
  emvas listen --host broker.example --port 8883 --tls --username ops --password-file secret.txt
  emvas listen --json | jq 'select(.topic | endswith("/alert"))'
"""


@click.command(epilog=_EXAMPLE)
@click.option("--host", default="localhost", show_default=True, help="The broker.")
@click.option("--port", default=1883, show_default=True, help="Its port; with TLS usually 8883.")
@click.option("--base", default="emvas", show_default=True, help="First level of the topics.")
@click.option("--username", help="User name at the broker.")
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False), help="File that holds the password.")
@click.option("--tls", is_flag=True, help="Connect with TLS.")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), help="Authority to trust; implies --tls.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: topic, retained, payload.")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="End after this time; default: at Ctrl+C.")
def listen(
    host: str,
    port: int,
    base: str,
    username: str | None,
    password_file: str | None,
    tls: bool,
    ca_file: str | None,
    as_json: bool,
    seconds: float | None,
) -> None:
    """Print status, states, alerts and summaries of every box on a broker as they come.

    A broker that is missing is tried again until it comes. Exit code 1: with --seconds, when it never came.
    """
    try:
        config = MqttConfig(
            host=host, port=port, base=base, username=username, password_file=password_file,
            tls=tls or ca_file is not None, ca_file=ca_file,
        )  # fmt: skip
    except ValidationError as error:
        raise click.UsageError("; ".join(f"--{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())) from None
    show = _json_line if as_json else _readable(Console(highlight=False, soft_wrap=True), base)
    link = Link(config, client_id="", subscribe=[f"{base}/#"])
    link.start()
    try:
        connected = _print_events(link, show, seconds)
    except KeyboardInterrupt:
        connected = True
    except BrokenPipeError:  # the reader of our output has enough; nothing more can be written, at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        connected = True
    finally:
        link.stop()
    if not connected:
        raise SystemExit(1)


def _print_events(link: Link, show: Callable[[Received], None], seconds: float | None) -> bool:
    """Print until the time is up; return whether there ever was a connection."""
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    until_s = None if seconds is None else time.monotonic() + seconds
    connected = False
    while until_s is None or time.monotonic() < until_s:
        try:
            event = link.events.get(timeout=None if until_s is None else max(0.0, until_s - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(event, Received):
            show(event)
        elif isinstance(event, Connected):
            connected = True
            notes.print(f"Connected with {event.protocol}; listening.", style="dim")
        elif isinstance(event, Trouble):
            notes.print(f"{event.sentence} Trying again.", style="yellow", markup=False)
    return connected


def _json_line(event: Received) -> None:
    payload = _decoded(event)
    click.echo(json.dumps({"topic": event.path, "retained": event.retained, "payload": payload}, ensure_ascii=False))


def _readable(console: Console, base: str) -> Callable[[Received], None]:
    def show(event: Received) -> None:
        console.print(line_of(event, base, datetime.now().astimezone()))

    return show


def line_of(event: Received, base: str, now: datetime) -> Text:
    """One line: local time, box, what is said; `now` stands in where the message tells no time."""
    line = _line_of(event, base, now)
    line.plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line.plain)
    return line


def _line_of(event: Received, base: str, now: datetime) -> Text:
    address, payload = address_of(event.path, base), _decoded(event)
    if address is not None and isinstance(payload, dict):
        try:
            said = _SAY[address.name](payload)
            told = payload.get("end") or payload.get("time") or payload.get("start")
            at = datetime.fromisoformat(str(told).replace("Z", "+00:00")).astimezone() if told else now
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            pass  # another version's or another program's payload: shown as it came
        else:
            late = Text("  (late)" if payload.get("historical") else "", style="dim")
            return _head(at, f"{address.site}/{address.box}") + said + late
    shown = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return _head(now, event.path) + Text(shown)


def _decoded(event: Received) -> Any:
    """The payload as JSON data, or as the text it is when it is none."""
    try:
        return json.loads(event.payload)
    except ValueError:
        return event.payload.decode("utf-8", errors="replace")


def _head(at: datetime, place: str) -> Text:
    return Text.assemble((f"{at:%H:%M:%S}  ", "dim"), f"{place:<20}  ")


def _level(word: str | None) -> Text:
    return Text("unknown", style="dim") if word is None else Text(word, style=LEVEL_STYLES[Level[word.upper()]])


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _status(payload: dict[str, Any]) -> Text:
    return Text("status   ") + Text(payload["state"], style=_STATUS_STYLES[payload["state"]])


def _info(payload: dict[str, Any]) -> Text:
    rest = {key: value for key, value in payload.items() if key not in {"schema", "boot", "sw", "purpose", "config"}}
    text = f"version {payload['sw']}, {payload['purpose']}" + (f", {json.dumps(rest)}" if rest else "")
    return Text(f"info     {text}", style="dim")


def _state(payload: dict[str, Any]) -> Text:
    figures = ("perclos_60", "valid_ratio")
    parts = [*payload["causes"], *(f"{key} {payload[key]:.2f}" for key in figures if payload[key] is not None)]
    parts += [f"{name} {state}" for name, state in payload["inputs"].items() if state != "ok"]
    return Text("state    ") + _level(payload["level"]) + Text(f"  {', '.join(parts)}" if parts else "")


def _alert(payload: dict[str, Any]) -> Text:
    evidence = " ".join(f"{k}={_number(v)}" for k, v in payload["evidence"].items() if v is not None)
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
    readings = ", ".join(f"{key} {_number(value)}" for key, value in payload["readings"].items())
    text = f"health   {outbox['rows']} waiting, {sum(outbox['evicted'].values())} given up"
    return Text(f"{text}; {readings}" if readings else text, style="dim")


_SAY: dict[str, Callable[[dict[str, Any]], Text]] = {
    "status": _status,
    "info": _info,
    "state": _state,
    "alert": _alert,
    "summary": _summary,
    "health": _health,
}
"""One row a topic of `edge.publish.topics`."""
