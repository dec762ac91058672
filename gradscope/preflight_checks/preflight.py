"""preflight(): what one batch tells of a training before it runs."""

import time
from typing import Any

import numpy as np

from gradscope.capture import variables as var
from gradscope.causes import BY_SLUG, Cause
from gradscope.diagnosis.engine import arrange
from gradscope.diagnosis.rule import Finding
from gradscope.errors import UsageError
from gradscope.preflight_checks import batch as numbers
from gradscope.preflight_checks import learning, output, rates
from gradscope.preflight_checks.rehearsal import (
    First,
    LossFailedError,
    Rehearsal,
    StepFailedError,
)
from gradscope.preflight_checks.result import Check, Preflight
from gradscope.preflight_checks.subject import Subject, subject
from gradscope.preflight_checks.untouched import Values, no_dropout, untouched
from gradscope.records import Verdict

RANGE_SHARE = 0.6
"""Share of the time left that the learning rates may take; the rest is for learning the batch."""

_LATER = "gradients, first loss, learns the batch, learning rate"

_RATES = "learning-rate-low learning-rate-high"
_EFFECTS = {
    "nonfinite-input": "nonfinite",
    "label-mismatch": f"nonfinite output-mismatch poor-initialization underfitting {_RATES}",
    "output-mismatch": f"poor-initialization underfitting vanishing-gradient {_RATES}",
    "unnormalized-input": "poor-initialization underfitting vanishing-gradient nonfinite "
    "learning-rate-high",
    "unscaled-target": f"poor-initialization underfitting {_RATES}",
    "nonfinite": "underfitting vanishing-gradient",
    "poor-initialization": "underfitting vanishing-gradient learning-rate-high",
    "disconnected-variable": "underfitting",
}
"""Cause -> what it may bring about on one batch, beside what the causes' own graph says."""


def preflight(
    model: Any, batch: Any, loss: Any, optimizer: Any, *, seconds: float = 10.0
) -> Preflight:
    """A `Report` on one batch, before the training, with all that was checked: print it.

    Checks that inputs and labels are finite, labels in range, output activation, loss and labels
    fit, inputs and targets are scaled, every trainable variable gets a gradient, the first loss is
    near that of guessing, the model can learn the batch by heart, some learning rate works and
    the optimizer's is among them. Model, optimizer and all random state are left as they were.

    model: built, with `trainable_variables`; called as model(x, training=True).
    batch: the pair (x, y): arrays or nests of arrays, first axis samples. Of more than 32
        samples 32 are tried.
    loss: a Keras loss, its name, or a function of (y, p) that returns a tensor.
    optimizer: a Keras optimizer or its name. It is not used, a copy with its settings is.
    seconds: about how long it may take. Compiling and the first step, which can't be cut short,
        come first; what there is no time for is listed as not done.

    Raises UsageError for arguments that can't be tried.

    >>> import keras, numpy as np, gradscope
    >>> x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    >>> layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(1, "softmax")]
    >>> model = keras.Sequential([keras.Input([4]), *layers])
    >>> result = gradscope.preflight(model, (x, x[:, :1] > 0), "binary_crossentropy", "adam")
    >>> result.healthy, result.primary.cause
    (False, 'output-mismatch')
    >>> print(result.primary.summary)
    A softmax over one unit is 1 for every sample, so the model predicts a constant.
    """
    began = time.monotonic()
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise UsageError(
            f"preflight: seconds={seconds!r}; expected a positive number, about how long it may "
            "take. seconds=10 is the default."
        )
    tried = subject(model, batch, loss, optimizer)
    with untouched(model) as values, no_dropout(model):
        log = _Log()
        _look(tried, values, log, began + seconds)
    return Preflight(
        _verdicts(log.findings), checks=tuple(log.checks), seconds=time.monotonic() - began
    )


