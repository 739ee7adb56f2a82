"""The page about alerts on real people, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.evidence import markdown_table

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


def page(report: dict[str, Any]) -> str:
    """The page."""
    views, moved = report["views"], report["neighbours"]
    first = next(iter(views.values()))
    parts = [
        "# Alerts on real people\n",
        f"{first['people']} people in {first['clips']} clips, {first['face_h'] * 60:.1f} minutes with a face: all\n"
        f"pictures as filmed, {report['fps']:g} a second in worse views. Defaults of `{report['config']}`, bundle\n"
        f"{report['bundle']}; every clip begins with nothing learned.\n"
        "`emvas evaluate alerts FOLDER --truth truth.json` measures the same on anybody's recordings, and makes the\n"
        "worse copies itself. Intervals are 95 %, by person; where nothing happened, the upper end is what 95 % leave\n"
        "open. Simulated drivers: [drivers](drivers.md). Made by `python -m benchmarks.fatigue --only people`.\n",
        markdown_table(("", *views), _cells(views)),
        "A stretched closure is a picture of shut eyes, held for 3 s: it is found when the microsleep alert comes, or "
        "is open already, between its begin and half a second after its end.\n",
        "## When stretched closures are told\n",
        markdown_table(
            ("view", "missed", "at 1.8 s or sooner", "later", "latest, s"),
            ((view, *_told(found)) for view, found in views.items()),
        ),
        "Later are heads that the mesh sees bend down by more than 8 degrees with the lids, or move where a blurred "
        "picture hides the irises: a look down would do the same, so such a closure counts from 3 s on. `face_noface` "
        "is missed everywhere: the picture at the moment noted shows open eyes (they are shut from 0.87 to 0.93 s).\n",
        "The yawn of `cab_1` is missed in infra-red: lips there are as pale as the skin, and the mesh shows the open "
        "mouth as shut for 2.6 of its 5 s. No rule about the mouth's width can mend that.\n",
        "## False alerts\n",
        markdown_table(
            ("view", "clip", "at, s", "alert", "level"),
            [
                (alert["view"], alert["clip"], alert["t_s"], alert["alert"], alert["level"])
                for found in views.values()
                for alert in found["false_alerts"]
            ]
            or [("none", "", "", "", "")],
        ),
        "## Why lids are unknown\n",
        markdown_table(
            ("view", "shares of the time with a face"),
            (
                (view, ", ".join(f"{reason} {share:.1%}" for reason, share in found["unknown_why"].items()) or "never")
                for view, found in views.items()
            ),
        ),
        "## Neighbours of the chosen constants\n",
        "Each constant alone at a lower and a higher value. What they are for stands in `eye_baseline.py`, "
        "`closures.py`, `eyelid_spans.py` and `gestures.py` of `edge/fatigue`, and in `usable_eyes.py` and "
        "`geometry.py` of `edge/vision`.\n",
        markdown_table(
            ("view", "constant", "value", "false warnings or higher", "real closures found", "stretched found",
             "told late", "open time held for closed"),
            ((row["view"], row["constant"].strip("_"), "" if row["value"] is None else f"{row['value']:g}",
              row["false_alerts"], row["microsleeps"], row["stretched"], row["late"],
              f"{row['open_held_for_closed']:.2%}") for row in moved),
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
