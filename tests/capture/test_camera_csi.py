from __future__ import annotations

import shutil
from itertools import islice

import pytest

from edge.capture import CaptureError
from edge.capture.camera import csi_frames, csi_source
from edge.config.perception import CameraConfig

needs_gstreamer = pytest.mark.skipif(shutil.which("gst-launch-1.0") is None, reason="gst-launch-1.0 is not installed")


@needs_gstreamer
def test_pictures_come_from_a_gstreamer_child() -> None:
    source = ["videotestsrc", "pattern=red", "num-buffers=5"]
    images = list(islice(csi_frames(source, 160, 120), 5))
    assert [image.shape for image in images] == [(120, 160, 3)] * 5
    assert images[0][60, 80].tolist() == pytest.approx([0, 0, 255], abs=4), "BGR"


@needs_gstreamer
def test_the_child_s_own_word_is_the_cause() -> None:
    with pytest.raises(CaptureError, match=r"nvarguscamerasrc|pipeline ended"):
        list(csi_frames(csi_source(0, CameraConfig()), 160, 120))


def test_without_gstreamer_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CaptureError, match="apt install gstreamer"):
        next(csi_frames(["videotestsrc"], 160, 120))
