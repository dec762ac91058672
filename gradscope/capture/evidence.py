"""From labels and predictions to numbers: what the loss was asked to learn, and how far it is."""

import tensorflow as tf

from gradscope.capture.trace import Trace
from gradscope.probes import classes, data, targets


def measure_pair(trace: Trace) -> dict[str, tf.Tensor]:
    """The statistics per step of labels and predictions, by name; all but one are scalars.

    Without a loss that was seen, the predictions are what the model returned.
    """
    pair = trace.pair
    output = pair.predictions if pair else trace.returned[0] if trace.returned else None
    labels, kind = (pair.labels, pair.kind) if pair else (None, None)
    nan = tf.constant(float("nan"), tf.float32)
    scores = pair.scores if pair else None
    known = labels is not None and output is not None
    return {
        "batch_size": data.batch_size(labels, trace.fed),
        "label_entropy": data.label_entropy(labels, kind, _classes(output)),
        **targets.target(labels, kind)._asdict(),
        **targets.predicted(output)._asdict(),
        "accuracy": classes.accuracy(labels, output, scores, kind) if known else nan,
        "residual_rms": targets.residual_rms(labels, output, kind) if known else nan,
    }


def measure_classes(trace: Trace) -> dict[str, tuple[tuple[str, ...], tf.Tensor]]:
    """The columns per class, named by their numbers; empty where labels are no classes."""
    pair = trace.pair
    if pair is None:
        return {}
    found = classes.of_classes(pair.labels, pair.predictions, pair.scores, pair.kind)
    if found is None:
        return {}
    names = tuple(str(number) for number in range(found.class_share.shape[0]))
    return {statistic: (names, column) for statistic, column in found._asdict().items()}


def _classes(output: tf.Tensor | None) -> int | None:
    return output.shape[-1] if output is not None and output.shape.rank else None
