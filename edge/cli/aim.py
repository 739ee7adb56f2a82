"""`emvas aim`: shows what the camera sees, which conditions hold, and which way to turn it."""

from __future__ import annotations

import json
import logging
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from edge.aim.aiming import Aim, Aiming, capital
from edge.bundle.bundle import Bundle
from edge.capture import CaptureError
from edge.capture.camera import Camera
from edge.cli.box_folders import BUNDLE_HELP, open_bundle, state_folder
from edge.cli.terminal import LiveDisplay
from edge.config import Config, ConfigError, load_config
from edge.error import EmvasError
from edge.i18n.texts import LANGUAGES, Labels, Language, Sentence
from edge.messages import Frame, Source
from edge.process import own_files
from edge.run_registry import Start
from edge.store.timeline import Timeline
from edge.vision.perception import FacePerception
from edge.warning.policy import Cue
from edge.warning.speaker import Player, play_once

if TYPE_CHECKING:
    from edge.aim.page import AimPage

_log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_REPORT_EVERY_S = 1.0
_CHIME_S = 3.0
_COLOURS = {"good": "green", "poor": "dark_orange", "bad": "red"}


class AimError(EmvasError):
    """The camera cannot be aimed, or its picture may not be shown now."""


@click.command(epilog="\b\nExample:\n  emvas aim --config configs/bus-cab.yaml")
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML; see configs/.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the timeline, which records the aiming.")
@click.option("--port", default=8479, show_default=True, help="Port of the page; 0: any.")
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(0.05, 10.0), help="Longest time.")
@click.option("--text", is_flag=True, help="Text only, without the page; for a box without a screen.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a second, without the page.")
@click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True,
    help="Language of the text; the page has the browser's.",
)  # fmt: skip
@click.option("--alone", is_flag=True, help="Confirms that the installer is alone before the camera.")
def aim(
    config_path: Path, bundle: Path | None, state: Path | None, port: int, minutes: float, text: bool, as_json: bool,
    language: Language, alone: bool,
) -> None:  # fmt: skip
    """Aim the camera: see what it sees, until all conditions have held for 10 s, or until Ctrl+C.

    The picture stays in memory. Its page is on this machine only, or at dashboard.host behind the password and the
    certificate of the dashboard. No person is judged meanwhile. Exit code 0: all conditions held; 1: they did not.
    """
    own_files()
    config = load_config(config_path)
    if config.camera.uri is None:
        raise ConfigError(f"{config_path}: camera.uri is not set: there is no camera to aim")
    _expect_paused()
    console, labels = Console(stderr=as_json), Labels(language)
    if config.allowance.aims_alone and not alone:
        click.confirm(labels("aim_alone"), abort=True)
    opened = open_bundle(config, bundle)
    with ExitStack() as stack:
        page, address = None, ""
        if not (text or as_json):
            page, address = open_page(config, port, stack, lambda code: console.print(labels(code), style="yellow"))
        stack.enter_context(_TimelineNote(config, state or state_folder(), page))
        _chime(config)
        if page:
            console.print(labels("aim_page", address=address, n=f"{minutes:g}"), highlight=False, soft_wrap=True)
        console.print(labels("aim_paused"), style="yellow")
        output = _Output(console, labels, as_json, live=not (text or as_json))
        last = _run(config, opened, page, minutes * 60, output)
    if last is None or not last.ready:
        raise AimError(capital(labels.sentence(last.sentence)) if last else "the camera gave no frame")


def open_page(config: Config, port: int, stack: ExitStack, warn: Callable[[str], object]) -> tuple[AimPage, str]:
    """Serve the page until `stack` ends; return it and its address.

    At the host of the dashboard behind its password and certificate; on loopback without either, so that no picture
    crosses the network unencrypted. `warn` gets the code of a sentence about it. Without a password the address is
    random.
    """
    from edge.aim.page import AimPage
    from edge.dashboard.access import guarded, is_unencrypted, listen, serving, url
    from edge.dashboard.auth.middleware import DIRECT
    from edge.dashboard.auth.sessions import read_password

    settings = config.dashboard
    password = read_password(settings)
    page = AimPage(path := "/" if password else f"/{secrets.token_urlsafe(16)}/")
    host = settings.host
    if is_unencrypted(settings):
        warn("aim_unencrypted")
        host = LOOPBACK
    listening = stack.enter_context(listen(host, port, password))
    stack.enter_context(serving(guarded(page, settings, password, listening, DIRECT), listening))
    return page, url(listening, settings.cert_file is not None) + path


