"""The page about speed, in Markdown, and its plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.evidence import markdown_table

Figures = Any


class Section(NamedTuple):
    """One question on the page: its module in `benchmarks`, its heading, and how its figures are written."""

    module: str
    heading: str
    write: Callable[[Figures], str]


def _limit(figures: Figures) -> str:
    rows = [net.values() for net in figures["nets"]]
    heads = ("net", "million products", "CPU ms", "limit, ms", "share of the limit")
    table = markdown_table(heads, rows)
    return f"One thread reaches {figures['gflops']:g} GFLOP/s on a large matrix product.\n\n{table}"


def _frame_path(figures: Figures) -> str:
    parts = []
    for clip, found in figures.items():
        if isinstance(found, dict) and "costs" in found:
            heads = ("stage", "CPU ms, median", "95th percentile", "of it the model")
            rows = [
                (c["stage"], *(_number(c[key]) for key in ("cpu_ms_median", "cpu_ms_p95", "model_cpu_ms_median")))
                for c in found["costs"]
            ]
            parts.append(f"{clip}, {found['size'][0]}x{found['size'][1]}\n\n{markdown_table(heads, rows)}")
    return "\n".join(parts)


def _face_mesh(figures: Figures) -> str:
    heads = ("clip", "turns", "ours, CPU ms", f"{figures['peer']}, CPU ms", "ours over theirs", "quartiles")
    keys = ("clip", "turns", "ours_ms", "peer_ms", "ratio")
    return markdown_table(
        heads,
        ([*(clip[key] for key in keys), "{} to {}".format(*clip["ratio_quartiles"])] for clip in figures["clips"]),
    )


def _faces(figures: Figures) -> str:
    return markdown_table(("faces", "followed", "CPU ms a picture"), (row.values() for row in figures["rows"]))


def _rates(figures: Figures) -> str:
    heads = ("pictures a second", "CPU ms a picture", "CPU ms a second")
    return f"One face, {figures['clip']}.\n\n{markdown_table(heads, (row.values() for row in figures['rows']))}"


def _cameras(figures: Figures) -> str:
    heads = ("cameras", "CPU s a second, each", "x real time, each", "peak MB, each")
    rows = markdown_table(heads, (row.values() for row in figures["rows"]))
    return (
        f"A box watches one camera; a further camera is a further box. All replay {figures['clip']} at once.\n\n{rows}"
    )


def _whole_box(figures: Figures) -> str:
    heads = ("file", "length s", "start s", "work s", "CPU s", "x real time", "CPU s a second", "peak MB")
    return markdown_table(heads, ([_number(value) for value in found.values()] for found in figures["files"]))


def _power(figures: Figures) -> str:
    heads = ("rail", "at rest, W", "busy, W", "J a second of the recording")
    return markdown_table(heads, (row.values() for row in figures["rows"]))


def _alert_latency(figures: Figures) -> str:
    heads = ("at", "alerts", "of closures", "median ms", "95th percentile ms", "worst ms")
    rows = [["a subscriber", *(figures[key] for key in ("alerts", "closures", "median_ms", "p95_ms", "worst_ms"))]]
    if "tones" in figures:
        keys = ("tones", "closures", "tone_median_ms", "tone_p95_ms", "tone_worst_ms")
        rows.append(["the speaker, first sample handed over", *(figures[key] for key in keys)])
    return f"Peak memory {figures['peak_mb']} MB.\n\n{markdown_table(heads, rows)}"


def _asr(figures: Figures) -> str:
    heads = ("system", "character error rate", "CPU s a second of sound")
    rows = [(s["system"], f"{s['cer']:.4f}", f"{s['cpu_per_sound_s']:.3f}") for s in figures["systems"]]
    return f"{figures['utterances']} utterances, {figures['sound_s']:.0f} s.\n\n{markdown_table(heads, rows)}"


def _published(figures: Figures) -> str:
    heads = ("way", "CPU s a second", "wall s a second", "MB written a second", "files a second")
    return (
        "The stand-in has the published system's files and reloads, and none of its models but TFN.\n\n"
        + markdown_table(heads, (arm.values() for arm in figures["arms"]))
    )


def _fusion(figures: Figures) -> str:
    heads = ("frames", "samples", "form", "peak MB a sample", "ms a sample")
    rows = [
        (
            run["frames"],
            run["batch"],
            run["form"],
            f"{run['peak_bytes_a_sample'] / 1e6:.3f}",
            _number(run["ms_a_sample"]),
        )
        for run in figures
    ]
    return markdown_table(heads, rows)


def _dashboard_day(figures: Figures) -> str:
    heads = ("opening", "times", "page s, median", "worst", "24 h s, median", "worst")
    first, again = figures["read_cpu_s"]
    return (
        f"A timeline of 24 h at the box's own rates, {figures['size_mb']} MB. Cold: the dashboard has just started and "
        "the browser knows nothing; warm: again in both. `page` is from the address to the page with its last ten "
        "minutes, `24 h` from the choice of a day until bands, lines and alerts are drawn. Load when it began: "
        f"{figures['load']}. Reading the day takes {first} s of processor time at first and {again} s again: what is "
        f"settled is summed once.\n\n{markdown_table(heads, (row.values() for row in figures['openings']))}"
    )


def _dashboard_months(figures: Figures) -> str:
    week = figures["week"]
    heads = ("page", "openings", "cold s, median", "worst")
    return (
        f"A bus that drives ten hours a day: {figures['days']} days, {figures['size_mb']} MB. Cold: the dashboard has "
        f"just started and the browser knows nothing. Load when it began: {figures['load']}. The report about the last "
        f"week takes {week['wall_s']} s ({week['cpu_s']} s of processor time) and {week['peak_mb']} MB at its peak; "
        f"its page has {week['page_mb']} MB.\n\n{markdown_table(heads, (row.values() for row in figures['pages']))}"
    )


SECTIONS = {
    "limit": Section("speed.cpu_limit", "How near the nets come to this CPU's arithmetic", _limit),
    "frame_path": Section("speed.frame_path", "A picture, stage by stage", _frame_path),
    "face_mesh": Section("speed.face_mesh", "A picture beside MediaPipe's FaceMesh with refined landmarks", _face_mesh),
    "faces": Section("speed.by_faces", "More faces", _faces),
    "rates": Section("speed.by_frame_rate", "Fewer pictures a second", _rates),
    "cameras": Section("speed.by_cameras", "More cameras", _cameras),
    "whole_box": Section("speed.whole_box", "A whole recording: start, speed, memory", _whole_box),
    "power": Section("speed.power", "Energy", _power),
    "alert_latency": Section(
        "speed.alert_latency", "From a closure's 1.5 s mark to the tone and to a subscriber", _alert_latency
    ),
    "asr_aishell": Section("hearing.asr_aishell", "Speech beside faster-whisper, the same weights", _asr),
    "published": Section("speed.mmsa_files", "The published system's way with files, a declared stand-in", _published),
    "tfn_memory": Section("fusion.tfn_memory", "Fusion: TFN with and without its outer product", _fusion),
    "dashboard_day": Section("speed.dashboard_day", "A day in the browser", _dashboard_day),
    "dashboard_months": Section("speed.dashboard_months", "Nine weeks in the browser", _dashboard_months),
}
"""The part of each question, by its name in performance.json."""


def page(reports: Sequence[dict[str, Any]]) -> str:
    """The whole page; a report is what one machine found."""
    parts = [
        "# Performance\n",
        "Made by `make bench`, a part for each machine that was measured. Where the load when it began was above the "
        "number of cores, other work made wall times and latencies longer than on a box of its own, and CPU times too, "
        "because caches are shared; ratios were taken in turns.\n",
        "![CPU time of a picture, ours and MediaPipe's](performance.svg)\n",
        *(part for report in reports for part in _machine(report)),
    ]
    return "\n".join([*parts, _TRIED])


def _machine(report: dict[str, Any]) -> Iterator[str]:
    about = report["machine"]
    yield f"## {about['cpu']}\n"
    yield (
        f"{about['cores']} cores, {about['architecture']}, Python {about['python']}, onnxruntime "
        f"{about['onnxruntime']}, bundle {report['bundle']}{', quick' if report['quick'] else ''}. Load when it began: "
        f"{about['load_1_min']}.\n"
    )
    for name, answer in report["answers"].items():
        section = SECTIONS[name]
        yield f"### {section.heading}\n"
        yield section.write(answer["figures"]) if "figures" in answer else f"Not measured: {answer['not_measured']}\n"
        yield f"`python -m benchmarks.{section.module}`, {answer['when']}\n"


_TRIED = """## What was tried, and kept or left

