"""No secret survives, and what is none does."""

from __future__ import annotations

import logging
import time

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


@given(st.sampled_from(["loginpas", "pwd", "key", "session", "u", "x.y", "a-b"]), SECRET)
def test_of_an_address_scheme_host_and_path_are_left(name: str, value: str) -> None:
    text = redacted(f"http://cam.example:8080/video?size=1&{name}={value} cannot be read")
    if "@" not in value:  # else all before it may be a login
        assert text == f"http://cam.example:8080/video?{MASK} cannot be read"
    assert value not in text


ODD = st.text("abXY01 '\"<>@:/?", min_size=3, max_size=12).map(lambda text: f"q{text}q")


@given(ODD.filter(lambda text: ":" not in text and "/" not in text and "@" not in text), ODD)
def test_a_login_with_blanks_and_quotes_does_not_survive_either(user: str, password: str) -> None:
    text = redacted(f"rtsp://{user}:{password}@cam.example/stream cannot be read")
    assert text == f"rtsp://{MASK}@cam.example/stream cannot be read"


@pytest.mark.parametrize("text", ["a://" * 50_000, "-" * 200_000, "password" * 25_000, "x" * 200_000, "?a=" * 60_000])
def test_long_hostile_text_takes_no_time(text: str) -> None:
    start_s = time.process_time()
    redacted(text)
    assert time.process_time() - start_s < 2.0


@pytest.mark.parametrize(
    "text",
    [
        "http://cam/video?user=bob&token=S3cret&x=1",
        "password: S3cret",
        '{"api_key": "S3cret", "x": 1}',
        "Authorization: Bearer S3cret.S3cret",
        "mqtt_password=S3cret",
        '"password": "two words, S3cret"',
        '"password": "a \\" quote, S3cret"',
        "password='it is S3cret'",
        "  mqtt-password: two words, S3cret",
        "Cookie: id=1; session=S3cret",
        "Set-Cookie: id=S3cret; Path=/",
        'Authorization: Digest username="bob", nonce="x", response="S3cret"',
        "GET /cgi-bin/video?loginuse=x&loginpas=S3cret HTTP/1.1",
        "-----BEGIN PRIVATE KEY-----\nS3cret\nS3cret\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nS3cret cut off",
    ],
)
def test_tokens_and_assignments_never_survive(text: str) -> None:
    assert "S3cret" not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://cam.example/stream cannot be read (Connection refused); is it switched on?",
        "http://127.0.0.1:8080/video",
        "is it there? see http://127.0.0.1:8080; bob@example.org knows",
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
