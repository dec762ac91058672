"""Values for TensorBoard's own dashboards: scalars, histograms, images, text, chart layouts.

Descriptions are given on a tag's first value only: TensorBoard keeps those and reads past later
ones. An empty description on every other value would cost bytes for nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorboard.plugins.custom_scalar import metadata as custom_scalar
from tensorboard.plugins.histogram import metadata as histograms
from tensorboard.plugins.image import metadata as images
from tensorboard.plugins.scalar import metadata as scalars
from tensorboard.plugins.text import metadata as texts

from gradscope.tensorboard.protos import (
    DT_DOUBLE,
    DT_FLOAT,
    DT_STRING,
    Layout,
    SummaryMetadata,
    Value,
)


class StockValues:
    """Builds values, each tag's first one with its description.

    One instance per event file.
    """

    def __init__(self) -> None:
        self._described: set[str] = set()

    def scalar(self, tag: str, figure: float, description: str = "") -> Value:
        """One point of a curve."""
        value = Value(tag=tag)
        if self._is_new(tag):
            value.metadata.CopyFrom(scalars.create_summary_metadata("", description))
        value.tensor.dtype = DT_FLOAT
        value.tensor.tensor_shape.SetInParent()
        value.tensor.float_val.append(figure)
        return value

    def histogram(self, tag: str, samples: NDArray[np.floating], description: str = "") -> Value:
        """The distribution of samples, float[k], all finite."""
        # Rice's rule: few variables give few bars instead of a comb.
        bins = int(np.ceil(2 * np.cbrt(max(samples.size, 1))))
        counts, edges = np.histogram(np.asarray(samples, np.float64), bins)
        return self.bars(tag, counts, edges, description)

    def bars(
        self,
        tag: str,
        counts: NDArray[Any],
        edges: NDArray[np.floating],
        description: str = "",
    ) -> Value:
        """A distribution that is counted already: counts [k], their finite edges float64[k + 1]."""
        bins = len(counts)
        value = Value(tag=tag)
        if self._is_new(tag):
            value.metadata.CopyFrom(histograms.create_summary_metadata("", description))
        value.tensor.dtype = DT_DOUBLE
        value.tensor.tensor_shape.dim.add(size=bins)
        value.tensor.tensor_shape.dim.add(size=3)
        buckets = np.stack([edges[:-1], edges[1:], counts], axis=1)
        value.tensor.tensor_content = buckets.astype("<f8").tobytes()
        return value

    def image(self, tag: str, png: bytes, width: int, height: int, description: str = "") -> Value:
        """A picture."""
        metadata = images.create_summary_metadata("", description)
        strings = [str(width).encode(), str(height).encode(), png]
        return self._strings(tag, metadata, strings, shape=(3,))

    def text(self, tag: str, markdown: str, description: str = "") -> Value:
        """A page of the Text dashboard."""
        metadata = texts.create_summary_metadata("", description)
        return self._strings(tag, metadata, [markdown.encode()], shape=())

    def layout(self, layout: Layout) -> Value:
        """The charts of the Custom Scalars dashboard."""
        metadata = custom_scalar.create_summary_metadata()
        tag = custom_scalar.CONFIG_SUMMARY_TAG
        return self._strings(tag, metadata, [layout.SerializeToString()], shape=())

    def _strings(
        self,
        tag: str,
        metadata: SummaryMetadata,
        strings: list[bytes],
        shape: tuple[int, ...],
    ) -> Value:
        value = Value(tag=tag)
        if self._is_new(tag):
            value.metadata.CopyFrom(metadata)
        value.tensor.dtype = DT_STRING
        value.tensor.tensor_shape.SetInParent()
        for size in shape:
            value.tensor.tensor_shape.dim.add(size=size)
        value.tensor.string_val.extend(strings)
        return value

    def _is_new(self, tag: str) -> bool:
        new = tag not in self._described
        self._described.add(tag)
        return new
