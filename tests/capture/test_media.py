from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_maker import TONE_HZ, make_media

from edge.capture import CaptureError
from edge.capture.frames import View
from edge.capture.media import MediaFile, StreamChoice, end_of
from edge.config.perception import CameraConfig
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source


def parts(path: Path) -> tuple[list[Frame], list[Audio], list[Source]]:
    items = list(MediaFile(path).read())
    return tuple([item for item in items if isinstance(item, kind)] for kind in (Frame, Audio, Source))


@pytest.mark.parametrize(
    ("suffix", "codecs"),
    [
        ("mp4", ("mpeg4", "aac")),
        ("mov", ("h264", "aac")),
        ("avi", ("mjpeg", "pcm_s16le")),
        ("mpg", ("mpeg1video", "mp2")),
        ("mkv", ("h264", "flac")),
    ],
)
def test_pictures_and_sound_come_with_their_times(tmp_path: Path, suffix: str, codecs: tuple[str, str]) -> None:
    frames, chunks, sources = parts(make_media(tmp_path / f"clip.{suffix}", codecs=codecs))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert len(frames) == 50
    assert frames[0].image.shape == (48, 64, 3)
    assert np.allclose(np.diff([frame.t_s for frame in frames]), 0.04, atol=0.002)
    assert frames[30].image.mean() == pytest.approx(120, abs=6), "picture 30 is the thirtieth that was written"
    assert sum(len(chunk.samples) for chunk in chunks) / SAMPLE_RATE_HZ == pytest.approx(2.0, abs=0.1)
    assert sources == []


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_sound_of_any_rate_becomes_16_khz_with_the_same_pitch(tmp_path: Path, rate_hz: int) -> None:
    path = make_media(tmp_path / "tone.wav", video_s=0, rate_hz=rate_hz, codecs=("", "pcm_s16le"))
    frames, chunks, sources = parts(path)
    assert frames == []
    assert [(source.source, source.state) for source in sources] == [("camera", "absent")]
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert len(samples) == pytest.approx(2 * SAMPLE_RATE_HZ, abs=2)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * SAMPLE_RATE_HZ / len(samples) == pytest.approx(TONE_HZ, abs=1)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.03)
    starts = [chunk.t_s for chunk in chunks]
    assert np.allclose(np.diff(starts), 512 / SAMPLE_RATE_HZ, atol=1e-3)


def test_pictures_and_sound_are_interleaved_by_the_time_they_are_complete(tmp_path: Path) -> None:
    items = list(MediaFile(make_media(tmp_path / "clip.mp4")).read())
    ends = [end_of(item) for item in items if not isinstance(item, Source)]
    assert ends == sorted(ends)
    kinds = [type(item) for item in items[:20]]
    assert Frame in kinds
    assert Audio in kinds


def test_a_varying_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times_ms = [0, 40, 80, 300, 310, 320, 900]
    frames, _, _ = parts(make_media(tmp_path / "vfr.mkv", sound_s=0, times_ms=times_ms))
    assert [round(frame.t_s * 1000) for frame in frames] == times_ms


