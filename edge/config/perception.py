"""Sections `camera`, `microphone`, `models`, `vision` and `speech`: the inputs, and how they are perceived."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from edge.config.section import Section

Format = Literal["mjpeg", "yuyv", "uyvy", "nv12", "h264", "grey"]
"""What a V4L2 camera may be asked to deliver; `emvas devices` lists what each one can."""

NETWORK_SCHEMES = ("rtsp", "http", "https")
CAMERA_SCHEMES = ("v4l2", *NETWORK_SCHEMES, "csi", "file")
_NEVER_IN_URI = re.compile(r"[\s'\"<>\\^`{|}\x00-\x20\x7f]")
"""RFC 3986, 2: these stand percent-encoded in an address, or nobody can say where it ends."""


class CameraConfig(Section):
    """The camera; leave `uri` out for a box without one."""

    uri: str | None = Field(
        None, description="v4l2:///dev/video0, rtsp://..., http://..., csi://0 or file:///path; null: no camera"
    )
    width_px: int = Field(640, ge=160, le=3840, description="asked of the camera; files keep their own size")
    height_px: int = Field(480, ge=120, le=2160, description="asked of the camera; files keep their own size")
    fps: float = Field(30.0, ge=5.0, le=60.0, description="asked of the camera; files keep their own rate")

    format: Format | None = Field(
        None,
        description="asked of a v4l2:// camera; null: its own choice. Many USB cameras reach 30 pictures a second at "
        "this size as mjpeg only (`emvas devices` shows them)",
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0, description="degrees clockwise by which pictures are turned: 180 for a camera mounted upside down"
    )
    flip: Literal["horizontal", "vertical"] | None = Field(
        None, description="pictures are mirrored left to right (`horizontal`) or top to bottom, after `rotate`"
    )
    pixel_aspect: float | None = Field(
        None,
        ge=0.25,
        le=4.0,
        description="width of one pixel over its height where the stream does not say it or says it wrongly; null: as "
        "the stream says",
    )
    stream: int | None = Field(
        None, ge=1, le=64, description="which of several picture streams of a file or network camera; null: the first"
    )

    @field_validator("uri")
    @classmethod
    def _known_scheme(cls, uri: str | None) -> str | None:
        if uri is not None and uri.split("://")[0] not in CAMERA_SCHEMES:
            raise ValueError(f"a camera URI starts with one of {', '.join(s + '://' for s in CAMERA_SCHEMES)}")
        if uri is not None and uri.startswith(tuple(f"{s}://" for s in NETWORK_SCHEMES)) and _NEVER_IN_URI.search(uri):
            raise ValueError("it holds a blank, a quote or another sign that an address may not: write %20 for a blank")
        return uri


class MicrophoneConfig(Section):
    """The microphone."""

    device: str | None = Field(
        "default",
        description="a sounddevice name or number (see `emvas devices`), `camera` for the sound of the camera's "
        "file or stream, null for none",
    )
    stream: int | None = Field(
        None,
        ge=1,
        le=64,
        description="which of several sound streams of a file or network camera; null: the first, of a file the first "
        "that is not silent",
    )


class ModelsConfig(Section):
    """The bundle and how it runs."""

    bundle: str | None = Field(
        None,
        description="folder of the bundle; `--bundle` on the command line wins; null: the one that the package carries",
    )
    provider: Literal["cpu", "cuda", "tensorrt"] = Field(
        "cpu", description="the box refuses to start when this one does not run; it never falls back silently"
    )
    threads: int = Field(1, ge=1, le=16, description="threads of each model's session")
    signed_by: str | None = Field(
        None, description="file of an Ed25519 public key (PEM): only a bundle that its owner signed is taken"
    )


class VisionConfig(Section):
    """Faces."""

    max_faces: int = Field(
        2,
        ge=1,
        le=32,
        description="faces followed at once; each costs a mesh and two iris runs; from 5 on a room. With 1 a passenger "
        "who leans in takes the driver's place; with 2 it is seen beside the driver and is not taken for one",
    )
    driver: Literal["largest", "left", "right"] = Field(
        "largest", description="purpose driver-safety: which of several faces is the driver's, as the picture shows it"
    )
    expression_every_n_frames: int = Field(
        6, ge=1, le=30, description="expression changes slower than lids; between runs the last one stands, 1 s at most"
    )


class SpeechConfig(Section):
    """Speech."""

    transcribe: bool = Field(
        True, description="false: no words are ever computed; nor are they where the purpose may not tell them"
    )
    languages: list[str] = Field(
        ["zh", "en"],
        min_length=1,
        description="whose words are recognized (ISO 639-1); of an utterance in another the language alone is told. "
        "Sentiment is read in zh and en only",
    )
    max_utterance_s: float = Field(20.0, ge=5.0, le=28.0, description="longer speech is cut at its quietest point")
