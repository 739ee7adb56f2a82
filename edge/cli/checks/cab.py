"""Can the driver be warned? The speaker plays its chime, so that whoever checks hears it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from edge.capture import CaptureError
from edge.cli.checks.finding import Finding, Subject
from edge.warning.player import Player
from edge.warning.policy import Cue
from edge.warning.speaker import play_once

_PLAY_S = 5.0
_GPIO = "gpiodetect"


def speaker(subject: Subject) -> Iterator[Finding]:
    """The configured speaker, by ear."""
    warning = subject.config.warning
    if warning is None:
        if subject.config.allowance.warns:
            said = "nothing in the cab warns the driver: set the section `warning`"
            yield Finding("warning", False, said, "emvas devices", needed=False)
        return
    if warning.speaker is None:
        return
    player = Player(warning, time.monotonic, lambda: False)
    player.play(Cue("ready"))
    try:
        play_once(warning.speaker, player, _PLAY_S)
    except CaptureError as error:
        yield Finding("speaker", False, str(error), "emvas devices")
    else:
        yield Finding("speaker", True, f"{warning.speaker} played two soft tones, rising: did you hear them?")


def lines(subject: Subject) -> Iterator[Finding]:
    """The lamp's, the button's and the relay's device files."""
    warning = subject.config.warning
    if warning is None:
        return
    for name, place in (("gpio", warning.gpio), ("button", warning.button), ("relay", warning.relay)):
        if place is not None:
            path = Path(place.rpartition(":")[0] if name != "relay" else place)
            said = f"{path} is {'there' if path.exists() else 'missing'}"
            yield Finding(name, path.exists(), said, "" if path.exists() else _GPIO if name != "relay" else "ls /dev")
