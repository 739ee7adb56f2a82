"""All recordings of a truth in all views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge.evaluation.scores import Score, score, told_after_s
from edge.evaluation.truth import Truth
from edge.evaluation.watching import Pictures, Watcher, stretched


def seen(
    watcher: Watcher, truth: Truth, view: str, most_fps: float | None, progress: Callable[[str], None]
) -> Iterator[tuple[str, Pictures]]:
    """What vision finds in each clip; costs what the box costs."""
    for name in truth.clips:
        progress(f"{view}: {name}")
        yield name, watcher.see(truth.path(name), view, most_fps, truth.stretched.get(name, ()))


def judged(watcher: Watcher, truth: Truth, view: str, name: str, pictures: Pictures) -> Score:
    """The score of one clip of which vision's part is known."""
    config = watcher.config.fatigue
    found = score(name, view, truth.clips[name], watcher.judge(pictures), config)
    for at_s in truth.stretched.get(name, []):
        start_s, faces = stretched(pictures, at_s)
        found.stretched.append(told_after_s(watcher.judge(faces), start_s, config))
    return found


def evaluate(
    watcher: Watcher,
    truth: Truth,
    views: Sequence[str],
    most_fps: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Score]]:
    """Scores by view."""
    found: dict[str, list[Score]] = {}
    for view in views:
        clips = seen(watcher, truth, view, most_fps, progress)
        found[view] = [judged(watcher, truth, view, name, faces) for name, faces in clips]
    return found
