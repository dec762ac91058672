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
    """Bands over all kernels first, then loss, units and steps.

    It is the same for every run, so TensorBoard shows it once for all of them.
    """
    # TensorBoard shows the last band of a category first.
    bands = [
        _band("log10 update / weight of kernels whose update is not zero", "log10_update_ratio"),
        _band("log10 gradient norm of kernels whose gradient is not zero", "log10_grad_norm"),
    ]
    lines = [
        _lines("loss", "gradscope/loss", "gradscope/validation_loss"),
        _lines("log10 norm of all gradients", "gradscope/log10_global_grad_norm"),
        _lines("learning rate", "gradscope/learning_rate"),
        _lines("variables with zero gradient", "gradscope.counts/zero_gradient_variables"),
        _lines("gradient elements NaN or infinite", "gradscope.counts/nonfinite_gradient_elements"),
        _lines(
            "worst layer: dead, saturated share",
            "gradscope.counts/dead_fraction_max",
            "gradscope.counts/saturated_fraction_max",
        ),
    ]
    # A category of their own: TensorBoard puts bands after lines within one.
    return Layout(
        category=[
            Category(title="gradscope: bands over all kernels", chart=bands),
            Category(title="gradscope: the whole step", chart=lines),
        ]
    )


def _band(title: str, stem: str) -> Chart:
    series = MarginChartContent.Series(
        value=f"gradscope.bands/{stem}_median",
        lower=f"gradscope.bands/{stem}_min",
        upper=f"gradscope.bands/{stem}_max",
    )
    title = f"{title}: min, median, max"
    return Chart(title=title, margin=MarginChartContent(series=[series]))


def _lines(title: str, *tags: str) -> Chart:
    # TensorBoard reads each tag as a pattern that must match from the start.
    patterns = [f"{re.escape(tag)}$" for tag in tags]
    return Chart(title=title, multiline=MultilineChartContent(tag=patterns))