def test_a_phone_held_upright_gives_upright_pictures(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", sound_s=0, size=(64, 48))
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    quarter_turn = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    content[matrix : matrix + 36] = struct.pack(">9i", *quarter_turn)
    path.write_bytes(content)
    frames, _, _ = parts(path)
    assert frames[0].image.shape == (64, 48, 3)


def test_a_file_without_sound_says_so_once(tmp_path: Path) -> None:
    frames, chunks, sources = parts(make_media(tmp_path / "mute.mp4", sound_s=0))
    assert len(frames) == 50
    assert chunks == []
    assert [(source.source, source.state, source.t_s) for source in sources] == [("microphone", "absent", 0.0)]


def test_sound_that_starts_late_keeps_its_time(data_dir: Path) -> None:
    _, chunks, _ = parts(data_dir / "clips" / "facelost" / "face_noface.mov")
    assert chunks[0].t_s == pytest.approx(107164 / 44100, abs=0.03), "its sound track starts 2.43 s in"


def test_joined_segments_whose_clock_starts_anew_are_one_recording(tmp_path: Path) -> None:
    """A dash camera's three pieces put together with `cat`: 9 s of picture and sound, side by side."""
    piece = make_media(tmp_path / "piece.ts", video_s=3, sound_s=3, codecs=("mpeg1video", "mp2")).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(3 * piece)
    frames, chunks, sources = parts(joined)
    assert [source for source in sources if source.source == "file"] == []
    assert len(frames) == 225
    times_s = [frame.t_s for frame in frames]
    assert np.allclose(np.diff(times_s), 0.04, atol=0.1)
    assert times_s[-1] == pytest.approx(9.0, abs=0.2)
    assert chunks[-1].t_s == pytest.approx(9.0, abs=0.2)
    for start_s in (0.0, 3.0, 6.0):
        shown = next(frame for frame in frames if frame.t_s >= start_s + 0.3)
        assert shown.image.mean() == pytest.approx(4 * 7, abs=12), "each piece begins with its darkest picture"


def test_one_picture_a_second_is_a_whole_file(tmp_path: Path) -> None:
    frames, _, sources = parts(make_media(tmp_path / "slow.mp4", sound_s=0, times_ms=[0, 1000, 2000, 3000]))
    assert [frame.t_s for frame in frames] == [0.0, 1.0, 2.0, 3.0]
    assert [source for source in sources if source.source == "file"] == []


@pytest.mark.parametrize(("aspect", "size"), [((16, 11), (93, 48)), ((8, 15), (64, 90)), ((1, 1), (64, 48))])
def test_narrow_and_wide_pixels_are_made_square(tmp_path: Path, aspect: tuple[int, int], size: tuple[int, int]) -> None:
    frames, _, _ = parts(make_media(tmp_path / "clip.mkv", sound_s=0, video_s=0.2, aspect=Fraction(*aspect)))
    assert frames[0].image.shape == (size[1], size[0], 3)


def test_pixels_whose_shape_the_stream_hides_are_made_square_as_the_configuration_says(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mkv", sound_s=0, video_s=0.2)
    wide = StreamChoice(view=View(CameraConfig(pixel_aspect=2.0)))
    assert next(i for i in MediaFile(path, wide).read() if isinstance(i, Frame)).image.shape == (48, 128, 3)


def test_a_silent_first_track_is_passed_over_and_told(tmp_path: Path) -> None:
    path = make_media(tmp_path / "two.mkv", video_s=0, silent_tracks=1, codecs=("", "flac"))
    _, chunks, sources = parts(path)
    assert max(np.abs(chunk.samples).max() for chunk in chunks) == pytest.approx(0.5, abs=0.03)
    (word,) = [source.detail for source in sources if source.source == "microphone"]
    assert word.startswith("sound stream 2 of 2 is taken, because those before it are silent")
    first = list(MediaFile(path, StreamChoice(sound=1)).read())
    assert all(not item.samples.any() for item in first if isinstance(item, Audio)), "whoever asks for it gets it"


def test_a_stream_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", video_s=0.2, sound_s=0.2)
    with pytest.raises(CaptureError, match=r"clip\.mp4 has 1 sound streams: there is no number 2"):
        MediaFile(path, StreamChoice(sound=2))


def test_a_cut_off_video_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mkv", video_s=6, sound_s=6)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, _, sources = parts(path)
    assert 20 < len(frames) < 150
    assert [(source.source, source.state) for source in sources] == [("file", "lost")]
    assert "of 6.0 s" in sources[0].detail


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "can be read"), (b"just a letter to a friend\n" * 50, "can be read"), (None, "no such file")],
)
def test_what_is_no_media_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None, word: str) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CaptureError, match=word) as refusal:
        MediaFile(path)
    assert str(path) in str(refusal.value)


def test_a_playlist_cannot_make_the_box_fetch_something(tmp_path: Path) -> None:
    path = tmp_path / "clip.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(CaptureError):
        list(MediaFile(path).read())


@pytest.fixture(scope="module", params=["mp4", "mkv", "avi", "mpg", "flac"])
def sound_clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("clips")
    codecs = {"avi": ("mpeg4", "mp3"), "mpg": ("mpeg1video", "mp2"), "flac": ("", "flac")}
    path = folder / f"clip.{request.param}"
    return make_media(
        path, video_s=0 if request.param == "flac" else 1, sound_s=1, codecs=codecs.get(request.param, ("mpeg4", "aac"))
    ).read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_gives_messages_or_a_sentence(sound_clip: bytes, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(sound_clip)
    for _ in range(data.draw(st.integers(0, 8), label="flipped bytes")):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)), label="cut at")])
    try:
        items = list(MediaFile(path).read())
    except CaptureError as refusal:
        assert str(path) in str(refusal)
        return
    assert items
    frame_times = [item.t_s for item in items if isinstance(item, Frame)]
    assert frame_times == sorted(set(frame_times)), "time only goes forward"
