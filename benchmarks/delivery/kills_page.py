"""The page about the kills."""

from __future__ import annotations

from typing import Any

from benchmarks.evidence import markdown_table

_PARTS = {
    "daemon": "the box's gate, outbox, timeline and publisher, 40 made-up steps of alerts a second",
    "real": "`emvas run` with camera and microphone missing",
    "broker": "Mosquitto, under the first box",
}
_HEADS = ("killed with signal 9", "times", "steps raised", "of them heard", "repeated, known by (boot, seq)", "faults")


def page(report: dict[str, Any]) -> str:
    """Markdown of `kills.json`."""
    rows = [
        (
            what,
            report[name]["kills"],
            report[name]["raised"],
            report[name]["heard"],
            report[name]["repeated_and_recognized"],
            "; ".join(report[name]["faults"]) or "none",
        )
        for name, what in _PARTS.items()
    ]
    checks = sum(report[name]["integrity_checks"] for name in _PARTS)
    overtaken = sum(report[name]["overtaken"] for name in _PARTS)
    early = report["daemon"]["before_its_first_alert"]
    return "\n".join(
        [
            "# Alerts that outlive their box and their broker\n",
            "Made by `python -m benchmarks.delivery.kills` (`make proof-kills` kills 200, 50 and 100 times): real "
            "processes, a real Mosquitto 2 with a persistent subscriber, kills at "
            f"random moments. Python {report['machine']['python']}, {report['machine']['cores']} cores.\n",
            markdown_table(_HEADS, rows),
            f"Of the {report['daemon']['kills']} kills of the first row {early} came before that run's first alert. "
            f"`PRAGMA integrity_check` was asked {checks} times, after each kill of a box of both its databases, and "
            "found no fault unless one is named above. Heard may be more than raised: an alert can be on disk when the "
            "kill comes before the box has said so.\n",
            "## What is promised\n",
            "An alert is **raised** when `Outbox.put` has returned: it is on the medium then (SQLite, "
            "`synchronous=FULL`). The outbox comes before the timeline, so whatever stands in the timeline is raised; "
            "the proof knows what was raised from the timeline and, for the first and third row, from a line that the "
            "box writes after the outbox and the timeline have taken an alert. Each raised step arrives, under one "
            "(boot, seq), and the first arrivals of alerts are in order, as are those of summaries, those of now and "
            f"those of the past: {overtaken} messages of the past or summaries were overtaken by alerts of now.\n",
            "## What this does not show\n",
            "Signal 9 leaves the kernel alive: power cuts are SQLite's promise of `synchronous=FULL` and the medium's. "
            "A message is the broker's once it was acknowledged and the connection outlived that by a second: before, "
            "it is sent again, so a broker that dies every other second makes many repeated messages. The subscriber "
            "here keeps a session, the broker is told to write each change (`autosave_on_changes`) and is killed once "
            "both sides are connected; one that loses what it acknowledged longer ago loses it.\n",
        ]
    )
