"""`python -m demo`: the whole appliance at work, in about two minutes."""

from __future__ import annotations

import logging
from pathlib import Path

import click
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import Progress
from rich.table import Table

from demo import box, processes, verdict
from demo.clip import Clip, cached_clip
from demo.story import DRIVE
from edge.bundle.bundle import Bundle
from edge.config import Config, load_config
from edge.error import EmvasError
from edge.messages import Alert, Blink, Fatigue, Speech, Transcript

_ROOT = Path(__file__).resolve().parent.parent
_LEFT_OVERS = ("*.db", "*.db-wal", "*.db-shm")


@click.command()
@click.option("--bundle", "bundle_path", required=True, type=click.Path(path_type=Path), help="Folder of the models.")
@click.option("--clip", "own", type=click.Path(path_type=Path), help="Your own recording instead of the made-up drive.")
@click.option("--camera", type=click.IntRange(min=0), help="A camera of this machine, by number, until Ctrl-C.")
@click.option("--out", default=_ROOT / "build" / "demo", type=click.Path(path_type=Path), help="Folder of the results.")
def main(bundle_path: Path, own: Path | None, camera: int | None, out: Path) -> None:
    """Show the box at work: state and alerts here and over MQTT, the page in a browser, a report at the end.

    Exit code 1: the box missed what the clip shows, or something did not run. Your own clip is only summed up.
    """
    if own is not None and camera is not None:
        raise click.UsageError("give --clip or --camera, not both")
    console = Console(highlight=False)
    logging.basicConfig(level="WARNING", format="%(message)s", handlers=[RichHandler(console=console, show_path=False)])
    try:
        faults = _demonstrate(bundle_path, own, camera, out, console)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    for fault in faults:
        console.print(f"Failed: {fault}", style="bold red", markup=False)
    if faults:
        raise SystemExit(1)


def _demonstrate(bundle_path: Path, own: Path | None, camera: int | None, out: Path, console: Console) -> list[str]:
    config = load_config(_ROOT / "configs" / "desk.yaml")
    bundle = Bundle(bundle_path, config.models.provider, config.models.threads)
    _clear(out)
    drawn = _drawn(bundle, out, console) if own is None and camera is None else None
    timeline = box.timeline_path(config, out)
    with processes.dashboard(timeline, config.dashboard.port, out / "dashboard.log") as address:
        console.print(f"Dashboard: {address} (while this runs)", style="bold")
        outcome = _run(drawn.video if drawn else own, camera, bundle, config, out, console)
    page = out / "report.html"
    processes.report(out / "demo.jsonl", page)
    console.print(_summary(outcome))
    faults = list(outcome.faults)
    if drawn is not None:
        console.print(verdict.comparison(drawn, outcome.messages))
        faults += verdict.faults(drawn, outcome.messages, outcome.received)
        if not faults:
            console.print(
                "The microsleep was seen while the eyes were closed, the alert was received over MQTT, and nothing was "
                "raised while they were open.",
                style="bold green",
            )
    console.print(f"What the driver heard: {out / box.WARNINGS_FILE}", soft_wrap=True)
    console.print(f"Report: {page}", soft_wrap=True)
    return faults


def _run(
    clip: Path | None, camera: int | None, bundle: Bundle, config: Config, out: Path, console: Console
) -> box.Outcome:
    if camera is not None:
        console.print("Ctrl-C ends it.")
        return box.live(camera, bundle, config, out, console)
    assert clip is not None
    return box.replay(clip, bundle, config, out, console)


def _drawn(bundle: Bundle, out: Path, console: Console) -> Clip:
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("drawing the clip", total=1.0)
        clip = cached_clip(DRIVE, bundle, out / "clip", lambda share: progress.update(bar, completed=share))
    console.print(f"Clip: {clip.video} (public-domain portrait, animated; synthetic speech)", soft_wrap=True)
    return clip


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
    table.add_row("alert messages received over MQTT", str(len(outcome.received)))
    table.add_row("blinks", count(Blink))
    table.add_row("highest PERCLOS", f"{max(shares):.1%}" if shares else "unknown")
    table.add_row("utterances, with words", f"{count(Speech)}, {count(Transcript)}")
    return table


if __name__ == "__main__":
    main()
