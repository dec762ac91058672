"""What was set differently: a recursive comparison of the facts that a run begins with."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from gradscope.comparison.matching import Match
from gradscope.comparison.result import Setting
from gradscope.records import RunView

SAME = 1e-6
"""Relative difference up to which two numbers are one setting: float32 tells no more apart."""

BEYOND_CHANCE = 6.0
"""Standard errors: the first weights of a variable are another draw of the same distribution up to
here. Of normal numbers 1 in 5e8 is beyond; a net has hundreds of variables."""
LEAST_RATIO = 1.1
"""Standard deviations of first weights that are nearer than that start a training alike."""
LEAST_ELEMENTS = 16
"""Elements below which a standard deviation says too little: its error is above a sixth of it."""

TOLD = (
    "optimizer.learning_rate",
    "optimizer.class",
    "optimizer.inner",
    "objective.loss",
    "objective.from_logits",
    "objective.logits",
    "objective.kind",
    "objective.classes",
    "objective.output",
    "layers.*.activation",
    "unconnected",
    "none_gradients",
    "variables.*.initial",
    "regularizers",
    "dropout",
    "optimizer",
    "layers.*.class",
    "layers.*.units",
    "variables.*.shape",
    "model.layers",
    "model.parameters",
    "model.class",
    "compute_dtype",
    "variables",
    "layers",
    "objective",
    "model",
    "",  # what a later version adds
    "devices",
    "versions",
    "scope",
)
"""Settings from most to least telling, by how their dotted name begins; `*` is any name."""

_BY_NAME = ("variables", "layers", "regularizers", "dropout")
"""Facts that are kept by the name of a variable or layer."""

_OF_VARIABLES = ("variables", "regularizers")
"""Of those, the ones by variable: kernels are gathered with kernels, biases with biases."""

_EVERY_MODEL = ("variables", "layers")
"""Of those, the ones every variable or layer has: one that only a run has is told elsewhere."""

_NAMES = ("unconnected", "none_gradients", "objective.output.layer")
"""Facts that are names, or lists of them."""


def compare_settings(match: Match) -> tuple[Setting, ...]:
    """What was set differently, most telling first.

    A difference that many variables or layers share is told once, for the first of them:
    `layers.hidden_1.activation (and 7 more)`.
    """
    a, b = _facts(match.a), _facts(match.b, match.names)
    found = list(_rates(match))
    found += [
        setting for setting in _walk("", a, b) if not _only_one_has(setting.what, match, a, b)
    ]
    found += _first_weights(a, b)
    return tuple(_gathered(sorted(found, key=lambda setting: _rank(setting.what))))


def _facts(run: RunView, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The facts of a run, names of b's variables and layers as a has them."""
    known = names or {}
    facts: dict[str, Any] = {}
    for key, value in run.info.items():
        if key in _BY_NAME and isinstance(value, Mapping):
            entries = cast(Mapping[str, Any], value)
            facts[key] = {known.get(name, name): entry for name, entry in entries.items()}
        elif key in _NAMES and isinstance(value, list | tuple):
            facts[key] = sorted(known.get(str(name), str(name)) for name in cast(list[Any], value))
        elif key == "optimizers":
            facts |= _optimizers(value)
        elif key == "model":
            # Keras counts the names that it gives
            facts[key] = {what: fact for what, fact in _mapping(value).items() if what != "name"}
        else:
            facts[key] = value
    facts["regularizers"] = {
        name: {what: fact for what, fact in _mapping(entry).items() if fact != 0}
        for name, entry in _mapping(facts.get("regularizers")).items()
    }
    output = _mapping(_mapping(facts.get("objective")).get("output"))
    if output.get("layer") in known:
        output = {**output, "layer": known[output["layer"]]}
        facts["objective"] = {**_mapping(facts["objective"]), "output": output}
    sizes = [math.prod(_shape(v)) for v in _mapping(facts.get("variables")).values()]
    if sizes:
        counts = {"layers": len(_mapping(facts.get("layers"))), "parameters": sum(sizes)}
        facts["model"] = {**_mapping(facts.get("model")), **counts}
    return facts


def _optimizers(value: Any) -> dict[str, Any]:
    """The only optimizer as "optimizer", the inner one of a wrapper in its place."""
    found = cast(list[Any], value) if isinstance(value, list | tuple) else []
    if len(found) != 1:
        return {"optimizers": found}
    settings = dict(_mapping(found[0]))
    inner = settings.pop("inner", None)
    if isinstance(inner, Mapping):
        return {"optimizer": dict(_mapping(inner)), "optimizer_wrapper": settings}
    return {"optimizer": settings}


def _rates(match: Match) -> Iterator[Setting]:
    """The learning rate, where it differs at the first shared step or from a later one on."""
    names, a, b = match.shared("learning_rate")
    if not names or not len(match.steps):
        return
    first, second = a[:, 0].astype(np.float64), b[:, 0].astype(np.float64)
    apart = ~np.isclose(first, second, rtol=SAME, atol=0, equal_nan=True)
    if apart.any():
        place = int(np.argmax(apart))
        late = f" from step {match.steps[place]} on" if place else ""
        rates = [float(f"{value:.6g}") for value in (first[place], second[place])]
        yield Setting(f"optimizer.learning_rate{late}", *rates)


