"""Alerts on real people, and what moves when a constant does: `python -m benchmarks.fatigue --only people`.

The clips, as filmed and as worse cameras would show them, go through vision once; what the box concludes is judged
again for each neighbour of each constant that was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.drivers.page import table
from edge.bundle.bundle import Bundle
from edge.config import load_config
from edge.evaluation.figures import figures
from edge.evaluation.scores import Score
from edge.evaluation.study import judged, seen
from edge.evaluation.truth import Truth, load_truth
from edge.evaluation.views import VIEWS
from edge.evaluation.watching import Pictures, Watcher
from edge.fatigue import closures, falls, glance, own_eye, own_eyes

FPS, SLOW_FPS = 15.0, 8.0
CONFIG = "configs/bus-cab.yaml"
NEIGHBOURS: tuple[tuple[ModuleType, str, float, float], ...] = (
    (own_eye, "IRIS_PRIOR", 0.20, 0.22),
    (own_eye, "LEARNED_S", 0.5, 2.0),
    (own_eye, "SURE", 0.6, 0.8),
    (own_eye, "USUAL_SHARE", 0.2, 0.4),
    (own_eye, "LEAST_SHARE", 0.15, 0.25),
    (own_eye, "TRUSTED_SHARE", 0.4, 0.6),
    (own_eye, "DOUBTED", 0.50, 0.62),
    (own_eye, "CERTAIN", 0.82, 0.94),
    (own_eyes, "SHUT", 0.2, 0.4),
    (own_eyes, "OPEN", 0.6, 0.8),
    (own_eyes, "KNOWN_S", 2.0, 4.0),
    (closures, "SEEING", 0.94, 0.98),
    (closures, "HIDDEN", 0.88, 0.92),
    (glance, "FAR_DEG", 6.0, 10.0),
    (falls, "SUNK_DEG", 9.0, 15.0),
    (falls, "ASIDE_DEG", 20.0, 40.0),
)
"""Each chosen constant with a lower and a higher value; its own stands in its module."""
MOVED_ON = ("as filmed", "infra-red")
"""The views on which constants are moved."""
Faces = Mapping[str, Pictures]
"""What vision found, by clip."""


@dataclass(frozen=True, slots=True)
class Moved:
    """All views together with one constant at another value."""

    constant: str
    value: float
    false_alerts: int
    microsleeps: int
    stretched: int
    late: int
    """Stretched closures told more than .3 s after the mark."""
    open_held_for_closed: float


def watch(watcher: Watcher, truth: Truth, say: Callable[[str], None]) -> dict[str, Faces]:
    """What vision finds, by view; the slow rate is a view of its own."""
    found: dict[str, Faces] = {view: dict(seen(watcher, truth, view, FPS, say)) for view in VIEWS}
    found[slow()] = dict(seen(watcher, truth, "as filmed", SLOW_FPS, say))
    return found


def slow() -> str:
    """The name of the view at the slow rate."""
    return f"{SLOW_FPS:g} a second"


def report(watcher: Watcher, truth: Truth, faces: Mapping[str, Faces], say: Callable[[str], None]) -> dict[str, Any]:
    """Every figure of the page."""
    views = {view: figures(_scores(watcher, truth, view, faces[view])) for view in faces}
    return {
        "bundle": f"{watcher.bundle.manifest.name} {watcher.bundle.manifest.version}",
        "fps": FPS,
        "views": views,
        "neighbours": [asdict(moved) for moved in neighbours(watcher, truth, faces, say)],
    }


def neighbours(
    watcher: Watcher, truth: Truth, faces: Mapping[str, Faces], say: Callable[[str], None]
) -> Iterator[Moved]:
    """The chosen values first, then each constant moved alone."""
    mark_s = watcher.config.fatigue.microsleep_s

    def at(constant: str, value: float) -> Moved:
        say(f"{constant} {value:g}")
        scores = [one for view in MOVED_ON for one in _scores(watcher, truth, view, faces[view])]
        return _moved(constant, value, scores, mark_s)

    yield at("as chosen", 0.0)
    for module, constant, *values in NEIGHBOURS:
        for value in values:
            with _set(module, constant, value):
                yield at(constant, value)


@contextmanager
def _set(module: ModuleType, constant: str, value: float) -> Iterator[None]:
    chosen = getattr(module, constant)
    setattr(module, constant, value)
    try:
        yield
    finally:
        setattr(module, constant, chosen)


def _scores(watcher: Watcher, truth: Truth, view: str, faces: Faces) -> list[Score]:
    return [judged(watcher, truth, view, name, faces[name]) for name in truth.clips]


def _moved(constant: str, value: float, scores: Sequence[Score], mark_s: float) -> Moved:
    told = [told_s for score in scores for told_s in score.stretched if told_s is not None]
    open_s = sum(score.open_s for score in scores)
    return Moved(
        constant=constant,
        value=value,
        false_alerts=sum(len(score.false_alerts) for score in scores),
        microsleeps=sum(delay is not None for score in scores for delay in score.sleeps),
        stretched=len(told),
        late=sum(told_s > mark_s + 0.3 for told_s in told),
        open_held_for_closed=round(sum(score.open_as_closed_s for score in scores) / open_s, 4),
    )


ROWS = {
    "false_criticals_per_h": "false critical alerts an hour",
    "false_warnings_per_h": "false warnings or higher an hour",
    "microsleeps_found": "real closures of 1.5 s and more, found",
    "stretched_found": "stretched closures, found",
    "open_held_for_closed": "share of open time held for closed",
    "yawns_found": "yawns, found",
    "false_yawns_per_h": "false yawns an hour",
    "unknown": "share of time with a face in which the lids are unknown",
}
_SHOWS_NOT = """## What this does not show

