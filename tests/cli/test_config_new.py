from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cli.config_new import Answers, config_text
from edge.config import load_config
from edge.config.purpose import Purpose

ANSWERS = st.builds(
    Answers,
    purpose=st.sampled_from(Purpose),
    site=st.from_regex(r"\A[A-Za-z0-9_-]{1,12}\Z"),
    id=st.from_regex(r"\A[A-Za-z0-9_-]{1,12}\Z"),
    camera=st.sampled_from([None, "v4l2:///dev/video0", "rtsp://u:p%20w@10.0.0.7/1", "file://a b.mp4"]),
    microphone=st.sampled_from([None, "default", "3", "USB: Audio #1"]),
    broker=st.sampled_from([None, "localhost", "broker.example"]),
    broker_port=st.sampled_from([1883, 8883]),
    broker_user=st.sampled_from([None, "bus-042", "yes"]),
    broker_password_file=st.just(None),
    speed=st.sampled_from(["none", "gpsd"]),
)


@given(ANSWERS)
def test_whatever_is_answered_the_file_is_valid_and_says_just_that(
    tmp_path_factory: pytest.TempPathFactory, answers: Answers
) -> None:
    path = tmp_path_factory.mktemp("made") / "box.yaml"
    path.write_text(config_text(answers), encoding="utf-8")
    config = load_config(path)
    assert config.purpose is answers.purpose
    assert (config.box.site, config.box.id) == (answers.site, answers.id)
    assert (config.camera.uri, config.microphone.device) == (answers.camera, answers.microphone)
    assert (config.mqtt.host if config.mqtt else None) == answers.broker
    if config.mqtt is not None:
        assert config.mqtt.tls is (answers.broker_port == 8883)
        assert config.mqtt.username == answers.broker_user


@pytest.mark.parametrize(
    ("speed", "where", "field"),
    [("nmea", "/dev/ttyUSB0", "device"), ("mqtt", "vehicle/speed", "topic"), ("gpsd", None, "host")],
)
def test_a_bus_with_a_speaker_and_a_speed(tmp_path: Path, speed: str, where: str | None, field: str) -> None:
    answers = Answers(
        Purpose.DRIVER_SAFETY, "d", "b", "csi://0", None, speaker="default", broker="b", speed=speed, speed_from=where
    )
    (tmp_path / "box.yaml").write_text(config_text(answers))
    config = load_config(tmp_path / "box.yaml")
    assert config.warning is not None
    assert config.warning.speaker == "default"
    assert config.arming.source == speed
    assert where is None or getattr(config.arming, field) == where
    assert not config.speech.transcribe
