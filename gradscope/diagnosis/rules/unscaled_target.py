"""unscaled-target: the targets' scale or offset is far from one, and does harm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import objective
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import progress, target_variance
from gradscope.diagnosis.reach import beyond
from gradscope.diagnosis.reading import Floats, log10, read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import NOISY, above_guessing, first_error, harmed, skill
from gradscope.records import Remedy, RunView

LARGE = 10.0
"""Target units, root mean square: tenfold what a freshly initialized output gives, so that it has
to grow by a decade before it fits (He et al. 2015; Bishop 1995, Neural Networks for Pattern
Recognition, section 8.2)."""

SMALL = 0.03
"""Target units, standard deviation: the first outputs, of order 1, miss it by a thousandfold in
squares."""

OFFSET = 10.0
"""|mean| / standard deviation: 99 % of the first squared error is the offset."""

LOST = 0.1
"""Share of the targets' variance that the output activation can't reach, above which that, not
their scale, is the fault: see output-mismatch."""

DISTURBED = 2.0
"""Error at the first step over that of guessing: usual initial weights start within 1.3."""

NOISE = 0.02
"""Decades, the least noise of a scale between batches that is assumed."""


@dataclass(frozen=True)
class _Scale:
    """Of the targets, over all recorded batches; sizes: their root mean square in each."""

    sizes: Floats
    mean: float
    std: float
    least: float
    largest: float


def find(run: RunView) -> Sequence[Finding]:
    """A finding where targets are far from order one, the start suffers, and the run fails."""
    facts = objective(run)
    scale = _scale(run)
    if scale is None or facts.classifies:
        return ()
    odd, words = _oddity(scale)
    if odd < ALARM:
        return ()
    out_of_reach = beyond(run, facts)
    if out_of_reach is not None and out_of_reach.lost > LOST:
        return ()
    course, learnt = progress(run), skill(run)
    failing = harmed(course, learnt)
    error = first_error(course)
    felt = learnt.broke or error > DISTURBED or _out_of_proportion(run, scale)
    if odd * failing < ALARM or not felt:
        return ()
    end = "the run is no longer finite" if learnt.broke else f"{max(0.0, learnt.end):.0%} of their "
    if not learnt.broke:
        end += "variance is explained"
    return (
        Finding(
            cause="unscaled-target",
            severity="critical" if learnt.broke or not learnt.end > NOISY else "warning",
            layer=facts.layer,
            step=int(recorded_steps(run)[0]),
            confidence=odd * failing,
            summary=f"The targets are not scaled: {words}; the error starts at {error:.3g} times "
            f"that of guessing, and {end}.",
            evidence={
                "target_mean": scale.mean,
                "target_std": scale.std,
                "target_min": scale.least,
                "target_max": scale.largest,
                "error_start": error,
                "above_guessing": above_guessing(course),
                "skill_end": learnt.end,
                "probability_scale": odd,
                "probability_failing": failing,
            },
            remedy=_remedy(scale),
        ),
    )


def _scale(run: RunView) -> _Scale | None:
    """The scale of the targets; None where they are not recorded, or all the same."""
    means = read(run, "target_mean")
    if not len(means):
        return None
    deviations = read(run, "target_std").at(means.steps)
    if not deviations.shape[1]:
        return None
    sizes = np.hypot(means.values[:, 0], deviations[:, 0])
    known = np.isfinite(sizes)
    variance = target_variance(run)
    if not known.any() or not variance > 0:
        return None
    low, high = read(run, "target_min").values, read(run, "target_max").values
    low, high = low[np.isfinite(low)], high[np.isfinite(high)]
    return _Scale(
        sizes=sizes[known],
        mean=float(means.values[known, 0].mean()),
        std=float(np.sqrt(variance)),
        least=float(low.min()) if len(low) else float("nan"),
        largest=float(high.max()) if len(high) else float("nan"),
    )


def _out_of_proportion(run: RunView, scale: _Scale) -> bool:
    """Whether the first predictions are a tenth of the targets' variation or less.

    Then the error begins at that of guessing, and the output must grow before it can fall.
    """
    spread = read(run, "output_std").values
    return len(spread) > 0 and bool(spread[0, 0] * LARGE < scale.std)


def _oddity(scale: _Scale) -> tuple[float, str]:
    """The probability that the scale is odd, and in what way."""
    words = f"they vary by {scale.std:.3g} around {scale.mean:.3g}"
    if np.median(scale.sizes) > LARGE:
        size = center(log10(scale.sizes), NOISE)
        return float(size.above(np.log10(LARGE)).item()), words
    odd = scale.std < SMALL or abs(scale.mean) > OFFSET * scale.std
    return float(odd), words


def _remedy(scale: _Scale) -> Remedy:
    return Remedy(
        f"Train on (y - {scale.mean:.4g}) / {scale.std:.4g}, and turn predictions back into the "
        "targets' own units behind the model.",
        f"y_train = (y_train - {scale.mean:.4g}) / {scale.std:.4g}\n"
        f"restore = keras.layers.Rescaling({scale.std:.4g}, offset={scale.mean:.4g})  "
        "# restore(model(x))",
        "Bishop 1995, Neural Networks for Pattern Recognition, section 8.2",
    )
