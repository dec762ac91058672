"""A picture of a whole run: one row per variable, one column per step or group of steps."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gradscope.sinks.summaries import log10

COLUMNS = 200
"""Of a history, and pixels of the picture."""

_ABSENT = np.float32(-1)


class StepHistory:
    """A matrix of norms over all steps so far, in memory that doesn't grow with the steps.

    rows: the number of variables.

    Once all columns are taken, neighbours are merged by their worst value, so that one bad step
    survives: NaN before infinity, before the largest norm, before zero, before no gradient.
    """

    def __init__(self, rows: int) -> None:
        self._values = np.full((rows, COLUMNS), _ABSENT, np.float32)
        self._steps = np.zeros(COLUMNS, np.int64)
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
            if self._used == COLUMNS:
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
        self._values[:, : COLUMNS // 2] = merged
        self._steps[: COLUMNS // 2] = self._steps[::2]
        self._per_column *= 2
        self._used = COLUMNS // 2
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

# TensorBoard shows a picture 350 pixels wide, in its first dashboard 215 high at most, and leaves
# pixels out to get there, which eats letters: so it is drawn at just that size.
_LABELS, _WIDTH, _SCALE = 102, COLUMNS, 48
_TOP, _BOTTOM, _LEGEND = 22, 22, 18
_LEAST_HEIGHT, _USUAL_HEIGHT, _MOST_HEIGHT = 100, 152, 640
_FONT_SIZE = 11
_INK, _PAPER = "#222222", "#ffffff"

_LEAST_DECADES = 6
"""Of the colour range: a run whose norms are all alike must not look like one that spans many."""


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
    low, high = _decades(logs)
    kinds = _special(values)
    cells = Image.fromarray(_colours(logs, kinds, low, high))
    cells = cells.resize((_WIDTH, height), Image.Resampling.NEAREST)
    seen = [place for place, mask in enumerate(kinds) if mask.any()]
    below = _BOTTOM + (_LEGEND if seen else 0)
    size = (_LABELS + _WIDTH + _SCALE, _TOP + max(height, _LEAST_HEIGHT) + below)
    image = Image.new("RGB", size, _PAPER)
    image.paste(cells, (_LABELS, _TOP))
    draw = ImageDraw.Draw(image)
    draw.text((_LABELS, _TOP // 2), title, _INK, _font(), anchor="lm")
    _draw_names(draw, names, group, height / len(values))
    _draw_steps(draw, history, _TOP + height)
    _draw_scale(image, low, high, max(height, _LEAST_HEIGHT))
    _draw_legend(draw, seen, size[1] - _LEGEND)
    buffer = io.BytesIO()
    # A palette takes a third of the bytes; its own, as a computed one drops rare colours.
    image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(buffer, "PNG")
    return Picture(buffer.getvalue(), *size)


def _decades(logs: NDArray[np.float64]) -> tuple[int, int]:
    """Lowest and highest exponent of ten of the colour range."""
    finite = logs[~np.isnan(logs)]
    if not finite.size:
        return -_LEAST_DECADES, 0
    # float32 has no 1e-6, and what is nearest to it must not open another decade.
    high = int(np.ceil(finite.max() - 1e-5))
    return min(int(np.floor(finite.min() + 1e-5)), high - _LEAST_DECADES), high


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(_FONT_SIZE)


def _fold(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """At most 500 rows, neighbours merged by their worst value; and how many make one row."""
    group = -(-len(values) // 500)
    return np.maximum.reduceat(values, np.arange(0, len(values), group), axis=0), group


def _row_height(rows: int) -> int:
    """Pixels: what a label needs or more for up to 49 rows; as little as two for many."""
    needed = min(_FONT_SIZE + 2, _MOST_HEIGHT // rows)
    return max(2, needed, min(22, _USUAL_HEIGHT // rows))


def _special(values: NDArray[np.float32]) -> tuple[NDArray[np.bool_], ...]:
    """A mask for each entry of _SPECIAL."""
    return np.isnan(values), np.isposinf(values), values == 0, values == _ABSENT


def _colours(
    logs: NDArray[np.float64], kinds: Sequence[NDArray[np.bool_]], low: int, high: int
) -> NDArray[np.uint8]:
    ramp = _ramp()
    place = np.nan_to_num((logs - low) / (high - low)).clip(0, 1)
    pixels = ramp[(place * (len(ramp) - 1)).round().astype(np.int64)]
    for (_, colour), mask in zip(_SPECIAL, kinds, strict=True):
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
    font, room = _font(), _LABELS - 10
    every = max(1, round((_FONT_SIZE + 2) / row_height))
    for row in range(0, -(-len(names) // group), every):
        name = shorten(names[row * group], lambda text: font.getlength(text) <= room)
        y = _TOP + (row + 0.5) * row_height
        draw.text((_LABELS - 6, y), name, _INK, font, anchor="rm")


def shorten(name: str, fits: Callable[[str], bool]) -> str:
    """The name, or as much of its ends as fits.

    The ends of a path tell most: the first part which block, the last which of its variables.

    >>> shorten("block_3/attention/dense/kernel", lambda text: len(text) <= 16)
    'block_3/…/kernel'
    >>> shorten("block_3/attention/dense/kernel", lambda text: len(text) <= 12)
    'blo…e/kernel'
    """
    if fits(name):
        return name
    first, _, rest = name.partition("/")
    whole = f"{first}/…/{rest.rpartition('/')[2]}"
    if "/" in rest and fits(whole):
        return whole
    for kept in range(len(name) - 1, 1, -1):
        head = kept // 3
        short = f"{name[:head]}…{name[len(name) - kept + head :]}"
        if fits(short):
            return short
    return "…"


def _draw_steps(draw: ImageDraw.ImageDraw, history: StepHistory, y: int) -> None:
    font, steps, end = _font(), history.steps, -np.inf
    draw.text((_LABELS - 6, y + 5), "step", _INK, font, anchor="ra")
    last = str(history.last_step)
    last_from = _LABELS + _WIDTH - font.getlength(last) / 2 - 6
    for column in sorted({share * len(steps) // 4 for share in range(4)}):
        text = str(steps[column])
        x, half = _LABELS + column / len(steps) * _WIDTH, font.getlength(text) / 2
        # The last step always has its label; others where there is room.
        if text != last and x - half > end and x + half < last_from:
            _draw_tick(draw, x, y, text)
            end = x + half + 6
    _draw_tick(draw, _LABELS + _WIDTH - 1, y, last)


def _draw_tick(draw: ImageDraw.ImageDraw, x: float, y: int, text: str) -> None:
    draw.line((x, y, x, y + 3), _INK)
    draw.text((x, y + 5), text, _INK, _font(), anchor="ma")


def _draw_scale(image: Image.Image, low: int, high: int, height: int) -> None:
    draw = ImageDraw.Draw(image)
    bar = Image.fromarray(_ramp()[::-1].reshape(_RAMP_COLOURS, 1, 3)).resize((8, height))
    x = _LABELS + _WIDTH + 6
    image.paste(bar, (x, _TOP))
    # Even exponents and few of them, so that runs of much the same range have the same labels.
    between = 2 * -(-(high - low) // 10)
    for exponent in range(-(-low // between) * between, high + 1, between):
        y = _TOP + (high - exponent) / (high - low) * (height - 1)
        text = f"1e{exponent}" if exponent else "1"
        draw.text((x + 10, y), text, _INK, _font(), anchor="lm")


def _draw_legend(draw: ImageDraw.ImageDraw, seen: Sequence[int], y: int) -> None:
    """The colours of the special cells that occur."""
    x = 6.0
    for name, colour in (_SPECIAL[place] for place in seen):
        draw.rectangle((x, y, x + 10, y + 10), f"#{colour}", _INK)
        draw.text((x + 15, y + 5), name, _INK, _font(), anchor="lm")
        x += 27 + _font().getlength(name)