Each beside what it replaces, in turns on one busy machine (Xeon at 2.8 GHz where no other is named, one thread,
onnxruntime 1.32, November 2026).

Kept:

- PRelu as two convolutions of one pixel and an addition, its Relu inside the first: the mesh 6.6 -> 2.6 ms, both
  irises 11.3 -> 5.0 ms; the outputs differ by at most 0.00005 px on noise. With Relu in PRelu's place, which would be
  wrong, they would take 1.9 and 3.4 ms.
- Eyes in turn, and in every second picture: while the eye that is read stays as it was, the other's last reading
  stands, and the next picture does without both unless the lids of the mesh have moved; an eye turned away is not read
  (`edge/vision/usable_eyes.py`).
- The mesh in every second picture of a still, silent head, the eyes in the others (`edge/vision/tracker.py`); an eye
  that moves in a picture without a mesh is looked at again with one. On 35 clips of 30 people (7,700 pictures) 0.65
  meshes and 0.86 eyes a picture, instead of 1.0 and 0.9. Against a mesh and both eyes in every picture the opening
  differs by at most 0.046 in 99 % of the pictures (0.037 before), yaw and pitch by 1.9 and 2.4 degrees, and of 1,265
  pictures of shut eyes 2 are seen a picture later (1 before). `emvas evaluate alerts` on them, as filmed: no false
  alert and 42 of 43 stretched closures with and without it, 0.75 instead of 0.96 % of the open time held for closed.
