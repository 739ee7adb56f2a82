"""The drive that the package carries is the one that its code draws, and the bundle beside it sees what was drawn."""

from __future__ import annotations

import json

import pytest

from demo import verdict
from demo.drive import DRIVE_CLIP
from demo.story import DRIVE
from edge.bundle.bundle import Bundle
from edge.config import load_config
from edge.messages import Alert, Blink, Message
from edge.runtime.pipeline import Pipeline, replay_file, session_of
from edge.shipped import BUNDLE, EXAMPLE


class Kept:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    def write(self, message: Message) -> None:
        self.messages.append(message)


def test_the_drive_was_drawn_by_the_code_as_it_is() -> None:
    pytest.importorskip("skimage", reason="drawing needs the extra `dev`")
    from demo.clip import drawing_of

    truth = json.loads(DRIVE_CLIP.truth.read_text(encoding="utf-8"))
    assert truth["drawn_by"] == drawing_of(DRIVE).hexdigest(), "python -m demo.draw"


def test_the_shipped_bundle_sees_what_was_drawn_and_nothing_else() -> None:
    kept = Kept()
    pipeline = Pipeline(Bundle(BUNDLE), load_config(EXAMPLE), session_of(DRIVE_CLIP.video))
    replay_file(DRIVE_CLIP.video, pipeline, [kept], realtime=False)
    assert not verdict.faults(DRIVE_CLIP, kept.messages, None)
    (microsleep,) = [m for m in kept.messages if isinstance(m, Alert) and m.type == "new" and m.alert == "microsleep"]
    (closure,) = DRIVE_CLIP.events("closure")
    assert closure["start_s"] + 1.4 < microsleep.t_s < closure["start_s"] + 1.7
    assert sum(isinstance(message, Blink) for message in kept.messages) >= len(DRIVE_CLIP.events("blink"))