class _Log:
    """The checks in order, and what they found."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.findings: list[Finding] = []

    def add(self, found: numbers.Found) -> None:
        """Notes a check and its findings."""
        check, findings = found
        self.checks.append(check)
        self.findings += findings

    def skip(self, names: str, why: str) -> None:
        """Notes checks that were not done, their names separated by commas."""
        self.checks += [Check(name, None, why) for name in names.split(", ")]


def _look(tried: Subject, values: Values, log: _Log, deadline: float) -> None:
    """All checks, in the order in which a fault in one makes the next ones pointless."""
    log.add(numbers.finite(tried.x, tried.y))
    rehearsal = Rehearsal(tried, values)
    try:
        first = rehearsal.first()
    except LossFailedError as error:
        y = tried.y if isinstance(tried.y, np.ndarray) else np.empty(0)
        log.add(output.cant_be_computed(tried, str(error), y))
        log.skip(_LATER, "no loss, no training")
        return
    except StepFailedError as error:
        _look_at_failure(tried, error, log)
        log.skip(_LATER, "the step fails, so nothing can be tried")
        return
    single = isinstance(first.predictions, np.ndarray) and isinstance(tried.y, np.ndarray)
    labels, guess = numbers.Labels(None, None, np.nan), float("nan")
    if single:
        labels = _look_at_labels(tried, first, log)
        guess = learning.chance(tried, labels, tried.y[tried.rows], first.predictions.shape)
    else:
        log.skip(
            "labels, output and loss, targets", "several outputs: not known which loss is whose"
        )
    log.add(numbers.inputs(first.fed))
    log.add(learning.gradients(first))
    log.add(learning.first_loss(first, guess, labels))
    reached = any(norm is not None for norm in first.grad_norms.values())
    if not np.isfinite(first.loss) or not reached:
        log.skip("learns the batch, learning rate", "no finite loss and gradient to learn from")
        return
    _look_at_learning(tried, rehearsal, first, guess, log, deadline)


def _look_at_failure(tried: Subject, error: StepFailedError, log: _Log) -> None:
    """Finds the labels for which a step fails; raises UsageError where it is not they."""
    kind = error.objective.get("kind")
    if isinstance(tried.y, np.ndarray) and error.units is not None:
        found, _ = numbers.labels(_counted(tried), kind, error.units)
        if found[1]:
            log.add(found)
            return
    raise UsageError(
        f"preflight: the step fails on this batch: {error}. Check the ranges of the inputs, such "
        "as word numbers beyond an Embedding's input_dim."
    )


def _counted(tried: Subject) -> np.ndarray:
    """The labels without those that the loss is told to leave out."""
    ignored = getattr(tried.loss, "ignore_class", None)
    return tried.y if ignored is None else tried.y[tried.y != ignored]


def _look_at_labels(tried: Subject, first: First, log: _Log) -> numbers.Labels:
    p = first.predictions
    y = tried.y[tried.rows]
    kind = output.kind_of(first, y, tried.named)
    found, labels = numbers.labels(_counted(tried), kind, p.shape[-1] if p.ndim > 1 else 1)
    log.add(found)
    log.add(output.fit(tried, first, y, kind))
    log.add(numbers.targets(tried.y, p, kind))
    return labels


def _look_at_learning(
    tried: Subject,
    rehearsal: Rehearsal,
    first: First,
    guess: float,
    log: _Log,
    deadline: float,
) -> None:
    next(rehearsal.train(0.0, 1))  # how long a step takes, now that it is compiled
    for_rates = time.monotonic() + RANGE_SHARE * max(0.0, deadline - time.monotonic())
    results = rates.range_test(rehearsal, tried.learning_rate, for_rates)
    works = rates.working(results, first.loss)
    reference = min(first.loss, guess) if guess > 0 else first.loss
    if results:
        order = sorted(works or results, key=lambda one: one.end)
        best = [one.rate for one in order[:2]]
        learnt = learning.learn(rehearsal, best, learning.BY_HEART * reference, deadline)
        log.add(
            learning.capacity(
                first, learnt, reference, len(tried.rows), lambda: _constant(tried.model)
            )
        )
    else:
        log.skip("learns the batch", "no time to try; give more with seconds=")
    log.add(rates.rate(tried, results, first))


def _constant(model: Any) -> list[str]:
    """Paths of the kernels whose values are all the same."""
    variables = var.trainable(model)
    values = [np.asarray(var.read(v), np.float32) for v in variables]
    return [
        path
        for path, value in zip(var.paths(variables), values, strict=True)
        if value.ndim > 1 and value.size > 1 and np.ptp(value) == 0
    ]


def _verdicts(findings: list[Finding]) -> tuple[Verdict, ...]:
    """The findings as verdicts, symptoms beneath their causes."""
    graph = dict(BY_SLUG)
    for slug in {*_EFFECTS, *(finding.cause for finding in findings)}:
        known = BY_SLUG.get(slug)
        effects = {*_EFFECTS.get(slug, "").split(), *(known.explains if known else ())}
        graph[slug] = Cause(slug, "flow", "", tuple(sorted(effects)), "")
    return arrange(findings, graph)
