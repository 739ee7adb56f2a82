"""No secret survives, and what is none does."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.log import Redaction
from edge.redact import MASK, redacted, without_secrets

SECRET = st.text("abcXYZ019-_.~!$*+@/:%", min_size=3, max_size=20).map(lambda text: f"q{text}q")


@given(SECRET, SECRET, st.sampled_from(["rtsp", "rtsps"]))
def test_a_login_in_a_cameras_uri_never_survives(user: str, password: str, scheme: str) -> None:
    text = redacted(f"{scheme}://{user}:{password}@cam.example/stream cannot be read (timed out)")
    assert text == f"{scheme}://{MASK}@cam.example/stream cannot be read (timed out)"


@given(st.text("abcXYZ019-_.~@:!", min_size=1, max_size=20), st.sampled_from(["http", "https", "mqtt", "rtsp"]))
def test_userinfo_of_any_uri_never_survives(login: str, scheme: str) -> None:
    assert redacted(f"at {scheme}://{login}@host:8554/a.") == f"at {scheme}://{MASK}@host:8554/a."


@pytest.mark.parametrize(
    "text",
    [
        "http://cam/video?user=bob&token=S3cret&x=1",
        "password: S3cret",
        '{"api_key": "S3cret", "x": 1}',
        "Authorization: Bearer S3cret.S3cret",
        "mqtt_password=S3cret",
    ],
)
def test_tokens_and_assignments_never_survive(text: str) -> None:
    assert "S3cret" not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://cam.example/stream cannot be read (Connection refused); is it switched on?",
        "http://127.0.0.1:8080/video?size=640",
        "mqtt.password_file: /etc/emvas/mqtt-password cannot be read",
        "the environment variable EMVAS_PASSWORD (mqtt.password_env) is not set",
        "written to bob@example.org at 10:30, author: Ann; basic checks pass: all",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_a_configuration_keeps_its_shape_and_loses_its_secrets() -> None:
    config = {
        "camera": {"uri": "rtsp://u:S3cret@h/s", "fps": 30.0},
        "mqtt": {"username": "S3cret", "password_file": "/etc/pw", "password_env": "EMVAS_PW", "port": 1883},
        "list": ["a", "token=S3cret"],
    }
    clean = without_secrets(config)
    assert "S3cret" not in str(clean)
    assert clean["mqtt"] == {"username": MASK, "password_file": "/etc/pw", "password_env": "EMVAS_PW", "port": 1883}
    assert clean["camera"] == {"uri": f"rtsp://{MASK}@h/s", "fps": 30.0}


def test_a_log_record_loses_secrets_in_message_arguments_traceback_and_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(Redaction())
    log = logging.getLogger("edge.test")
    try:
        raise OSError("rtsp://u:S3cret@h/ timed out")
    except OSError:
        log.exception("lost %s", "http://u:S3cret@h", extra={"emvas_uri": "http://u:S3cret@h", "emvas_token": "S3cret"})
    (record,) = caplog.records
    assert "S3cret" not in str(vars(record)) + caplog.text
    assert "OSError" in record.getMessage()
    assert f"lost http://{MASK}@h" in record.getMessage()
