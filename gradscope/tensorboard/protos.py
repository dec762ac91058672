"""TensorBoard's message types in one place.

They come into being at import, where no type checker sees them; to it they are classes of Any.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class Event(Any):
        """One record of an event file."""

    class SessionLog(Any):
        """Marks the start of a session."""

    class SummaryMetadata(Any):
        """What a tag is."""

    class Value(Any):
        """One value under a tag."""

    class Layout(Any):
        """The charts of the Custom Scalars dashboard."""

    class Category(Any):
        """A group of charts."""

    class Chart(Any):
        """One chart."""

    class MarginChartContent(Any):
        """Curves with a band."""

    class MultilineChartContent(Any):
        """Curves."""

    DATA_CLASS_TENSOR: int
    DT_FLOAT: int
    DT_DOUBLE: int
    DT_STRING: int
else:
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import (
        DATA_CLASS_TENSOR,
        Summary,
        SummaryMetadata,
    )
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE, DT_FLOAT, DT_STRING
    from tensorboard.plugins.custom_scalar.layout_pb2 import (
        Category,
        Chart,
        Layout,
        MarginChartContent,
        MultilineChartContent,
    )

    Value = Summary.Value

__all__ = [
    "DATA_CLASS_TENSOR",
    "DT_DOUBLE",
    "DT_FLOAT",
    "DT_STRING",
    "Category",
    "Chart",
    "Event",
    "Layout",
    "MarginChartContent",
    "MultilineChartContent",
    "SessionLog",
    "SummaryMetadata",
    "Value",
]