def _run(config: Config, bundle: Bundle, page: AimPage | None, most_s: float, output: _Output) -> Aim | None:
    """Run until all conditions have held, the time is over, or the user ends it; return the last result."""
    aiming, perception = Aiming(room=not config.allowance.per_person), FacePerception(bundle, config.vision, None)
    last, reported_s, start_s = None, -_REPORT_EVERY_S, time.monotonic()
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.enter_context(output)
        for frame in _frames(config, most_s):
            faces = [face for face in perception.step(frame) if face.box is not None or face.reason]
            last = aiming.step(frame, faces)
            left_s = most_s - (time.monotonic() - start_s)
            if page:
                page.show(frame.image, faces, last, left_s)
            if frame.t_s - reported_s >= _REPORT_EVERY_S or last.ready:
                reported_s = frame.t_s
                output.show(last)
            if last.ready and page is None:
                break
    return last


def _frames(config: Config, most_s: float) -> Iterator[Frame]:
    """Yield the newest frame each time, until the camera ends or the time is over."""
    stop, fresh = threading.Event(), threading.Condition()
    newest: list[Frame] = []
    ended: list[str] = []

    def take() -> None:
        try:
            for item in Camera(config.camera, False, time.monotonic).stream(stop):
                with fresh:
                    if isinstance(item, Frame):
                        newest[:] = [item]
                    elif isinstance(item, Source) and item.state == "lost":
                        _log.warning("%s lost: %s", item.source, item.detail)
                    fresh.notify()
        except CaptureError as error:
            ended.append(str(error))
        with fresh:
            ended.append("")
            fresh.notify()

    thread = threading.Thread(target=take, name="camera", daemon=True)
    thread.start()
    until_s = time.monotonic() + most_s
    try:
        while time.monotonic() < until_s:
            with fresh:
                fresh.wait_for(lambda: newest or ended, timeout=min(1.0, max(until_s - time.monotonic(), 0.0)))
                frame = newest.pop() if newest else None
            if frame is not None:
                yield frame
            elif ended:
                if ended[0]:
                    raise CaptureError(ended[0])
                return
    finally:
        stop.set()


class _Output(LiveDisplay):
    """The results in the terminal: a table that is overwritten, lines of text, or JSON."""

    def __init__(self, console: Console, labels: Labels, as_json: bool, live: bool) -> None:
        super().__init__(Live(console=console, transient=True) if live else None)
        self._console, self._labels, self._as_json = console, labels, as_json

    def show(self, aim: Aim) -> None:
        """Show one result."""
        labels = self._labels
        sentence = capital(labels.sentence(aim.sentence))
        if self._as_json:
            click.echo(json.dumps(aim.record(labels), ensure_ascii=False))
        elif self.live:
            self.live.update(self._table(sentence, aim))
        else:
            faults = [reading for reading in aim.readings if reading.verdict != "good"]
            details = ", ".join(f"{labels(f'aim_name_{r.name}')}: {labels.sentence(r.measured)}" for r in faults)
            self._console.print(f"{sentence} {details}".rstrip(), highlight=False, soft_wrap=True)

    def _table(self, title: str, aim: Aim) -> Table:
        labels = self._labels
        table = Table(title=title, box=None, title_justify="left", show_header=False)
        for reading in aim.readings:
            mark = f"[{_COLOURS[reading.verdict]}]{labels(f'aim_verdict_{reading.verdict}')}[/]"
            advice = labels.sentence(reading.advice) if reading.advice else ""
            table.add_row(mark, labels(f"aim_name_{reading.name}"), labels.sentence(reading.measured), advice)
        return table


def _expect_paused() -> None:
    """Raise AimError while the box runs: it must be stopped so that its alerts pause and the camera is free."""
    with suppress(OSError, subprocess.TimeoutExpired):
        command = ["systemctl", "is-active", "--quiet", "emvas-edge"]
        status = subprocess.run(command, check=False, timeout=10, stderr=subprocess.DEVNULL)
        if status.returncode == 0:
            raise AimError("the box is running: stop it with sudo systemctl stop emvas-edge, and start it afterwards")


def _chime(config: Config) -> None:
    """Announce the aiming on the speaker, if the box has one."""
    if config.warning is not None and config.warning.speaker is not None:
        player = Player(config.warning, time.monotonic, lambda: False)
        player.play(Cue("ready"))
        try:
            play_once(config.warning.speaker, player, _CHIME_S)
        except CaptureError as error:
            _log.warning("no chime: %s", error)


class _TimelineNote:
    """Records in the timeline when the picture was shown, and until when."""

    def __init__(self, config: Config, folder: Path, page: AimPage | None) -> None:
        self._start = Start.now(f"{config.box.id}-aim")
        self._timeline = Timeline(folder / config.store.path, self._start, config.store)
        self._detail = Sentence("aim_shown") if page else Sentence("aim_running")

    def __enter__(self) -> None:
        self._timeline.write(Source(0.0, "aim", "ok", self._detail))

    def __exit__(self, *_: object) -> None:
        self._timeline.write(Source(time.monotonic() - self._start.mono_s, "aim", "absent", Sentence("aim_over")))
        self._timeline.close()
