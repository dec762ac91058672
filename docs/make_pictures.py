"""Draws the picture of the README from a real demo run: gradient norms, layer by step.

gradscope demo --logdir runs/picture
python docs/make_pictures.py runs/picture
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gradscope import open_run
from gradscope.records import RunView

OUT = Path(__file__).parent / "images" / "gradient_flow.png"

# viridis at nine evenly spaced points: even in lightness, so that it reads in grey, too
RAMP = ("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725")
NOT_FINITE = (255, 0, 184)

PANEL, ROW, GAP, LABELS, TOP, BOTTOM, SCALE = 560, 44, 36, 150, 96, 64, 190
FONT, INK, PAPER, GREY = 24, "#1f2328", "#ffffff", "#57606a"
FLOOR = 1e-12
"""A gradient of exactly 0 is drawn at this norm."""


def main() -> None:
    """Nothing; the picture is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="the log directory of a finished demo")
    demo: Path = parser.parse_args().demo
    runs = [open_run(demo / name) for name in ("broken", "repaired")]
    titles = ("8 sigmoid layers", "the same net, ReLU + He")
    OUT.parent.mkdir(exist_ok=True)
    draw_picture(runs, titles).save(OUT, optimize=True)


def draw_picture(runs: Sequence[RunView], titles: Sequence[str]) -> Image.Image:
    """One panel for each run, side by side on one colour scale; the layers from input to output."""
    panels = [log_norms(run) for run in runs]
    finite = np.concatenate([panel[np.isfinite(panel)] for panel in panels])
    low, high = float(np.floor(finite.min())), float(np.ceil(finite.max()))
    layers = [name.split("/")[-2] for name in kernels(runs[0])]
    height = ROW * len(layers)
    width = LABELS + len(runs) * (PANEL + GAP) + SCALE
    image = Image.new("RGB", (width, TOP + height + BOTTOM), PAPER)
    draw = ImageDraw.Draw(image)
    for row, layer in enumerate(layers):
        write(draw, (LABELS - 14, TOP + (row + 0.5) * ROW), layer, "rm")
    for place, (run, panel, title) in enumerate(zip(runs, panels, titles, strict=True)):
        left = LABELS + place * (PANEL + GAP)
        cells = Image.fromarray(colours(panel, low, high))
        image.paste(cells.resize((PANEL, height), Image.Resampling.NEAREST), (left, TOP))
        write(draw, (left, TOP - 72), title, "lt", FONT + 4)
        write(draw, (left, TOP - 36), outcome(run), "lt", colour=GREY)
        last = int(run.series("grad_norm")[0][-1])
        write(draw, (left, TOP + height + 12), "step 0", "lt", colour=GREY)
        write(draw, (left + PANEL, TOP + height + 12), f"{last}", "rt", colour=GREY)
    draw_scale(image, width - SCALE, height, low, high)
    return image


def kernels(run: RunView) -> list[str]:
    """The kernels among the variables, input first."""
    return [name for name in run.names("grad_norm") if name.endswith("/kernel")]


def log_norms(run: RunView) -> NDArray[np.float64]:
    """float64[kernels, PANEL]: log10 of the gradient norms, each step until the next recorded."""
    steps, values = run.series("grad_norm")
    columns = [run.names("grad_norm").index(name) for name in kernels(run)]
    at: NDArray[np.float64] = np.linspace(int(steps[0]), int(steps[-1]), PANEL)
    nearest = np.searchsorted(steps, at, side="right") - 1
    return np.log10(np.maximum(values[nearest][:, columns].T.astype(np.float64), FLOOR))


def outcome(run: RunView) -> str:
    """What became of the run, in a few words."""
    accuracy = float(run.validation["accuracy"][1][-1])
    return f"test accuracy {accuracy:.0%} at the end"


def colours(logs: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """uint8[..., 3] for log norms between low and high."""
    points = np.array([list(bytes.fromhex(colour)) for colour in RAMP], np.float64)
    place = np.clip(np.nan_to_num((logs - low) / (high - low)), 0, 1) * (len(RAMP) - 1)
    channels = [np.interp(place, range(len(RAMP)), points[:, channel]) for channel in range(3)]
    pixels = np.stack(channels, axis=-1).round().astype(np.uint8)
    pixels[~np.isfinite(logs)] = NOT_FINITE
    return pixels


def draw_scale(image: Image.Image, left: int, height: int, low: float, high: float) -> None:
    """The colour bar with a label for each decade."""
    draw = ImageDraw.Draw(image)
    ramp = np.linspace(high, low, height)[:, None]
    bar = Image.fromarray(colours(ramp, low, high)).resize((26, height))
    image.paste(bar, (left, TOP))
    write(draw, (left, TOP - 36), "gradient norm", "lt", colour=GREY)
    for decade in range(int(low), int(high) + 1):
        y = TOP + (high - decade) / (high - low) * height
        write(draw, (left + 36, y), f"1e{decade}" if decade else "1", "lm", colour=GREY)


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    anchor: str,
    size: int = FONT,
    colour: str = INK,
) -> None:
    """Nothing; the text is drawn."""
    draw.text(at, text, colour, ImageFont.load_default(size), anchor=anchor)


if __name__ == "__main__":
    main()
