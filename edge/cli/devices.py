"""`emvas devices`: which cameras, microphones and speakers are there, what is missing, how to mend it."""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console

from edge.capture.devices import Found, cameras, microphones, speakers
from edge.capture.discovery import network_cameras

_SETTINGS = {
    "cameras": "camera.uri",
    "network cameras": "camera.uri",
    "microphones": "microphone.device",
    "speakers": "warning.speaker",
}


@click.command(epilog="\b\nExample:\n  emvas devices")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def devices(as_json: bool) -> None:
    """List cameras, microphones and speakers, with the value to write into the configuration."""
    found = {
        "cameras": cameras(),
        "network cameras": network_cameras(),
        "microphones": microphones(),
        "speakers": speakers(),
    }
    if as_json:
        click.echo(json.dumps({kind: dataclasses.asdict(part) for kind, part in found.items()}, ensure_ascii=False))
        return
    for kind, part in found.items():
        _print(kind, part)


def _print(kind: str, found: Found) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{kind}[/] ({_SETTINGS[kind]})")
    for device in found.devices:
        console.print(f"  {device.setting}  {device.name}  [dim]{device.detail}[/]")
        for mode in device.modes:
            console.print(f"    [dim]{mode}[/]")
    for sentence in found.missing:
        console.print(f"  [yellow]{sentence}[/]", markup=True)
