"""dead-units: half of a layer's rectified units or more never fire, and so never learn.

Silence in one batch is no death: a unit is dead when the posterior of its firing rate says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis import facts
from gradscope.diagnosis.beginning import first_kernels
from gradscope.diagnosis.outcome import ALARM, failing, outcome, said
from gradscope.diagnosis.posterior import rate_below
from gradscope.diagnosis.reading import Floats, Series, medians, onset, read, scalar
from gradscope.diagnosis.remedies import OFF, gentler_optimizer
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

FIRING = 0.001
"""Share of samples for which a unit must fire to count as alive: one in a thousand (gradscope's
definition; a unit that learns from fewer learns in no usual training)."""

MANY = 0.5
"""Share of a layer's units: in 34 healthy programs no layer had more than a fifth dead, in the
dying ones the worst layer had 0.6 or more."""

ALL = 0.95
"""Share of a layer's units from which on nothing needs to be known of its inputs."""

LARGE_ERROR = 0.7
"""Share of the error of guessing, at the end. Tasks with noise that can't be learnt end at up to
0.75, but not with half a layer dead."""

FEW = 0.1
"""Share of the paths through the net, one unit of each layer, on which all units are alive. The
gradient's mean square shrinks with it (after He et al. 2015, section 2.2): tenfold. In healthy
programs the worst layer has a fifth dead."""

PERSISTENCE = 0.9
"""Least share of the recorded steps, from the first to the last, at which the units are silent."""

WINDOW = 100
"""Recorded steps over which `dead_fraction` counts, where the run doesn't say: Scope's default."""

MOST_SAMPLES = 1e9
"""Samples in a batch: what claims to be more is a damaged record (a batch that fits a memory)."""


@dataclass(frozen=True)
class _Layer:
    """A layer, the share of its units that is dead, since when, and how sure that is.

    paths: share of the paths through the net that are dead, NaN where one layer is the trouble.
    """

    name: str
    share: float
    step: int
    samples: int
    probability: float
    paths: float = float("nan")


def find(run: RunView) -> Sequence[Finding]:
    """A finding for the first layer of which half is dead, in a run that fails."""
    dead = read(run, "dead_fraction")
    if len(dead) < LEAST_STEPS:
        return ()
    sizes = _between(scalar(run, "batch_size", dead.steps), MOST_SAMPLES, otherwise=0.0)
    window = facts.mapping(run.info.get("scope")).get("window")
    window = window if isinstance(window, int) else WINDOW
    silent = read(run, "saturated_fraction")
    layers = [_layer(dead, silent, i, sizes, window) for i in range(len(dead.names))]
    certain = [x for x in layers if x is not None and _narrowed(run, x.name, x.share)]
    together = None if certain else _together(run, dead, silent, int(sizes[-window:].sum()))
    worst = min(certain, key=lambda layer: (layer.step, -layer.share), default=together)
    if worst is None:
        return ()
    harm = failing(run, LARGE_ERROR)
    if worst.probability * harm < ALARM:
        return ()
    result = outcome(run)
    return (
        Finding(
            cause="dead-units",
            severity="critical" if result.unlearnt >= ALARM else "warning",
            layer=worst.name,
            step=worst.step,
            confidence=worst.probability * harm,
            summary=f"{_said(run, worst)}, and {said(result)}.",
            evidence={
                "dead_share": worst.share,
                "samples": float(worst.samples),
                **({"dead_paths": worst.paths} if np.isfinite(worst.paths) else {}),
                "layers_half_dead": float(len(certain)),
                "probability_dead": worst.probability,
                "probability_failing": harm,
            },
            remedy=_remedy(run, worst, int(dead.steps[0])),
        ),
    )


def _said(run: RunView, worst: _Layer) -> str:
    if np.isfinite(worst.paths):
        return (
            f"Units of many layers never fired in {worst.samples} samples, most in {worst.name} "
            f"({100 * worst.share:.0f} %): {100 * worst.paths:.0f} % of the paths through the net "
            "are dead"
        )
    count = facts.layers(run).get(worst.name, {}).get("units")
    units = f"its {count} units" if isinstance(count, int) else "its units"
    share = f"{100 * worst.share:.0f} %"
    return f"{share} of {units} in {worst.name} never fired in {worst.samples} samples"


