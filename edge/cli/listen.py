"""`emvas listen`: prints the messages of boxes over MQTT, one line each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import click
from pydantic import ValidationError
from rich.console import Console

from edge.cli.message_format import decoded, line_of
from edge.client.box_messages import BODIES, BoxMessage, Gap, UnknownMessage
from edge.client.subscriber import Subscriber
from edge.config.delivery import MqttConfig
from edge.i18n.texts import LANGUAGES, Labels, Language
from edge.messages import Level
from edge.publish.mqtt.packets import Connected, Disconnected, Received, SubscriptionDenied
from edge.publish.payloads import AlertPayload, Payload, StatePayload
from edge.publish.topics import Address

_LEVELS = [level.name.lower() for level in Level]
_EXAMPLE = """\b
Examples:
  emvas listen
  emvas listen --host broker.example --port 8883 --tls --username ops --password-file secret.txt
  emvas listen --topic alert --level critical --box depot-1/bus-042
  emvas listen --json | jq 'select(.topic | endswith("/alert"))'
"""


@click.command(epilog=_EXAMPLE)
@click.option("--host", default="localhost", show_default=True, help="Host of the broker.")
@click.option("--port", default=1883, show_default=True, help="Port of the broker; with TLS usually 8883.")
@click.option("--base", default="emvas", show_default=True, help="First level of the topics.")
@click.option("--username", help="User name at the broker.")
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False), help="File that holds the password.")
@click.option("--tls", is_flag=True, help="Connect with TLS.")
@click.option(
    "--ca-file", type=click.Path(exists=True, dir_okay=False), help="Certificate authority to trust; implies --tls."
)
@click.option("--cert-file", type=click.Path(exists=True, dir_okay=False), help="This client's certificate.")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False), help="Private key of --cert-file.")
@click.option("--box", help="Only this box: its id, or site/id.")
@click.option(
    "--topic", "topics", multiple=True, type=click.Choice(list(BODIES)), help="Only this topic; may be repeated."
)
@click.option("--kind", help="Only alerts of this kind, such as microsleep.")
@click.option("--level", type=click.Choice(_LEVELS), help="Only alerts and states of this level or above.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: topic, retained, payload.")
@click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the lines."
)
@click.option("--seconds", type=click.FloatRange(min=0.1), help="End after this time; default: at Ctrl+C.")
def listen(
    host: str,
    port: int,
    base: str,
    username: str | None,
    password_file: str | None,
    tls: bool,
    ca_file: str | None,
    cert_file: str | None,
    key_file: str | None,
    box: str | None,
    topics: tuple[str, ...],
    kind: str | None,
    level: str | None,
    as_json: bool,
    language: Language,
    seconds: float | None,
) -> None:
    """Print status, states, alerts and summaries of every box on a broker as they arrive, each alert and summary once.

    A line begins with the time of arrival. Commands and their responses are shown only with --topic request and
    --topic response.

    A missing broker is tried again until it answers. Exit code 1: with --seconds, if it never answered.
    """
    try:
        config = MqttConfig(
            host=host, port=port, base=base, username=username, password_file=password_file,
            tls=tls or ca_file is not None, ca_file=ca_file, cert_file=cert_file, key_file=key_file,
        )  # fmt: skip
    except ValidationError as error:
        faults = ((".".join(map(str, fault["loc"])) or "tls", fault["msg"]) for fault in error.errors())
        raise click.UsageError("; ".join(f"--{name}: {message}" for name, message in faults)) from None
    wanted = Filter(box, topics, kind, None if level is None else Level[level.upper()])
    labels = Labels(language)
    show = _json_line if as_json else _readable(Console(highlight=False, soft_wrap=True), base, labels)
    try:
        with Subscriber(config) as subscriber:
            connected = _print_items(subscriber, wanted, show, labels, seconds)
    except KeyboardInterrupt:
        connected = True
    except BrokenPipeError:  # the reader of our output has closed it; the exit must not write either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        connected = True
    if not connected:
        raise SystemExit(1)


_COMMAND_TOPICS = ("request", "response")
"""Commands of other programs and the responses: shown only on request."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages get a line; None and empty mean all except commands."""

    box: str | None = None
    topics: tuple[str, ...] = ()
    kind: str | None = None
    level: Level | None = None

    def takes(self, address: Address | None, body: Payload | None) -> bool:
        """Whether a message gets a line; one that cannot be decoded gets one if there is no filter."""
        if address is not None and address.name in _COMMAND_TOPICS and address.name not in self.topics:
            return False
        if self == Filter():
            return True
        if address is None or body is None or (self.topics and address.name not in self.topics):
            return False
        if self.box is not None and self.box not in {address.box, f"{address.site}/{address.box}"}:
            return False
        if self.kind is not None and not (isinstance(body, AlertPayload) and body.kind == self.kind):
            return False
        return self.level is None or _reaches(body, self.level)


def _reaches(body: Payload, least: Level) -> bool:
    return (
        isinstance(body, AlertPayload | StatePayload) and body.level is not None and Level[body.level.upper()] >= least
    )


def _print_items(
    subscriber: Subscriber, wanted: Filter, show: Callable[[Received], None], labels: Labels, seconds: float | None
) -> bool:
    """Print until the time is up. Return whether there was a connection at any time."""
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    connected = False
    for item in subscriber.items(seconds):
        if isinstance(item, BoxMessage):
            if wanted.takes(item.address, item.body):
                show(item.event)
        elif isinstance(item, UnknownMessage):
            if wanted.takes(None, None):
                show(item.event)
        elif isinstance(item, Gap):
            missing = labels("listen_missing", box=f"{item.site}/{item.box}", first=item.first, last=item.last)
            notes.print(missing, style="yellow", markup=False)
        elif isinstance(item, Connected):
            connected = True
            notes.print(labels("listen_connected", protocol=item.protocol), style="dim")
        elif isinstance(item, Disconnected):
            notes.print(f"{labels.sentence(item.sentence)} {labels('listen_again')}", style="yellow", markup=False)
        elif isinstance(item, SubscriptionDenied):
            notes.print(labels.sentence(item.sentence), style="yellow", markup=False)
    return connected


def _json_line(event: Received) -> None:
    payload = decoded(event)
    click.echo(json.dumps({"topic": event.path, "retained": event.retained, "payload": payload}, ensure_ascii=False))


def _readable(console: Console, base: str, labels: Labels) -> Callable[[Received], None]:
    def show(event: Received) -> None:
        console.print(line_of(event, base, datetime.now().astimezone(), labels))

    return show
