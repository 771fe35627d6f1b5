"""`offhook timeline CALL`: a picture of a call. The only file that imports matplotlib.

Rows of half a minute, one under the other. In each the caller's voice is above and the bot's below; between
them lie the waterfalls, from the caller's last sound to the bot's first, and the marks of interruptions.
"""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from media.frame import FULL_SCALE, Pcm
from telephony.call_story import STAGES, NoStory, Span, Story, read_story
from telephony.records import open_private
from telephony.trace import find_call

ROW_S = 30.0
_COLUMNS_A_SECOND = 50
_CALLER, _BOT = "#1f5fa8", "#c2571a"
_COLOURS = dict(
    zip(STAGES, ("#7fb069", "#e6c229", "#2a9d8f", "#9d7fc9", "#f4a261", "#d1495b", "#555555"), strict=True)
)
_MARKS = {"duck": "v", "pause": "|", "resume": ">", "stop": "X", "dropped": "_"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`offhook timeline`'s options."""
    parser.add_argument("call", metavar="CALL", help="a call's folder, its id, or 'last'")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="FOLDER", help="the data folder")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=".png or .svg; without it both, as timeline.* in the call's folder"
    )


def run(args: argparse.Namespace) -> int:
    """0 when drawn (paths are printed), 2 when there is nothing to draw, or nothing to draw with."""
    try:
        folder = find_call(args.data, args.call)
        story = read_story(folder)
        figure = draw(story)
    except (NoStory, FileNotFoundError) as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 2
    except ImportError:
        print('offhook: pictures need matplotlib: pip install "offhook[pictures]"', file=sys.stderr)
        return 2
    for path in [args.out] if args.out else [folder / "timeline.png", folder / "timeline.svg"]:
        try:
            with open_private(path, "wb") as file:
                figure.savefig(file, format=path.suffix[1:] or "png", dpi=110)
        except (OSError, ValueError) as error:
            print(f"offhook: {path}: {error}", file=sys.stderr)
            return 2
        print(path)
    return 0


def draw(story: Story) -> Any:
    """The picture, a matplotlib Figure. Raises ImportError where there is no matplotlib."""
    from matplotlib.figure import Figure

    rows = max(1, math.ceil(story.duration_s / ROW_S))
    figure = Figure(figsize=(16, 0.9 + 2.9 * rows), layout="constrained")
    figure.suptitle(story.title, fontsize=11)
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for number, axis in enumerate(axes):
        _row(axis, story, number * ROW_S)
    axes[-1].set_xlabel("seconds of the recording")
    _legend(figure)
    return figure


def _row(axis: Any, story: Story, start: float) -> None:
    end = start + ROW_S
    axis.set_xlim(start, end)
    axis.set_ylim(-2.6, 2.9)
    axis.set_yticks([1.0, -1.0], ["caller", "bot"])
    axis.grid(axis="x", alpha=0.25)
    for spine in ("top", "right", "left"):
        axis.spines[spine].set_visible(False)
    for pcm, centre, colour in ((story.caller, 1.0, _CALLER), (story.bot, -1.0, _BOT)):
        times, low, high = _envelope(pcm, story.rate_hz, start, end)
        axis.fill_between(times, centre + 0.75 * low, centre + 0.75 * high, color=colour, linewidth=0)
    for span in story.heard:
        _words(axis, span, start, end, 2.85, _CALLER, "top")
    for span in story.said:
        _words(axis, span, start, end, -1.85, _BOT, "top")
    for fall in story.waterfalls:
        if start <= fall.at < end:
            _waterfall(axis, fall.at, fall.ms)
    for mark in story.marks:
        if start <= mark.at < end:
            if mark.kind in _MARKS:
                axis.plot(mark.at, -0.3, marker=_MARKS[mark.kind], color="black", markersize=6, linestyle="")
            else:
                box = {"boxstyle": "circle", "facecolor": "white", "edgecolor": _CALLER}
                axis.text(mark.at, 1.0, mark.kind, fontsize=8, ha="center", va="center", bbox=box)


def _words(axis: Any, span: Span, start: float, end: float, y: float, colour: str, valign: str) -> None:
    if span.end < start or span.start >= end:
        return
    axis.axvspan(max(span.start, start), min(span.end, end), 0.5 if y > 0 else 0.0, 1.0 if y > 0 else 0.5,
                 color=colour, alpha=0.08, linewidth=0)  # fmt: skip
    if span.start >= start and span.text:
        room = max(14, int((span.end - span.start) * 7))
        text = textwrap.fill(span.text + (" [cut]" if span.cut else ""), room, max_lines=3, placeholder=" ...")
        axis.text(span.start, y, text, fontsize=7.5, color=colour, va=valign, clip_on=True)


def _waterfall(axis: Any, at: float, ms: Any) -> None:
    left = at
    for name in sorted(ms, key=lambda stage: ms[stage]):
        right = at + ms[name] / 1000
        if right > left:
            axis.barh(0.0, right - left, left=left, height=0.28, color=_COLOURS[name], linewidth=0)
            left = right
    axis.text(left, 0.18, f"{ms['first_heard']} ms", fontsize=7, ha="right", va="bottom")


def _envelope(pcm: Pcm, rate_hz: int, start: float, end: float) -> tuple[Any, Any, Any]:
    """The lowest and highest sample of each fiftieth of a second between `start` and `end`, -1 to 1."""
    step = rate_hz // _COLUMNS_A_SECOND
    piece = pcm[int(start * rate_hz) : int(end * rate_hz)].astype(np.float32) / np.float32(FULL_SCALE)
    count = piece.size // step
    folded = piece[: count * step].reshape(count, step)
    times = start + np.arange(count) / _COLUMNS_A_SECOND
    if count == 0:
        return times, np.zeros(0), np.zeros(0)
    # The square root shows quiet speech beside loud.
    low, high = folded.min(axis=1), folded.max(axis=1)
    return times, -np.sqrt(np.abs(np.minimum(low, 0))), np.sqrt(np.maximum(high, 0))


def _legend(figure: Any) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = {"final": "transcript", "endpoint": "decision", "first_heard": "heard"}
    handles: list[Any] = [
        Patch(color=_COLOURS[stage], label=f"to {names.get(stage, stage.replace('_', ' '))}") for stage in STAGES
    ]
    handles += [
        Line2D([], [], marker=shape, color="black", linestyle="", label=kind) for kind, shape in _MARKS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, frameon=False)