def _walk(path: str, a: Any, b: Any) -> Iterator[Setting]:
    """Each leaf that differs; None where a run doesn't have it."""
    left, right = _mapping(a), _mapping(b)
    if not left and not right:
        if not _same(a, b):
            yield Setting(path, a, b)
        return
    for key in dict.fromkeys((*left, *right)):
        if key != "initial":  # see _first_weights
            inner = f"{path}.{key}" if path else key
            yield from _walk(inner, left.get(key), right.get(key))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float | int) and isinstance(b, float | int):
        both_nan = isinstance(a, float) and isinstance(b, float) and a != a and b != b
        return both_nan or math.isclose(a, b, rel_tol=SAME)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        left, right = cast(Sequence[Any], a), cast(Sequence[Any], b)
        return len(left) == len(right) and all(map(_same, left, right))
    return a == b


def _only_one_has(what: str, match: Match, a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """True for a variable or layer that one of the models lacks."""
    section, _, rest = what.partition(".")
    if section not in _EVERY_MODEL:
        return False
    shared = _mapping(a.get(section)).keys() & _mapping(b.get(section)).keys()
    return not any(rest == name or rest.startswith(f"{name}.") for name in shared)


def _first_weights(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Setting]:
    """The variables that begin with weights of another distribution."""
    theirs = _mapping(b.get("variables"))
    for name, ours in _mapping(a.get("variables")).items():
        first, second = _mapping(ours), _mapping(theirs.get(name))
        count = min(math.prod(_shape(first)), math.prod(_shape(second)))
        begin, other = _mapping(first.get("initial")), _mapping(second.get("initial"))
        for figure, differ in (("std", _scales_differ), ("mean", _means_differ)):
            if begin and other and differ(begin, other, count):
                yield Setting(f"variables.{name}.initial.{figure}", begin[figure], other[figure])
                break


def _scales_differ(a: Mapping[str, Any], b: Mapping[str, Any], count: int) -> bool:
    """Whether the standard deviations differ: |ln (s_b / s_a)| against its standard error.

    √(1 / n) for the two of n normal numbers each: 1 / (2 n) is the variance of ln s.
    """
    low, high = sorted((_number(a.get("std")), _number(b.get("std"))))
    if not math.isfinite(low) or not math.isfinite(high) or high == 0:
        return False
    if low < SAME * high:
        return True  # all the same in one run
    apart = math.log(high / low)
    chance = BEYOND_CHANCE * math.sqrt(1 / max(count, 1))
    return count >= LEAST_ELEMENTS and apart > max(chance, math.log(LEAST_RATIO))


def _means_differ(a: Mapping[str, Any], b: Mapping[str, Any], count: int) -> bool:
    means = _number(a.get("mean")), _number(b.get("mean"))
    spread = math.hypot(_number(a.get("std")), _number(b.get("std")))
    apart = abs(means[0] - means[1])
    if not math.isfinite(apart) or not math.isfinite(spread):
        return False
    floor = max(map(abs, means)) * 1e-3
    chance = BEYOND_CHANCE * spread / math.sqrt(max(count, 1))
    return apart > max(chance, floor, (LEAST_RATIO - 1) * spread)


def _gathered(found: Sequence[Setting]) -> Iterator[Setting]:
    """What several variables or layers share, once."""
    groups: dict[Any, list[Setting]] = {}
    for setting in found:
        section, name, fact = _split(setting.what)
        # first weights are numbers of chance: alike in kind, not in value
        alike = "" if fact.startswith("initial") else f"{setting.a!r} {setting.b!r}"
        kind = name.rpartition("/")[2] if section in _OF_VARIABLES else ""
        key: Any = (section, kind, fact, alike) if name else setting.what
        groups.setdefault(key, []).append(setting)
    for group in groups.values():
        more = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
        yield Setting(group[0].what + more, group[0].a, group[0].b)


def _split(what: str) -> tuple[str, str, str]:
    """(section, name, fact) of a dotted name; no name where the section isn't kept by name."""
    section, _, rest = what.partition(".")
    if section not in _BY_NAME or not rest:
        return section, "", rest
    fact = next((f for f in _FACTS if rest.endswith(f".{f}")), "")
    return section, rest.removesuffix(f".{fact}") if fact else rest, fact


_FACTS = ("initial.std", "initial.mean", "shape", "dtype", "class", "activation", "units",
          "l1", "l2")  # fmt: skip
"""What is known of one variable or layer; names may hold dots, so these are told from the end."""


def _rank(what: str) -> int:
    section, name, fact = _split(what)
    dotted = f"{section}.*.{fact}" if name else what
    found = [place for place, start in enumerate(TOLD) if dotted.startswith(start)]
    return max(found, key=lambda place: len(TOLD[place]))


def _shape(variable: Any) -> list[int]:
    shape = _mapping(variable).get("shape")
    return [int(axis) for axis in cast(list[Any], shape)] if isinstance(shape, list | tuple) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one: facts come from a file."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}
