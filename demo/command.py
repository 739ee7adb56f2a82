"""`emvas demo`: the whole appliance at work on a made-up drive, in a minute and a half."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from demo import box, page, verdict
from demo.drive import DRIVE_CLIP
from edge.bundle.bundle import Bundle
from edge.config import Config, load_config
from edge.messages import Alert, Blink, Fatigue, Speech, Transcript
from edge.shipped import BUNDLE, EXAMPLE

_LEFT_OVERS = ("*.db", "*.db-wal", "*.db-shm")
_STAYS_S = 120.0


@click.command(epilog="Example: emvas demo")
@click.option(
    "--bundle", "bundle_path", default=BUNDLE, type=click.Path(path_type=Path),
    help="Folder of the models; default: the one that the package carries, which knows no words.",
)  # fmt: skip
@click.option("--clip", "own", type=click.Path(path_type=Path), help="Your own recording instead of the made-up drive.")
@click.option("--camera", type=click.IntRange(min=0), help="A camera of this machine, by number, until Ctrl-C.")
@click.option(
    "--out", default="emvas-demo", show_default=True, type=click.Path(path_type=Path), help="For the results."
)
def demo(bundle_path: Path, own: Path | None, camera: int | None, out: Path) -> None:
    """Show the box at work: state and alerts here and over MQTT, the page in a browser, a report at the end.

    Exit code 1: the box missed what the clip shows, or something did not run. Your own clip is only summed up.
    """
    if own is not None and camera is not None:
        raise click.UsageError("give --clip or --camera, not both")
    console = Console(highlight=False)
    logging.basicConfig(level="WARNING", format="%(message)s", handlers=[RichHandler(console=console, show_path=False)])
    if not _demonstrate(bundle_path, own, camera, out, console):
        raise SystemExit(1)


def _demonstrate(bundle_path: Path, own: Path | None, camera: int | None, out: Path, console: Console) -> bool:
    """Whether all went well, which was told."""
    config = load_config(EXAMPLE)
    bundle = Bundle(bundle_path, config.models.provider, config.models.threads)
    _clear(out)
    drawn = own is None and camera is None
    if drawn:
        console.print("A made-up drive plays for 66 s (public-domain portrait, animated; synthetic speech).")
    with page.beside(box.timeline_path(config, out), config.dashboard.port, out, console) as address:
        outcome = _run(DRIVE_CLIP.video if drawn else own, camera, bundle, config, out, console)
        console.print(_summary(outcome))
        faults = list(outcome.faults)
        if drawn:
            console.print(verdict.comparison(DRIVE_CLIP, outcome.messages))
            faults += verdict.faults(DRIVE_CLIP, outcome.messages, outcome.received)
        _tell(faults, outcome, drawn, console)
        console.print(f"What the driver heard: {out / box.WARNINGS_FILE}", soft_wrap=True)
        if address:
            page.report(out / "demo.jsonl", out / "report.html")
            console.print(f"Report: {out / 'report.html'}", soft_wrap=True)
            page.stay(address, _STAYS_S, console)
    return not faults


def _tell(faults: Sequence[str], outcome: box.Outcome, drawn: bool, console: Console) -> None:
    for fault in faults:
        console.print(f"Failed: {fault}", style="bold red", markup=False)
    if drawn and not faults:
        heard = "the alert was received over MQTT, and " if outcome.received is not None else ""
        console.print(
            f"The microsleep was seen while the eyes were closed, {heard}nothing was raised while they were open.",
            style="bold green",
        )


def _run(
    clip: Path | None, camera: int | None, bundle: Bundle, config: Config, out: Path, console: Console
) -> box.Outcome:
    if camera is not None:
        console.print("Ctrl-C ends it.")
        return box.live(camera, bundle, config, out, console)
    assert clip is not None
    return box.replay(clip, bundle, config, out, console)


def _clear(out: Path) -> None:
    """Begin with an empty timeline and outbox: the last demo's must not stand on this one's page."""
    out.mkdir(parents=True, exist_ok=True)
    for pattern in _LEFT_OVERS:
        for path in out.glob(pattern):
            path.unlink()


def _summary(outcome: box.Outcome) -> Table:
    def count(kind: type) -> str:
        return str(sum(isinstance(message, kind) for message in outcome.messages))

    alerts = [message for message in outcome.messages if isinstance(message, Alert) and message.type == "new"]
    shares = [m.perclos_60 for m in outcome.messages if isinstance(m, Fatigue) and m.perclos_60 is not None]
    table = Table("summary", "", box=None, pad_edge=False)
    table.add_row("alerts", ", ".join(f"{alert.alert} at {alert.t_s:.1f} s" for alert in alerts) or "none")
    received = "no broker" if outcome.received is None else str(len(outcome.received))
    table.add_row("alert messages received over MQTT", received)
    table.add_row("blinks", count(Blink))
    table.add_row("highest PERCLOS", f"{max(shares):.1%}" if shares else "unknown")
    table.add_row("utterances, with words", f"{count(Speech)}, {count(Transcript)}")
    return table
