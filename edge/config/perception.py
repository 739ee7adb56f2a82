"""Sections `camera`, `microphone`, `models`, `vision` and `speech`: the inputs, and how they are perceived."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from edge.config.constants import Section

Format = Literal["mjpeg", "yuyv", "uyvy", "nv12", "h264", "grey"]
"""Formats that can be requested from a V4L2 camera; `emvas devices` lists those of each camera."""

NETWORK_SCHEMES = ("rtsp", "http", "https")
CAMERA_SCHEMES = ("v4l2", *NETWORK_SCHEMES, "csi", "file")
_NEVER_IN_URI = re.compile(r"[\s'\"<>\\^`{|}\x00-\x20\x7f]")
"""RFC 3986, section 2: an address must percent-encode these characters."""


class CameraConfig(Section):
    """The camera. Leave `uri` out for a box without a camera."""

    uri: str | None = Field(
        None, description="v4l2:///dev/video0, rtsp://..., http://..., csi://0 or file:///path; null: no camera"
    )
    width_px: int = Field(
        640, ge=160, le=3840, description="width requested from the camera; files keep their own size"
    )
    height_px: int = Field(
        480, ge=120, le=2160, description="height requested from the camera; files keep their own size"
    )
    fps: float = Field(
        30.0, ge=5.0, le=60.0, description="frame rate requested from the camera; files keep their own rate"
    )

    format: Format | None = Field(
        None,
        description="format requested from a v4l2:// camera; null: its own choice. Many USB cameras reach 30 frames a "
        "second only as mjpeg (`emvas devices` lists the formats)",
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0, description="clockwise rotation of the frames in degrees; 180 for a camera mounted upside down"
    )
    flip: Literal["horizontal", "vertical"] | None = Field(
        None,
        description="mirrors the frames left to right (`horizontal`) or top to bottom (`vertical`), after `rotate`",
    )
    pixel_aspect: float | None = Field(
        None,
        ge=0.25,
        le=4.0,
        description="width of a pixel divided by its height, if the stream gives no value or a wrong one; null: the "
        "value of the stream",
    )
    stream: int | None = Field(
        None, ge=1, le=64, description="number of the video stream of a file or network camera; null: the first"
    )

    @field_validator("uri")
    @classmethod
    def _known_scheme(cls, uri: str | None) -> str | None:
        if uri is not None and uri.split("://")[0] not in CAMERA_SCHEMES:
            raise ValueError(f"a camera URI starts with one of {', '.join(s + '://' for s in CAMERA_SCHEMES)}")
        if uri is not None and uri.startswith(tuple(f"{s}://" for s in NETWORK_SCHEMES)) and _NEVER_IN_URI.search(uri):
            raise ValueError(
                "it has a space, a quote or another character that an address may not have: write %20 for a space"
            )
        return uri


class MicrophoneConfig(Section):
    """The microphone."""

    device: str | None = Field(
        "default",
        description="sounddevice name or number (see `emvas devices`); `camera`: the audio of the camera's file or "
        "stream; null: no microphone",
    )
    stream: int | None = Field(
        None,
        ge=1,
        le=64,
        description="number of the audio stream of a file or network camera; null: the first, in a file the first that "
        "is not silent",
    )


class ModelsConfig(Section):
    """The bundle of models, and how it runs."""

    bundle: str | None = Field(
        None,
        description="folder of the bundle; the option `--bundle` overrides it; null: the bundle of the package",
    )
    provider: Literal["cpu", "cuda", "tensorrt"] = Field(
        "cpu",
        description="execution provider of the models; without it the box refuses to start and never falls back",
    )
    threads: int = Field(1, ge=1, le=16, description="number of threads of each model")
    signed_by: str | None = Field(
        None,
        description="file with an Ed25519 public key (PEM); the box accepts only bundles signed with its private key",
    )


class VisionConfig(Section):
    """Tracking of faces."""

    max_faces: int = Field(
        2,
        ge=1,
        le=32,
        description="maximum number of faces tracked at once; 5 or more for a room. With 1, a passenger who leans in "
        "can be taken for the driver; with 2, both are tracked",
    )
    driver: Literal["largest", "left", "right"] = Field(
        "largest", description="purpose driver-safety: which of several faces in the frame is the driver"
    )
    expression_every_n_frames: int = Field(
        6,
        ge=1,
        le=30,
        description="the expression is computed once in this number of frames; the last result is used for at most 1 s",
    )


class SpeechConfig(Section):
    """Recognition of speech."""

    transcribe: bool = Field(
        True,
        description="false: no transcripts are computed; this also holds if the purpose does not permit transcripts",
    )
    languages: list[str] = Field(
        ["zh", "en"],
        min_length=1,
        description="languages that are transcribed (ISO 639-1); for others only the language is reported. Sentiment "
        "works in zh and en only",
    )
    max_utterance_s: float = Field(
        20.0, ge=5.0, le=28.0, description="maximum length of an utterance; longer speech is cut at its quietest point"
    )