- On an AMD EPYC, exact to the last digits: a picture that gets more channels is added to in parts, so that
  onnxruntime's layout is kept (`export/graphs/convolution_layout.py`), the mesh 1.37 -> 1.18 ms; lids and iris, two
  branches of equal shape, as one twice as wide (`export/graphs/join_branches.py`), with the same one eye 1.81 -> 1.64
  ms, 332 -> 238 nodes.
- Pictures with their channels first: onnxruntime's transposition took 0.2 to 0.3 of the mesh's 2.3 ms, 0.1 of an eye's.
- Geometry of a few points without arrays, an eye's sharpness by one filter of 5 x 5: 0.7 of 9.4 ms a picture, because
  after each net the processor's caches hold nothing of Python's.
- A turned crop reads a copy, made row by row, of its part of the picture: 0.95 -> 0.46 ms for 370 px of 700 x 700 that
  no cache holds.
- A crop is turned with four channels: OpenCV takes 0.09 ms for 192 px instead of 0.22, and gives the same values to the
  last digit. Ours over MediaPipe's before it: 1.03, 1.02 and 1.01 in 60 turns of the three clips above.
- Beside a tracked face the whole frame and its tiles are searched by turns (`edge/vision/detector.py`): 5 instead of 10
  detections a second while a place is free, 1 instead of 2 while none is; one takes 2 to 3 ms.
- One converter for all pictures of a stream: 1.06 -> 0.26 ms a picture of 640x480.
- Halving pictures step by step instead of averaging them by any whole number, batches without detours through other
  types, percentiles by partition: 17.4 to 18.1 ms -> 16.3 ms a picture of 700x700, mean, three turns.
- glibc told to map blocks above 4 MiB on their own, to keep 32 MiB of a heap's end and two heaps: 50 MB less after
  some minutes of the whole box. Without the second of the three a frame's nets take 13.1 ms instead of 10.5.

Left:

- MediaPipe's attention mesh (its three own operators as Gather, ReduceMax, MatMul and GridSample), mesh and both eyes
  in one run of 43.5 million products and 4.8 ms. It was tried in the whole chain: 4 of 4 blinks, the one yawn, no
  further alert in eleven looped clips. But a woman who looks down (`expressive/d3.mp4`) has her eyes shut for 2.07 s
  by its lids, longer than a microsleep, and for 0.9 s by the iris model's. Its graph was not compared with
  MediaPipe's own output.
- A net of our own for lids, iris and opening in one (15 million products an eye, 0.9 ms for both), taught by the iris
  model on 5,589 eyes: on bare eyes its lids are as good (correlation 0.88 to 0.99 with the teacher's, half its
  noise), but behind real glasses it goes wrong (correlation 0.07 on `cab_1.avi`), and infra-red eyes are told apart
  with AUC 0.970 instead of 0.994. Too few of the pictures with a clear licence show glasses.
- Reading an eye again only where its picture has changed: in a shaking cab 90 % of them have.
- Two threads a net: on a busy machine they wait for each other. Decoding in a thread of its own: no gain in a replay.
- On the AMD EPYC, blocks of memory planned ahead or not, the arena on or off: 1.44, 1.58 and 1.52 ms for the mesh, with
  no page fault in any of them while one block stays below 4 MiB.
- The eye net's channels filled up to sixteens: 0.50 -> 0.47 ms. Leaving out the iris model's iris for pictures that
  need no gaze: 0.2 of 5.2 ms. The arena of onnxruntime: no difference. int8 of the nets: [variants](variants.md).
"""


def plot(reports: Sequence[dict[str, Any]], out: Path) -> None:
    """Our picture beside MediaPipe's by clip, and the cost by number of faces; a row for each machine."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    size = (9, 3.2 * len(reports))
    figure, rows = pyplot.subplots(len(reports), 2, figsize=size, layout="constrained", squeeze=False)
    for report, (left, right) in zip(reports, rows, strict=True):
        races = report["answers"].get("face_mesh", {}).get("figures", {}).get("clips", [])
        for shift, key, label in ((-0.2, "ours_ms", "ours"), (0.2, "peer_ms", "MediaPipe FaceMesh, refined")):
            left.bar([place + shift for place in range(len(races))], [race[key] for race in races], 0.4, label=label)
        left.set_xticks(range(len(races)), [race["clip"] for race in races])
        left.set_ylabel("CPU ms a picture")
        left.set_title(report["machine"]["cpu"], fontsize="medium")
        left.set_visible(bool(races))
        if races:
            left.margins(y=0.3)  # room for the legend above the bars
            left.legend(loc="upper center", ncols=2, fontsize="small")
        costs = report["answers"].get("faces", {}).get("figures", {}).get("rows", [])
        right.plot([row["faces"] for row in costs], [row["cpu_ms"] for row in costs], marker="o")
        right.set_xlabel("faces in the picture")
        right.set_ylim(bottom=0)
        right.set_visible(bool(costs))
    figure.savefig(out, metadata={"Date": None})
    pyplot.close(figure)


def _number(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else "" if value is None else str(value)
