"""The page about audio events, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.speech.audio_events import RULES

_WORDS = {"alarm": "siren", "breaking": "breaking glass"}


def page(found: Mapping[str, Any]) -> str:
    """Markdown."""
    names = [name for name, rule in RULES.items() if rule.alert]
    hours = "\n".join(
        f"| {kind} | {row['hours']:.2f} | "
        + " | ".join(f"{row['begun'][name]} ({row['most'][name]:.2f})" for name in names)
        + f" | {row['judged_s'] / 36 / row['hours']:.0f} % | {row['ms_a_second']:.1f} |"
        for kind, row in found["hours"].items()
    )
    total_h = sum(row["hours"] for row in found["hours"].values())
    false = sum(row["begun"][name] for row in found["hours"].values() for name in names)
    return f"""# Events by ear

How often the audio events (role `audio_events`, YAMNet) are right. Made by `python -m benchmarks.hearing.audio_events`.
The evidence of a sound is its mean score over a few seconds without the highest, against its rivals' (cats, dogs and
what laughter scores more for crying, crying for laughter, a horn for an alarm) and a doubt of .05.

## How well each is told from the rest
Clips of 5 s; the unit is the source recording. All laughter is of **one** baby: its interval says nothing of other
people. `held out`: on the half of the sources whose clips chose no threshold.

| sound | clips from sources | others | AUC | 95 % | held out |
|---|---|---|---|---|---|
{_classes(found)}

## Thresholds
The best mean of hits and rightly passed on one half of the sources; what is set is at least as strict. Beside it hits
and false clips on the **other** half, at the threshold and its neighbours (laughter: on all of it).

| sound | best on one half | set | -.2 | -.1 | set | +.1 |
|---|---|---|---|---|---|---|
{_chosen(found)}

`set` is stricter than the best, so that hours of other sound give next to no false event.

## Actors' voices
Utterances told as such (and the highest evidence among them). **No scream, shout or cough was at hand to measure hits
on**: actors in a studio do neither. What is claimed of them is only that they are not told of what is here.

| voices | utterances | crying | screaming | laughter | coughing |
|---|---|---|---|---|---|
{_acted(found)}

## False events
{false} in {total_h:.1f} h; beside each count the highest evidence. Talk in three languages with pauses; music that is
made by a program, with talk; an engine's noise with traffic, horns, bells, dogs and tools (no cats); a classroom of six
voices at once. Real recordings but for the music and the engine; each is used many times, so these hours hold less than
so many hours of one's own. Earlier mixtures of the same recordings chose the rules: dogs that whimper were told as
crying, and babble as breaking. This one was mixed anew after that.

| sound | hours | {" | ".join(names)} | of it loud enough to be judged | CPU ms a second |
|---|---|{"---|" * (len(names) + 2)}
{hours}
"""


def _held(row: Mapping[str, Any]) -> str:
    return "one source" if row["held_out_auc"] is None else f"{row['held_out_auc']:.3f}"


def _classes(found: Mapping[str, Any]) -> str:
    """How well each class is told from the rest, a row each."""
    return "\n".join(
        f"| {_WORDS.get(name, name)} | {row['clips']} from {row['sources']} | {row['others']} | {row['auc']:.3f} | "
        f"{row['interval'][0]:.3f} to {row['interval'][1]:.3f} | {_held(row)} |"
        for name, row in found["classes"].items()
    )


def _chosen(found: Mapping[str, Any]) -> str:
    """The thresholds and their neighbours, a row each."""
    return "\n".join(
        f"| {_WORDS.get(name, name)} | {row['best_on_one_half']:.2f} | **{row['threshold']:.2f}** | "
        + " | ".join(f"{one['hits']:.2f} / {one['false']:.3f}" for one in row["on_the_other_half"])
        + " |"
        for name, row in found["classes"].items()
    )


def _acted(found: Mapping[str, Any]) -> str:
    """Actors' utterances, a row for each corpus."""
    return "\n".join(
        f"| {name} | {row['utterances']} | "
        + " | ".join(f"{n} ({row['most'][what]:.2f})" for what, n in row["told"].items())
        + " |"
        for name, row in found["acted"].items()
    )
