from __future__ import annotations

from edge.dashboard.data.events import Incident
from edge.dashboard.event_text import evidence_text
from edge.i18n.texts import Labels
from edge.messages import Level


def test_evidence_reads_as_a_person_would_say_it() -> None:
    evidence = {
        "causes": ["perclos_warning", "microsleep"],
        "track": 1,
        "perclos_60": 0.163,
        "perclos_180": None,
        "closed_s": 2.44,
        "closed_from_s": 60.0,
        "new_in_a_later_version": 0.5,
    }
    incident = Incident("a", "microsleep", Level.CRITICAL, 60.0, 62.4, 2.4, evidence)
    assert evidence_text(incident, Labels("en")) == (
        "eyes closed too much of the time · microsleep · person 1 · PERCLOS 60 s 16 % · closed for 2.4 s · "
        "new_in_a_later_version 0.50"
    )
    assert "闭眼 2.4 秒" in evidence_text(incident, Labels("zh"))
