"""The page about attention, in Markdown: each rule, its requirement and the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.attention.neighbours import VIEW, rows
from benchmarks.evidence import markdown_table

Figures = dict[str, Any]

_SHOWS_NOT = """## What this does not show

- How well a camera measures where people look: heads, gaze and lids of these streams are drawn with known angles and
  noise. What the vision models make of known turns stands above, as far as it could be measured.
- How people really look at the targets: where a target lies, and how much of a look the head takes, is assumed
  (`benchmarks/attention/gaze_targets.py`).
- Interventions of the vehicle: Euro NCAP scores driving tasks (mirrors, instruments) and half of all points by them;
  the box has no brake. What it tells of a long look at a mirror stands in the table all the same.
- Speed as a matter of time: Regulation (EU) 2023/2590 allows 6 s below 50 km/h; the box tells after the same 3 s at any
  speed from 20 km/h on.
"""


def page(report: Figures) -> str:
    """The whole page."""
    heads = ("rule", "asked", *(f"{rate:g} fps" for rate in report["rates"]), "slowest, s", "holds")
    return "\n".join(
        [
            "# Looks away, against the rules\n",
            "Streams of faces with known looks pass the unmodified `Judgement` of `configs/bus-cab.yaml`, at "
            f"{_listed(report['rates'])} pictures a second and with lids that follow the gaze down by three laws (shut "
            f"after {_listed(report['laws'])} degrees). A cell holds the worst of the three laws. Made by "
            "`python -m benchmarks.attention`.\n",
            "## Told\n",
            markdown_table(heads, (_row(row, report) for row in report["told"])),
            "NCAP names the 42 targets; a miss is what is not told within 4 s. A telephone held in view of the "
            "windscreen lies 15 degrees from straight ahead: no monitor of head and eyes can tell it from the road.\n",
            _named("Missed", report["told"]),
            "## Not told\n",
            markdown_table(("habit", *heads[2:5], "holds"), (_calm(row, report) for row in report["quiet"])),
            _named("Told", report["quiet"]),
            _drivers(report["alert_drivers"]) + _neighbours(report.get("neighbours", ())),
            _measured(report.get("measured", {})),
            _SHOWS_NOT,
        ]
    )


def _row(row: Figures, report: Figures) -> tuple[str, ...]:
    slowest = max((c["slowest_s"] for c in row["views"] if c["slowest_s"] is not None), default=None)
    missing = row["asked_hits"] if row["asked_hits"] is not None else row["views"][0]["of"]
    holds = min(cell["hits"] for cell in row["views"]) >= missing
    cells = (f"{min(c['hits'] for c in _at(row, rate))} of {row['views'][0]['of']}" for rate in report["rates"])
    return row["rule"], row["asked"], *cells, "-" if slowest is None else f"{slowest:.1f}", "yes" if holds else "**no**"


def _calm(row: Figures, report: Figures) -> tuple[str, ...]:
    most = [max(c["hits"] for c in _at(row, rate)) for rate in report["rates"]]
    return row["rule"], *map(str, most), "yes" if max(most) == 0 else "**no**"


def _named(title: str, found: Sequence[Figures]) -> str:
    """What was missed or told, with the views in which it was."""
    lines = []
    for row in found:
        names = dict.fromkeys(name for cell in row["views"] for name in cell.get("names", ()))
        for name in names:
            views = [cell for cell in row["views"] if name in cell.get("names", ())]
            rates = dict.fromkeys(cell["fps"] for cell in views)
            laws = [_listed(cell["law_deg"] for cell in views if cell["fps"] == rate) for rate in rates]
            places = (f"{rate:g} fps ({law} degrees)" for rate, law in zip(rates, laws, strict=True))
            lines.append(f"- {row['rule']}: {name}, at {'; '.join(places)}\n")
    return f"{title}:\n\n{''.join(lines)}" if lines else ""


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _at(row: Figures, rate: float) -> list[Figures]:
    return [cell for cell in row["views"] if cell["fps"] == rate]


def _drivers(found: Figures) -> str:
    told = ", ".join(f"{kind} {count}" for kind, count in found["alerts"].items() if count) or "none"
    return (
        f"In {found['hours']:g} h of simulated alert drivers ({found['drivers']}, seed {found['seed']}: mirrors, looks "
        "down, talk, laughter, sun, bumps, glare, hands before the eyes; `benchmarks/fatigue/drivers`) alerts of any "
        f"kind and level: {told}. Not counted are {found['rightly']} that are right: a tunnel or sunglasses hid the "
        "eyes for 10 s, or looks that chance put one after the other kept the eyes off the road for 2.9 s "
        "(`looked_away` in `benchmarks/fatigue/drivers/scoring.py`). Asked: at most 1.\n"
    )


def _neighbours(found: Sequence[Figures]) -> str:
    if not found:
        return ""
    return (
        "\n## Neighbours of the chosen constants\n\n"
        f"Each constant alone at a lower and a higher value, at {VIEW.fps:g} pictures a second and with lids that shut "
        f"after {VIEW.lid_law_deg:g} degrees: how much is told in time, over all rules, how much in the habits in "
        "which nothing is right, and what differs.\n\n"
        + markdown_table(("constant", "value", "told", "told wrongly", "what differs"), rows(found))
    )


def _measured(found: Figures) -> str:
    if not found:
        return ""
    heads = ("yaw, deg", "pitch, deg", "faces", "median error, deg", "10 %", "90 %")
    return (
        "## Yaw, pitch and gaze as measured\n\n"
        f"The heads of {found['people']} filmed people who face the camera are turned in space by known angles (each "
        "picture laid over its own mesh, what is around it farther back) and measured again. Error: the measured turn "
        "less the true one.\n\n"
        + markdown_table(heads, map(_turn, found["heads"]))
        + "\nThe irises in the pictures of their eyes are moved as a turned eyeball moves them, the lids as they "
        "are:\n\n"
        + markdown_table(heads, map(_turn, found["eyes"]))
        + "\nA turn drawn so stretches the picture and shows no new side of a face, and real lids follow the eyes "
        "down: part of the error is the method's. Filmed people who look down, lids lowered, against their own open "
        "eyes (medians, degrees down):\n\n"
        + markdown_table(
            ("clip", "pictures", "of them with a gaze", "head", "gaze", "head else", "gaze else"), _filmed(found)
        )
        + "\nWhere the lids sink, the iris is often hidden: looks down are told by the head, by the gaze "
        "where it shows, and by lids that sink over an iris that keeps its size.\n"
    )


def _filmed(found: Figures) -> Iterable[tuple[str, ...]]:
    for row in found["filmed"]:
        down, ahead = row["down"], row["open"]
        angles = (part[f"{what}_pitch_deg"] for part in (down, ahead) for what in ("head", "gaze"))
        yield row["clip"], str(down["pictures"]), f"{down['with_gaze']:.0%}", *(f"{angle:+.1f}" for angle in angles)


def _turn(row: Figures) -> tuple[str, ...]:
    return (
        f"{row['yaw_deg']:+d}", f"{row['pitch_deg']:+d}", str(row["faces"]),
        *(f"{value:+.1f}" for value in row["error_deg"]),
    )  # fmt: skip
