"""unshuffled-data: the samples come in an order, so that each batch shows one sort of them only."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.held_back import WIDE, WIDE_ERROR, HeldBack, held_back
from gradscope.diagnosis.mixing import Mixing, mixing
from gradscope.diagnosis.outcome import ALARM, outcome, said
from gradscope.diagnosis.posterior import rate_below
from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.reading import recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

LEAST_CORRELATION = 0.25
"""Intraclass correlation of the labels in a batch, 0 for random batches and 1 for sorted ones. At
a quarter a batch of 32 is worth 32 / (1 + 31/4) = 4 independent samples (Kish 1965, design
effect)."""

FORGOTTEN = 0.9
"""Error over that of guessing at which a sort of samples that returns counts as forgotten."""

LEAST_VALIDATIONS = 3
"""Validations of which most must be much worse: fewer leave a Beta posterior in doubt."""

LEAST_BORDERS = 3
"""Borders between sorts of samples by which to tell whether they are forgotten."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where batches are of one sort and what was learnt doesn't last to the next."""
    mixed = mixing(run)
    if mixed is None or len(mixed.steps) < LEAST_STEPS:
        return ()
    alike = float(mixed.correlation.above(LEAST_CORRELATION))
    if not alike >= ALARM:
        return ()
    held, result = held_back(run), outcome(run)
    harm, words = max(
        (held.worse(), held.said()), (_erratic(held), held.said()),
        _forgetting(run, mixed), (result.unlearnt, said(result)),
        key=lambda pair: pair[0],
    )  # fmt: skip
    harmful = harm >= ALARM
    if not harmful:
        words = "so far it does no harm that shows"
    correlation = float(mixed.correlation.location)
    return (
        Finding(
            cause="unshuffled-data",
            severity="warning" if harmful else "info",
            layer=None,
            step=int(recorded_steps(run)[0]),
            confidence=min(alike, harm) if harmful else alike,
            summary=f"The samples come in order: labels within a batch correlate by "
            f"{correlation:.2f}, where shuffled ones do by 0; {words}.",
            evidence={
                "label_correlation": correlation,
                "samples_per_batch": mixed.group,
                "borders": float(len(mixed.borders)),
                "validation_error": float(held.error[-1]) if len(held) else float("nan"),
                "probability_unshuffled": alike,
                "probability_harm": harm,
            },
            remedy=_REMEDY,
        ),
    )


def _erratic(held: HeldBack) -> float:
    """The probability that most validations are much worse than training, as the last ones are.

    What sort of samples came last sways them, so that their middle may be in doubt where most are
    bad. By all of them: those of the training are swayed, too.
    """
    gaps = held.error - held.training_error
    if held.scored:
        gaps = held.training_accuracy - held.accuracy
    gaps = gaps[np.isfinite(gaps)]
    floor = WIDE if held.scored else WIDE_ERROR
    if len(gaps) < LEAST_VALIDATIONS or not held.gap > floor:
        return 0.0
    bad = int((gaps > floor).sum())
    return 1 - rate_below(0.5, bad, len(gaps))


def _forgetting(run: RunView, mixed: Mixing) -> tuple[float, str]:
    """The probability that most sorts of samples are unknown again when they return.

    A uniform prior on the share of borders at which they are, seen in the later half of them.
    """
    course = progress(run)
    at = mixed.steps[mixed.borders]
    places = np.searchsorted(course.steps, at)
    inside = places < len(course.steps)
    errors = course.error[places[inside]]
    errors = errors[np.isfinite(errors)]
    errors = errors[-max(LEAST_BORDERS, len(errors) // 2) :]
    if len(errors) < LEAST_BORDERS:
        return 0.0, ""
    again = int((errors >= FORGOTTEN).sum())
    return 1 - rate_below(
        0.5, again, len(errors)
    ), f"at {again} of {len(errors)} later changes of sort nothing is known of the new one"


_REMEDY = Remedy(
    "Shuffle the samples, anew in each epoch. A buffer that holds all of them mixes perfectly; a "
    "smaller one leaves sorted data sorted. Where they are too many, shuffle the files as well.",
    "dataset = dataset.unbatch().shuffle(len(x_train), reshuffle_each_iteration=True)"
    ".batch(batch_size)",
    "tf.data.Dataset.shuffle; Bengio 2012, Practical recommendations for gradient-based training "
    "of deep architectures; McCloskey & Cohen 1989, Catastrophic interference",
)
