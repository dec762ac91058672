"""The charts of TensorBoard's Custom Scalars dashboard."""

import re

from gradscope.tensorboard.protos import (
    Category,
    Chart,
    Layout,
    MarginChartContent,
    MultilineChartContent,
)


def chart_layout() -> Layout:
    """Bands over all variables first, then loss, units and steps.

    It is the same for every run, so TensorBoard shows it once for all of them.
    """
    bands = [
        _band("log10 gradient norm: min, median, max", "log10_grad_norm"),
        _band("log10 update / weight: min, median, max", "log10_update_ratio"),
    ]
    lines = [
        _lines("loss", "gradscope/loss", "gradscope/validation_loss"),
        _lines("log10 norm of all gradients", "gradscope/log10_global_grad_norm"),
        _lines("learning rate", "gradscope/learning_rate"),
        _lines(
            "worst layer: dead, saturated share",
            "gradscope/dead_fraction_max",
            "gradscope/saturated_fraction_max",
        ),
        _lines("variables with zero gradient", "gradscope/zero_gradient_variables"),
        _lines("gradient elements NaN or infinite", "gradscope/nonfinite_gradient_elements"),
    ]
    # A category of their own: TensorBoard puts bands after lines within one.
    return Layout(
        category=[
            Category(title="gradscope: bands over all variables", chart=bands),
            Category(title="gradscope: the whole step", chart=lines),
        ]
    )


def _band(title: str, stem: str) -> Chart:
    series = MarginChartContent.Series(
        value=f"gradscope/{stem}_median",
        lower=f"gradscope/{stem}_min",
        upper=f"gradscope/{stem}_max",
    )
    return Chart(title=title, margin=MarginChartContent(series=[series]))


def _lines(title: str, *tags: str) -> Chart:
    # TensorBoard reads each tag as a pattern that must match from the start.
    patterns = [f"{re.escape(tag)}$" for tag in tags]
    return Chart(title=title, multiline=MultilineChartContent(tag=patterns))
