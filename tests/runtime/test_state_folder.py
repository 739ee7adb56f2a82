"""A state folder that cannot be written: one fault, one word, however many stores suffer from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mqtt_helpers import START_WALL_S, alert, box, until
from small_disk import failing_card

from edge.config.delivery import StoreConfig
from edge.messages import Source
from edge.run_registry import started
from edge.runtime import sinks
from edge.runtime.sinks import StateFolder, Stores

SMALL = box(9).model_copy(update={"store": StoreConfig(least_free_mb=10)})


def lost(name: str) -> Source:
    return Source(1.0, name, "lost", "no")


def told(stores: Stores, words: list[Source], condition: Callable[[], bool]) -> None:
    """Let the box take its turns until it is so."""

    def turned() -> bool:
        words.extend(stores.turn(time.monotonic()))
        return condition()

    until(turned, 20)


def test_a_folder_below_a_file_is_told_once_for_all_stores_and_so_is_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    folder, words = tmp_path / "file" / "state", list[Source]()
    with Stores(box(9), folder, started("run", START_WALL_S)) as stores:
        for sink in stores.sinks:
            sink.write(alert(1))
        told(stores, words, lambda: bool(words))
        assert [(word.source, word.state) for word in words] == [("storage", "lost")]
        assert f"{folder} cannot be written (Not a directory)" in words[0].detail
        assert "--state DIR" in words[0].detail
        assert [record.message for record in caplog.records if str(folder) in record.message] == []
        (tmp_path / "file").unlink()
        told(stores, words, lambda: len(words) > 1)
        assert [(word.source, word.state) for word in words[1:]] == [("storage", "ok")]
        until(lambda: (folder / "outbox.db").exists() and (folder / "timeline.db").exists())


def test_a_card_that_turns_read_only_under_a_running_box_is_one_word(tmp_path: Path) -> None:
    words: list[Source] = []
    with (
        failing_card(tmp_path / "state") as fail,
        Stores(SMALL, tmp_path / "state", started("run", START_WALL_S)) as stores,
    ):
        assert stores.turn(0.0) == []
        fail()
        for sink in stores.sinks:
            sink.write(alert(1))
        told(stores, words, lambda: bool(words))
        (word,) = words
        assert (word.source, word.state) == ("storage", "lost")
        assert "Read-only file system" in word.detail
        assert stores.publisher is not None
        assert stores.publisher.health().outbox.rows == 1, "it waits in memory for a broker"


def test_a_fault_of_one_file_is_told_as_that_file_s(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    assert folder.filtered([lost("timeline")], 1.0) == [lost("timeline")]


def test_a_store_that_does_not_come_back_with_its_folder_is_told_after_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StateFolder(tmp_path)
    monkeypatch.setattr(sinks, "unusable", lambda _: "Permission denied")
    (word,) = folder.filtered([lost("timeline"), lost("outbox")], 1.0)
    assert word.source == "storage"
    assert folder.filtered([Source(2.0, "outbox", "ok")], 2.0) == []
    monkeypatch.undo()
    assert [word for t_s in range(3, 63) for word in folder.filtered([], float(t_s))] == []
    assert folder.filtered([], 63.0) == [Source(63.0, "storage", "ok"), lost("timeline")]
    assert folder.filtered([lost("outbox")], 64.0) == [lost("outbox")]
