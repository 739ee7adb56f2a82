"""`emvas dashboard`: the local page."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from edge.cli.box_folders import state_folder
from edge.config import load_config
from edge.config.delivery import DashboardConfig

QUIET_S = 5.0
"""Longest time between records of a running box: fatigue each second, committed every 2 s, with some reserve."""

_EXAMPLE = "\b\nExample:\n  emvas dashboard --config configs/bus-cab.yaml"


@click.command(epilog=_EXAMPLE)
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="The box's YAML; see configs/.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the timeline; default: that of `emvas run`.")
@click.option("--timeline", type=click.Path(path_type=Path), help="Show this timeline instead of a box's.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: dashboard.port; 0 takes a free one.")
def dashboard(config_path: Path | None, state: Path | None, timeline: Path | None, port: int | None) -> None:
    """Show the box's state and timeline in a browser on this machine, until Ctrl+C or SIGTERM.

    Needs the timeline only; the box may run, start later, or be off.
    """
    from edge.dashboard.access import is_unencrypted, listen, url
    from edge.dashboard.auth.middleware import PublicAddress
    from edge.dashboard.auth.sessions import read_password
    from edge.dashboard.box_link import BoxLink
    from edge.dashboard.charts.timeline_lanes import PERCLOS_THRESHOLDS
    from edge.dashboard.data.queries import TimelineQueries
    from edge.dashboard.pages.layout import DashboardContext
    from edge.dashboard.server import serve

    if (config_path is None) == (timeline is None):
        raise click.UsageError("say what to show: --config YAML for a box, or --timeline FILE")
    settings, quiet_s, purpose, link, health = DashboardConfig(), QUIET_S, None, None, None
    place, thresholds = timeline.stem if timeline else "", PERCLOS_THRESHOLDS
    if config_path is not None:
        config = load_config(config_path)
        settings, purpose, health = config.dashboard, config.purpose, config.health
        timeline, place = (state or state_folder()) / config.store.path, config.box.place
        if "fatigue" not in config.allowance.kinds:  # only summaries come regularly
            quiet_s += config.summary.every_s
        link = BoxLink(config) if config.mqtt else None
        levels = config.fatigue
        thresholds = (levels.perclos_advisory, levels.perclos_warning, levels.perclos_critical)
    assert timeline is not None
    password = read_password(settings)
    listening = listen(settings.host, settings.port if port is None else port, password, settings.public_url)
    tls = settings.cert_file is not None
    places = url(listening, tls) + (f", for others {settings.public_url}" if settings.public_url else "")
    click.echo(f"Dashboard of {timeline}: {places}" + (" (asks for its password)" if password else ""))
    if is_unencrypted(settings):
        click.echo(
            "The password and the page cross the network unencrypted: set dashboard.cert_file and dashboard.key_file",
            err=True,
        )
    with suppress(KeyboardInterrupt):  # uvicorn stops in order, then raises it again
        prefix = PublicAddress.of(settings.public_url).prefix
        context = DashboardContext(
            TimelineQueries(timeline), place, quiet_s, purpose, link, health, password is not None, prefix, thresholds
        )
        if link:
            link.start()
        try:
            serve(context, settings, password, listening)
        finally:
            if link:
                link.stop()
