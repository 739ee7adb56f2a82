"""The demo clip as a file: pictures and sound of a story as MP4, its ground truth as JSON beside it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from demo.actor import Actor
from demo.drive import Clip
from demo.portrait import HEIGHT_PX, WIDTH_PX, load_portrait
from demo.speech import say
from demo.story import Story
from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Float32

FPS = 30
_CODING = {"preset": "medium", "crf": "26", "threads": "1"}
"""Of libx264: 1.9 MB for the drive's 66 s, every drawn event still seen; one thread makes the same bytes anew."""
_SPEECH_PEAK = 0.6
_HUM = 0.0015
"""Deviation of the cab's background noise, some 50 dB below the speech."""
_DRAWN_BY = ("portrait", "lids", "mouth", "head", "actor", "story", "speech", "clip")
_SEEN_BY = ("face_detector", "face_mesh", "iris")


def cached_clip(story: Story, bundle: Bundle, folder: Path, progress: Callable[[float], None]) -> Clip:
    """The clip of `story` in `folder`; made only where neither its code nor the models that place it have changed."""
    digest = drawing_of(story)
    for role in _SEEN_BY:
        graphs = bundle.role(role).variants[bundle.variant_name(role)].graphs
        digest.update("".join(graph.sha256 for graph in graphs.values()).encode())
    stem = folder / f"drive-{digest.hexdigest()[:12]}"
    clip = Clip(stem.with_suffix(".mp4"), stem.with_suffix(".json"))
    if not (clip.video.is_file() and clip.truth.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        part = stem.with_suffix(".part.mp4")
        clip.truth.write_text(json.dumps(write_clip(story, bundle, part, progress), indent=1), encoding="utf-8")
        part.replace(clip.video)
    return clip


def drawing_of(story: Story) -> hashlib._Hash:
    """SHA-256 of the story and of the code that draws it."""
    digest = hashlib.sha256(repr(story).encode())
    for name in _DRAWN_BY:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest


def write_clip(story: Story, bundle: Bundle, path: Path, progress: Callable[[float], None]) -> dict[str, Any]:
    """Write the clip and return its ground truth; `progress` is told the share that is done."""
    sound, spoken = soundtrack(story)
    voice = loudness(sound, round(story.length_s * FPS))
    actor = Actor(load_portrait(bundle), story)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", FPS, options=_CODING)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        audio = container.add_stream("aac", SAMPLE_RATE_HZ, layout="mono")
        for index in range(round(story.length_s * FPS)):
            picture = av.VideoFrame.from_ndarray(actor.picture(index / FPS, float(voice[index])), format="bgr24")
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(picture))
            progress(index / FPS / story.length_s)
        container.mux(video.encode(None))
        block = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        block.sample_rate, block.pts = SAMPLE_RATE_HZ, 0
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    drawn = [dataclasses.asdict(event) for event in story.events]
    return {"length_s": story.length_s, "fps": FPS, "events": sorted(drawn + spoken, key=lambda e: e["start_s"])}


def soundtrack(story: Story) -> tuple[Float32, list[dict[str, Any]]]:
    """The clip's sound at SAMPLE_RATE_HZ, and where its sentences lie."""
    length = round(story.length_s * SAMPLE_RATE_HZ)
    sound = _HUM * np.random.default_rng(11).standard_normal(length, np.float32)
    spoken: list[dict[str, Any]] = []
    for sentence in story.sentences:
        voice = say(sentence.text, sentence.words_per_minute, sentence.pitch, sentence.liveliness)
        start = round(sentence.start_s * SAMPLE_RATE_HZ)
        end = min(start + len(voice), length)
        sound[start:end] += _SPEECH_PEAK * voice[: end - start] / np.abs(voice).max()
        end_s = round(end / SAMPLE_RATE_HZ, 3)
        spoken.append({"kind": "speech", "start_s": sentence.start_s, "end_s": end_s, "text": sentence.text})
    return sound, spoken


def loudness(sound: Float32, pictures: int) -> Float32:
    """The voice's loudness at each picture, 0..1: what its mouth follows."""
    samples = sound[: pictures * (len(sound) // pictures)].reshape(pictures, -1)
    level = np.sqrt((samples**2).mean(axis=1))
    level = np.convolve(level, [0.25, 0.5, 0.25], "same")
    return np.asarray(np.clip(level / 0.18, 0.0, 1.0) * (level > 3 * _HUM), np.float32)
