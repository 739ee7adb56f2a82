"""Sections `camera` and `microphone`: where pictures and sound come from."""

from __future__ import annotations

from pydantic import Field, field_validator

from edge.config.section import Section

CAMERA_SCHEMES = ("v4l2", "rtsp", "http", "https", "csi", "file")


class CameraConfig(Section):
    """The camera; leave `uri` out for a box without one."""

    uri: str | None = Field(
        None, description="v4l2:///dev/video0, rtsp://..., http://..., csi://0 or file:///path; null: no camera"
    )
    width_px: int = Field(640, ge=160, le=3840, description="asked of the camera; files keep their own size")
    height_px: int = Field(480, ge=120, le=2160, description="asked of the camera; files keep their own size")
    fps: float = Field(30.0, ge=5.0, le=60.0, description="asked of the camera; files keep their own rate")

    @field_validator("uri")
    @classmethod
    def _known_scheme(cls, uri: str | None) -> str | None:
        if uri is not None and uri.split("://")[0] not in CAMERA_SCHEMES:
            raise ValueError(f"a camera URI starts with one of {', '.join(s + '://' for s in CAMERA_SCHEMES)}")
        return uri


class MicrophoneConfig(Section):
    """The microphone."""

    device: str | None = Field(
        "default",
        description="a sounddevice name or number (see `emvas devices`), `camera` for the sound of the camera's "
        "file or stream, null for none",
    )
