"""`emvas run`: the live box."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from edge import log
from edge.bundle.bundle import Bundle
from edge.cli.box_folders import BUNDLE_HELP, open_bundle, state_folder
from edge.cli.releases import ReleaseTrial
from edge.cli.terminal import StatusLine, TerminalSink, counted
from edge.config import Config, ConfigError, load_config
from edge.process import give_memory_back, own_files
from edge.run_registry import RunClock, session_name
from edge.runtime.commands import CommandHandler
from edge.runtime.health_http import HealthPages
from edge.runtime.live import LiveRunner
from edge.runtime.metrics import RunCounters, figures
from edge.runtime.sinks import LogSink, Sink, Stores
from edge.runtime.watchdog import Notifier, Watchdog
from edge.store.camera_mounting import Mounting
from edge.warning.warner import WarnerSink

_SYSTEMD_S = 1.0
"""Time for systemd to end the process itself, so that the journal has the reason."""


@click.command(epilog="\b\nExample:\n  emvas run --config configs/desk.yaml --bundle build/bundle")
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML; see configs/.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--state", type=click.Path(path_type=Path), help="Folder of timeline and outbox.")
def run(config_path: Path, bundle: Path | None, state: Path | None) -> None:
    """Run the box live until Ctrl+C or SIGTERM, or until a file:// camera has been played.

    A missing camera, microphone or broker is reported and tried again; the other parts continue.
    """
    console = _prepared()
    stop, watchdog = threading.Event(), Watchdog(Notifier())
    with ExitStack() as stack:
        stack.push(watchdog.failed)
        config = load_config(config_path)
        if config.camera.uri is None and config.microphone.device is None:
            raise ConfigError(f"{config_path}: neither camera.uri nor microphone.device is set: there is no source")
        opened, session = open_bundle(config, bundle), session_name(config.box.id)
        clock, folder = RunClock(session), state or state_folder()
        mounting = Mounting(folder, config.camera)
        runner = LiveRunner(opened, config, session, clock, mounting.read())
        warner = stack.enter_context(WarnerSink(config, clock.now_s, lambda item: runner.announce([item])))
        runner.ignore(warner.hears_itself)
        sinks: list[Sink] = [warner, TerminalSink(console) if console.is_terminal else LogSink()]
        stores = stack.enter_context(Stores(config, folder, clock.start, runner.status))
        sinks += stores.sinks
        publisher = stores.publisher
        trial = ReleaseTrial(folder)
        _stop_when_asked(stop)
        _pages(config, opened, runner, stores, stack)
        line = stack.enter_context(StatusLine(console, clock))

        def status(health: RunCounters) -> None:
            now_s, known = time.monotonic(), runner.status
            runner.stuck = runner.stuck or stores.broken
            known.turned(now_s, runner.stuck)
            line.show(health, known.losses)
            watchdog.turn(now_s, known.ready, runner.stuck is not None, known.sentence)
            if trial.turn(now_s, known.verdict(now_s)):
                stop.set()
            runner.announce(stores.turn(clock.now_s()))
            health.records_dropped = stores.timeline.dropped
            mounting.keep(clock.now_s(), runner.decisions.ahead)
            if publisher:
                publisher.measure(health.readings(known))

        if publisher:
            publisher.describe(_info(opened))
            publisher.take_commands(CommandHandler(config, runner, opened, publisher, clock.now_s))
        runner.run(sinks, stop, status)
        stores.failure = runner.stuck
        if runner.stuck is None:
            watchdog.stopping()
        console.print(
            f"Stopping. {counted(runner.health, runner.status.losses, clock.now_s())}", highlight=False, soft_wrap=True
        )
    if runner.stuck is not None:
        print(f"{runner.stuck}. The box ends so that it is restarted.", file=sys.stderr)
        watchdog.give_up(runner.stuck)
        time.sleep(_SYSTEMD_S)
        _leave(1)
    if runner.left:
        _leave(0)


def _stop_when_asked(stop: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())


def _prepared() -> Console:
    """Set up the process: file rights, log, memory. Return the console."""
    own_files()
    console = Console()  # not stderr: sounddevice mutes it for the whole process whenever PortAudio starts
    log.set_up(console)
    give_memory_back()
    return console


def _leave(code: int) -> NoReturn:
    """End the process at once: threads may still run a model, and a normal exit would crash beneath them."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _pages(config: Config, bundle: Bundle, runner: LiveRunner, stores: Stores, stack: ExitStack) -> None:
    """Serve `/healthz` and `/metrics` where the configuration gives them a port; `stack` ends them."""
    if config.health.port is None:
        return
    info = _info(bundle)
    facts = {"version": version("emvas-edge"), "bundle": info["bundle"], "provider": bundle.provider}
    facts["purpose"] = config.purpose.value

    def health_figures() -> dict[str, Any]:
        published = stores.publisher.health().model_dump() if stores.publisher else {}
        return figures(facts, info["models"], runner.health, runner.status, published)

    stack.enter_context(HealthPages(config.health, runner.status.verdict, health_figures))


def _info(bundle: Bundle) -> dict[str, Any]:
    """Bundle, provider and models, for the retained topic `info`."""
    manifest = bundle.manifest
    models = {role: bundle.variant_name(role) for role in manifest.roles}
    return {"bundle": f"{manifest.name} {manifest.version}", "provider": bundle.provider, "models": models}
