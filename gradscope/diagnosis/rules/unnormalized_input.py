"""unnormalized-input: the inputs' scale, offset or spread is far from one, and does harm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import layers
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import Progress, progress
from gradscope.diagnosis.reading import Floats, log10, read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import NOISY, Skill, first_error, harmed, skill
from gradscope.records import Remedy, RunView

LARGE = 10.0
"""Input units, the root mean square of the largest feature: tenfold what initializers assume (1;
LeCun et al. 1998, Efficient BackProp, section 4.3)."""

SMALL = 0.03
"""Input units, the same at the other end: the square of the input's share in a gradient is then a
thousandth of what is usual. Only where nothing exceeds `SMALL_PEAK`."""

SMALL_PEAK = 0.1
"""Input units: one-hot and bag-of-words inputs are small on average, too, but not at their peak."""

OFFSET = 10.0
"""|mean| / standard deviation over all inputs: the condition number of a linear layer's Hessian
grows with its square (LeCun et al. 1998, section 4.3), a hundredfold here."""

SPREAD = 1e3
"""Largest over smallest feature, ratio: rare pixels and words stay within a few hundred, as one
sample of a batch is enough for a root mean square of 1 / √batch of the peak."""

DISTURBED = 2.0
"""Error at the first step over that of guessing: usual initial weights start within 1.3."""

SWITCHED = 0.5
"""Share of the first layer's units that are dead or saturated at the first steps: healthy nets stay
below a fifth (dead) and near 0 (saturated before any training)."""

REACHES = 3.0
"""Root mean square of the first layer's output at the first step, above which a large input
has reached it; initializers keep it near that of the input, that is above 10 (He et al. 2015)."""

NOISE = 0.02
"""Decades, the least noise of a scale between batches that is assumed."""

FIRST = 5
"""Recorded steps that count as the first."""

RECURRENT = frozenset(
    {"LSTM", "GRU", "SimpleRNN", "Bidirectional", "RNN", "ConvLSTM1D", "ConvLSTM2D"}
)
"""Classes of layers that squash their inputs."""

PIXEL = 255.0
"""The largest value of an eight-bit pixel."""

NORMALIZING = frozenset(
    "Normalization BatchNormalization LayerNormalization GroupNormalization RMSNormalization "
    "UnitNormalization SpectralNormalization Rescaling Embedding Discretization".split()
)
"""Classes of first layers after which the scale of the inputs doesn't matter."""


@dataclass(frozen=True)
class _Scale:
    """Medians over the recorded steps, in input units; NaN where unknown. peak: the largest |x|."""

    largest: Floats
    rms: float
    least: float
    feature: float
    peak: float
    mean: float
    std: float

    @property
    def shifted(self) -> bool:
        """Whether what they vary by is small against what they vary around."""
        return abs(self.mean) > OFFSET * self.std > 0


def find(run: RunView) -> Sequence[Finding]:
    """A finding where inputs are far from order one, the first layer feels it, the run fails."""
    scale = _scale(run)
    if scale is None or (_normalized_inside(run) and not _empty(run, scale)):
        return ()
    odd, words = _oddity(scale)
    if odd < ALARM:
        return ()
    course, learnt = progress(run), skill(run)
    failing = harmed(course, learnt)
    if scale.rms > LARGE and not _felt(run, scale, course, learnt):
        return ()
    if odd * failing < ALARM:
        return ()
    layer = _first_layer(run)
    return (
        Finding(
            cause="unnormalized-input",
            severity="critical" if learnt.broke or not learnt.end > NOISY else "warning",
            layer=layer,
            step=int(recorded_steps(run)[0]),
            confidence=odd * failing,
            summary=f"The inputs are not normalized: {words}, and {_said(course, learnt)}.",
            evidence={
                "input_feature_rms_max": scale.rms,
                "input_feature_rms_min": scale.least,
                "input_feature_max": scale.feature,
                "input_max_abs": scale.peak,
                "input_mean": scale.mean,
                "input_std": scale.std,
                "error_start": first_error(course),
                "skill_end": learnt.end,
                "probability_scale": odd,
                "probability_failing": failing,
            },
            remedy=_remedy(scale),
        ),
    )


def _scale(run: RunView) -> _Scale | None:
    """The scale of the inputs; None where it isn't recorded."""
    middle = {
        name: _median(run, name)
        for name in ("input_mean", "input_std", "input_feature_rms_min", "input_feature_max")
    }
    largest = _finite(run, "input_feature_rms_max")
    if not len(largest):  # a run that doesn't tell its features apart
        means, deviations = read(run, "input_mean"), read(run, "input_std")
        if not len(means):
            return None
        both = np.hypot(means.values[:, :1], deviations.at(means.steps)[:, :1])
        largest = both[np.isfinite(both)]
    if not len(largest):
        return None
    peaks = _finite(run, "input_max_abs")
    return _Scale(
        largest=largest,
        rms=float(np.median(largest)),
        least=middle["input_feature_rms_min"],
        feature=middle["input_feature_max"],
        peak=float(peaks.max()) if len(peaks) else float("nan"),
        mean=middle["input_mean"],
        std=middle["input_std"],
    )