- Drivers: most of these people sit before a telephone or a studio's camera, and none sleeps. One closure is real; the
  others are a shut eye of a blink held for 3 s, without the noise of a picture that lives.
- Rare errors: so few minutes cannot show less than some tens of alerts an hour. The upper ends say what is left open.
- Strangers: the eye net was trained on eyes of the clips of `talking`, `expressive` and `grid`, and the constants were
  chosen with a view of all of these clips. What their neighbours give is above; other people are measured elsewhere.
- Looks away: nobody noted them in these clips, so they are not scored.
- Real worse cameras: the copies are computed. A lamp's infra-red shows skin and eyes otherwise than red light does.
"""


def page(figures_: dict[str, Any]) -> str:
    """The page."""
    views, moved = figures_["views"], figures_["neighbours"]
    first = next(iter(views.values()))
    parts = [
        "# Alerts on real people\n",
        f"{first['people']} people in {first['clips']} clips, {first['face_h'] * 60:.1f} minutes with a face, at "
        f"{figures_['fps']:g} pictures a second, with the defaults of `{CONFIG}` and bundle {figures_['bundle']}; "
        "every clip begins with nothing learned. `emvas evaluate alerts FOLDER --truth truth.json` measures the same "
        "on anybody's recordings. Intervals are 95 %, by person; where nothing happened, the upper end is what 95 % "
        "leave open. Simulated drivers stand in [drivers](drivers.md).\n",
        table(("", *views), _cells(views)),
        "A stretched closure is a picture of shut eyes, held for 3 s: it is found when the microsleep alert comes, or "
        "is open already, between its begin and half a second after its end.\n",
        "## When stretched closures are told\n",
        table(
            ("view", "missed", "at 1.8 s or sooner", "later", "latest, s"),
            ((view, *_told(found)) for view, found in views.items()),
        ),
        "Later are heads that the mesh sees move by more than 8 degrees with the lids: a look down would do the same, "
        "so such a closure counts from 3 s on.\n",
        "## False alerts\n",
        table(
            ("view", "clip", "at, s", "alert", "level"),
            [
                (alert["view"], alert["clip"], alert["t_s"], alert["alert"], alert["level"])
                for found in views.values()
                for alert in found["false_alerts"]
            ]
            or [("none", "", "", "", "")],
        ),
        "## Why lids are unknown\n",
        table(
            ("view", "shares of the time with a face"),
            (
                (view, ", ".join(f"{reason} {share:.1%}" for reason, share in found["unknown_why"].items()) or "never")
                for view, found in views.items()
            ),
        ),
        "## Neighbours of the chosen constants\n",
        f"Each constant alone at a lower and a higher value, {' and '.join(MOVED_ON)} together. The constants and what "
        "they are for stand in `edge/fatigue/own_eye.py`, `own_eyes.py`, `glance.py` and `falls.py`.\n",
        table(
            ("constant", "value", "false warnings or higher", "real closures found", "stretched found", "told late",
             "open time held for closed"),
            ((row["constant"], f"{row['value']:g}" if row["value"] else "", row["false_alerts"], row["microsleeps"],
              row["stretched"], row["late"], f"{row['open_held_for_closed']:.2%}") for row in moved),
        ),
        _SHOWS_NOT,
    ]  # fmt: skip
    return "\n".join(parts)


def _cells(views: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, words in ROWS.items():
        share = not key.endswith("per_h")
        yield words, *(_cell(found[key], share) for found in views.values())


def _cell(figure: dict[str, float | None], share: bool) -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return "-"
    return f"{value:.1%} ({low:.1%} to {high:.1%})" if share else f"{value:.0f} ({low:.0f} to {high:.0f})"


def _told(found: dict[str, Any]) -> tuple[str, int, int, float]:
    told = found["stretched_told_after_s"]
    late = sum(told_s > 1.8 for told_s in told)
    return ", ".join(found["stretched_missed"]) or "none", len(told) - late, late, round(max(told, default=0.0), 2)


def measure(bundle: Path, data: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Watch all clips, then judge."""
    watcher = Watcher(Bundle(bundle), load_config(CONFIG))
    truth = load_truth(data / "drivers" / "truth.json", data)
    return report(watcher, truth, watch(watcher, truth, say), say)