def _layer(dead: Series, silent: Series, column: int, sizes: Floats, window: int) -> _Layer | None:
    """The layer where at least `MANY` of its units are dead for sure, else None."""
    name, shares = dead.names[column], _between(dead.values[:, column], 1.0)
    batch = np.full(len(shares), np.nan)
    if name in silent.names:
        batch = _between(silent.at(dead.steps)[:, silent.names.index(name)], 1.0)
    late = slice(-max(5, len(shares) // 10), None)
    ways = [_all_along(batch, sizes)]
    if np.isfinite(shares[late]).any():
        ways.append((float(np.nanmedian(shares[late])), int(sizes[-window:].sum())))
    sure = [
        (rate_below(FIRING, 0, samples), share, samples)
        for share, samples in ways
        if share >= MANY and samples > 0
    ]
    if not sure or max(sure)[0] < ALARM:
        return None
    probability, share, samples = max(sure)
    silence = np.where(np.isfinite(batch), batch, shares)
    since = onset(silence >= MANY, PERSISTENCE)
    if since is None:
        return None
    return _Layer(name, share, int(dead.steps[since]), samples, probability)


def _between(values: Floats, most: float, otherwise: float = np.nan) -> Floats:
    """The values from 0 to `most`, another in place of those that a damaged record holds."""
    with np.errstate(invalid="ignore"):
        return np.where((values >= 0) & (values <= most), values, otherwise)


def _together(run: RunView, dead: Series, silent: Series, samples: int) -> _Layer | None:
    """The worst layer of a net in which layer after layer loses some of its units."""
    probability = rate_below(FIRING, 0, samples) if samples else 0.0
    shares = _between(dead.values, 1.0)
    now = medians(shares[-max(5, len(dead) // 10) :], axis=0)
    lossy = [i for i, name in enumerate(dead.names) if now[i] > 0 and _narrowed(run, name, now[i])]
    alive = float(np.prod(1 - now[lossy]))
    if probability < ALARM or alive > FEW:
        return None
    batch = shares[:, lossy]
    names = [dead.names[i] for i in lossy]
    if set(names) <= set(silent.names):
        batch = _between(silent.at(dead.steps)[:, [silent.names.index(n) for n in names]], 1.0)
    since = onset(np.prod(1 - np.nan_to_num(batch), axis=1) <= FEW, PERSISTENCE)
    if since is None:
        return None
    worst = max(lossy, key=lambda i: now[i])
    step = int(dead.steps[since])
    return _Layer(dead.names[worst], float(now[worst]), step, samples, probability, 1 - alive)


def _narrowed(run: RunView, name: str, share: float) -> bool:
    """Whether fewer units are alive than the layer has inputs.

    Where as many are left, little is lost: behind a layer of one unit, half of any number of
    units are off for all time, since theirs is the sign of one weight.
    """
    if share >= ALL:
        return True
    units, inputs = facts.layers(run).get(name, {}).get("units"), _inputs(run, name)
    return isinstance(units, int) and inputs is not None and units * (1 - share) < inputs


def _inputs(run: RunView, layer: str) -> int | None:
    """The inputs of a unit of the layer, or of the last one with a kernel before it."""
    fan_in = {kernel.name.rsplit("/", 1)[0]: kernel.fan_in for kernel in first_kernels(run)}
    called = read(run, "activation_rms").names
    before = called[: called.index(layer) + 1] if layer in called else (layer,)
    return next((fan_in[name] for name in reversed(before) if name in fan_in), None)


def _all_along(silent: Floats, sizes: Floats) -> tuple[float, int]:
    """The share of units that are silent in each of the last steps, and the samples in those.

    silent: share silent within each step. Of steps in which a few units fire, those may be others
    each time: what is certain is 1 − Σ (1 − silent), and as many steps count as leave it `MANY`.
    """
    firing = np.cumsum(np.nan_to_num(1 - silent[::-1], nan=1.0))
    steps = int((firing <= 1 - MANY).sum())
    if not steps:
        return 0.0, 0
    return float(1 - firing[steps - 1]), int(sizes[-steps:].sum())


def _remedy(run: RunView, layer: _Layer, first: int) -> Remedy:
    """Other first weights or a leaky rectifier; a smaller rate where an update did it."""
    if layer.step > first:
        return Remedy(
            f"The units of {layer.name} died at about step {layer.step}, and dead units don't come "
            "back: start again with a learning rate ten times smaller.",
            gentler_optimizer(run, clip=1.0),
            OFF,
        )
    return Remedy(
        f"The units of {layer.name} are off from the start: use He initialization and inputs of "
        "about unit variance, and a rectifier that passes some gradient where it is off.",
        'x = keras.layers.Dense(units, kernel_initializer="he_normal")(x)\n'
        "x = keras.layers.LeakyReLU(negative_slope=0.1)(keras.layers.BatchNormalization()(x))",
        OFF,
    )
