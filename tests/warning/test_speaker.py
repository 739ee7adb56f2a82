"""A speaker that is not there: a private pulseaudio records what is played to it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from mqtt_helpers import until
from sound_likeness import likeness, recorded
from sound_server import SoundServer, needs_pulse

from edge.capture.microphone import Microphone
from edge.config.decision import WarningConfig
from edge.messages import Audio, Source, Warned
from edge.warning.policy import Cue
from edge.warning.signals import PATTERNS
from edge.warning.speaker import Player, Speaker, play_once


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    sound = SoundServer(tmp_path)
    for name, value in sound.environment.items():
        monkeypatch.setenv(name, value)
    sound.start()
    yield sound
    sound.kill()


class Cab:
    """A speaker that runs, and what it says of itself."""

    def __init__(self) -> None:
        self.player = Player(WarningConfig(), time.monotonic, lambda: False)
        self.speaker = Speaker("pulse", self.player, time.monotonic)
        self.said: list[Source | Warned] = []
        self.stop = Event()
        self.thread = Thread(target=lambda: deque(map(self.said.append, self.speaker.stream(self.stop)), 0))

    def __enter__(self) -> Cab:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(5)
        assert not self.thread.is_alive()

    def states(self) -> list[str]:
        return [item.state for item in self.said if isinstance(item, Source)]

    def begun(self) -> list[str]:
        return [item.signal for item in self.said if isinstance(item, Warned) and item.type == "begin"]


@needs_pulse
def test_what_is_played_is_the_pattern_and_no_other(server: SoundServer) -> None:
    """It is played anew where the machine, busy with other work, tore a hole into it."""
    with Cab() as cab:
        until(lambda: cab.states() == ["ok"], 10)
        for _ in range(5):
            heard = recorded(server, 1.5, lambda: cab.player.play(Cue("warning", "a")))
            found = {signal: likeness(heard, signal) for signal in PATTERNS}
            if found["warning"] > 0.9:
                break
        else:
            pytest.fail(f"never heard whole: {found}")
        until(lambda: cab.begun()[:1] == ["warning"], 5)
    assert max(found, key=lambda signal: found[signal]) == "warning", found


@needs_pulse
def test_a_speaker_that_dies_comes_back_and_takes_up_the_call_that_still_holds(server: SoundServer) -> None:
    with Cab() as cab:
        until(lambda: cab.states() == ["ok"], 10)
        cab.player.play(Cue("critical", "a"))
        time.sleep(0.5)
        server.kill()
        until(lambda: cab.states()[-1] == "lost", 10)
        server.start()
        until(lambda: cab.states()[-1] == "ok", 10)
        heard = recorded(server, 2.0)
    assert likeness(heard, "critical") > 0.8


@needs_pulse
def test_a_microphone_that_is_opened_anew_takes_nothing_from_the_speaker(server: SoundServer) -> None:
    with Cab() as cab:
        until(lambda: cab.states() == ["ok"], 10)
        stop = Event()
        for _ in range(3):
            stream = Microphone("pulse", time.monotonic).stream(stop)
            assert any(isinstance(next(stream), Audio) for _ in range(20))
            stream.close()
        cab.player.play(Cue("advisory"))
        until(lambda: cab.begun() == ["advisory"], 2)
        assert cab.states() == ["ok"]


@needs_pulse
def test_the_box_knows_when_it_sounds_itself_and_only_then(server: SoundServer) -> None:
    with Cab() as cab:
        until(lambda: cab.states() == ["ok"], 10)
        stream = Microphone("pulse", time.monotonic).stream(stop := Event())
        pieces = [item for item in (next(stream) for _ in range(40)) if isinstance(item, Audio)]
        assert not any(cab.speaker.own.covers(piece) for piece in pieces)
        cab.player.play(Cue("ready"))
        until_s = time.monotonic() + 2.5
        while time.monotonic() < until_s:
            item = next(stream)
            pieces += [item] if isinstance(item, Audio) else []
        stop.set()
        loud = [piece for piece in pieces if np.abs(piece.samples).max() > 0.01]
        assert loud, "the microphone hears the speaker"
        assert all(cab.speaker.own.covers(piece) for piece in loud)
        assert not cab.speaker.own.covers(pieces[-1])


@needs_pulse
def test_a_check_plays_the_chime_and_a_missing_speaker_is_told(server: SoundServer) -> None:
    player = Player(WarningConfig(), time.monotonic, lambda: False)
    player.play(Cue("ready"))
    heard = recorded(server, 2.0, lambda: play_once("pulse", player, 5.0))
    assert likeness(heard, "ready") > 0.9
