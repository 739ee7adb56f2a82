"""What was drawn against what the box saw: the demo's own check, and a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from demo.drive import Clip
from edge.messages import Alert, Blink, Closure, Message, Nod, Transcript, Yawn

_LATE_S = 0.5
"""An alert told this long after the eyes have opened still belongs to the closure."""
_NEAR_S = 0.3


def faults(clip: Clip, messages: Sequence[Message], received: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """What is wrong, in sentences; empty when the box did its job.

    `received` are the payloads of the alerts that a subscriber got over MQTT; None: there was no broker.
    """
    found = []
    new = [alert for alert in _of(messages, Alert) if alert.type == "new"]
    told = None if received is None else {payload["id"] for payload in received if payload["type"] == "new"}
    shut = [(event["start_s"], event["end_s"]) for kind in ("closure", "nod") for event in clip.events(kind)]
    for event in clip.events("closure"):
        start_s, end_s = event["start_s"], event["end_s"]
        raised = [a for a in new if a.alert == "microsleep" and start_s <= a.t_s <= end_s + _LATE_S]
        where = f"the eyes that were closed from {start_s:.1f} to {end_s:.1f} s"
        if not raised:
            found.append(f"no microsleep alert for {where}")
        elif told is not None and not {alert.id for alert in raised} & told:
            found.append(f"the microsleep alert for {where} did not reach the subscriber over MQTT")
    return found + [
        f"a false alert: {alert.alert} ({alert.level.name.lower()}) at {alert.t_s:.1f} s, with open eyes"
        for alert in new
        if not any(start_s <= alert.t_s <= end_s + _LATE_S for start_s, end_s in shut)
    ]


def comparison(clip: Clip, messages: Sequence[Message]) -> Table:
    """Drawn and seen side by side."""
    table = Table("drawn", "from", "to", "seen by the box", box=None, pad_edge=False)
    blinks = clip.events("blink")
    seen = sum(any(_overlap(event, blink) for blink in _of(messages, Blink)) for event in blinks)
    table.add_row("blinks", "", "", f"{seen} of {len(blinks)}")
    for kind, type_ in (("yawn", Yawn), ("closure", Closure), ("nod", Nod)):
        for event in clip.events(kind):
            match = next((item for item in _of(messages, type_) if _overlap(event, item)), None)
            told = f"{match.start_s:.1f} to {match.end_s:.1f} s" if match else "not seen"
            table.add_row(kind, f"{event['start_s']:.1f} s", f"{event['end_s']:.1f} s", told)
    for event in clip.events("speech"):
        heard = " ".join(item.text for item in _of(messages, Transcript) if _overlap(event, item))
        table.add_row(f"“{event['text']}”", f"{event['start_s']:.1f} s", f"{event['end_s']:.1f} s", heard or "no words")
    return table


def _of(messages: Sequence[Message], type_: Any) -> list[Any]:
    return [message for message in messages if isinstance(message, type_)]


def _overlap(event: Mapping[str, Any], message: Any) -> bool:
    start_s, end_s = event["start_s"] - _NEAR_S, event["end_s"] + _NEAR_S
    return bool(start_s <= message.end_s and message.start_s <= end_s)
