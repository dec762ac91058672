"""A bench's document as a picture: the ratio of every workload and arm, with its interval."""

from pathlib import Path
from typing import Any

from gradscope.bench.result import Document
from gradscope.bench.table import heading, headline
from gradscope.errors import GradscopeError

BUDGET = 1.01
"""What `overhead=0.01` allows."""

INSTALL = "pip install 'gradscope[bench]'"

_COLOURS = ("#00796b", "#e07b00", "#3f51b5", "#8e24aa", "#5d4037", "#546e7a", "#c2185b", "#689f38")
_ROW = 0.26
"""Inches for an arm."""
_DPI = 144


class PictureError(GradscopeError):
    """There is no picture; the message says why."""


def draw(document: Document, path: Path) -> None:
    """Writes the picture as PNG.

    Raises PictureError where matplotlib is not installed or nothing was measured, OSError where the
    file can't be written.
    """
    try:
        import matplotlib
    except ImportError:
        raise PictureError(f"matplotlib is not installed. For the picture: {INSTALL}") from None
    measured = [
        (workload["title"], [arm for arm in workload["arms"] if "ratio" in arm])
        for workload in document["workloads"]
    ]
    measured = [(title, arms) for title, arms in measured if arms]
    if not measured:
        raise PictureError("nothing was measured that could be drawn.")
    matplotlib.use("agg")
    figure = _figure(measured, heading(document))
    # all text that a run could bring in is ours: names of workloads, of arms, of the device
    figure.savefig(path, dpi=_DPI, format="png")
    from matplotlib import pyplot

    pyplot.close(figure)


def _figure(measured: list[tuple[str, list[dict[str, Any]]]], caption: str) -> Any:
    from matplotlib import pyplot

    rows = sum(len(arms) + 1 for _, arms in measured)
    figure, axes = pyplot.subplots(figsize=(9, 1.7 + _ROW * rows), layout="constrained")
    names = list(dict.fromkeys(arm["arm"] for _, arms in measured for arm in arms))
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}
    labels: dict[int, str] = {}
    place = 0
    for title, arms in measured:
        across = axes.get_yaxis_transform()
        # white behind it, so that no line crosses the letters
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(0, place, title, transform=across, va="center", size=9, weight="bold", bbox=box)
        for place, arm in enumerate(arms, place + 1):  # noqa: B020
            _mark(axes, place, headline(arm), colours[arm["arm"]])
            labels[place] = arm["arm"]
        place += 1
    axes.set_yticks(list(labels), list(labels.values()), fontsize=8)
    axes.set_ylim(place - 0.4, -0.6)
    _frame(axes)
    figure.suptitle(_wrap(caption), fontsize=8, color="#444")
    return figure


def _mark(axes: Any, place: int, figure: tuple[float, float, float], colour: str) -> None:
    """A ratio as a point with a number, on the line of its interval."""
    ratio, low, high = figure
    axes.plot([low, high], [place] * 2, color=colour, lw=2.5, alpha=0.45, solid_capstyle="round")
    axes.plot(ratio, place, "o", color=colour, markersize=6)
    axes.annotate(
        f"{ratio:.3f}",
        (max(high, ratio), place),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color="#444",
    )


def _frame(axes: Any) -> None:
    """Axes from a bit below 1 on, with lines at 1 and at the budget."""
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.99), max(high + 0.1 * (high - low), 1.05))
    axes.axvline(1, color="#222", linewidth=1)
    axes.axvline(BUDGET, color="#c62828", linewidth=1, linestyle="--")
    axes.annotate(
        f"{BUDGET:g}, the budget of every=auto",
        (BUDGET, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=8,
        color="#c62828",
    )
    axes.set_xlabel("time per step with gradscope ÷ plain step; line: 95 % interval", fontsize=9)
    axes.grid(axis="x", color="#ddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _wrap(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 120))
