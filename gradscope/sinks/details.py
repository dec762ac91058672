"""A closer look at a layer in TensorBoard's own dashboards: histograms of log10 |g|."""

import math

import numpy as np

from gradscope.detail import LEAST_EXPONENT, MOST_EXPONENT, parts_of
from gradscope.records import Detail
from gradscope.sinks.values import StockValues
from gradscope.tensorboard.protos import Value

_DESCRIPTION = (
    "log10 |gᵢ| of the elements of the gradient that are neither 0 nor NaN or infinite, while "
    "gradscope watched the layer closely. Elements below 2^{least} or from 2^{most} on are in the "
    "outermost bars."
)

_EDGES = np.arange(LEAST_EXPONENT - 1, MOST_EXPONENT + 3) * math.log10(2)
"""Of all bins of `detail.bin_names` but the first and last, which are no sizes."""


def detail_histograms(stock: StockValues, detail: Detail) -> list[Value]:
    """One histogram for each gradient in a closer look that has an element to show."""
    values: list[Value] = []
    for key in detail.layout.columns:
        kind, path = parts_of(key)
        if kind != "grad_histogram":
            continue
        counts = detail[key][1:-1]
        held = np.flatnonzero(counts)
        if len(held):
            low, high = int(held[0]), int(held[-1]) + 1
            tag = f"gradscope.detail_log10_gradient/{path}"
            text = _DESCRIPTION.format(least=LEAST_EXPONENT, most=MOST_EXPONENT + 1)
            values.append(stock.bars(tag, counts[low:high], _EDGES[low : high + 1], text))
    return values
