"""A picture of a whole run: one row per variable, one column per step or group of steps."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gradscope.sinks.summaries import log10

_COLUMNS = 240
_ABSENT = np.float32(-1)


class StepHistory:
    """A matrix of norms over all steps so far, in memory that doesn't grow with the steps.

    rows: the number of variables.

    Once all columns are taken, neighbours are merged by their worst value, so that one bad step
    survives: NaN before infinity, before the largest norm, before zero, before no gradient.
    """

    def __init__(self, rows: int) -> None:
        self._values = np.full((rows, _COLUMNS), _ABSENT, np.float32)
        self._steps = np.zeros(_COLUMNS, np.int64)
        self._per_column = 1
        self._used = 0
        self._in_last = 0
        self.last_step = 0

    def add(self, step: int, norms: NDArray[np.float32], absent: NDArray[np.bool_]) -> None:
        """Takes one step.

        norms: float32[rows].
        absent: bool[rows], where there is no gradient; the norm there doesn't count.
        """
        if self._in_last == self._per_column or not self._used:
            if self._used == _COLUMNS:
                self._halve()
            if self._in_last == self._per_column or not self._used:
                self._steps[self._used] = step
                self._used += 1
                self._in_last = 0
        column = self._values[:, self._used - 1]
        np.maximum(column, np.where(absent, _ABSENT, norms), out=column)
        self._in_last += 1
        self.last_step = step

    def _halve(self) -> None:
        merged = np.maximum(self._values[:, 0::2], self._values[:, 1::2])
        self._values = np.full_like(self._values, _ABSENT)
        self._values[:, : _COLUMNS // 2] = merged
        self._steps[: _COLUMNS // 2] = self._steps[::2]
        self._per_column *= 2
        self._used = _COLUMNS // 2
        self._in_last = self._per_column

    @property
    def steps(self) -> NDArray[np.int64]:
        """int64[K], the first step of each column."""
        return self._steps[: self._used]

    @property
    def values(self) -> NDArray[np.float32]:
        """float32[rows, K]; -1 where there is no gradient."""
        return self._values[:, : self._used]


# Viridis at nine evenly spaced points: even in lightness, so that it reads in grey, too.
_RAMP = ("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725")
_RAMP_COLOURS = 96
_SPECIAL = (
    ("NaN", "ff00b8"),
    ("infinite", "ff3b1f"),
    ("exactly 0", "000000"),
    ("no gradient", "d4d4d4"),
)

# Two pixels a column at least, so that one bad step is seen.
_WIDTH, _LABELS, _LEGEND = 2 * _COLUMNS, 230, 64
_TOP, _BOTTOM = 44, 66
_FONT_SIZE = 14
_INK, _PAPER = "#222222", "#ffffff"


@dataclass(frozen=True)
class Picture:
    """A picture as PNG bytes, with its size in pixels."""

    png: bytes
    width: int
    height: int


def draw_heatmap(title: str, names: Sequence[str], history: StepHistory) -> Picture:
    """The history as a heatmap of log10, with labels, a colour scale and a legend.

    names: one for each row of the history.
    """
    values, group = _fold(history.values)
    height = _row_height(len(values)) * len(values)
    logs = log10(values)
    finite = logs[~np.isnan(logs)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    pixels = _colours(values, logs, low, high)
    cells = Image.fromarray(pixels).resize((_WIDTH, height), Image.Resampling.NEAREST)
    size = (_LABELS + _WIDTH + _LEGEND, _TOP + max(height, 120) + _BOTTOM)
    image = Image.new("RGB", size, _PAPER)
    image.paste(cells, (_LABELS, _TOP))
    draw = ImageDraw.Draw(image)
    draw.text((_LABELS, 12), title, _INK, _font(_FONT_SIZE + 3))
    _draw_names(draw, names, group, height / len(values))
    _draw_steps(draw, history, height)
    _draw_scale(image, low, high, max(height, 120))
    _draw_legend(draw, size[1] - 28)
    buffer = io.BytesIO()
    # A palette takes a third of the bytes; its own, as a computed one drops rare colours.
    image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(buffer, "PNG")
    return Picture(buffer.getvalue(), *size)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fold(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """At most 500 rows, neighbours merged by their worst value; and how many make one row."""
    group = -(-len(values) // 500)
    return np.maximum.reduceat(values, np.arange(0, len(values), group), axis=0), group


def _row_height(rows: int) -> int:
    return min(22, max(2, 640 // rows))


def _colours(
    values: NDArray[np.float32], logs: NDArray[np.float64], low: float, high: float
) -> NDArray[np.uint8]:
    ramp = _ramp()
    place = np.nan_to_num((logs - low) / max(high - low, 1e-9))
    pixels = ramp[(place * (len(ramp) - 1)).astype(np.int64)]
    where = (np.isnan(values), np.isposinf(values), values == 0, values == _ABSENT)
    for (_, colour), mask in zip(_SPECIAL, where, strict=True):
        pixels[mask] = _rgb(colour)
    return pixels


def _ramp() -> NDArray[np.uint8]:
    points = np.array([_rgb(colour) for colour in _RAMP], np.float64)
    at = np.linspace(0, len(points) - 1, _RAMP_COLOURS)
    channels = [np.interp(at, np.arange(len(points)), points[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _palette() -> Image.Image:
    greys = np.linspace(0x22, 0xFF, 32).round().astype(np.uint8)
    special = np.array([_rgb(colour) for _, colour in _SPECIAL], np.uint8)
    colours = np.concatenate([_ramp(), special, np.stack([greys] * 3, axis=1)])
    image = Image.new("P", (1, 1))
    image.putpalette(colours.tobytes())
    return image


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[:2], 16), int(colour[2:4], 16), int(colour[4:], 16)


def _draw_names(
    draw: ImageDraw.ImageDraw, names: Sequence[str], group: int, row_height: float
) -> None:
    font = _font(_FONT_SIZE)
    every = max(1, round((_FONT_SIZE + 3) / row_height))
    for row in range(0, -(-len(names) // group), every):
        number = f"{row * group:03d} "
        room = _LABELS - 16 - font.getlength(number)
        name = shorten(names[row * group], lambda text, room=room: font.getlength(text) <= room)
        y = _TOP + (row + 0.5) * row_height
        draw.text((_LABELS - 8, y), number + name, _INK, font, anchor="rm")


def shorten(name: str, fits: Callable[[str], bool]) -> str:
    """The name, or as much of its ends as fits.

    The ends of a path tell most, the last above all: the layer and the kind of variable.

    >>> shorten("encoder/block_3/dense/kernel", lambda text: len(text) <= 16)
    'encod…nse/kernel'
    """
    if fits(name):
        return name
    for kept in range(len(name) - 1, 1, -1):
        head = kept // 3
        short = f"{name[:head]}…{name[len(name) - kept + head :]}"
        if fits(short):
            return short
    return "…"


def _draw_steps(draw: ImageDraw.ImageDraw, history: StepHistory, height: int) -> None:
    font = _font(_FONT_SIZE)
    steps = history.steps
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _LABELS + share * (_WIDTH - 1)
        column = min(int(share * len(steps)), len(steps) - 1)
        step = history.last_step if share == 1.0 else int(steps[column])
        draw.line((x, _TOP + height, x, _TOP + height + 5), _INK)
        draw.text(
            (x, _TOP + height + 8),
            f"step {step}" if not share else f"{step}",
            _INK,
            font,
            anchor="la" if not share else "ma",
        )


def _draw_scale(image: Image.Image, low: float, high: float, height: int) -> None:
    draw, font = ImageDraw.Draw(image), _font(_FONT_SIZE)
    bar = Image.fromarray(_ramp()[::-1].reshape(_RAMP_COLOURS, 1, 3)).resize((16, height))
    x = _LABELS + _WIDTH + 16
    image.paste(bar, (x, _TOP))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _TOP + (1 - share) * (height - 1)
        text = f"{low + share * (high - low):.1f}"
        draw.text((x + 22, y), text, _INK, font, anchor="lm")


def _draw_legend(draw: ImageDraw.ImageDraw, y: int) -> None:
    font, x = _font(_FONT_SIZE), _LABELS
    for name, colour in _SPECIAL:
        draw.rectangle((x, y, x + 14, y + 14), f"#{colour}", _INK)
        draw.text((x + 20, y + 7), name, _INK, font, anchor="lm")
        x += 40 + round(font.getlength(name))
