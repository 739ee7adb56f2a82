from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture import CaptureError
from edge.capture.source_connection import parse_uri
from edge.config.perception import CAMERA_SCHEMES, NETWORK_SCHEMES


def test_a_file_is_absolute_or_relative() -> None:
    assert parse_uri("file:///clips/a.mp4").path == Path("/clips/a.mp4")
    assert parse_uri("file://clips/a.mp4").path == Path("clips/a.mp4")


def test_a_password_is_not_shown() -> None:
    uri = parse_uri("rtsp://viewer:s3cret@10.0.0.7:554/live")
    assert uri.printable == "rtsp://10.0.0.7:554/live"
    assert "s3cret" in str(uri), "the camera still gets it"


SECRET = st.text("abXY01/?#:@&=%", max_size=12).map(lambda text: f"s3c{text}ret")


@given(SECRET, st.sampled_from(NETWORK_SCHEMES))
def test_of_a_network_cameras_address_only_scheme_host_and_path_are_shown(secret: str, scheme: str) -> None:
    assert parse_uri(f"{scheme}://viewer:{secret}@10.0.0.7/live").printable == f"{scheme}://10.0.0.7/live"
    query = secret.replace("@", "")
    assert parse_uri(f"{scheme}://10.0.0.7/live?loginpas={query}").printable == f"{scheme}://10.0.0.7/live"


@pytest.mark.parametrize(
    "text", ["viewer:s3cret@10.0.0.7/live", "rtps://viewer:s3cret@h/?pwd=s3cret", "csi://a:s3cret@h"]
)
def test_a_refusal_shows_no_secret(text: str) -> None:
    with pytest.raises(CaptureError) as refusal:
        parse_uri(text)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["/dev/video0", "v4l2", "v4l2://", "ftp://host/a", "csi://front", ""])
def test_what_is_no_uri_is_refused_with_an_example_of_one(text: str) -> None:
    with pytest.raises(CaptureError, match="://"):
        parse_uri(text)


@given(st.sampled_from(CAMERA_SCHEMES), st.text())
def test_any_text_is_parsed_or_refused(scheme: str, rest: str) -> None:
    text = f"{scheme}://{rest}"
    try:
        uri = parse_uri(text)
        assert str(uri) == text
        assert uri.printable.startswith(f"{scheme}://")
    except CaptureError as refusal:
        assert scheme in str(refusal)
