"""What a recording cannot tell, in sentences."""

from __future__ import annotations

from edge.dashboard.report.report_data import ReportData
from edge.i18n.labels import Labels


def remarks(subject: ReportData, labels: Labels) -> list[str]:
    """What stands above everything else: unreadable, empty, faceless, silent."""
    found = subject.found
    lost = [source.detail for source in found.sources if source.source == "file" and source.state == "lost"]
    sentences = [labels("file_damaged", detail=detail) for detail in lost]
    if not (found.faces or subject.lines or subject.groups or found.incidents or found.steps):
        nothing = "empty_report" if subject.empty else "nothing_seen_or_heard"
        return [*sentences, labels(nothing)]
    keys = []
    if subject.only_groups:
        keys.append("group_only")
    elif not found.faces:
        keys.append("no_faces_recorded")
    elif not found.usable_ratio:
        keys.append("never_usable")
    elif found.perclos_mean is None:
        keys.append("no_perclos")
    if not subject.only_groups:
        keys += ["no_speech"] if subject.tells("transcript") and not found.utterances else []
        keys += ["no_affect"] if subject.tells("affect") and found.score_mean is None else []
    return sentences + [labels(key) for key in keys]