def _oddity(scale: _Scale) -> tuple[float, str]:
    """The probability that the scale is odd, and in what way."""
    if scale.peak == 0:
        return 1.0, "all that the model gets is 0, in each recorded batch"
    size = center(log10(scale.largest), NOISE)
    named = f"feature {scale.feature:.0f}" if np.isfinite(scale.feature) else "their"
    shifted = f"they vary by {scale.std:.2g} around {scale.mean:.3g}"
    if scale.rms > LARGE:
        words = f"{named} has a root mean square of {scale.rms:.3g}"
        if not np.isfinite(scale.feature):
            words = f"their root mean square is {scale.rms:.3g}"
        if scale.rms > SPREAD * scale.least:
            words += f", the smallest feature one of {scale.least:.2g}"
        elif scale.shifted:
            words = shifted
        return float(size.above(np.log10(LARGE)).item()), words
    if 0 < scale.rms < SMALL and scale.peak < SMALL_PEAK:
        words = f"the largest root mean square of a feature is only {scale.rms:.2g}"
        return 1.0 - float(size.above(np.log10(SMALL)).item()), words
    if scale.shifted:
        return 1.0, shifted
    if scale.rms > SPREAD * scale.least > 0:
        words = f"{named} has a root mean square of {scale.rms:.2g}, the smallest {scale.least:.2g}"
        return 1.0, words
    return 0.0, ""


def _empty(run: RunView, scale: _Scale) -> bool:
    """Whether all inputs are 0, which no layer mends; beside embedded words they may be a state."""
    kinds = layers(run).values()
    return scale.peak == 0 and not any(facts.get("class") == "Embedding" for facts in kinds)


def _felt(run: RunView, scale: _Scale, course: Progress, learnt: Skill) -> bool:
    """Whether a large input shows in the first layer, and disturbs the start, or has an offset.

    Beside an offset what the samples differ in is lost, and behind the gates of a recurrent layer,
    whose saturation isn't recorded, their size is: there the error may begin as usual.
    """
    layer, kinds = _first_layer(run), layers(run)
    sizes = read(run, "activation_rms")
    activation = kinds.get(layer or "", {}).get("activation")
    if layer is not None and activation in ("linear", "relu"):
        first = sizes.values[:1, sizes.names.index(layer)]
        if len(first) and first[0] < REACHES:
            return False  # something in between has normalized them
    if scale.shifted or kinds.get(layer or "", {}).get("class") in RECURRENT:
        return True
    error = first_error(course)
    switched = max(_share(run, "dead_fraction", layer), _share(run, "saturated_fraction", layer))
    return not np.isfinite(error) or error > DISTURBED or learnt.broke or switched >= SWITCHED


def _share(run: RunView, statistic: str, layer: str | None) -> float:
    """The layer's median over the first steps; 0 where unknown."""
    series = read(run, statistic)
    if layer not in series.names:
        return 0.0
    values = series.values[:FIRST, series.names.index(layer)]
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else 0.0


def _first_layer(run: RunView) -> str | None:
    """The first layer with variables whose output is recorded, in the order of the calls."""
    owners = run.names("grad_norm") if "grad_norm" in run.statistics else ()
    for layer in read(run, "activation_rms").names:
        if any(variable.startswith(layer + "/") for variable in owners):
            return layer
    return None


def _normalized_inside(run: RunView) -> bool:
    """Whether a normalizing layer comes before, or is, the first layer with variables."""
    first, kinds = _first_layer(run), layers(run)
    for layer, facts in kinds.items():
        if facts.get("class") in NORMALIZING:
            return True
        if layer == first:
            return False
    return False


def _finite(run: RunView, statistic: str) -> Floats:
    values = read(run, statistic).values
    return values[np.isfinite(values)]


def _median(run: RunView, statistic: str) -> float:
    values = _finite(run, statistic)
    return float(np.median(values)) if len(values) else float("nan")


def _said(course: Progress, learnt: Skill) -> str:
    """What became of the run, for the end of a sentence."""
    error = first_error(course)
    start = f"the error starts at {error:.3g} times that of guessing and " if error > 2 else ""
    if learnt.broke:
        return f"{start}the run is no longer finite"
    if not learnt.known:
        return "nothing was learnt"
    return f"{start}{max(0.0, learnt.end):.0%} of what there is to learn was learnt"


def _remedy(scale: _Scale) -> Remedy:
    reference = "LeCun et al. 1998, Efficient BackProp, section 4.3"
    if scale.peak == 0:
        return Remedy(
            "Look at a batch as the model gets it: a division of whole numbers, a cast to integers "
            "after scaling, a wrong mask or an empty buffer makes it 0. Cast before scaling.",
            'x_train = x_train.astype("float32") / 255',
            reference,
        )
    if PIXEL / 2 < scale.peak <= PIXEL and scale.mean > 0 and scale.rms > LARGE:
        return Remedy(
            "Scale the pixels from 0..255 to 0..1 before the first layer.",
            "x = keras.layers.Rescaling(1 / 255)(inputs)",
            reference,
        )
    return Remedy(
        "Give each feature mean 0 and variance 1, with the figures of the training data, as the "
        "first layer of the model.",
        "normalize = keras.layers.Normalization()\n"
        "normalize.adapt(x_train)  # before training\n"
        "x = normalize(inputs)",
        reference,
    )
